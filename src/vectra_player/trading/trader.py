"""Carry orders out: the gate, the intent on disk, the presses, and what the server makes of them.

One instance for one game page, on the service's event loop. An order's way: refused by the gate,
or written down durably, then the amount set, then pressed once, then followed to its outcome.
Presses of a person are followed the same way. Used by `foundation.click_desk`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from msgspec.structs import replace

from vectra_player.bus import spawn
from vectra_player.clock import Clock
from vectra_player.errors import PressRefusedError, VectraError
from vectra_player.live.live_state import LiveState
from vectra_player.model.action import OUTCOME
from vectra_player.model.press import PressSeen
from vectra_player.protocol.game_payloads import GameState
from vectra_player.protocol.rugs import Event
from vectra_player.trading import action_records
from vectra_player.trading.amounts import all_of
from vectra_player.trading.gate import Gate
from vectra_player.trading.hands import Hands, Pressed
from vectra_player.trading.outcomes import Outcomes
from vectra_player.trading.permit import Permit
from vectra_player.trading.reconcile import Reconciler
from vectra_player.trading.records import (
    ZERO,
    ActionRecord,
    ClickMode,
    Facts,
    Order,
    Refusal,
    Scene,
)
from vectra_player.trading.stakes import OpenStake
from vectra_player.trading.tracker import ORDER_TYPES, Step, Tracker

log = structlog.get_logger(__name__)

DURABLE_S = 1.0
"""An intent that is not on the disk by then is not pressed; it takes a few milliseconds."""

WANTED_S = 5.0
"""An order that is not pressed by then was decided too long ago; twelve presses for its amount take
less, and so does waiting for another order of the same tick."""

TURN_S = 0.25


class _Watched:
    """A permit that is judged by the moment it is spent, and tells it: the press follows."""

    def __init__(self, permit: Permit, look: Callable[[], None], spent: Callable[[], None]) -> None:
        self._permit = permit
        self._look = look
        self._spent = spent

    def spend(self, button: str) -> None:
        """Take one press off, or raise PressRefusedError."""
        self._look()
        self._permit.spend(button)
        self._spent()


class Trader:
    """The orders of one page. `told` hears of every step of every order, in order."""

    def __init__(
        self,
        gate: Gate,
        hands: Hands,
        facts: Facts,
        live: Callable[[], LiveState],
        *,
        mode: ClickMode,
        page_origin: Callable[[], str | None],
        recording: Callable[[], bool],
        told: Callable[[Step], None],
        clock: Clock,
    ) -> None:
        self.gate = gate
        self.mode: ClickMode = mode
        self._hands = hands
        self._facts = facts
        self._live = live
        self._page_origin = page_origin
        self._recording = recording
        self._told = told
        self._clock = clock
        self._tracker = Tracker()
        self._reconciler = Reconciler()
        self._stake = OpenStake()
        self._waiting: dict[str, ActionRecord] = {}
        self._carrying: dict[str, asyncio.Task[None]] = {}
        self._one_at_a_time = asyncio.Lock()
        self._last_tick_s: float | None = None
        self._numbers = clock.now_us() // 1000 * 1000
        self._sequence: str | None = None
        self._engaged = False
        self._visible = True
        self._in_hand: Order | None = None
        self._told_unfinished = False
        self._outcomes = Outcomes(facts, gate)
        self._turning = spawn(self._turn(), name="trading")

    # Orders ---------------------------------------------------------------------------------

    def next_id(self) -> str:
        """Return the id of a new order: unique over restarts, ending in a whole number."""
        self._numbers += 1
        return f"{self.mode}-{self._numbers}"

    def submit(self, order: Order) -> ActionRecord:
        """Take in an order; return what is known of it now.

        A refused one is BLOCKED at once. Any other outcome comes through `told`: UNKNOWN, here,
        says only that nothing is known yet.
        """
        scene = self.scene()
        record = action_records.of_order(order, scene, self._tracker.account)
        refusal = self.gate.refusal(order, scene)
        if refusal is not None:
            return self._block(record, refusal)
        seq = self._facts.note("intent", record)
        self._waiting[order.action_id] = record
        self._engaged = True
        self._told(Step("intent", record))
        until_s = self._clock.monotonic() + WANTED_S
        carrying = spawn(
            self._carry_out(order, record, seq, until_s), name=f"order {order.action_id}"
        )
        self._carrying[order.action_id] = carrying
        carrying.add_done_callback(lambda _: self._carrying.pop(order.action_id))
        return record

    def scene(self) -> Scene:
        """Return what is known at this moment; `visible` as of the last look at the page."""
        live = self._live()
        account = self._tracker.known_account
        coming = [*self._tracker.under_way, *self._waiting.values()]
        return Scene(
            now_us=self._clock.now_us(),
            recording=self._recording(),
            page_origin=self._page_origin(),
            visible=self._visible,
            game_id=live.game_id,
            phase=live.game_phase,
            tick=live.tick,
            price=live.price,
            tick_age_s=self._tick_age(),
            cash=account.cash,
            position_qty=account.position_qty,
            avg_cost=account.avg_cost,
            at_risk=self._stake.at_risk(live),
            under_way=sum((each.amount or ZERO for each in coming), ZERO),
        )

    @property
    def under_way(self) -> tuple[ActionRecord, ...]:
        """Return the orders whose outcome is open."""
        return (*self._waiting.values(), *self._tracker.under_way)

    @property
    def traces(self) -> frozenset[str | None]:
        """Return the trace ids of orders that are under way or ended a moment ago."""
        return self._tracker.traces

    def tell_unfinished(self) -> None:
        """Record what could not be before: outcomes, and orders of a service that ended.

        To be called when a recording begins; of the orders nobody saw the end, they are told once.
        """
        self._outcomes.record()
        for way in () if self._told_unfinished else self.gate.unfinished:
            if not way.told:
                self._step(Step("done", action_records.of_lost(way)))
        self._told_unfinished = True

    def withdraw_waiting(self) -> None:
        """End the orders that are not pressed yet. To be called while their end is still recorded.

        What leads to a press is cancelled first: an order that waits has not been pressed, and
        from its press on it waits no more.
        """
        over = Refusal(code="recording_ends", message="The recording ended before it was pressed.")
        for record in tuple(self._waiting.values()):
            self._carrying[record.action_id].cancel()
            self._withdraw(record, over)

    async def close(self) -> None:
        """Follow nothing more; what is open is told as UNKNOWN at the next start."""
        self._turning.cancel()
        await self._outcomes.settled()

    # What is heard --------------------------------------------------------------------------

    def hear(self, event: Event) -> None:
        """Take an event of the page, in the order of the recording."""
        try:
            self._hear(event)
        except Exception as error:
            self._fail(error)
            raise

    def _hear(self, event: Event) -> None:
        if isinstance(event.payload, GameState):
            self._last_tick_s = self._clock.monotonic()
        tracker, phase = self._tracker, self._live().game_phase
        known = tracker.under_way, phase, tracker.traces, tracker.doubtful
        fault = self._reconciler.hear(event, *known)
        self._stake.hear(event, self._live().game_id)
        for step in tracker.hear(event, self._stray, self._reconciler.shown):
            self._step(step)
        if fault and self._engaged:
            self._facts.note("mismatch", {"reason": fault, "seq": event.seq})
            self.gate.halt("mismatch", f"{fault}. The server's word counts.")
        if event.name == "playerUpdate" or isinstance(event.payload, GameState):
            self._show_gate()

    def seen(self, press: PressSeen) -> None:
        """Take a press of a person: of an order's button, or of one that sets an amount."""
        self._facts.note("press", {"actor": "human", "mode": self.mode, "press": press})
        kind = ORDER_TYPES.get(press.button)
        if kind is None:
            self._preparing(press)
            return
        by_person = self._by_person(press.button, press.press_ts)
        record = action_records.pressed_order(by_person, kind, press, self._sequence)
        self._sequence = None
        self._step(self._tracker.seen(press, record, self._clock.now_us()))

    def pressed(self, press: Pressed) -> None:
        """Take a press of our own hands, as soon as it is over."""
        order = self._in_hand
        if order is None or press.action_id != order.action_id:
            return
        self._facts.note("press", {"actor": order.actor, "mode": self.mode, "press": press})
        if press.button != order.action_type:
            self._note_preparing(press, order)

    # Inside ---------------------------------------------------------------------------------

    async def _carry_out(
        self, order: Order, record: ActionRecord, seq: int, until_s: float
    ) -> None:
        async with self._one_at_a_time:
            self._in_hand = order
            try:
                if not await self._facts.durable(seq, DURABLE_S):
                    raise PressRefusedError("not_durable", "The order is not on the disk in time.")
                await self._press(order, record, until_s)
            except PressRefusedError as error:
                self._withdraw(record, Refusal(code=error.code, message=error.message))
            except VectraError as error:
                self._break_off(record, error.message)
            except Exception as error:
                log.exception("an order broke off", action=record.action_id)
                self._break_off(record, f"a fault of this program: {error!r}")
            finally:
                # Whether the tab is on the screen is known while a look is fresh, no longer.
                self._in_hand, self._visible = None, True

    async def _press(self, order: Order, record: ActionRecord, until_s: float) -> None:
        """Set the amount and press once, each with leave of the gate. Raises PressRefusedError."""
        seen = await self._hands.look()
        if isinstance(seen, Refusal):
            raise PressRefusedError(seen.code, seen.message)
        self._visible = seen.visibility == "visible"
        self._still_wanted(record, until_s)
        await self._prepare(order)
        self._still_wanted(record, until_s)
        scene = self.scene()
        permit = self.gate.permit(order, scene, order.action_type)

        def dispatched() -> None:
            now_us = self._clock.now_us()
            pressed = action_records.at_press(record, scene, now_us // 1000)
            self._waiting.pop(order.action_id, None)
            self._step(self._tracker.follow(pressed, now_us))

        watched = _Watched(permit, self._show_gate, dispatched)
        done = await self._hands.press_order(order, watched)
        if isinstance(done, Refusal):
            raise PressRefusedError(done.code, done.message)

    def _still_wanted(self, record: ActionRecord, until_s: float) -> None:
        """Raise PressRefusedError for an order of a moment that is over."""
        if self._live().game_id != record.game_id:
            raise PressRefusedError("game_over", "The game of this order is over.")
        if self._clock.monotonic() > until_s:
            raise PressRefusedError(
                "too_late", f"It took more than {WANTED_S:g} s to get ready. Decide anew."
            )

    async def _prepare(self, order: Order) -> None:
        def permit_for(button: str) -> Permit:
            return self.gate.permit(order, self.scene(), button)

        if order.percentage is None:
            everything = all_of(self._tracker.known_account.cash)
            made = await self._hands.set_amount(order, permit_for, maximum=everything)
        else:
            made = await self._hands.choose_percentage(order, permit_for)
        if isinstance(made, Refusal):
            raise PressRefusedError(made.code, made.message)

    def _step(self, step: Step) -> None:
        """Record and tell a step, and let the gate know of outcomes."""
        if step.stage == "done":
            self._stake.end_of(step.record)
            self.gate.note_outcome(step.record, durable=False)  # halts where it is unknown
            self._outcomes.record(step.record)
        elif step.stage == "late":
            self._facts.note("late_reply", {"action_id": step.record.action_id})
        if step.halt and step.stage != "done":
            self.gate.halt("mismatch", step.halt)
        self._told(step)

    def _block(self, record: ActionRecord, refusal: Refusal) -> ActionRecord:
        """Refuse an order that was not taken in."""
        blocked = action_records.blocked(record, refusal)
        self._facts.note(OUTCOME, blocked)
        self._told(Step("done", blocked))
        return blocked

    def _withdraw(self, record: ActionRecord, refusal: Refusal) -> None:
        """End an order of which nothing was pressed."""
        self._waiting.pop(record.action_id, None)
        self._tracker.drop(record.action_id)
        self._step(Step("done", action_records.blocked(record, refusal)))

    def _break_off(self, record: ActionRecord, reason: str) -> None:
        """End an order in the middle: nobody knows what became of it if it was pressed."""
        for step in self._tracker.give_up(record.action_id, reason):
            self._step(step)
        if record.action_id in self._waiting:
            self._withdraw(record, Refusal(code="broken_off", message=reason))

    def _preparing(self, press: PressSeen) -> None:
        """Keep a person's press of an amount or share button with those it belongs to."""
        if self._sequence is None:
            self._sequence = f"human-{press.press_ts}"
        record = replace(self._by_person(press.button, press.press_ts), sequence=self._sequence)
        self._told(Step("done", self._kept(record, press)))

    def _note_preparing(self, press: Pressed, order: Order) -> None:
        record = replace(
            self._by_person(press.button, press.press_us // 1000),
            actor=order.actor,
            strategy=order.strategy,
            sequence=order.action_id,
        )
        self._told(Step("done", self._kept(record, press.proof)))

    def _kept(self, record: ActionRecord, press: PressSeen | None) -> ActionRecord:
        """Record a press that sends nothing."""
        done = action_records.prepared(record, press)
        self._facts.note(OUTCOME, done)
        return done

    def _by_person(self, button: str, press_ts: int | None) -> ActionRecord:
        """Return the record of something nobody ordered through us."""
        account = self._tracker.account
        made = action_records.by_person(self.next_id(), self.mode, self.scene(), account)
        return replace(made, button=button, press_ts=press_ts)

    def _stray(self) -> ActionRecord:
        return self._by_person("", None)

    def _tick_age(self) -> float | None:
        if self._last_tick_s is None:
            return None
        return self._clock.monotonic() - self._last_tick_s

    async def _turn(self) -> None:
        """Look after what waits too long."""
        while True:
            await asyncio.sleep(TURN_S)
            try:
                for step in self._tracker.due(self._clock.now_us()):
                    self._step(step)
            except Exception as error:  # what waits for others must not wait for ever
                log.exception("looking after orders")
                self._fail(error)

    def _show_gate(self) -> None:
        self.gate.note_account(self.scene())

    def _fail(self, error: Exception) -> None:
        """Press nothing more: what was heard or told may be incomplete by now."""
        if self._engaged:
            self.gate.halt("other", f"A fault of this program: {error!r}.")
