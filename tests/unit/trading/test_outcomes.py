"""What became of orders is recorded once, and an order is forgotten when that is on the disk."""

from __future__ import annotations

from typing import Any

from tests.trading_support import order

from vectra_player.trading.outcomes import Outcomes


class World:
    """Facts and gate in one: what is recorded, what is on the disk, what was forgotten."""

    def __init__(self) -> None:
        self.recording, self.disk = True, True
        self.recorded: list[str] = []
        self.forgotten: list[str] = []
        made: Any = self
        self.outcomes = Outcomes(made, made)

    def note(self, kind: str, record: Any) -> int:
        if not self.recording:
            return 0
        self.recorded.append(record.action_id)
        return len(self.recorded)

    async def durable(self, seq: int, timeout_s: float) -> bool:
        return self.disk

    def outcome_durable(self, action_id: str) -> None:
        self.forgotten.append(action_id)


async def test_an_order_is_forgotten_when_its_outcome_is_on_the_disk_and_not_before() -> None:
    world = World()
    world.outcomes.record(order(name="practice-1"))
    assert world.forgotten == []
    await world.outcomes.settled()
    assert world.forgotten == ["practice-1"]
    world.disk = False
    world.outcomes.record(order(name="practice-2"))
    await world.outcomes.settled()
    assert world.forgotten == ["practice-1"]


async def test_what_no_recording_took_is_recorded_first_with_the_next() -> None:
    world = World()
    world.recording = False
    world.outcomes.record(order(name="practice-1"))
    world.recording = True
    world.outcomes.record(order(name="practice-2"))
    world.outcomes.record()
    await world.outcomes.settled()
    assert world.recorded == world.forgotten == ["practice-1", "practice-2"]
