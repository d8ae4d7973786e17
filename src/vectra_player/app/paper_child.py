"""Run one strategy for the dashboard: `python -m vectra_player.app.paper_child`.

The order is one JSON line on standard input, whose end means that the dashboard is gone: the run
ends then as it does at SIGTERM. Each line on standard output is one thing that happened
(`dashboard.paper.Told`); the last one has the score card. What the strategy prints goes nowhere.
"""

from __future__ import annotations

import asyncio
import math
import os
import signal
import sys
import threading
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

import msgspec

from vectra_player.app.strategy_run import Plan, Ran, Watcher, run_strategy
from vectra_player.clock import SystemClock
from vectra_player.dashboard.paper import LineKind, PaperLine, PaperOrder, PaperScore, Told
from vectra_player.errors import UsageError, VectraError
from vectra_player.foundation.paper_records import ActionNote
from vectra_player.model.units import to_sol
from vectra_player.strategy.latency import BUY_ORDER_MS, Latency
from vectra_player.strategy.limits import Limits
from vectra_player.strategy.market import Market
from vectra_player.strategy.records import STOPPED_WRONG, Outcome
from vectra_player.strategy.score import Score, score_card

PLACES = {
    "paper": "on paper",
    "practice": "in practice: it presses the demo page",
    "live": "live: it presses the game page",
}
UNDONE = frozenset({"REJECTED", "BLOCKED", "UNKNOWN"})


class _Order(msgspec.Struct, frozen=True):
    data_dir: str
    order: PaperOrder


class _Teller(Watcher):
    """Says what happens, a line each."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._clock = SystemClock()
        self._game = ""
        self._first_tick = 0
        self._games = 0
        self._state = ""

    def say(
        self,
        kind: LineKind,
        text: str,
        *,
        actions: int = 0,
        score: list[PaperScore] | None = None,
        run_id: str | None = None,
        wrong: bool = False,
    ) -> None:
        """Say one thing."""
        told = Told(
            line=PaperLine(self._clock.now_us() // 1000, kind, text),
            game_id=self._game or None,
            games=self._games,
            actions=actions,
            score=score or [],
            run_id=run_id,
            wrong=wrong,
        )
        self._out.write(msgspec.json.encode(told) + b"\n")

    def count(self, games: int) -> None:
        """Take note of how many whole games were played in all."""
        self._games = games

    def step(self, market: Market) -> None:
        if market.game_id == self._game:
            return
        if self._game:
            self._games += self._first_tick == 0
        self._game, self._first_tick = market.game_id, market.tick
        self.say("game", f"Game {market.game_id} from tick {market.tick}.")

    def note(self, note: ActionNote) -> None:
        if note.outcome in UNDONE:
            why = note.error or note.reason or "no reason is known"
            tick = "" if note.game_context_tick is None else f"Tick {note.game_context_tick}: "
            self.say("refused", f"{tick}{note.action_type} {note.outcome}, {why}.")

    def outcome(self, outcome: Outcome) -> None:
        self.say("refused", f"Tick {outcome.tick}: not sent, {outcome.message}.")

    def connection(self, state: str, reason: str) -> None:
        before, self._state = self._state, state
        if state == "waiting" and before != "waiting":
            self.say("connection", "The service is away; the run waits for it.")
        elif state == "open" and before == "waiting":
            self.say("connection", "Connected again.")


def main() -> None:
    """Run the order of standard input to its end."""
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # a strategy that prints must not spoil the lines
    asked = msgspec.json.decode(sys.stdin.buffer.readline(), type=_Order)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    teller = _Teller(out)
    try:
        _run(Path(asked.data_dir), asked.order, teller)
    except VectraError as error:
        advice = f" {error.advice}" if error.advice else ""
        teller.say("end", f"{error.message}{advice}", wrong=True)
    except Exception as error:
        teller.say("end", f"The run failed: {error!r}.", wrong=True)
        raise


def _run(data_dir: Path, order: PaperOrder, teller: _Teller) -> None:
    from vectra_player.analysis.contestant import find_contestant

    _check(order)
    contestant = find_contestant(order.name, data_dir)
    plan = Plan(
        games=order.games,
        cash=order.cash,
        latency_ms=order.latency_ms,
        limits=Limits(max_stake_sol=_sol(order.max_stake), max_loss_run_sol=_sol(order.max_loss)),
        seed=order.seed,
        mode=order.mode,
    )
    teller.say("begin", f"{contestant.name} on the live game, {PLACES[order.mode]}.")
    ran = asyncio.run(run_strategy(data_dir, contestant, plan, teller))
    result, stopped = ran.result, ran.result.stopped
    teller.count(sum(1 for game in result.games if game.first_tick == 0))
    reason = ran.reason if stopped is None else stopped.message
    teller.say(
        "end",
        f"{reason[:1].upper()}{reason[1:]}.",
        actions=len(result.decisions),
        score=_score(ran, order),
        run_id=ran.run_id,
        wrong=stopped is not None and stopped.reason in STOPPED_WRONG,
    )


def _check(order: PaperOrder) -> None:
    """Refuse what does not go together. Raises UsageError."""
    if order.mode != "paper" and (order.cash is not None or order.latency_ms is not None):
        raise UsageError(
            f"A new wallet and its latency are of paper; {order.mode} has the account's own.",
            advice="Leave both empty.",
        )


def _score(ran: Ran, order: PaperOrder) -> list[PaperScore]:
    latency = BUY_ORDER_MS if order.latency_ms is None else order.latency_ms
    card = score_card(ran.result, lambda: ran.steps, latency=Latency.ms(latency), seed=order.seed)
    return [_line(row) for row in card.rows]


def _line(row: Score) -> PaperScore:
    return PaperScore(
        who=row.who,
        profit=row.profit,
        expected=None if math.isnan(row.expected) else row.expected,
        paid_in=row.paid_in,
        bets=row.bets,
        won=row.won,
        profit_low=row.profit_low,
        profit_high=row.profit_high,
    )


def _sol(value: float | None) -> Decimal | None:
    return None if value is None else to_sol(Decimal(str(value)))


def _end_with_parent() -> None:
    # Not sys.stdin: a thread that holds its lock aborts the interpreter at its end.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
