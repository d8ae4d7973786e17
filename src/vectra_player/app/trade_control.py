"""What reaches the gate from outside the desk: the control socket, the kill file, SIGUSR1.

Joined into the service by `app.foundation`; `cli.trade` is the other end of the socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Iterator
from types import FrameType
from typing import Any

import structlog

from vectra_player.app.control import Handlers
from vectra_player.clock import Clock, SystemClock
from vectra_player.config import Settings
from vectra_player.sources.chrome.attach import origin_of
from vectra_player.trading.gate import Gate, Listener
from vectra_player.trading.gate_records import ARM_MINUTES, GateStatus, KillReport
from vectra_player.trading.kill import KillSwitch
from vectra_player.trading.memory import TradeMemory
from vectra_player.trading.survey import Finding

log = structlog.get_logger(__name__)

WATCH_S = 0.05
"""How soon the service shows a kill file; a press looks for it by itself."""

KILL_SIGNAL = signal.SIGUSR1

Check = Callable[[], Awaitable[list[Finding]]]
"""Looks for every button on the open page; raises UsageError where there is none."""


def open_gate(
    settings: Settings,
    *,
    origin: str | None = None,
    allow_live: bool = False,
    clock: Clock | None = None,
    listen: Listener = lambda _: None,
    unrecorded: Callable[[], str] = str,
) -> Gate:
    """Make the gate of a data directory, whose `run/` must exist.

    `origin`: of the page that is opened; None: that of the settings.
    """
    folder = settings.data_dir / "run"
    return Gate(
        settings.trade,
        TradeMemory(folder),
        KillSwitch(folder),
        origin=origin_of(settings.game_url) if origin is None else origin,
        clock=clock or SystemClock(),
        allow_live=allow_live,
        listen=listen,
        unrecorded=unrecorded,
    )


def trade_handlers(gate: Gate, check: Check) -> Handlers:
    """Return what the control socket answers about trading."""

    async def status() -> GateStatus:
        return gate.status()

    async def arm(phrase: str, minutes: float = ARM_MINUTES, by: str = "cli") -> GateStatus:
        return gate.arm(phrase, minutes, by=by)

    async def disarm(by: str = "cli") -> GateStatus:
        return gate.disarm(by=by)

    async def kill(by: str = "cli") -> KillReport:
        return gate.kill(by)

    async def acknowledge(by: str = "cli") -> dict[str, Any]:
        done = gate.acknowledge(by)
        return {"acknowledged": done, "status": gate.status()}

    return {
        "trade-status": status,
        "trade-arm": arm,
        "trade-disarm": disarm,
        "trade-kill": kill,
        "trade-acknowledge": acknowledge,
        "trade-check": check,
    }


async def watch_gate(gate: Gate, *, interval_s: float = WATCH_S) -> None:
    """Have the gate look at the kill switch and the clocks, until cancelled."""
    while True:
        try:
            gate.notice()
        except Exception:  # a listener that fails must not end the watch
            log.exception("watching the gate")
        await asyncio.sleep(interval_s)


@contextlib.contextmanager
def kill_by_signal(switch: KillSwitch) -> Iterator[None]:
    """Let the kill switch fall at SIGUSR1 while the block runs. Main thread only.

    A plain handler, not one of the event loop: it works while the loop is busy.
    """

    def fall(number: int, frame: FrameType | None) -> None:
        switch.fall(f"signal {signal.Signals(number).name}")

    before = signal.signal(KILL_SIGNAL, fall)
    try:
        yield
    finally:
        # Never back to the default, which ends the process: a late kill must not end a recording.
        signal.signal(KILL_SIGNAL, before if callable(before) else signal.SIG_IGN)
