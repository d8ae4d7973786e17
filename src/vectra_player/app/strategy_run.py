"""Run a strategy in this process against the running service: on the live feed, or in a replay.

The engine decides here, at the steps the feed tells; what it decides goes through the service's
trade API, which keeps the account: on paper, or by pressing buttons where that is switched on.
On the live feed the run tells the service what it saw and decided, for the drift report. In a
replay each step is asked for, so that the run is that of a backtest, tick for tick.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import structlog
from msgspec import Struct

from vectra_player.app.feed_steps import FeedSteps
from vectra_player.app.remote_account import RemoteAccount
from vectra_player.app.run_log import RunLog, account_of, plan_of
from vectra_player.app.service_api import LOAD_TIMEOUT_S, ServiceApi
from vectra_player.client import (
    Action,
    ConnectionChange,
    FeedEvent,
    FoundationClient,
    GameTick,
    ReplayStatus,
    Snapshot,
)
from vectra_player.errors import VectraError
from vectra_player.foundation.paper_records import ActionNote, ScoreRow
from vectra_player.model.action import Mode
from vectra_player.strategy.api import Strategy
from vectra_player.strategy.engine import Engine
from vectra_player.strategy.isolated_wire import CALL_LIMIT_S
from vectra_player.strategy.limits import NO_LIMITS, Limits
from vectra_player.strategy.market import Market
from vectra_player.strategy.records import Outcome, RunResult

if TYPE_CHECKING:
    from vectra_player.analysis.contestant import Contestant

log = structlog.get_logger(__name__)

PATIENCE_S = 60.0
"""How long a run waits for a service that went away."""


class Plan(Struct, frozen=True, kw_only=True):
    """What is to be run. `games` None: until told. `cash` None: with the wallet as it is.

    `speed` paces a replay in times of the real game; None: as fast as it goes.
    """

    games: int | None = None
    cash: float | None = None
    latency_ms: float | None = None
    limits: Limits = NO_LIMITS
    seed: int = 0
    mode: Mode = "paper"
    replay_game: str | None = None
    speed: float | None = None


class Ran(Struct, frozen=True):
    """How a run went. `steps`: what the strategy was shown. `then`: what was done at the time.

    run_id: as the service recorded it, None in a replay.
    """

    result: RunResult
    steps: list[Market]
    then: ScoreRow | None
    reason: str
    run_id: str | None = None


class Watcher:
    """What a run tells while it goes on; derive from it."""

    def step(self, market: Market) -> None:
        """Hear of a step."""

    def note(self, note: ActionNote) -> None:
        """Hear what became of an action."""

    def outcome(self, outcome: Outcome) -> None:
        """Hear of an action that was not sent."""

    def connection(self, state: str, reason: str) -> None:
        """Hear of the connection to the service."""


async def run_strategy(data_dir: Path, contestant: Contestant, plan: Plan, watcher: Watcher) -> Ran:
    """Run until the games are played, a signal, the end of the replay, or the strategy stops.

    Raises:
        UsageError: the service refuses: no such game, too many replays, a wallet that cannot be,
            a mode that is not switched on.
        SourceError: no service answers, or it stays away too long.
    """
    strategy, api = contestant.make(), ServiceApi(data_dir)
    replay = _open_replay(api, plan) if plan.replay_game is not None else None
    try:
        if plan.cash is not None or plan.latency_ms is not None:
            _new_wallet(api, plan, replay)
        run = _Run(api, data_dir, strategy, plan, watcher, replay)
        if replay is None:
            run.take_down(contestant)
        return await (run.follow() if replay is None else run.drive(replay))
    finally:
        if replay is not None:
            with contextlib.suppress(VectraError):
                api.post(f"/api/replay/{replay}", {"action": "close"})


def _open_replay(api: ServiceApi, plan: Plan) -> str:
    wanted = {"game_id": plan.replay_game, "paused": True}
    return str(api.post("/api/replay", wanted, timeout_s=LOAD_TIMEOUT_S)["id"])


def _new_wallet(api: ServiceApi, plan: Plan, replay: str | None) -> None:
    given = {"cash": plan.cash, "latency_ms": plan.latency_ms}
    wallet = {name: value for name, value in given.items() if value is not None}
    if replay is None:
        api.post("/api/trade/reset", wallet)
        return
    if "cash" in wallet:
        wallet["amount"] = wallet.pop("cash")
    api.post(f"/api/replay/{replay}/trade", {"action": "reset", **wallet})


class _Run:
    def __init__(
        self,
        api: ServiceApi,
        data_dir: Path,
        strategy: Strategy,
        plan: Plan,
        watcher: Watcher,
        replay: str | None,
    ) -> None:
        self._api = api
        self._plan = plan
        self._watcher = watcher
        self._account = RemoteAccount(api, replay, plan.mode, _outside_deadline)
        self._mode: Mode = plan.mode if replay is None else "practice"
        self._log: RunLog | None = None
        self._snapshots = 0
        self._game_id = ""
        self._engine = Engine(strategy, self._account, limits=plan.limits, seed=plan.seed)
        self._client = FoundationClient(data_dir=data_dir, replay=replay, patience_s=PATIENCE_S)
        self._feed = FeedSteps()
        self._steps: list[Market] = []
        self._shown = 0
        self._reason = ""

    def take_down(self, contestant: Contestant) -> None:
        """Begin to tell the service of the run. Raises UsageError, SourceError."""
        state, plan = self._account.refresh(), self._plan
        told = plan_of(
            contestant,
            account_of(state.account),
            mode=plan.mode,
            seed=plan.seed,
            limits=plan.limits,
            games=plan.games,
            latency_ms=state.latency_ms,
        )
        self._log = RunLog(self._api, told)
        self._account.run_id = self._log.run_id

    async def follow(self) -> Ran:
        """Follow the live feed."""
        with _told_to_stop(self._asked):
            async with self._client as events:
                async for event in events:
                    self._hear(event)
                    if self._over():
                        break
        return self._end()

    async def drive(self, replay: str) -> Ran:
        """Ask for one step of a replay after the other; a step's messages end with its status."""
        pause_s = 0.0 if self._plan.speed is None else 0.25 / self._plan.speed
        with _told_to_stop(self._asked):
            async with self._client as events:
                async for event in events:
                    self._hear(event)
                    if self._over():
                        break
                    if isinstance(event, ReplayStatus) and event.state == "ended":
                        self._stop("the replay is at its end")
                        break
                    if isinstance(event, Snapshot | ReplayStatus):
                        await asyncio.sleep(pause_s)
                        self._api.post(f"/api/replay/{replay}", {"action": "step"})
        return self._end()

    def _hear(self, event: FeedEvent) -> None:
        if isinstance(event, Action):
            if event.data.get("mode") == self._mode:
                self._hear_action(event.data)
        elif isinstance(event, Snapshot):
            self._account.refresh()
            self._snapshots += 1
            if self._log is not None and self._snapshots > 1:
                self._log.go_on(self._account.view)
            self._play(self._feed.of_snapshot(event))
        elif isinstance(event, GameTick):
            self._play(self._feed.of_tick(event))
        elif isinstance(event, ConnectionChange) and event.scope == "feed":
            self._watcher.connection(event.state or "", event.reason or "")

    def _hear_action(self, data: dict[str, Any]) -> None:
        note = self._account.hear(data)
        if note.kind == "reset" and self._log is not None:
            self._log.reset(self._account.view)
        self._watcher.note(note)

    def _play(self, market: Market | None) -> None:
        if market is None:
            return
        self._steps.append(market)
        self._watcher.step(market)
        self._look(market)
        seen = self._account.view
        self._account.after.clear()
        with _deadline(CALL_LIMIT_S):
            self._engine.step(market)
        for outcome in self._engine.outcomes[self._shown :]:
            if outcome.number is not None and outcome.number < 0:
                self._watcher.outcome(outcome)
        self._shown = len(self._engine.outcomes)
        if self._log is not None:
            view, after = self._account.view, self._account.after
            self._log.step(market, self._engine, seen, after, view)

    def _look(self, market: Market) -> None:
        """Read a page's account at the begin of a game: it is told after the rug that moved it."""
        fresh, self._game_id = market.game_id != self._game_id, market.game_id
        if fresh and self._log is not None and self._mode != "paper":
            with contextlib.suppress(VectraError):
                self._account.look()

    def _over(self) -> bool:
        games = self._plan.games
        if self._engine.stopped is not None:
            self._stop(self._engine.stopped.message)
        elif games is not None and self._whole_games() >= games:
            self._stop(f"{games} {'game was' if games == 1 else 'games were'} played")
        return bool(self._reason)

    def _whole_games(self) -> int:
        """Count the games that were seen from their start; one met midway is played beside."""
        results = self._engine.context.results
        return sum(1 for result in results if result.first_tick == 0)

    def _asked(self) -> None:
        self._stop("stopped by you")
        self._client.stop()

    def _stop(self, reason: str) -> None:
        self._reason = self._reason or reason

    def _end(self) -> Ran:
        result = self._engine.finish()
        then = None
        with contextlib.suppress(VectraError):
            rows = self._account.refresh().score
            then = next((row for row in rows if row.who == "then"), None)
        reason = self._reason or "the feed ended"
        if self._log is None:
            return Ran(result, self._steps, then, reason)
        self._log.end(reason, result, self._account.view)
        return Ran(result, self._steps, then, reason, self._log.run_id)


@contextlib.contextmanager
def _told_to_stop(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at SIGINT and SIGTERM while the block runs; a second SIGINT ends at once."""
    loop = asyncio.get_running_loop()

    def asked(number: signal.Signals) -> None:
        loop.remove_signal_handler(number)
        stop()

    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, asked, number)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def _outside_deadline() -> Iterator[None]:
    """Stop the clock of `_deadline` while the block runs: an answer cut off would be in doubt."""
    left_s, _ = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left_s)


@contextlib.contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block when it takes too long: the engine ends the run with it.

    It reaches a strategy that loops in Python; one that hangs in C is ended by a second Ctrl-C.
    """

    def overrun(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"a call took more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, overrun)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
