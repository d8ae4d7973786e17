"""Judges what was pressed and told against what really happened. Used by `order_faults`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.security.order_world import Truth, World

from vectra_player.model.action import ActionRecord
from vectra_player.trading.gate import Gate
from vectra_player.trading.memory import TradeMemory
from vectra_player.trading.permit import VALID_S
from vectra_player.trading.records import Order
from vectra_player.trading.tracker import Step
from vectra_player.trading.trader import WANTED_S, Trader

OLDEST_S = WANTED_S + VALID_S
"""No order is pressed later than that after it was given."""


@dataclass
class Judge:
    """Everything that was done and told, and what is wrong with it."""

    world: World
    memory: TradeMemory
    given_s: dict[str, tuple[float, str | None]] = field(default_factory=dict)
    durable: set[str] = field(default_factory=set)
    presses: Counter[str] = field(default_factory=Counter)
    told: dict[str, ActionRecord] = field(default_factory=dict)
    halts: list[list[float]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)

    def pressed(self, gate: Gate, order: Order) -> None:
        """Judge a press as it goes out."""
        name = order.action_id
        self.presses[name] += 1
        given_s, game = self.given_s[name]
        self.check(self.presses[name] == 1, f"{name} was pressed twice")
        self.check(name in self.durable, f"{name} was pressed without a durable intent")
        kept = [way.action_id for way in self.memory.load().under_way]
        self.check(name in kept, f"{name} does not stand in trade.json")
        self.check(gate.state() != "HALTED", f"{name} was pressed while halted")
        age = self.world.clock.monotonic() - given_s
        self.check(age <= OLDEST_S, f"{name} was pressed {age:.1f} s after it was given")
        self.check(self.world.live.game_id in (game, None), f"{name} was pressed in a later game")

    def step(self, step: Step) -> None:
        """Judge an outcome as it is told."""
        record = step.record
        if step.stage != "done" or record.action_type not in ("BUY", "SELL", "SIDEBET"):
            return
        if record.actor == "human":
            return
        name = record.action_id
        self.check(name not in self.told, f"{name} ended twice")
        self.told[name] = record
        self.outcomes[record.outcome] += 1
        mine = self._meant(record)
        if record.outcome == "CONFIRMED":
            done = mine is not None and mine.executed_s is not None
            self.check(done, f"{name} {record.action_type} was confirmed and never done")
        elif record.outcome == "REJECTED":
            said = mine is not None and mine.refused
            self.check(said, f"{name} {record.action_type} was rejected and nobody said no")
        elif record.outcome == "BLOCKED":
            self.check(not self.presses[name], f"{name} was blocked and pressed")

    def _meant(self, record: ActionRecord) -> Truth | None:
        """Return the frame an outcome speaks of, if it is one of this order.

        Of a person's for the very same thing at the same moment nobody can tell it apart.
        """
        truth = self.world.truths.get(int(record.trace_id or "0", 16))
        if truth is None or truth.by == record.action_id:
            return truth
        wanted = record.amount if record.percentage is None else record.percentage
        same = truth.kind == record.action_type and truth.value == float(wanted or 0)
        return truth if same and not truth.by else None

    def end(self, trader: Trader, gate: Gate) -> None:
        """Judge what was never told, and what was told and contradicted."""
        self.check(not trader.under_way, f"still under way: {trader.under_way}")
        waits = [way.action_id for way in gate.status().under_way if not way.unknown]
        self.check(not waits, f"the gate waits for {waits}")
        for name in self.given_s:
            self.check(name in self.told, f"{name} never ended")
        for record in self.told.values():
            truth = self._meant(record)
            if truth is not None:
                self._contradicted(record, truth)

    def _contradicted(self, record: ActionRecord, truth: Truth) -> None:
        """A no that was done all the same must halt as soon as anything shows it."""
        if record.outcome != "REJECTED" or truth.executed_s is None or truth.evidence_s is None:
            return
        latest = truth.evidence_s + 3
        halted = any(start <= latest and end >= truth.executed_s for start, end in self.halts)
        self.check(halted, f"{record.action_id} was refused, yet done, and nothing halted")

    def check(self, right: bool, wrong: str) -> None:
        """Keep what is wrong."""
        if not right:
            self.wrong.append(f"{self.world.clock.monotonic():.2f} s: {wrong}")
