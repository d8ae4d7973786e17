"""Paper trading on the live feed: one account, driven by the same states every page is shown.

A consumer of the bus like the feed: what fails here is counted and never reaches the capture.
Attached before the feed, so that what a tick did to the account is told before the tick. Built by
`app`; asked by the monitor. Nothing here can press a button.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from vectra_player.bus import EventBus, Events
from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import UsageError
from vectra_player.foundation.messages import Message
from vectra_player.foundation.paper import PaperAccount, Saved
from vectra_player.foundation.paper_memory import PaperMemory
from vectra_player.foundation.paper_records import (
    ActionData,
    ActionNote,
    Actor,
    Mode,
    TradeAnswer,
    TradeState,
    WalletRequest,
)
from vectra_player.foundation.run_book import Note, RunBook, noted, unrecorded
from vectra_player.live.provider import LiveStateProvider
from vectra_player.model.action import OUTCOME, ActionRecord
from vectra_player.model.run import PAPER_WALLET, RunWallet
from vectra_player.protocol.game_payloads import GameState, LegacyTick
from vectra_player.protocol.rugs import Event
from vectra_player.strategy.actions import Action
from vectra_player.strategy.market import LiveSteps

ACTION = "action"


class PaperDesk:
    """Keeps the account and tells the feed what happens to it."""

    def __init__(
        self,
        bus: EventBus,
        live: LiveStateProvider,
        publish: Callable[[Message], object],
        *,
        memory: PaperMemory | None = None,
        clock: Clock | None = None,
        note: Note = unrecorded,
        runs: RunBook | None = None,
    ) -> None:
        """`memory`: where the wallet outlives the service. `note` records what becomes of orders.

        `runs`: the strategy runs that may act.
        """
        self.runs = runs or RunBook(note, clock)
        self._note = note
        self._live = live
        self._publish = publish
        self._clock = clock or SystemClock()
        self._steps = LiveSteps()
        self._memory = memory
        saved = None if memory is None else memory.load()
        wallet = WalletRequest() if saved is None else saved.wallet
        # In ms * 1000, so that no number of an earlier service comes again.
        self._account = self._new_account(wallet, saved, self._now_ms() * 1000)
        self._detach = bus.attach(Events.EVENT, self._on_event, name="paper")

    def state(self, mode: str = "PAPER") -> TradeState:
        """Return everything of the account. Raises UsageError: another mode."""
        require_paper(mode)
        return self._account.state()

    def act(self, action: Action, actor: Actor, mode: str, run: str | None = None) -> TradeAnswer:
        """Take in an action, of a strategy `run` or not.

        Raises UsageError: no game is known yet, or another mode, or no such run.
        """
        require_paper(mode)
        self.runs.require(run)
        note = self._account.act(action, actor, self._now_ms(), run)
        return self._tell(note)

    def reset(self, wallet: WalletRequest, actor: Actor) -> TradeAnswer:
        """Begin anew with another wallet; what was open is gone. Raises UsageError as `act`."""
        require_paper(wallet.mode)
        self._account = self._new_account(wallet, None, self._account.last_number)
        begun = RunWallet(cash=wallet.start_cash, latency_ms=wallet.latency_ms, actor=actor)
        noted(self._note, PAPER_WALLET, begun)
        self._see(self._clock.now_us())
        note = reset_note(wallet, "paper", actor, self._now_ms())
        return self._tell(note)

    def close(self) -> None:
        """Stop listening."""
        self._detach()

    def _new_account(
        self, wallet: WalletRequest, saved: Saved | None, numbers_after: int
    ) -> PaperAccount:
        return PaperAccount(wallet, "paper", saved, numbers_after=numbers_after, keep=self._record)

    def _record(self, record: ActionRecord) -> None:
        noted(self._note, OUTCOME, record)

    def _on_event(self, event: Event) -> None:
        if event.kind == "event" and isinstance(event.payload, GameState | LegacyTick):
            self._see(event.ts)

    def _see(self, time_us: int) -> None:
        market = self._steps.step(self._live.snapshot(), time_us)
        if market is None:
            return
        for note in self._account.see(market, self._now_ms()):
            self._tell(note)
        if self._account.between_games:
            self._keep()

    def _tell(self, note: ActionNote) -> TradeAnswer:
        answer = TradeAnswer(action=note, account=self._account.view())
        self._publish(action_message(answer))
        self._keep()
        return answer

    def _keep(self) -> None:
        if self._memory is not None:
            self._memory.keep(self._account)

    def _now_ms(self) -> int:
        return self._clock.now_us() // 1000


def require_paper(mode: str) -> None:
    """Refuse to act in any mode but paper. Raises UsageError."""
    if mode != "PAPER":
        raise UsageError(
            f"Trading is in PAPER mode; {mode!r} is not possible.",
            advice="Leave `mode` out: paper trades need no browser and risk nothing.",
        )


def reset_note(wallet: WalletRequest, mode: Mode, actor: Actor, now_ms: int) -> ActionNote:
    """Return the note of a new wallet."""
    return ActionNote(
        action_id=None,
        action_type="RESET",
        actor=actor,
        mode=mode,
        outcome="CONFIRMED",
        kind="reset",
        ts=now_ms,
        amount=wallet.cash,
        cash=wallet.cash,
    )


def action_message(answer: TradeAnswer) -> Message:
    """Make the feed's `action` message of what happened."""
    note = answer.action
    data = ActionData(**msgspec.structs.asdict(note), account=answer.account)
    return Message(ACTION, note.ts, note.game_id, msgspec.to_builtins(data))
