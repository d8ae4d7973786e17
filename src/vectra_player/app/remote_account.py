"""The account that the service keeps, as a broker for an engine in another process.

It decides nothing and computes nothing of the rules: it sends actions, and repeats what the service
says of them and of the books. Used by `app.strategy_run`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from typing import Any, Literal

import msgspec

from vectra_player.app.service_api import ServiceApi
from vectra_player.errors import SourceError, VectraError
from vectra_player.foundation.monitor.trade import RUN_HEADER
from vectra_player.foundation.paper_records import AccountView, ActionNote, Pending, TradeState
from vectra_player.game.positions import RUG_PAYOUT, ZERO, Ledger, Position, RugPayout
from vectra_player.game.sidebet import Bet
from vectra_player.model.action import Mode
from vectra_player.model.units import Tick, to_sol
from vectra_player.protocol.phases import GamePhase
from vectra_player.strategy.actions import Action, Buy, PlaceSidebet
from vectra_player.strategy.market import Market
from vectra_player.strategy.paper import Submitted
from vectra_player.strategy.records import ActionName, Decision, Outcome, OutcomeReason

ACTIONS: dict[str, ActionName] = {"BUY": "buy", "SELL": "sell", "SIDEBET": "sidebet"}
_NO_OUTCOME = frozenset({"submitted", "reset"})

Post = Callable[[ActionName, dict[str, float]], Any]
ApiMode = Literal["PAPER", "PRACTICE", "LIVE"]
_MODES: dict[Mode, ApiMode] = {"paper": "PAPER", "practice": "PRACTICE", "live": "LIVE"}


class RemoteAccount:
    """A broker whose orders travel to the service; see `strategy.engine.Broker`."""

    def __init__(
        self,
        api: ServiceApi,
        replay: str | None = None,
        mode: Mode = "paper",
        unhurried: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """`replay`: the id of an open replay to practise in, else `mode` on the live feed.

        `unhurried`: surrounds a request, whose time is not the strategy's. `after` collects the
        account after each decision.

        Raises UsageError, SourceError: the service refuses or does not answer.
        """
        self._api = api
        self._base = f"/api/replay/{replay}/trade" if replay else "/api/trade"
        self._mode = _MODES[mode]
        self.run_id: str | None = None
        self._replay = replay
        self._market: Market | None = None
        self._arrived: list[Outcome] = []
        self._told: set[tuple[int | None, str, Tick | None]] = set()
        self._refusals = 0
        self._unhurried = unhurried
        self.after: list[AccountView] = []
        self.view = self.refresh().account

    # What the engine reads ------------------------------------------------------------------

    @property
    def rug_payout(self) -> RugPayout:
        """Return what a holding pays at the rug: the service's paper account pays by the rule."""
        return RUG_PAYOUT

    @property
    def ledger(self) -> Ledger:
        """Return the books."""
        view, holding = self.view, self.view.holding
        position = Position(_sol(holding.qty), _sol(holding.cost)) if holding else Position()
        return Ledger(
            cash=_sol(view.cash),
            position=position,
            at_risk=_sol(view.at_risk),
            realised=_sol(view.realised),
            sidebet_pnl=_sol(view.sidebet_pnl),
            total_invested=_sol(view.invested),
        )

    @property
    def bet(self) -> Bet | None:
        """Return the open sidebet."""
        bet = self.view.sidebet
        return None if bet is None else Bet("me", bet.start_tick, _sol(bet.amount))

    @property
    def pending(self) -> tuple[Decision, ...]:
        """Return the decisions still under way."""
        return tuple(_decision_of(order, self._market) for order in self.view.pending)

    @property
    def entry_tick(self) -> Tick | None:
        """Return the tick the holding was first bought at."""
        return self.view.holding.entry_tick if self.view.holding else None

    @property
    def entry_price(self) -> float | None:
        """Return the price the holding was first bought at."""
        return self.view.holding.entry_price if self.view.holding else None

    # What the engine asks -------------------------------------------------------------------

    def step(self, market: Market) -> list[Outcome]:
        """Return what the feed told since the last step."""
        self._market = market
        arrived, self._arrived = self._arrived, []
        return arrived

    def submit(self, action: Action) -> Submitted:
        """Send an action; one the service cannot take is refused here."""
        name, values = _wire(action)
        try:
            with self._unhurried():
                told = self._send(name, values)
        except SourceError as error:  # it may have been taken: nobody saw
            return self.refuse(action, "unseen", error.message)
        except VectraError as error:
            return self.refuse(action, "closed", error.message)
        note = msgspec.convert(told["action"], ActionNote)
        self._take(told["account"])
        self.after.append(self.view)
        decision = _noted_decision(note, name, _value(action))
        if note.kind in _NO_OUTCOME:
            return Submitted(decision)
        self._told.add(_key(note))
        return Submitted(decision, outcome_of(note))

    def refuse(self, action: Action, reason: OutcomeReason, message: str) -> Submitted:
        """Write down an action that is not sent. Its number is below 0: the service knows none."""
        market = self._market
        if market is None:
            raise ValueError("no step of a game was seen yet")
        self._refusals -= 1
        self.after.append(self.view)
        name, _ = _wire(action)
        place = (market.game_id, market.phase, market.tick, market.price)
        decision = Decision(self._refusals, *place, name, _value(action))
        outcome = Outcome(
            self._refusals, "refused", market.game_id, market.tick, market.price, ZERO, ZERO, ZERO,
            self.ledger.cash, reason, message,
        )  # fmt: skip
        return Submitted(decision, outcome)

    def abandon(self) -> list[Outcome]:
        """Return what the feed told; the service closes its own books."""
        arrived, self._arrived = self._arrived, []
        return arrived

    # What the run tells ---------------------------------------------------------------------

    def hear(self, data: dict[str, Any]) -> ActionNote:
        """Take an `action` message of the feed; return its note."""
        self._take(data["account"])
        note = msgspec.convert(data, ActionNote)
        key = _key(note)
        if key in self._told:
            self._told.discard(key)
        elif note.kind not in _NO_OUTCOME:
            self._arrived.append(outcome_of(note))
        return note

    def refresh(self) -> TradeState:
        """Read the account anew: another service may answer now. Raises as the constructor."""
        state = self.look()
        self._told.clear()
        return state

    def look(self) -> TradeState:
        """Read the account of the same service as it is now. Raises as the constructor."""
        path = self._base if self._replay else f"{self._base}?mode={self._mode}"
        state = msgspec.convert(self._api.get(path), TradeState)
        self.view = state.account
        return state

    def _take(self, account: Any) -> None:
        """Take in the account; one that no server told yet, after a cut, stays what it was."""
        if account is not None:
            self.view = msgspec.convert(account, AccountView)

    def _send(self, name: ActionName, values: dict[str, float]) -> Any:
        if self._replay is None:
            headers = {} if self.run_id is None else {RUN_HEADER: self.run_id}
            body = {**values, "mode": self._mode}
            return self._api.post(f"{self._base}/{name}", body, headers=headers)
        return self._api.post(self._base, {"action": name, **values})


