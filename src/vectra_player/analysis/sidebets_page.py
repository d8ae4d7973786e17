"""The sidebet analysis laid out for reading. Every figure is the record's own."""

from __future__ import annotations

from vectra_player.analysis.charts import Figure
from vectra_player.analysis.page import Block, Page
from vectra_player.analysis.plots import estimates_plot
from vectra_player.analysis.report import Table
from vectra_player.analysis.sidebets import BetsInARow, RecordedBets, Sidebets
from vectra_player.analysis.wording import (
    ESTIMATE_COLUMNS,
    cells,
    counted,
    interval,
    known,
    percent,
    signed_percent,
    verdict,
)
from vectra_player.game.sidebet import WINDOW_TICKS

VALUE_COLUMNS = ("mean profit", "95 % interval", "fair")


def sidebets_page(found: Sidebets) -> Page:
    """Lay out a sidebet analysis."""
    blocks = [_starts(found), _row(found.in_a_row), _rules(found)]
    if found.recorded is not None:
        blocks.insert(0, _recorded(found.recorded))
    return Page(title="What sidebets are worth", summary=_summary(found), blocks=tuple(blocks))


def _summary(found: Sidebets) -> tuple[str, ...]:
    fair = (
        f"A sidebet of a fair game wins {percent(found.fair_chance)} of the time and loses "
        f"{percent(-found.fair_value)} of the stake on average, at every tick; to break even it "
        f"would have to win {percent(found.break_even_chance)}."
    )
    bets = found.recorded
    if bets is None:
        return (fair,)
    rate, value = bets.win_rate, bets.equal_stakes
    return (
        fair,
        f"{counted(bets.bets, 'recorded bet')} in {counted(bets.games, 'game')} won "
        f"{known(rate.value, percent)} of "
        f"the time: {known(value.value, signed_percent)} of the stake a bet (95 % interval "
        f"{interval(value, signed_percent)}). {verdict(value)}",
    )


def _recorded(bets: RecordedBets) -> Block:
    groups = [
        (_ticks(group.first, group.last), f"{group.games:,}", *cells(group.win_rate, percent))
        for group in bets.by_start
    ]
    return Block(
        "Recorded bets",
        (
            Table(
                ("", *ESTIMATE_COLUMNS),
                (
                    ("win rate", *cells(bets.win_rate, percent)),
                    ("profit a bet, equal stakes", *cells(bets.equal_stakes, signed_percent)),
                    ("profit a SOL staked", *cells(bets.sol_return, signed_percent)),
                ),
                f"{bets.wins:,} of {bets.bets:,} bets of {bets.players:,} players won; "
                f"{bets.sol_staked:,.3f} SOL were staked, {bets.practice:,} bets in practice "
                f"coins aside; {bets.own:,} bets were your own. {_rule_note(bets)} Intervals are "
                "by game: bets on one rug win and lose together, so many of them tell little.",
            ),
            Table(
                ("start tick", "games", *ESTIMATE_COLUMNS),
                tuple(groups),
                "Win rate by the tick at which a bet was placed; tick 0 is the presale.",
            ),
        ),
    )


def _rule_note(bets: RecordedBets) -> str:
    if bets.against_rule:
        return f"{bets.against_rule:,} ended otherwise than the rule says."
    return "Every one ended as the rule says."


def _ticks(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first} to {last}"


def _starts(found: Sidebets) -> Block:
    rows = []
    for odds in found.by_start:
        chance, value = cells(odds.chance, percent), cells(odds.value, signed_percent)
        rows.append((f"tick {odds.start}", *chance[:3], value[0], value[1], value[3]))
    return Block(
        "A bet by its start tick",
        (
            Table(
                ("placed at", "wins", "95 % interval", "games", *VALUE_COLUMNS),
                tuple(rows),
                "From how games went, whether anybody bet or not. The profit is that of a stake "
                "of 1, as a share of it.",
            ),
        ),
        lambda: _start_figure(found),
    )


def _start_figure(found: Sidebets) -> Figure:
    return Figure(
        name="sidebet-value",
        title="Mean profit of a sidebet, by the tick at which it is placed",
        caption="Share of the stake, with its 95 % interval; the dash is a fair game, in which no "
        "start tick is better than another.",
        chart=estimates_plot(
            [(str(odds.start), odds.value) for odds in found.by_start],
            "start tick",
            "mean profit, share of the stake",
            zero=True,
        ),
    )


def _row(row: BetsInARow) -> Block:
    outcomes = [
        (
            "all lost" if outcome.bet is None else f"bet {outcome.bet} wins",
            f"{outcome.profit:+d}",
            *cells(outcome.chance, percent),
        )
        for outcome in row.outcomes
    ]
    value = cells(row.value, lambda profit: f"{profit:+.3f}")
    any_win = cells(row.any_win, percent)
    staked = known(row.staked, lambda bets: f"{bets:.2f}")
    return Block(
        f"Up to {row.bets} bets in a row from tick {row.start}",
        (
            Table(
                ("outcome", "profit", *ESTIMATE_COLUMNS),
                (*outcomes, ("any wins", "", *any_win), ("mean profit", "", *value)),
                "In stakes of 1, the next bet placed where the last one ends, stopped by the first "
                f"win. On average {staked} bets are placed, {row.fair_staked:.2f} in a fair game. "
                "More bets win more often and lose more: each has the same edge against it.",
            ),
        ),
        lambda: row_figure(row),
    )


def row_figure(row: BetsInARow) -> Figure:
    """Draw how often bets in a row end in which way."""
    named = [
        ("all lost" if outcome.bet is None else f"bet {outcome.bet}", outcome.chance)
        for outcome in row.outcomes
    ]
    return Figure(
        name="sidebet-row",
        title=f"How {row.bets} bets in a row end",
        caption="Chance of each end, with its 95 % interval; the dash is a fair game.",
        chart=estimates_plot(named, "the bet that wins", "chance", zero=True),
    )


def _rules(found: Sidebets) -> Block:
    rows = tuple(
        (
            f"{rule.checks}{', the rule' if rule.checks == WINDOW_TICKS else ''}",
            percent(rule.chance),
            signed_percent(rule.value),
            *(
                ("", "")
                if rule.wins is None or rule.disagree is None
                else (f"{rule.wins:,}", f"{rule.disagree:,}")
            ),
        )
        for rule in found.rules
    )
    return Block(
        "Why the window has 40 rug checks",
        (
            Table(
                ("rug checks", "wins", "mean profit", "recorded wins", "ended otherwise"),
                rows,
                "What a window of one check less or more would be worth, how many recorded bets it "
                "would have won, and how many of them really ended otherwise.",
            ),
        ),
    )
