"""What `strategy run` prints: a line for each action, and the score card at the end."""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from vectra_player.app.strategy_run import Plan, Ran, Watcher, run_strategy
from vectra_player.cli.session import Session, say
from vectra_player.errors import UsageError
from vectra_player.foundation.paper_records import ActionNote, ScoreRow
from vectra_player.model.action import Mode
from vectra_player.model.units import to_sol
from vectra_player.strategy.latency import BUY_ORDER_MS, Latency
from vectra_player.strategy.limits import Limits
from vectra_player.strategy.records import STOPPED_WRONG, Outcome
from vectra_player.strategy.score import Score, ScoreCard, interval, score_card

if TYPE_CHECKING:
    from vectra_player.analysis.contestant import Contestant
    from vectra_player.strategy.market import Market


LIVE_NEEDS = (
    "Live needs `live_enabled = true` under [trade] in config.toml, `vectra-player up "
    "--allow-live` and a `vectra-player trade arm` that has not expired."
)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the command."""

    name: str
    profile: str | None
    games: int | None
    mode: Mode
    cash: float | None
    latency_ms: float | None
    max_stake: float | None
    max_loss: float | None
    replay: str | None
    speed: float | None
    seed: int


def run_and_show(session: Session, wanted: Wanted) -> bool:
    """Run, print, and tell whether the strategy ended by its own fault. Raises UsageError."""
    _check(wanted)
    contestant = _contestant(session, wanted)
    plan = Plan(
        games=wanted.games,
        cash=wanted.cash,
        latency_ms=wanted.latency_ms,
        limits=_limits(wanted),
        seed=wanted.seed,
        mode=wanted.mode,
        replay_game=wanted.replay,
        speed=wanted.speed,
    )
    where = f"game {wanted.replay}" if wanted.replay else "the live game"
    mode = "practice" if wanted.replay else wanted.mode
    session.note(f"{contestant.name} on {where}, {mode}.")
    try:
        printer = _Printer(session, wanted.games)
        ran = asyncio.run(run_strategy(session.data_dir, contestant, plan, printer))
    except UsageError as error:
        if wanted.mode != "live":
            raise
        raise UsageError(error.message, advice=f"{error.advice} {LIVE_NEEDS}".strip()) from error
    card = _card(ran, wanted)
    session.result(_told(ran, card), lambda: _show(session, ran, card))
    stopped = ran.result.stopped
    return stopped is not None and stopped.reason in STOPPED_WRONG


def _check(wanted: Wanted) -> None:
    """Refuse what does not go together. Raises UsageError."""
    if wanted.mode == "paper":
        return
    if wanted.replay is not None:
        raise UsageError(
            "A replay is practised in without a browser.",
            advice=f"Leave --mode {wanted.mode} out, or --replay.",
        )
    if wanted.cash is not None or wanted.latency_ms is not None:
        raise UsageError(
            f"--cash and --latency-ms are of a paper wallet; {wanted.mode} has the account's own.",
            advice="Leave them out; --max-stake and --max-loss limit the run.",
        )


def _contestant(session: Session, wanted: Wanted) -> Contestant:
    """Return what plays; a profile must be one of the strategy that is named."""
    from vectra_player.analysis.contestant import find_contestant

    if wanted.profile is None:
        return find_contestant(wanted.name, session.data_dir)
    found = find_contestant(wanted.profile, session.data_dir)
    if wanted.name not in (found.plays, found.name):
        raise UsageError(
            f"The profile {found.name} plays {found.plays}, not {wanted.name}.",
            advice=f"vectra-player strategy run {found.plays} --profile {wanted.profile}",
        )
    return found


def _limits(wanted: Wanted) -> Limits:
    def sol(value: float | None) -> Decimal | None:
        return None if value is None else to_sol(Decimal(str(value)))

    return Limits(max_stake_sol=sol(wanted.max_stake), max_loss_run_sol=sol(wanted.max_loss))


class _Printer(Watcher):
    """Prints a line for each action and each game that is over."""

    def __init__(self, session: Session, games: int | None) -> None:
        self._say = session.note
        self._games = games
        self._game = ""
        self._state = ""

    def step(self, market: Market) -> None:
        if market.game_id != self._game:
            self._game = market.game_id
            self._say(f"game {market.game_id}")

    def note(self, note: ActionNote) -> None:
        if note.kind != "submitted":
            self._say(_line(note))

    def outcome(self, outcome: Outcome) -> None:
        self._say(f"  tick {outcome.tick:>5}  not sent  {outcome.message}")

    def connection(self, state: str, reason: str) -> None:
        if state != self._state and state in ("waiting", "open"):
            if self._state == "waiting" or state == "waiting":
                self._say("  connected again" if state == "open" else "  the service is away")
            self._state = state


def _line(note: ActionNote) -> str:
    tick = note.game_context_tick if note.executed_tick is None else note.executed_tick
    amount = "" if note.amount is None else f"{note.amount:.3f} SOL"
    price = "" if note.executed_price is None else f"{note.executed_price:.4f}x"
    gained = f"{note.profit:+.3f}" if note.profit else ""
    parts = [f"{note.action_type.lower():<8}", f"{note.kind:<8}", f"{amount:>11}", f"{price:>10}"]
    said = "  ".join([*parts, f"{gained:>8}", note.error or ""]).rstrip()
    return f"  tick {tick if tick is not None else '-':>5}  {said}"


def _card(ran: Ran, wanted: Wanted) -> ScoreCard:
    latency = BUY_ORDER_MS if wanted.latency_ms is None else wanted.latency_ms
    return score_card(
        ran.result,
        lambda: ran.steps,
        then=None if ran.then is None else _then(ran.then),
        latency=Latency.ms(latency),
        seed=wanted.seed,
    )


def _then(row: ScoreRow) -> Score:
    """Return what the recorded account did; its drawdown and fair mean are not known."""
    low, high = interval(row.bets_won, row.bets)
    paid_in = row.invested + row.staked
    profit = row.profit or 0.0
    return Score(
        who="then",
        games=row.games,
        bets=row.bets,
        won=row.bets_won,
        win_rate=row.bets_won / row.bets if row.bets else None,
        win_low=low,
        win_high=high,
        paid_in=paid_in,
        profit=profit,
        return_on_risk=profit / paid_in if paid_in else None,
        max_drawdown=float("nan"),
        expected=float("nan"),
    )


def _told(ran: Ran, card: ScoreCard) -> dict[str, Any]:
    return {
        "reason": ran.reason,
        "run_id": ran.run_id,
        "refused": _refused(ran),
        "steps": len(ran.steps),
        "result": ran.result,
        "score": card.rows,
        "other_coins": ran.then.other_coins if ran.then is not None else 0,
    }


def _show(session: Session, ran: Ran, card: ScoreCard) -> None:
    result, stopped = ran.result, ran.result.stopped
    say(f"{result.strategy}: {ran.reason}." if stopped is None else f"{stopped.message}.")
    if stopped is not None and stopped.game_id is not None:
        say(f"It stopped at tick {stopped.tick} of game {stopped.game_id}.")
    say(f"{len(result.games)} games, {len(result.decisions)} actions.")
    for said, count in _refused(ran).items():
        say(f"{count} not done: {said}.")
    columns = ("", "profit SOL", "fair mean", "paid in", "bets", "won", "middle 90 %")
    session.table("", columns, [_row(row) for row in card.rows])
    if ran.then is not None and ran.then.other_coins:
        session.note(f"then: {ran.then.other_coins} in practice coins are not counted.")
    session.note("Bets lose on average; a profit over few games is luck.")
    if ran.run_id is not None:
        session.note(f"Against its own backtest: vectra-player drift {ran.run_id}")


def _refused(ran: Ran) -> dict[str, int]:
    """Count the actions that were refused or came too late, by what was said of them."""
    failed = (one for one in ran.result.outcomes if one.kind in ("refused", "missed"))
    return dict(Counter(one.message or one.kind for one in failed).most_common())


def _row(row: Score) -> tuple[str, ...]:
    middle = "" if row.profit_low is None else f"{row.profit_low:+.3f} to {row.profit_high:+.3f}"
    fair = "not known" if row.expected != row.expected else f"{row.expected:+.4f}"
    return (
        row.who,
        f"{row.profit:+.4f}",
        fair,
        f"{row.paid_in:.3f}",
        f"{row.bets:g}",
        f"{row.won:g}",
        middle,
    )