def outcome_of(note: ActionNote) -> Outcome:
    """Return a note of the service as the engine's record. Raises ValueError: nothing came yet."""
    if note.kind == "submitted" or note.kind == "reset":
        raise ValueError(f"{note.kind} is no outcome")
    tick = note.executed_tick if note.executed_tick is not None else note.game_context_tick
    price = note.executed_price if note.executed_price is not None else note.game_context_price
    amount = _sol(note.amount or 0.0)
    profit = _sol(note.profit or 0.0)
    if note.kind in ("won", "lost", "void"):
        amount = amount + profit  # a record's amount is what came back
    if note.kind in ("refused", "missed"):
        amount = ZERO
    return Outcome(
        number_of(note.action_id),
        note.kind,
        note.game_id or "",
        tick or 0,
        price or 0.0,
        amount,
        _sol(note.qty or 0.0),
        profit,
        _sol(note.cash or 0.0),
        note.reason,
        note.error or "",
    )


def _key(note: ActionNote) -> tuple[int | None, str, Tick | None]:
    return number_of(note.action_id), note.kind, note.executed_tick


def _noted_decision(note: ActionNote, name: ActionName, value: Decimal) -> Decision:
    return Decision(
        number_of(note.action_id) or 0,
        note.game_id or "",
        GamePhase(note.game_context_phase or GamePhase.UNKNOWN),
        note.game_context_tick or 0,
        note.game_context_price or 0.0,
        name,
        value,
    )


def _decision_of(order: Pending, market: Market | None) -> Decision:
    game_id, phase = (market.game_id, market.phase) if market else ("", GamePhase.UNKNOWN)
    name, value = ACTIONS[order.action_type], to_sol(Decimal(str(order.value)))
    return Decision(number_of(order.action_id) or 0, game_id, phase, order.tick, 0.0, name, value)


def number_of(action_id: str | None) -> int | None:
    """Return the number of an action: what its id ends in."""
    return None if action_id is None else int(action_id.rpartition("-")[2])


def _wire(action: Action) -> tuple[ActionName, dict[str, float]]:
    if isinstance(action, Buy):
        return "buy", {"amount": float(action.amount)}
    if isinstance(action, PlaceSidebet):
        return "sidebet", {"amount": float(action.amount)}
    return "sell", {"percentage": float(action.percentage)}


def _value(action: Action) -> Decimal:
    return action.amount if isinstance(action, Buy | PlaceSidebet) else action.percentage


def _sol(value: float) -> Decimal:
    return to_sol(Decimal(str(value)))
