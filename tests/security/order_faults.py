"""T6: orders over a page and a server that lose, delay, double, reorder and lie.

Nothing is pressed twice, no outcome is invented: CONFIRMED only if the server did it, REJECTED
only if it said no, BLOCKED only if nothing was pressed, UNKNOWN otherwise, and then trading halts.
`python -m tests.security.order_faults --faults 10000` is the long form. Time is virtual.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import structlog
from tests.gate_support import DEMO, make_gate
from tests.security.order_judge import Judge
from tests.security.order_world import Plan, World, draw
from tests.security.virtual_loop import VirtualClock, run

from vectra_player.errors import PressRefusedError
from vectra_player.model.action import ActionRecord
from vectra_player.model.press import PressSeen
from vectra_player.sources.chrome.page import PageError
from vectra_player.trading.gate import Gate
from vectra_player.trading.gate_records import GateEvent
from vectra_player.trading.hands import PermitFor, Pressed
from vectra_player.trading.memory import TradeMemory
from vectra_player.trading.permit import Permit
from vectra_player.trading.records import Order, OrderType, Refusal
from vectra_player.trading.trader import Trader

MEMORY = Path("/dev/shm")
HAND_FAULTS = ("covered", "withheld", "doubt", "broken", "stuck", "slow", "unwritten", "kill")
QUIET_S = 45.0
"""After so long nothing is on its way any more."""


class Notes:
    """The store: facts get a number and become durable after a moment."""

    def __init__(self, judge: Judge, rng: random.Random) -> None:
        self._judge = judge
        self._rng = rng
        self._seq = 0
        self._intents: dict[int, str] = {}
        self.refuses = False

    def note(self, kind: str, detail: object) -> int:
        """Take a fact."""
        self._seq += 1
        if kind == "intent" and isinstance(detail, ActionRecord):
            self._intents[self._seq] = detail.action_id
        return self._seq

    async def durable(self, seq: int, timeout_s: float) -> bool:
        """Wait for the disk."""
        if self.refuses:
            await asyncio.sleep(timeout_s)
            return False
        await asyncio.sleep(self._rng.uniform(0.001, 0.02))
        if seq in self._intents:
            self._judge.durable.add(self._intents[seq])
        return True


class FakeHands:
    """`trading.hands.Hands` over the simulated page, with its failures."""

    def __init__(self, world: World, judge: Judge, rng: random.Random) -> None:
        self._world = world
        self._judge = judge
        self._rng = rng
        self._busy = asyncio.Lock()
        self.gate: Gate
        self.plans: dict[str, tuple[str, Plan]] = {}

    async def look(self) -> object:
        """Look at the page."""
        await asyncio.sleep(self._rng.uniform(0.002, 0.02))
        if not self._world.open and self._rng.random() < 0.3:
            return Refusal(code="no_page", message="No tab shows the game.")
        return PageLook()

    async def set_amount(
        self, order: Order, permit_for: PermitFor, *, maximum: Decimal | None
    ) -> object:
        """Press what sets the amount."""
        return await self._prepare(order, permit_for, "+0.001")

    async def choose_percentage(self, order: Order, permit_for: PermitFor) -> object:
        """Press the share to sell."""
        return await self._prepare(order, permit_for, f"{order.percentage}%")

    async def _prepare(self, order: Order, permit_for: PermitFor, button: str) -> object:
        done = []
        fault = self.plans[order.action_id][0]
        for _ in range(self._rng.randrange(3)):
            try:
                permit_for(button).spend(button)
            except PressRefusedError as error:
                return Refusal(code=error.code, message=error.message)
            done.append(self._proof(order, button))
            await asyncio.sleep(self._rng.uniform(0.02, 0.2))
        if fault == "slow":
            await asyncio.sleep(self._rng.uniform(1.0, 20.0))
        if fault == "kill":
            self.gate.kill("test")
        return tuple(done)

    async def press_order(self, order: Order, permit: Permit) -> object:
        """Press the money button once."""
        fault, plan = self.plans[order.action_id]
        await asyncio.sleep(self._rng.uniform(0.002, 0.03))
        if fault == "covered":
            return Refusal(code="covered", message="A toast lies over it.")
        if fault == "stuck":
            await asyncio.sleep(self._rng.uniform(1.0, 8.0))
        try:
            permit.spend(order.action_type)
        except PressRefusedError as error:
            return Refusal(code=error.code, message=error.message)
        if fault == "withheld":
            return Refusal(code="withheld", message="The page changed under the mouse.")
        reaches = fault not in ("doubt", "broken") or self._rng.random() < 0.5
        self._judge.pressed(self.gate, order)
        if reaches:
            value = order.percentage if order.amount is None else order.amount
            self._world.pressed(order.action_id, order.action_type, float(value or 0), plan)
        if fault == "broken":
            raise PageError("no_answer", "Chrome did not answer.", sent=True)
        await asyncio.sleep(self._rng.uniform(0.001, 0.25))
        doubt = "no proof came" if fault == "doubt" else ""
        return self._proof(order, order.action_type, doubt)

    def _proof(self, order: Order, button: str, doubt: str = "") -> Pressed:
        clock = self._world.clock
        seen = PressSeen(button=button, at_ms=clock.now_us() / 1000, trusted=True)
        return Pressed(
            action_id=order.action_id,
            button=button,
            press_us=clock.now_us(),
            press_s=clock.monotonic(),
            proof=None if doubt else seen,
            doubt=doubt,
        )


class PageLook:
    """What a look finds."""

    visibility = "visible"


@dataclass
class Tally:
    """What came of all worlds."""

    orders: int = 0
    faults: int = 0
    presses: int = 0
    frames: int = 0
    executed: int = 0
    halts: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Play:
    """One world, one service, so many orders. `honest`: nothing goes wrong."""

    def __init__(self, folder: Path, seed: int, *, honest: bool = False) -> None:
        self._honest = honest
        self.rng = random.Random(seed)
        self.clock = VirtualClock()
        self.world = World(self.rng, self.clock)
        self.judge = Judge(self.world, TradeMemory(folder))
        self.hands = FakeHands(self.world, self.judge, self.rng)
        self.notes = Notes(self.judge, self.rng)
        self._folder = folder
        self.tally = Tally()

    async def go(self, orders: int) -> Tally:
        """Give the orders, let everything come to rest, and judge."""
        gate = self.hands.gate = make_gate(
            self._folder,
            self.clock,  # type: ignore[arg-type]
            listen=self._changed,
            orders_per_minute=60,
            max_exposure_sol=Decimal(5),
            max_loss_session_sol=Decimal(9),
            max_loss_day_sol=Decimal(9),
        )
        trader = Trader(
            gate,
            self.hands,  # type: ignore[arg-type]
            self.notes,
            self.world.live.snapshot,
            mode="practice",
            page_origin=lambda: DEMO,
            recording=lambda: True,
            told=self.judge.step,
            clock=self.clock,
        )
        self.world.hear = trader.hear
        playing = asyncio.create_task(self.world.play())  # noqa: TID251
        self.world.tell_account()
        while self.tally.orders < orders:
            await asyncio.sleep(self.rng.choice((0.05, 0.4, 2.0, 6.0)))
            self._look_after(gate)
            for kind in self._wanted():
                self._give(trader, kind)
        await asyncio.sleep(QUIET_S)
        playing.cancel()
        self.judge.end(trader, gate)
        await trader.close()
        return self._summed()

    def _changed(self, event: GateEvent) -> None:
        halts = self.judge.halts
        if event.kind in ("halted", "killed"):
            halts.append([self.clock.seconds, float("inf")])
        elif event.kind == "acknowledged":
            for each in halts:
                each[1] = min(each[1], self.clock.seconds)

    def _look_after(self, gate: Gate) -> None:
        """Be the person who looks and says go on."""
        if gate.status().state == "HALTED" and self.rng.random() < 0.7:
            gate.acknowledge("test")

    def _wanted(self) -> list[OrderType]:
        kinds: list[OrderType] = ["BUY", "SELL", "SIDEBET", "SELL", "BUY"]
        return self.rng.sample(kinds, self.rng.choice((1, 1, 1, 2, 2, 3)))

    def _give(self, trader: Trader, kind: OrderType) -> None:
        name = trader.next_id()
        fault, plan = "", Plan()
        if not self._honest:
            fault = self.rng.choice(HAND_FAULTS) if self.rng.random() < 0.15 else ""
            plan = draw(self.rng)
            if self.rng.random() < 0.06:
                self._by_hand(trader, kind)
        self.hands.plans[name] = fault, plan
        self.notes.refuses = fault == "unwritten"
        self.judge.given_s[name] = self.clock.seconds, self.world.live.game_id
        self.tally.orders += 1
        amount = Decimal(self.rng.randrange(1, 11)) / 1000
        sells = kind == "SELL"
        order = Order(
            action_id=name,
            action_type=kind,
            actor="bot",
            mode="practice",
            amount=None if sells else amount,
            percentage=self.rng.choice((10, 25, 50, 100)) if sells else None,
        )
        trader.submit(order)
        if fault:
            self.tally.kinds[f"hand {fault}"] += 1

    def _by_hand(self, trader: Trader, kind: OrderType) -> None:
        """Press as a person does, about when the order is pressed."""
        value = 100.0 if kind == "SELL" else self.rng.randrange(1, 11) / 1000
        after = self.rng.uniform(0.0, 0.4)
        self.tally.kinds["a person"] += 1

        def press() -> None:
            at_ms = self.clock.now_us() / 1000
            text = None if kind == "SELL" else f"{value:g}"
            seen = PressSeen(button=kind, at_ms=at_ms, trusted=True, amount=text)
            self.world.pressed("", kind, value, Plan())
            self.world.later(self.rng.uniform(0.0, 0.03), trader.seen, seen)

        self.world.later(after, press)

    def _summed(self) -> Tally:
        tally, judge = self.tally, self.judge
        for name in judge.presses:
            self._count(*self.hands.plans[name])
        tally.presses = sum(judge.presses.values())
        tally.frames = len(self.world.truths)
        tally.executed = sum(
            truth.executed_s is not None for truth in self.world.truths.values() if truth.by
        )
        tally.halts = len(judge.halts)
        tally.outcomes, tally.wrong = judge.outcomes, judge.wrong
        return tally

    def _count(self, hand: str, plan: Plan) -> None:
        """Count the faults of an order that was pressed."""
        self.tally.faults += plan.count() + bool(hand)
        for part in ("frame", "server", "ack", "echo", "update"):
            if fault := getattr(plan, part):
                self.tally.kinds[f"{part} {fault}"] += 1
        self.tally.kinds.update(plan.world)


def one_world(seed: int, orders: int = 60, *, honest: bool = False) -> Tally:
    """Play one world."""
    folder = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=folder) as name:
        one = Play(Path(name), seed, honest=honest)
        return run(one.clock, one.go(orders))


def play(faults: int, seed: int, tell: Callable[[str], None] = lambda line: None) -> Tally:
    """Play worlds until so many faults have befallen pressed orders."""
    all_of = Tally()
    while all_of.faults < faults:
        one = one_world(seed)
        for name in ("orders", "faults", "presses", "frames", "executed", "halts"):
            setattr(all_of, name, getattr(all_of, name) + getattr(one, name))
        all_of.outcomes += one.outcomes
        all_of.kinds += one.kinds
        all_of.wrong += [f"seed {seed}: {line}" for line in one.wrong]
        tell(f"seed {seed}: {all_of.faults} faults, {len(all_of.wrong)} wrong")
        seed += 1
    return all_of


def main() -> None:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    tally = play(given.faults, given.seed)
    print(
        f"{tally.faults:,} faults, {tally.orders:,} orders, {tally.presses:,} presses, "
        f"{tally.frames:,} frames, {tally.executed:,} of ours carried out, {tally.halts:,} halts"
    )
    print(json.dumps(dict(sorted(tally.outcomes.items()))))
    print(json.dumps(dict(sorted(tally.kinds.items()))))
    print(f"{len(tally.wrong)} double presses, invented outcomes or other faults")
    for line in tally.wrong[:40]:
        print(line)
    raise SystemExit(bool(tally.wrong))


if __name__ == "__main__":
    main()
