"""Practice in a replay: the paper account on recorded games. After a jump back it is what it was.

Pure: it reads a recording that is in memory; each replay keeps one (`foundation.replays`). It
reaches neither trading nor the recorder: what is done here is told on the replay's own feed only.
"""

from __future__ import annotations

import copy
from collections import deque

from msgspec import Struct
from msgspec.structs import replace

from vectra_player.errors import UsageError
from vectra_player.foundation.paper import PaperAccount
from vectra_player.foundation.paper_records import (
    MOST_CASH,
    AccountView,
    ActionNote,
    Actor,
    PracticeRequest,
    TradeState,
    WalletRequest,
)
from vectra_player.foundation.then import RecordedPlay
from vectra_player.live.live_state import LiveState
from vectra_player.live.reducer import reduce
from vectra_player.protocol.game_payloads import GameState, LegacyTick
from vectra_player.protocol.rugs import Event
from vectra_player.replay.recording import Recording
from vectra_player.strategy.actions import Action, Buy, PlaceSidebet, Sell
from vectra_player.strategy.market import LiveSteps

CHECKPOINTS = 64
"""Accounts kept as they were at the end of a game, so that a jump back plays few games again."""


class _Act(Struct, frozen=True):
    position: int
    action: Action
    actor: Actor
    ts_ms: int


class _Checkpoint(Struct, frozen=True):
    """The account after `position` events, `done` acts among them, with no game running."""

    position: int
    done: int
    account: PaperAccount


class Practice:
    """One account over one recording. A position is how many of its events were shown."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._then = RecordedPlay(recording)
        self._position = self._at = self._done = 0
        self._acts: list[_Act] = []
        self._checkpoints: deque[_Checkpoint] = deque(maxlen=CHECKPOINTS)
        self._begin(WalletRequest())

    def state(self) -> TradeState:
        """Return everything of the account."""
        then = self._then.row(self._position)
        return self._account.state(() if then is None else (then,))

    def view(self) -> AccountView:
        """Return the account as it stands."""
        return self._account.view()

    def show(self, event: Event, state: LiveState) -> list[ActionNote]:
        """Move on by an event, `state` after it; return what became of earlier actions."""
        self._position += 1
        if not self._acts:
            return []
        notes = self._see(event, state)
        self._at = self._position
        self._keep()
        return notes

    def jump(self, position: int, state: LiveState) -> None:
        """Go to another moment: what was done after it is undone, what was open then is open."""
        back = position < self._position
        self._position = position
        if not self._acts:
            return
        if back:
            self._acts = [act for act in self._acts if act.position <= position]
            self._rewind()
            for act in self._acts[self._done :]:
                self._advance(act.position, self._recording.state_at(act.position))
                self._account.act(act.action, act.actor, act.ts_ms)
                self._done += 1
        if self._acts:
            self._advance(position, state)

    def act(self, request: PracticeRequest, actor: Actor, state: LiveState) -> ActionNote:
        """Take in an action at the moment shown. Raises UsageError: no game is shown, no amount."""
        action = _asked(request)
        if not self._acts:
            self._look(state)
        now_ms = (state.connection.last_frame_ts or 0) // 1000
        note = self._account.act(action, actor, now_ms)
        self._acts.append(_Act(self._position, action, actor, now_ms))
        self._done += 1
        self._at = self._position
        return note

    def reset(self, request: PracticeRequest) -> WalletRequest:
        """Begin anew, with `amount` SOL if given, and a latency. Raises UsageError for too much."""
        cash = request.amount
        if cash is not None and cash > MOST_CASH:
            raise UsageError(f"A wallet holds up to {MOST_CASH} SOL, not {cash}.")
        wallet = WalletRequest(latency_ms=request.latency_ms)
        if cash is not None:
            wallet = replace(wallet, cash=cash)
        self._begin(wallet)
        return wallet

    def _begin(self, wallet: WalletRequest) -> None:
        self._wallet = wallet
        self._acts.clear()
        self._checkpoints.clear()
        self._rewind()

    def _rewind(self) -> None:
        """Take the account as it was at the last kept moment before the position."""
        while self._checkpoints and self._checkpoints[-1].position > self._position:
            self._checkpoints.pop()
        self._steps = LiveSteps()
        if self._checkpoints:
            kept = self._checkpoints[-1]
            self._account = copy.deepcopy(kept.account)
            self._at, self._done = kept.position, kept.done
        else:
            self._account = PaperAccount(self._wallet, "practice")
            self._at = self._done = 0

    def _keep(self) -> None:
        """Keep the account when a game is over and nothing of what was done is open any more."""
        done = self._checkpoints[-1].done if self._checkpoints else 0
        if self._done > done and self._account.resting and self._account.between_games:
            kept = _Checkpoint(self._at, self._done, copy.deepcopy(self._account))
            self._checkpoints.append(kept)

    def _advance(self, end: int, state: LiveState) -> None:
        """Show the account the events up to a position, as far as they concern it."""
        seen: LiveState | None = None
        while self._done and self._at < end and not self._account.resting:
            event = self._recording.events[self._at]
            seen = reduce(seen or self._recording.state_at(self._at), event)
            self._see(event, seen)
            self._at += 1
            self._keep()
        self._at = end
        self._look(state)

    def _see(self, event: Event, state: LiveState) -> list[ActionNote]:
        if event.kind != "event" or not isinstance(event.payload, GameState | LegacyTick):
            return []
        market = self._steps.step(state, event.ts)
        return [] if market is None else self._account.see(market, event.ts // 1000)

    def _look(self, state: LiveState) -> None:
        """Show the account the moment itself."""
        time_us = state.connection.last_frame_ts or 0
        market = self._steps.step(state, time_us)
        if market is not None:
            self._account.see(market, time_us // 1000)


def _asked(request: PracticeRequest) -> Action:
    """Return the action of a request. Raises UsageError without an amount where one is needed."""
    if request.action == "sell":
        return Sell(request.percentage)
    amount = request.amount
    if amount is None:
        raise UsageError(f"A {request.action} needs an amount in SOL.")
    return Buy(amount) if request.action == "buy" else PlaceSidebet(amount)
