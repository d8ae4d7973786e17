"""A trader over a real gate and live state; hands, store and clock do as they are told.

desk = Traded(tmp_path)           # logged in, in a game, recording
desk.give("BUY"); await desk.rest()
desk.hear(request("BUY", 0.01, 4))
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.gate_support import DEMO, Clock, make_gate, make_order
from tests.live_support import GAME, T0, tick
from tests.live_support import event as packet
from tests.trading_support import update

from vectra_player.bus import EventBus, Events
from vectra_player.errors import PressRefusedError
from vectra_player.foundation.click_desk import ClickDesk
from vectra_player.live.provider import LiveStateProvider
from vectra_player.model.action import OUTCOME, ActionRecord
from vectra_player.protocol.rugs import Event
from vectra_player.trading.gate_records import GateEvent
from vectra_player.trading.hands import Pressed
from vectra_player.trading.records import Order, Refusal
from vectra_player.trading.tracker import Step
from vectra_player.trading.trader import Trader

PRICES = [1.0, 1.1, 1.2, 1.3]


class Store:
    """Keeps facts, while it records."""

    def __init__(self) -> None:
        self.recording = True
        self.facts: list[tuple[str, Any]] = []

    def note(self, kind: str, detail: object) -> int:
        if not self.recording:
            return 0
        self.facts.append((kind, detail))
        return len(self.facts)

    async def durable(self, seq: int, timeout_s: float) -> bool:
        return seq > 0

    def outcomes(self) -> list[str]:
        """Return what became of orders, as it is recorded."""
        told = [detail for kind, detail in self.facts if kind == OUTCOME]
        return [record.outcome for record in told if isinstance(record, ActionRecord)]


class Hand:
    """Presses at once. `visibility`: of the tab; `before`: done between permit and press."""

    def __init__(self, clock: Clock) -> None:
        self.visibility = "visible"
        self.before: Callable[[], None] = lambda: None
        self.pressed: list[str] = []
        self.maximum: Decimal | None = None
        self._clock = clock

    async def look(self) -> Any:
        return SimpleNamespace(visibility=self.visibility)

    async def set_amount(
        self, order: Order, permit_for: object, *, maximum: Decimal | None
    ) -> tuple[Pressed, ...]:
        self.maximum = maximum
        return ()

    async def choose_percentage(self, order: Order, permit_for: object) -> tuple[Pressed, ...]:
        return ()

    async def press_order(self, order: Order, permit: Any) -> Pressed | Refusal:
        self.before()
        try:
            permit.spend(order.action_type)
        except PressRefusedError as error:
            return Refusal(code=error.code, message=error.message)
        self.pressed.append(order.action_id)
        now_us, now_s = self._clock.now_us(), self._clock.monotonic()
        return Pressed(
            action_id=order.action_id, button=order.action_type, press_us=now_us, press_s=now_s
        )


class Traded:
    """Everything of trading but the page, joined over a bus as `app.trading` joins it."""

    def __init__(self, folder: Path, *, logged_in: bool = True) -> None:
        self.clock = Clock(T0)
        self.changes: list[GateEvent] = []
        self.gate = make_gate(folder / "run", self.clock, listen=self.changes.append)
        self.store = Store()
        self.hand = Hand(self.clock)
        self.steps: list[Step] = []
        self.messages: list[Any] = []
        self.bus = EventBus()
        self.live = LiveStateProvider(self.bus)
        self.desk = ClickDesk(
            self.bus, self.live.snapshot, lambda told: self.messages.append(told.data), self.clock
        )
        self.trader = Trader(
            self.gate,
            self.hand,  # type: ignore[arg-type]
            self.store,
            self.live.snapshot,
            mode="practice",
            page_origin=lambda: DEMO,
            recording=lambda: self.store.recording,
            told=self._told,
            clock=self.clock,
        )
        self.desk.serve(self.trader)
        self.tick()
        if logged_in:
            self.hear(update(0, cash=10, positionQty=0, avgCost=0))

    def tick(self, game: str = GAME) -> None:
        """Let a game tell its price."""
        self.hear(packet("gameStateUpdate", tick(2, PRICES, game)))

    def hear(self, *events: Event) -> None:
        """Let events of the page be heard."""
        for event in events:
            self.bus.publish(Events.EVENT, event)

    def give(self, kind: str = "BUY", **fields: Any) -> ActionRecord:
        """Give an order."""
        return self.trader.submit(make_order(kind, action_id=self.trader.next_id(), **fields))

    async def rest(self) -> None:
        """Let everything happen that needs no time."""
        for _ in range(20):
            await asyncio.sleep(0)

    def ends(self) -> list[str]:
        """Return what was told of the ends of orders: the outcome, and why."""
        done = [step.record for step in self.steps if step.stage == "done"]
        return [f"{record.outcome} {(record.error or '').partition(':')[0]}" for record in done]

    def kinds(self) -> list[str]:
        """Return what the feed was told, in order."""
        return [message["kind"] for message in self.messages]

    def _told(self, step: Step) -> None:
        self.steps.append(step)
        self.desk.step(step)
