"""T4: after the kill switch fell nothing is pressed, however it fell, restarts included.

The long form is `python -m tests.security.kill_presses --kills 100000`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

import pytest
from tests.gate_support import Clock, make_gate, make_order, make_scene
from tests.security import kill_presses

from vectra_player.app.trade_control import KILL_SIGNAL, kill_by_signal, watch_gate
from vectra_player.bus import spawn
from vectra_player.errors import PressRefusedError
from vectra_player.trading.gate import Gate
from vectra_player.trading.gate_records import GateEvent
from vectra_player.trading.kill import KillSwitch


def test_a_thousand_kills_under_load_leave_no_press() -> None:
    tally = kill_presses.run(kills=1000, seed=7)
    assert (tally.late_100_ms, tally.late, tally.forgotten) == (0, 0, 0)
    assert set(tally.kills.values()) == {250}
    assert tally.presses > 1000


def test_a_press_loop_without_the_switch_would_be_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(KillSwitch, "fallen", property(lambda self: False))
    tally = kill_presses.run(kills=8, seed=7)
    assert tally.late_100_ms > 0


@pytest.fixture
def told() -> list[GateEvent]:
    return []


@pytest.fixture
def gate(tmp_path: Path, told: list[GateEvent]) -> Gate:
    return make_gate(tmp_path / "run", Clock(), listen=told.append)


async def test_the_watch_tells_of_a_kill_file_in_time(
    gate: Gate, told: list[GateEvent], tmp_path: Path
) -> None:
    watch = spawn(watch_gate(gate), name="watch")
    await asyncio.sleep(0.06)
    assert told == []
    (tmp_path / "run" / "KILL").touch()
    begin = time.monotonic()
    while not told and time.monotonic() < begin + 10:
        await asyncio.sleep(0.005)
    assert [event.kind for event in told] == ["killed"]
    watch.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watch


async def test_a_listener_that_fails_does_not_end_the_watch(tmp_path: Path) -> None:
    heard: list[str] = []

    def fails(event: GateEvent) -> None:
        heard.append(event.kind)
        raise RuntimeError("the page is gone")

    gate = make_gate(tmp_path / "run", Clock(), listen=fails)
    watch = spawn(watch_gate(gate, interval_s=0.001), name="watch")
    (tmp_path / "run" / "KILL").touch()
    while not heard:
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.02)
    assert not watch.done()
    watch.cancel()


def test_the_signal_stops_a_permit_before_the_loop_runs_again(gate: Gate, tmp_path: Path) -> None:
    permit = gate.permit(make_order(), make_scene(Clock()), "BUY")
    with kill_by_signal(gate.switch):
        os.kill(os.getpid(), KILL_SIGNAL)
        with pytest.raises(PressRefusedError, match="SIGUSR1"):
            permit.spend("BUY")
    assert (tmp_path / "run" / "KILL").read_text() == "signal SIGUSR1\n"


def test_a_late_signal_does_not_end_the_process(gate: Gate) -> None:
    before = signal.getsignal(KILL_SIGNAL)
    try:
        signal.signal(KILL_SIGNAL, signal.SIG_DFL)
        with kill_by_signal(gate.switch):
            pass
        os.kill(os.getpid(), KILL_SIGNAL)
    finally:
        signal.signal(KILL_SIGNAL, before)
