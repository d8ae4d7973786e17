"""Trading through the page's buttons, as the monitor and strategies ask for it.

Answers as the paper account does, so that one page and one kind of strategy serve every mode; but
every figure is the server's. What becomes of an order comes later, as `action` messages. Attached
to the bus before the feed: what a frame did to an order is told before the frame. Built by `app`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from statistics import median
from typing import Any

from msgspec.structs import replace

from vectra_player.bus import EventBus, Events
from vectra_player.clock import Clock
from vectra_player.errors import UsageError
from vectra_player.foundation.click_notes import account_view, note_of, result_note, rug_note
from vectra_player.foundation.messages import Message
from vectra_player.foundation.paper_desk import action_message
from vectra_player.foundation.paper_records import (
    AccountView,
    ActionNote,
    Actor,
    TradeAnswer,
    TradeState,
    WalletLimits,
    WalletRequest,
)
from vectra_player.live.live_state import LiveState
from vectra_player.model.press import PressSeen
from vectra_player.protocol.game_payloads import NewTrade, SidebetEvent
from vectra_player.protocol.rugs import Event
from vectra_player.strategy.actions import Action, Buy, PlaceSidebet
from vectra_player.trading.records import SHARES, ZERO, ActionRecord, Order
from vectra_player.trading.tracker import Step
from vectra_player.trading.trader import Trader

NOTES_KEPT = 200
FEWEST_MEASURED = 5
"""Orders a median is worth taking of."""

ORDERS = frozenset({"BUY", "SELL", "SIDEBET"})


class ClickDesk:
    """The account of the page that is open, and the orders given to it."""

    def __init__(
        self,
        bus: EventBus,
        live: Callable[[], LiveState],
        publish: Callable[[Message], object],
        clock: Clock,
    ) -> None:
        self._live = live
        self._publish = publish
        self._clock = clock
        self._trader: Trader | None = None
        self._notes: deque[ActionNote] = deque(maxlen=NOTES_KEPT)
        self._start_cash: Decimal | None = None
        self._realised = ZERO
        self._bets = ZERO
        self._took: deque[float] = deque(maxlen=NOTES_KEPT)
        self._bet_of: dict[tuple[str | None, int | None], ActionNote] = {}
        self._detach = bus.attach(Events.EVENT, self._on_event, name="trading")

    def serve(self, trader: Trader) -> None:
        """Trade through this one; its `told` must be `step`."""
        self._trader = trader

    @property
    def trader(self) -> Trader:
        """Return who presses. Raises UsageError: no page is there to press on."""
        if self._trader is None:
            raise UsageError(
                "There is no game page here whose buttons could be pressed.",
                advice="`vectra-player up --source practice` opens one to practise on.",
            )
        return self._trader

    @property
    def measured_ms(self) -> float | None:
        """Return the median from the frame to the account; None: too few orders to say."""
        return median(self._took) if len(self._took) >= FEWEST_MEASURED else None

    def state(self, mode: str) -> TradeState:
        """Return everything of the account.

        Raises UsageError: another mode, no page (`trader`), or nobody is logged in there yet.
        """
        self._of(mode)
        account = self.view()
        if account is None:
            raise UsageError(
                "The server has not told the page's account yet.",
                advice="Log in on the page; it is known a moment later.",
            )
        return TradeState(
            mode="LIVE" if self.trader.mode == "live" else "PRACTICE",
            account=account,
            latency_ms=self.measured_ms or 0.0,
            limits=WalletLimits(),
            actions=list(self._notes),
            score=[],
        )

    def act(self, action: Action, actor: Actor, mode: str, run: str | None = None) -> TradeAnswer:
        """Give an order; what becomes of it is told later. Raises UsageError: another mode."""
        trader = self._of(mode)
        record = trader.submit(self._order(trader, action, actor, run))
        return TradeAnswer(action=self._note(record, done=record.outcome), account=self.view())

    def reset(self, wallet: WalletRequest, actor: Actor) -> TradeAnswer:
        """Refuse: the account is the game server's. Raises UsageError."""
        self._of(wallet.mode)
        raise UsageError(
            "The page's account is the game server's: it is not begun anew from here.",
            advice="Only a paper wallet is.",
        )

    def step(self, step: Step) -> None:
        """Tell the feed of a step of an order, and keep what came of it."""
        record = step.record
        if step.stage == "late" or record.action_type not in ORDERS:
            return
        note = self._note(record, done=record.outcome if step.stage == "done" else None)
        if step.stage == "intent" or step.stage == "done":
            self._notes.appendleft(note)
        if record.outcome == "CONFIRMED" and step.stage == "done":
            if record.total_latency_ms is not None:
                self._took.append(record.total_latency_ms)
            self._realised += record.profit or ZERO
            if record.action_type == "SIDEBET":
                self._bet_of = {(record.game_id, record.executed_tick): note}
        self._tell(note)

    def seen(self, press: PressSeen) -> None:
        """Take a press of a person on the page."""
        if self._trader is not None:
            self._trader.seen(press)

    def view(self) -> AccountView | None:
        """Return the account as the server states it; None: it has not."""
        live = self._live()
        if live.balance is None:
            return None
        if self._start_cash is None:
            self._start_cash = live.balance
        return account_view(
            live,
            live.balance,
            self._start_cash,
            self._realised,
            self._bets,
            () if self._trader is None else self._trader.under_way,
        )

    def close(self) -> None:
        """Stop listening."""
        self._detach()

    def _of(self, mode: str) -> Trader:
        trader = self.trader
        own = trader.mode.upper()
        if mode != own:
            raise UsageError(
                f"The page that is open is traded in {own} mode; {mode!r} is not possible.",
                advice=f"Say {own}, or PAPER for a wallet that risks nothing.",
            )
        return trader

    def _order(self, trader: Trader, action: Action, actor: Actor, run: str | None) -> Order:
        given: dict[str, Any] = {
            "action_id": trader.next_id(),
            "actor": actor,
            "mode": trader.mode,
            "strategy": run,
        }
        if isinstance(action, Buy):
            return Order(action_type="BUY", amount=action.amount, **given)
        if isinstance(action, PlaceSidebet):
            return Order(action_type="SIDEBET", amount=action.amount, **given)
        share = int(action.percentage)
        if share != action.percentage:
            raise UsageError(
                f"The page has no button that sells {action.percentage.normalize():f} %.",
                advice=f"It has {', '.join(map(str, SHARES))} %.",
            )
        return Order(action_type="SELL", percentage=share, **given)

    def _on_event(self, event: Event) -> None:
        if self._trader is None:
            return
        ours = self._trader.traces
        self._trader.hear(event)
        told = event.payload
        if isinstance(told, SidebetEvent) and event.name == "currentSidebetResult":
            self._settled(told, event.ts // 1000)
        elif isinstance(told, NewTrade) and event.trace_id not in ours:
            self._taken(told, event.ts // 1000)

    def _settled(self, told: SidebetEvent, now_ms: int) -> None:
        placed = self._bet_of.pop((told.game_id, told.start_tick), None)
        note = result_note(told, placed, self.trader.mode, now_ms, self._live())
        self._bets += Decimal(str(note.profit or 0))
        self._notes.appendleft(note)
        self._tell(note)

    def _taken(self, told: NewTrade, now_ms: int) -> None:
        """Tell of a holding the rug took: a sale of ours that nobody ordered."""
        live = self._live()
        if told.type != "sell" or told.player_id is None or told.player_id != live.player_id:
            return
        note = rug_note(told, self.trader.mode, now_ms, live)
        self._realised += Decimal(str(note.profit or 0))
        self._notes.appendleft(note)
        self._tell(note)

    def _note(self, record: ActionRecord, *, done: str | None) -> ActionNote:
        known = record.outcome if done and (done != "UNKNOWN" or record.error) else None
        return note_of(replace(record, outcome=known or "UNKNOWN"), known, self._now_ms())

    def _tell(self, note: ActionNote) -> None:
        self._publish(action_message(TradeAnswer(action=note, account=self.view())))

    def _now_ms(self) -> int:
        return self._clock.now_us() // 1000
