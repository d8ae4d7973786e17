"""How prices move, laid out for reading: volatility, peaks, holding. Figures are the records'."""

from __future__ import annotations

import msgspec

from vectra_player.analysis.charts import Figure
from vectra_player.analysis.page import Block, Page
from vectra_player.analysis.peaks import Holding, Peaks
from vectra_player.analysis.plots import estimates_plot
from vectra_player.analysis.report import Table
from vectra_player.analysis.volatility import Volatility
from vectra_player.analysis.wording import (
    ESTIMATE_COLUMNS,
    cells,
    counted,
    fine_percent,
    interval,
    known,
    multiplier,
    percent,
    plain,
    signed_percent,
    verdict,
)


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """How prices moved, how high they went, what holding gave."""

    volatility: Volatility
    peaks: Peaks


def movement_page(found: Movement) -> Page:
    """Lay out how prices move."""
    moves, high = found.volatility, found.peaks
    return Page(
        title="How prices move",
        summary=_summary(found),
        blocks=(_by_game(moves), _by_age(moves), _steps(moves), _peaks(high), _holding(high)),
    )


def _summary(found: Movement) -> tuple[str, ...]:
    moves, big = found.volatility, found.volatility.big_moves
    whole = found.peaks
    return (
        f"{known(big.value, percent)} of {counted(moves.steps, 'price step')} were big moves "
        f"(95 % interval {interval(big, percent)}); published are {percent(big.fair or 0.0)}. "
        f"{verdict(big)}",
        f"Holding costs {fine_percent(whole.fair_edge_a_tick)} a tick in a fair game. Peaks and "
        f"holding are of {counted(whole.games, 'whole game')}; left out as incomplete or met "
        f"midway: {whole.left_out:,}.{_BENDS if whole.left_out else ''}",
    )


_BENDS = " Long games are left out more often than short ones, so peaks look a little too low."


def _by_game(moves: Volatility) -> Block:
    rows = tuple(
        (f"{100 * quantile.chance:.0f} % of games up to", *cells(quantile.volatility, plain))
        for quantile in moves.by_game
    )
    fit = "" if moves.fit is None else f" p-value against fair games: {moves.fit:.3f}."
    return Block(
        "Volatility of a game",
        (
            Table(
                ("volatility", *ESTIMATE_COLUMNS),
                rows,
                "Standard deviation of the log return of a tick, the rug left out, over games with "
                f"20 steps or more. Fair: {moves.fair_games:,} simulated games.{fit}",
            ),
        ),
        lambda: _game_figure(moves),
    )


def _game_figure(moves: Volatility) -> Figure:
    named = [(f"{quantile.chance:.0%}", quantile.volatility) for quantile in moves.by_game]
    return Figure(
        name="volatility",
        title="Volatility of games, from the calmest to the wildest",
        caption="Each point is the volatility that this share of games does not exceed, with its "
        "95 % interval; the dash is a fair game. Logarithmic scale.",
        chart=estimates_plot(named, "share of games", "volatility a tick", number=".3~f", log=True),
    )


def _by_age(moves: Volatility) -> Block:
    rows = tuple(
        (f"{block.first} to {block.last}", *cells(block.median, plain)) for block in moves.by_age
    )
    return Block(
        f"Volatility by age, every {moves.block_ticks} ticks",
        (
            Table(
                ("ticks", *ESTIMATE_COLUMNS),
                rows,
                "Median over games that were watched through all ticks of the block.",
            ),
        ),
    )


def _steps(moves: Volatility) -> Block:
    return Block(
        "Steps of the price",
        (
            Table(
                ("", *ESTIMATE_COLUMNS),
                (
                    ("big moves", *cells(moves.big_moves, percent)),
                    ("big moves that go up", *cells(moves.big_moves_up, percent)),
                    (
                        "volatility of all steps",
                        known(moves.step_volatility, plain),
                        "",
                        f"{moves.steps:,}",
                        plain(moves.fair_step_volatility),
                    ),
                    (
                        "god candles",
                        f"{moves.god_candles:,}",
                        "",
                        f"{moves.steps:,}",
                        f"{moves.fair_god_candles:.2f}",
                    ),
                ),
                "A big move is a change of 15 % or more. A god candle multiplies the price by ten.",
            ),
        ),
    )


def _peaks(high: Peaks) -> Block:
    quantiles = tuple(
        (f"{100 * quantile.chance:.0f} % of games up to", *cells(quantile.peak, multiplier))
        for quantile in high.quantiles
    )
    reaches = tuple(
        (f"reach {reach.level:g}x", *cells(reach.share, percent)) for reach in high.reaches
    )
    note = f"Fair: {high.fair_games:,} simulated games."
    return Block(
        "Peaks",
        (
            Table(("peak", *ESTIMATE_COLUMNS), quantiles, note),
            Table(("games that", *ESTIMATE_COLUMNS), reaches, note),
        ),
        lambda: _peak_figure(high),
    )


def _peak_figure(high: Peaks) -> Figure:
    named = [(f"{quantile.chance:.0%}", quantile.peak) for quantile in high.quantiles]
    return Figure(
        name="peaks",
        title="Peaks of games",
        caption="Each point is the peak that this share of games does not exceed, with its 95 % "
        "interval where games are enough for one; the dash is a fair game. Logarithmic scale.",
        chart=estimates_plot(named, "share of games", "peak", number="~g", log=True),
    )


def _holding(high: Peaks) -> Block:
    return Block(
        "Buying at the start and holding",
        (
            Table(
                (
                    "ticks",
                    "mean profit",
                    "95 % interval",
                    "fair",
                    "fair samples",
                    "in profit",
                    "fair",
                ),
                tuple(_holding_row(holding) for holding in high.holding),
                "Mean profit as a share of the stake if the rug pays nothing. A few high games "
                "carry the mean, so the interval is too narrow while games are few: between the "
                "limits of 'fair samples' lie 95 of 100 samples of as many fair games.",
            ),
            Table(
                ("ticks", *ESTIMATE_COLUMNS),
                tuple(
                    (f"{holding.ticks}", *cells(holding.rug_pays_price, signed_percent))
                    for holding in high.holding
                ),
                "Mean profit if the rug pays its price. No data settles which of the two holds.",
            ),
        ),
    )


def _holding_row(holding: Holding) -> tuple[str, ...]:
    value, limits, _, fair = cells(holding.rug_pays_nothing, signed_percent)
    chance, _, _, fair_chance = cells(holding.profit_chance, percent)
    around = (
        ""
        if holding.fair_range is None
        else f"{100 * holding.fair_range[0]:+.1f} to {100 * holding.fair_range[1]:+.1f} %"
    )
    return (f"{holding.ticks}", value, limits, fair, around, chance, fair_chance)
