"""A drift report in words, as a table and as a page. Used by the command."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from vectra_player.analysis.backtest_tables import sol
from vectra_player.analysis.drift_records import MEANING, Drift, Side, Trade
from vectra_player.analysis.report import Code, Part, Prose, Report, Section, Table

COLUMNS = ("game", "trade", "run", "backtest", "later, ticks", "difference, SOL", "why")


def sentences(drift: Drift) -> tuple[str, ...]:
    """Say what came of the comparison."""
    games = f"{drift.games:,} {'game' if drift.games == 1 else 'games'}"
    told = [
        f"{drift.strategy} on {drift.mode} in {games}: {sol(drift.profit, '+')} SOL; its backtest "
        f"over the same games: {sol(drift.backtest, '+')} SOL, with orders under way for "
        f"{drift.latency_ms:g} ms: {sol(drift.with_latency, '+')} SOL.",
        f"{drift.alike:,} of {len(drift.trades):,} trades are alike to the last digit.",
    ]
    if drift.unexplained:
        told.append(f"{drift.unexplained:,} differences are UNEXPLAINED: do not trust this run.")
    elif drift.causes:
        told.append("Every difference is explained.")
    return tuple(told)


def causes_table(drift: Drift) -> Table:
    """Lay out how many differences each cause has."""
    rows = tuple(
        (one.cause, MEANING[one.cause], f"{one.count:,}", sol(one.profit, "+"))
        for one in drift.causes
    )
    return Table(("cause", "what it is", "differences", "profit, SOL"), rows)


def trades_table(drift: Drift, *, only_different: bool = False) -> Table:
    """Lay out the trades, one a row."""
    shown = [one for one in drift.trades if one.cause is not None or not only_different]
    return Table(COLUMNS, tuple(_row(one) for one in shown), tall=True)


def report_of(drift: Drift) -> Report:
    """Build the page."""
    parts: tuple[Part, ...] = (Prose(drift.notes),) if drift.notes else ()
    by_game = Counter(one.game_id for one in drift.trades if one.cause is not None)
    most = ", ".join(f"{name} ({count})" for name, count in by_game.most_common(5))
    told = Prose((f"Games with most differences: {most}.",)) if most else Prose(())
    return Report(
        title=f"Drift of {drift.run_id}",
        summary=sentences(drift),
        sections=[
            Section("Causes", (causes_table(drift), told, *parts)),
            Section("Trades", (trades_table(drift),)),
            Section("How to repeat it", (Code(f"vectra-player drift {drift.run_id}"),)),
        ],
        manifest={
            "run": drift.run_id,
            "strategy": drift.strategy,
            "mode": drift.mode,
            "origin": drift.origin,
            "started": drift.started,
        },
    )


def _row(trade: Trade) -> tuple[str, ...]:
    why = "" if trade.cause is None else f"{trade.cause}: {trade.said}"
    return (
        trade.game_id,
        trade.action,
        _told(trade.run),
        _told(trade.backtest),
        "" if not trade.ticks else f"{trade.ticks:+d}",
        "" if trade.profit == Decimal(0) else sol(trade.profit, "+"),
        why,
    )


def _told(side: Side | None) -> str:
    """Say a trade in one cell: what became of it, where and for how much."""
    if side is None:
        return "–"
    if side.executed_tick is None or side.price is None:
        return f"{side.became or 'open'}, decided at {side.tick}"
    amount = "" if side.amount is None else f" for {sol(side.amount)}"
    end = "" if side.end is None else f", {side.end}"
    return f"{side.became} at {side.executed_tick}, {side.price:.4f}x{amount}{end}"
