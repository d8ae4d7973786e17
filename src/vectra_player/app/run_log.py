"""What a strategy run tells of itself, game by game, so that it can be played again from the store.

The service records it (`foundation.run_book`). A service that is away is told when it is back.
Used by `app.strategy_run`.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Container, Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from vectra_player.app.remote_account import ACTIONS, number_of
from vectra_player.app.service_api import ServiceApi
from vectra_player.errors import SourceError, UsageError
from vectra_player.foundation.paper_records import AccountView, RunAnswer
from vectra_player.model.action import Mode
from vectra_player.model.run import (
    RunAccount,
    RunCountdown,
    RunDecision,
    RunEnding,
    RunFigures,
    RunGame,
    RunOutcome,
    RunPending,
    RunPlan,
    RunShown,
)
from vectra_player.model.units import Tick, to_sol
from vectra_player.protocol.phases import GamePhase
from vectra_player.strategy.engine import STAGES, Engine
from vectra_player.strategy.limits import Limits
from vectra_player.strategy.market import Market
from vectra_player.strategy.records import Decision, GameResult, Outcome, RunResult

if TYPE_CHECKING:
    from vectra_player.analysis.contestant import Contestant

log = structlog.get_logger(__name__)

RUNS = "/api/trade/runs"
PART = 40
"""Decisions, outcomes and accounts of a game told at once: a request carries 64 KiB at most."""


def plan_of(
    contestant: Contestant,
    account: RunAccount,
    *,
    mode: Mode,
    seed: int,
    limits: Limits,
    games: int | None,
    latency_ms: float | None,
) -> RunPlan:
    """Return what is run, and how, as it is told."""
    files, profile = contestant.files, contestant.profile
    given = msgspec.structs.asdict(limits)
    return RunPlan(
        strategy=contestant.plays,
        name=contestant.name,
        source=contestant.source,
        params=contestant.params,
        profile=None if profile is None else profile.model_dump(mode="json"),
        account=account,
        mode=mode,
        seed=seed,
        limits={name: value for name, value in given.items() if value is not None},
        games=games,
        latency_ms=latency_ms if mode == "paper" else None,
        digest=hashlib.sha256(files[0].read_bytes()).hexdigest() if files else None,
    )


def account_of(view: AccountView) -> RunAccount:
    """Return an account as it is told."""
    holding, bet = view.holding, view.sidebet
    return RunAccount(
        cash=_sol(view.cash),
        qty=_sol(holding.qty if holding else 0.0),
        cost=_sol(holding.cost if holding else 0.0),
        at_risk=_sol(view.at_risk),
        bet_start=bet.start_tick if bet else None,
        entry_tick=holding.entry_tick if holding else None,
        entry_price=holding.entry_price if holding else None,
        realised=_sol(view.realised),
        sidebet_pnl=_sol(view.sidebet_pnl),
        invested=_sol(view.invested),
    )


def shown_of(view: AccountView, phase: str = "", tick: Tick = 0, again: bool = False) -> RunShown:
    """Return an account as the strategy was shown it."""
    pending = tuple(
        RunPending(
            number=number_of(order.action_id) or 0,
            action=ACTIONS[order.action_type],
            value=_sol(order.value),
            tick=order.tick,
        )
        for order in view.pending
    )
    return RunShown(account=account_of(view), pending=pending, phase=phase, tick=tick, again=again)


class RunLog:
    """Takes down a run while it goes on, and tells the service each game when it is over."""

    def __init__(self, api: ServiceApi, plan: RunPlan) -> None:
        """Begin the run. Raises UsageError, SourceError: the service refuses or is away."""
        self._api = api
        self._plan = plan
        self._unsent: deque[RunGame] = deque()
        self._game: _Game | None = None
        self._number = 0
        self._last_id = ""
        self._last_shown: AccountView | None = None
        self._decisions = self._outcomes = 0
        begun = self._api.post(RUNS, {"plan": _plain(plan)})
        self.run_id = msgspec.convert(begun, RunAnswer).run_id

    def go_on(self, view: AccountView) -> None:
        """Take up the run again after the service was away."""
        account = account_of(view)
        plan = msgspec.structs.replace(self._plan, account=account)
        told = self._api.post(RUNS, {"plan": _plain(plan), "run_id": self.run_id})
        if msgspec.convert(told, RunAnswer).restart and self._game is not None:
            self._game.set_back("restart", account)
        self._send()

    def reset(self, view: AccountView) -> None:
        """Take down that somebody began the account anew."""
        if self._game is not None:
            self._game.set_back("reset", account_of(view))

    def step(
        self,
        market: Market,
        engine: Engine,
        seen: AccountView,
        after: Sequence[AccountView],
        view: AccountView,
    ) -> None:
        """Take down a step the engine has played.

        `seen`: the account before it; `after`: after each of its decisions; `view`: as it is now.
        """
        decisions, outcomes = engine.decisions, engine.outcomes
        games = engine.context.results
        if self._game is None and market.game_id == self._last_id:
            return  # the rug is told more than once
        fresh, heard = decisions[self._decisions :], outcomes[self._outcomes :]
        self._decisions, self._outcomes = len(decisions), len(outcomes)
        if self._game is not None and self._game.game_id != market.game_id:
            earlier = self._game.game_id
            self._game.hear([one for one in heard if one.game_id == earlier])
            heard = [one for one in heard if one.game_id != earlier]
            self._close(games[self._number - 1], view)
        if self._game is None:
            self._number += 1
            self._game = _Game(self._number, market)
        again = self._game.see(market)
        self._show(seen, again)
        for decision, then in zip(fresh, after, strict=True):
            self._last_shown = then
            self._game.decide(decision, shown_of(then), self._plan.mode)
        self._game.hear(heard, {one.number for one in fresh})
        if market.phase is GamePhase.RUGGED and len(games) >= self._number:
            self._close(games[self._number - 1], view)

    def end(self, reason: str, result: RunResult, view: AccountView | None) -> None:
        """Tell how the run ended. A service that is away is not waited for."""
        if self._game is not None and len(result.games) >= self._number and view is not None:
            self._game.hear(result.outcomes[self._outcomes :])
            self._close(result.games[self._number - 1], view, cut=True)
        stopped = result.stopped
        figures = RunFigures(
            games=len(result.games),
            actions=len(result.decisions),
            cash=result.cash,
            profit=result.profit,
            invested=sum((game.invested for game in result.games), Decimal(0)),
            staked=sum((game.staked for game in result.games), Decimal(0)),
            stopped=None if stopped is None else stopped.message,
        )
        self._post(f"{self.run_id}/end", RunEnding(reason=reason, result=figures))

    def _show(self, seen: AccountView, again: bool) -> None:
        if self._game is not None and seen != self._last_shown:
            self._last_shown = seen
            self._game.show(shown_of(seen, *self._game.place, again))

    def _close(self, result: GameResult, view: AccountView, *, cut: bool = False) -> None:
        if self._game is not None:
            self._unsent.extend(in_parts(self._game.record(result, view, cut=cut)))
            self._last_id, self._game = self._game.game_id, None
            self._send()

    def _send(self) -> None:
        while self._unsent and self._post(f"{self.run_id}/games", self._unsent[0]):
            self._unsent.popleft()

    def _post(self, path: str, told: msgspec.Struct) -> bool:
        try:
            self._api.post(f"{RUNS}/{path}", _plain(told))
        except (SourceError, UsageError) as error:
            log.warning("run not told", path=path, error=str(error))
            return False
        return True


def in_parts(game: RunGame) -> list[RunGame]:
    """Cut a game into parts that a request can carry."""
    longest = max(len(game.decisions), len(game.outcomes), len(game.shown))
    parts = max(1, -(-longest // PART))
    return [
        msgspec.structs.replace(
            game,
            decisions=game.decisions[part * PART : (part + 1) * PART],
            outcomes=game.outcomes[part * PART : (part + 1) * PART],
            shown=game.shown[part * PART : (part + 1) * PART],
            part=part,
            parts=parts,
        )
        for part in range(parts)
    ]


class _Game:
    """One game of the run, so far."""

    def __init__(self, number: int, market: Market) -> None:
        self.game_id = market.game_id
        self._number = number
        self._started_us = market.time_us
        self._countdown: list[RunCountdown] = []
        self._seen: list[list[Tick]] = []
        self._late: list[tuple[Tick, Tick]] = []
        self._rug_tick: Tick | None = None
        self._decisions: list[RunDecision] = []
        self._outcomes: list[RunOutcome] = []
        self._shown: list[RunShown] = []
        self._stage = (-1, -1)
        self.place = ("", 0)

    def see(self, market: Market) -> bool:
        """Take down a step; tell whether it is none for the engine, which had it or a later one."""
        place = STAGES[market.phase], market.tick
        again = place <= self._stage
        if not again:
            self._stage, self.place = place, (market.phase.value, market.tick)
        self._late += [(tick, market.tick) for tick, _ in market.late]
        if place < self._stage:
            return again
        if market.phase in (GamePhase.COOLDOWN, GamePhase.BETTING):
            self._count_down(RunCountdown(market.phase.value, market.timer_ms))
        elif market.phase is GamePhase.RUGGED:
            self._rug_tick = market.tick
        elif not self._seen or market.tick > self._seen[-1][1]:
            if self._seen and market.tick == self._seen[-1][1] + 1:
                self._seen[-1][1] = market.tick
            else:
                self._seen.append([market.tick, market.tick])
        return again

    def _count_down(self, step: RunCountdown) -> None:
        """Keep the first and the last step of each phase."""
        same = [kept for kept in self._countdown if kept.phase == step.phase]
        if len(same) == 2:
            self._countdown.pop()
        self._countdown.append(step)

    def show(self, shown: RunShown) -> None:
        """Take down that the strategy was shown another account."""
        self._shown.append(shown)

    def decide(self, decision: Decision, shown: RunShown, mode: Mode) -> None:
        """Take down what was decided at the last step."""
        (phase, tick), number = self.place, decision.number
        self._decisions.append(
            RunDecision(
                number=number,
                action_id=f"{mode}-{number}" if number > 0 else None,
                action=decision.action,
                value=decision.value,
                phase=phase,
                tick=tick,
                shown=shown,
            )
        )

    def hear(self, outcomes: Iterable[Outcome], fresh: Container[int] = ()) -> None:
        """Take down what was heard at the last step; of `fresh` decisions it came at once."""
        self._outcomes += [self._heard(one, one.number in fresh) for one in outcomes]

    def set_back(self, kind: str, account: RunAccount) -> None:
        """Take down that the account was made another one: `qty` for `amount` SOL and its cash."""
        phase, tick = self.place
        self._outcomes.append(
            RunOutcome(
                number=None, kind=kind, tick=tick, price=0.0, amount=account.cost, qty=account.qty,
                profit=Decimal(0), cash=account.cash, phase=phase, heard=tick,
            )
        )  # fmt: skip

    def record(self, result: GameResult, view: AccountView, *, cut: bool) -> RunGame:
        """Return the game as it is told."""
        return RunGame(
            number=self._number,
            game_id=self.game_id,
            started_us=self._started_us,
            countdown=tuple(self._countdown),
            seen=tuple((first, last) for first, last in self._seen),
            late=tuple(self._late),
            rug_tick=self._rug_tick,
            decisions=tuple(self._decisions),
            outcomes=tuple(self._outcomes),
            shown=tuple(self._shown),
            cash_before=result.cash_before,
            cash_after=result.cash_after,
            equity=_sol(view.equity),
            cut=cut,
        )

    def _heard(self, outcome: Outcome, at_once: bool) -> RunOutcome:
        phase, tick = self.place
        return RunOutcome(
            number=outcome.number,
            kind=outcome.kind,
            tick=outcome.tick,
            price=outcome.price,
            amount=outcome.amount,
            qty=outcome.qty,
            profit=outcome.profit,
            cash=outcome.cash,
            phase=phase,
            heard=tick,
            at_once=at_once,
            reason=outcome.reason,
            message=outcome.message,
        )


def _plain(told: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(told)
    return plain


def _sol(value: float) -> Decimal:
    return to_sol(Decimal(str(value)))
