"""T5 in short: a service killed between decision and outcome leaves no press without a record.

The long form is `python -m tests.crash.kill_orders --kills 1000`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.crash import order_rig
from tests.crash.order_rig import STEPS, Rig

from vectra_player.app import trading


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_killed_service_tells_of_every_press_and_repeats_none(tmp_path: Path) -> None:
    rig = Rig(tmp_path, 20251128, a_directory=len(STEPS) * 2)
    (counts,) = rig.run(len(STEPS) * 2)
    assert counts["kills"] == len(STEPS) * 2
    assert counts["presses"] > 10
    assert counts["CONFIRMED"] > 0
    assert counts["told as lost"] > 5
    assert counts["starts halted"] > 5


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_press_before_its_record_is_durable_would_be_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, 1, a_directory=3)
    monkeypatch.setattr(rig, "_shots", lambda: iter([("pressed", 1)] * 3))
    monkeypatch.setattr(rig, "_target", careless)
    with pytest.raises(AssertionError, match="without a record"):
        list(rig.run(3))


def careless(*given: object) -> None:
    """Be a service that does not wait for the disk."""

    def note(self: object, kind: str, detail: object) -> int:
        return 0 if kind == "intent" else real(self, kind, detail)

    async def durable(self: object, seq: int, timeout_s: float) -> bool:
        return True

    real = trading._Facts.note
    trading._Facts.note = note  # type: ignore[method-assign, assignment]
    trading._Facts.durable = durable  # type: ignore[method-assign, assignment]
    order_rig.child(*given)  # type: ignore[arg-type]
