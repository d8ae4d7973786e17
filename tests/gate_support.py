"""A gate with a clock that is told to move, a scene in which everything is allowed, and orders."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from tests.store_support import FakeClock

from vectra_player.config import TradeSettings
from vectra_player.protocol.phases import GamePhase
from vectra_player.store.fsops import FileOps
from vectra_player.trading.gate import Gate
from vectra_player.trading.gate_records import GateEvent
from vectra_player.trading.kill import KillSwitch
from vectra_player.trading.memory import TradeMemory
from vectra_player.trading.records import ActionRecord, Mode, Order, OutcomeName, Scene

SITE = "https://rugs.fun"
DEMO = "http://127.0.0.1:8765"
GAME = "20261128-0123456789abcdef"

_ids = itertools.count(1)


class Clock(FakeClock):
    """Both clocks, moved together."""

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.us += round(seconds * 1e6)
        self.seconds += seconds


class QuickOps(FileOps):
    """Files without waiting for the disk: for tests that lose no power."""

    def fsync(self, path: Path) -> None:
        """Do not wait."""

    def fsync_dir(self, path: Path) -> None:
        """Do not wait."""


class FullDisk(QuickOps):
    """A disk that refuses every new file while `full`."""

    full = False

    def _before(self, operation: str, path: Path, target: Path | None = None) -> None:
        if self.full and operation == "write":
            raise OSError(28, "No space left on device")


def make_gate(
    folder: Path,
    clock: FakeClock,
    *,
    origin: str = DEMO,
    allow_live: bool = False,
    ops: FileOps | None = None,
    listen: Callable[[GateEvent], None] = lambda _: None,
    unrecorded: Callable[[], str] = str,
    **settings: Any,
) -> Gate:
    """Build a gate over a folder, as a start of the service does."""
    folder.mkdir(exist_ok=True)
    return Gate(
        TradeSettings(**settings),
        TradeMemory(folder, ops or QuickOps()),
        KillSwitch(folder),
        origin=origin,
        clock=clock,
        allow_live=allow_live,
        listen=listen,
        unrecorded=unrecorded,
    )


def make_scene(clock: FakeClock, **changes: Any) -> Scene:
    """Build a scene in which a BUY of 0.01 SOL is allowed on the demo page."""
    values: dict[str, Any] = {
        "now_us": clock.now_us(),
        "recording": True,
        "page_origin": DEMO,
        "visible": True,
        "game_id": GAME,
        "phase": GamePhase.LIVE,
        "tick": 20,
        "price": 1.2,
        "tick_age_s": 0.1,
        "cash": Decimal(1),
        "position_qty": Decimal(0),
    }
    return Scene(**{**values, **changes})


def holding(clock: FakeClock, **changes: Any) -> Scene:
    """Build a scene with an open position of 0.01 SOL at cost."""
    return make_scene(clock, **{"position_qty": Decimal("0.01"), "avg_cost": 1.0, **changes})


def make_order(action_type: str = "BUY", **changes: Any) -> Order:
    """Build a new order of 0.01 SOL, or of all that is held."""
    sells = action_type == "SELL"
    values: dict[str, Any] = {
        "action_id": f"action-{next(_ids)}",
        "action_type": action_type,
        "actor": "bot",
        "mode": "practice",
        "amount": None if sells else Decimal("0.01"),
        "percentage": 100 if sells else None,
    }
    return Order(**{**values, **changes})


def outcome(order: Order, name: OutcomeName = "CONFIRMED") -> ActionRecord:
    """Build what is told of an order in the end."""
    mode: Mode = order.mode
    return ActionRecord(
        action_id=order.action_id,
        action_type=order.action_type,
        button=order.action_type,
        actor=order.actor,
        mode=mode,
        outcome=name,
        amount=order.amount,
    )


def live(scene: Scene) -> Scene:
    """Move a scene to the real page."""
    return replace(scene, page_origin=SITE)
