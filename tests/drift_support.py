"""A strategy run without sockets: the program's engine and account, the service's, and a feed.

What travels is what the HTTP API and the feed carry. `Rehearsal` gives the run as the store has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from vectra_player.analysis.contestant import Contestant, find_contestant
from vectra_player.analysis.drift_run import Played, RecordedRun, joined
from vectra_player.app.remote_account import RemoteAccount
from vectra_player.app.run_log import RunLog, account_of, plan_of
from vectra_player.app.service_api import ServiceApi
from vectra_player.foundation.paper import PaperAccount
from vectra_player.foundation.paper_desk import action_message, reset_note
from vectra_player.foundation.paper_records import (
    ActionNote,
    AmountRequest,
    RunRequest,
    SellRequest,
    TradeAnswer,
    WalletRequest,
)
from vectra_player.model.action import ActionRecord
from vectra_player.model.run import RunEnded, RunEnding, RunGame, RunPlan
from vectra_player.strategy.actions import Action, Buy, PlaceSidebet, Sell
from vectra_player.strategy.engine import Engine
from vectra_player.strategy.limits import NO_LIMITS, Limits
from vectra_player.strategy.market import Market, game_steps

LONGEST_BODY = 65_536
GameOf = tuple[str, Sequence[float]]
"""An id and all prices, the rug's last."""


@dataclass
class Service(ServiceApi):
    """The paper side of the service; answers as its API does."""

    wallet: WalletRequest
    plan: RunPlan | None = None
    games: list[RunGame] = field(default_factory=list)
    ending: RunEnding | None = None
    actions: dict[str, ActionRecord] = field(default_factory=dict)
    known: bool = True
    pressed: Callable[[float], float] = float

    def __post_init__(self) -> None:
        self.account = PaperAccount(self.wallet, "paper", keep=self._keep)
        self.feed: list[dict[str, Any]] = []
        self.now_ms = 0

    def get(self, path: str) -> Any:
        return msgspec.to_builtins(self.account.state())

    def post(self, path: str, value: dict[str, Any], **more: Any) -> Any:
        name = path.rpartition("/")[2]
        body = msgspec.json.encode(value)
        if name == "runs":
            asked = msgspec.json.decode(body, type=RunRequest)
            self.plan = self.plan or asked.plan
            return {"run_id": "run-1", "restart": not self.known}
        if name == "games":
            assert len(body) < LONGEST_BODY
            self.games.append(msgspec.json.decode(body, type=RunGame))
            return {"run_id": "run-1"}
        if name == "end":
            self.ending = msgspec.json.decode(body, type=RunEnding)
            return {"run_id": "run-1"}
        return msgspec.to_builtins(self._act(name, body, more["headers"]["x-vectra-run"]))

    def ended(self) -> RunEnded:
        """Return the fact of the end."""
        assert self.plan is not None
        assert self.ending is not None
        told = self.ending
        return RunEnded(
            run_id="run-1", strategy=self.plan.strategy, mode="paper", reason=told.reason,
            result=told.result,
        )  # fmt: skip

    def by_hand(self, action: Action) -> None:
        """Let a person act in the account."""
        self._tell(self.account.act(action, "human", self.now_ms))

    def reset(self, wallet: WalletRequest) -> None:
        """Let a person begin a new wallet."""
        numbers = self.account.last_number
        self.account = PaperAccount(wallet, "paper", numbers_after=numbers, keep=self._keep)
        self._tell(reset_note(wallet, "paper", "human", self.now_ms))

    def see(self, market: Market) -> None:
        """Show the account a step of the game."""
        for note in self.account.see(market, self.now_ms):
            self._tell(note)

    def _act(self, name: str, body: bytes, run: str) -> TradeAnswer:
        action: Action
        if name == "sell":
            action = Sell(msgspec.json.decode(body, type=SellRequest).percentage)
        else:
            amount = self.pressed(msgspec.json.decode(body, type=AmountRequest).amount)
            action = Buy(amount) if name == "buy" else PlaceSidebet(amount)
        return self._tell(self.account.act(action, "bot", self.now_ms, run))

    def _tell(self, note: ActionNote) -> TradeAnswer:
        answer = TradeAnswer(action=note, account=self.account.view())
        data = action_message(answer).data
        assert isinstance(data, dict)
        self.feed.append(data)
        return answer

    def _keep(self, record: ActionRecord) -> None:
        if record.strategy is not None:
            self.actions[record.action_id] = record


Meanwhile = Callable[[Service, Market], None]
"""Is called at each step, before the program hears of it."""


@dataclass
class Rehearsal:
    """One run of a strategy over games, with what happens meanwhile.

    blind: steps the feed does not carry to the program. stop: it ends when this says so.
    pressed: the amount the service makes of one that is asked for; it may raise.
    """

    data_dir: Path
    strategy: str
    games: Sequence[GameOf]
    wallet: WalletRequest = WalletRequest(cash=1, latency_ms=0)  # noqa: RUF009 -- frozen
    limits: Limits = NO_LIMITS
    meanwhile: Meanwhile = lambda service, market: None
    blind: Callable[[Market], bool] = lambda market: False
    stop: Callable[[Market], bool] = lambda market: False
    seed: int = 3
    pressed: Callable[[float], float] = float

    def run(self) -> RecordedRun:
        """Play, and return the run as the store has it."""
        contestant = find_contestant(self.strategy, self.data_dir)
        service = Service(self.wallet, pressed=self.pressed)
        account = RemoteAccount(service)
        engine = Engine(contestant.make(), account, limits=self.limits, seed=self.seed)
        log = RunLog(service, self._plan(contestant, account))
        account.run_id = log.run_id
        self._play(service, account, engine, log)
        assert service.plan is not None
        prices = {name: np.asarray(path) for name, path in self.games}
        played = [
            Played(game, prices[game.game_id], len(prices[game.game_id]) - 1)
            for game in joined(service.games)
        ]
        return RecordedRun(
            "run-1", service.plan, 0, "127.0.0.1:1", service.ended(), tuple(played),
            actions=service.actions,
        )  # fmt: skip

    def _plan(self, contestant: Contestant, account: RemoteAccount) -> RunPlan:
        return plan_of(
            contestant, account_of(account.view), mode="paper", seed=self.seed,
            limits=self.limits, games=None, latency_ms=self.wallet.latency_ms,
        )  # fmt: skip

    def _play(self, service: Service, account: RemoteAccount, engine: Engine, log: RunLog) -> None:
        for name, path in self.games:
            for market in game_steps(name, path, len(path) - 1):
                service.see(market)
                self.meanwhile(service, market)
                if self.blind(market):
                    continue
                for data in service.feed:
                    if account.hear(data).kind == "reset":
                        log.reset(account.view)
                service.feed.clear()
                seen = account.view
                account.after.clear()
                engine.step(market)
                log.step(market, engine, seen, account.after, account.view)
                if self.stop(market):
                    log.end("stopped by you", engine.finish(), account.view)
                    return
        log.end("the end", engine.finish(), account.view)


def total(run: RecordedRun) -> Decimal:
    """Return what the run's account gained."""
    return run.games[-1].game.cash_after - run.plan.cash
