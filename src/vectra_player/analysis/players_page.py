"""The players' analysis laid out for reading. Every figure is the record's own."""

from __future__ import annotations

from vectra_player.analysis.charts import Figure
from vectra_player.analysis.page import Block, Page
from vectra_player.analysis.players import (
    FEWEST,
    BoardRecord,
    Boards,
    PlayerField,
    PlayerRecord,
    Players,
)
from vectra_player.analysis.plots import estimates_plot
from vectra_player.analysis.report import Table
from vectra_player.analysis.wording import cells, counted, interval, known, percent, signed_percent

RECORD_COLUMNS = ("player", "games", "tries", "rate", "95 % interval", "p-value", "by luck")
PROVEN = 0.05


def players_page(found: Players) -> Page:
    """Lay out the players' analysis."""
    return Page(
        title="Who did well, and who would by luck",
        summary=_summary(found),
        blocks=(
            _field("Sidebets", found.bets, "A try is a settled sidebet."),
            _field("Buys", found.buys, _buys_note(found)),
            _boards(found.boards),
        ),
    )


def _summary(found: Players) -> tuple[str, ...]:
    return (
        _best_words(found.bets, "sidebets"),
        _best_words(found.buys, "sampled buys"),
        _sampling(found),
    )


def _best_words(field: PlayerField, what: str) -> str:
    if not field.best:
        return (
            f"Nobody has {FEWEST} or more {what} here ({counted(field.players, 'player')} with "
            "any), so nobody is judged by them."
        )
    best, rate = field.best[0], field.best[0].rate
    meaning = (
        "which luck hardly explains" if best.luck.adjusted < PROVEN else "so it proves nothing"
    )
    return (
        f"The least probable record by {what}: {known(rate.value, percent)} of {rate.n:,}, fair "
        f"{known(rate.fair, percent)}. Luck alone makes {_count(best.luck.by_chance)} of "
        f"{field.tested:,} players look at least as good, {meaning}."
    )


def _sampling(found: Players) -> str:
    seen = found.coverage
    if seen is None or seen.widening is None:
        return (
            "The recordings hold no broadcast trades of a game that was watched, so what share of "
            "all trades they would be is unknown."
        )
    return (
        f"{percent(seen.share.value or 0.0)} of trades are seen: {seen.sampled:,} broadcast of "
        f"{seen.made:,} made in {counted(seen.games, 'watched game')} ({percent(seen.lowest)} to "
        f"{percent(seen.highest)} a game). Intervals from buys are about {seen.widening:.1f} times "
        "as wide as they would be with all trades; amounts are never added up from this sample."
    )


def _buys_note(found: Players) -> str:
    return (
        "A try is a player's first sampled buy in a game; it succeeds when the price stands "
        f"higher {found.horizon_ticks} ticks later, which a rug before then rules out."
    )


def _field(title: str, field: PlayerField, tries: str) -> Block:
    return Block(
        title,
        (
            Table(
                RECORD_COLUMNS,
                tuple(_record_row(record) for record in field.best),
                f"{tries} {_together(field)}'By luck' is how many of the tested would look at "
                "least this good in a fair game; only far below 1 is it remarkable.",
            ),
        ),
        (lambda: _field_figure(title, field)) if field.best else None,
    )


def _together(field: PlayerField) -> str:
    rate = field.together
    if rate.n == 0:
        return "There are none here. "
    return (
        f"Of {counted(field.players, 'player')} {field.tested:,} have {FEWEST} or more and are "
        f"tested. All {rate.n:,} together: {known(rate.value, percent)}, fair "
        f"{known(rate.fair, percent)} (95 % interval by game {interval(rate, percent)}). "
    )


def _record_row(record: PlayerRecord) -> tuple[str, ...]:
    rate, limits, tries, _ = cells(record.rate, percent)
    return (
        _name(record),
        f"{record.games:,}",
        tries,
        rate,
        limits,
        f"{record.luck.p_value:.2g}",
        _count(record.luck.by_chance),
    )


def _count(expected: float) -> str:
    return f"{expected:.1f}" if expected >= 1 else f"{expected:.2g}"


def _name(record: PlayerRecord | BoardRecord) -> str:
    return record.username or record.player_id[-8:]


def _field_figure(title: str, field: PlayerField) -> Figure:
    return Figure(
        name=f"players-{title.lower()}",
        title=f"{title}: the least probable records",
        caption="Success of each player's tries with the 95 % interval of that player alone; the "
        "dash is a fair game. The best of many always look good.",
        chart=estimates_plot(
            [(_name(record), record.rate) for record in field.best], "player", "success", zero=True
        ),
    )


def _boards(boards: Boards) -> Block:
    rows = []
    for record in boards.best:
        rate, limits, games, _ = cells(record.result, signed_percent)
        rows.append(
            (
                _name(record),
                games,
                f"{record.best_place}",
                f"{record.invested:.3f}",
                f"{record.profit:+.3f}",
                rate,
                limits,
            )
        )
    return Block(
        "Leaderboards",
        (
            Table(
                ("player", "games", "best place", "SOL in", "SOL won", "a SOL", "95 % interval"),
                tuple(rows),
                f"Final leaderboards of {boards.games:,} games; {boards.full:,} of them were full "
                "and hide everybody below the tenth place. Who lost is not on them, so these "
                "figures favour everybody shown and nobody is tested by them.",
            ),
        ),
    )
