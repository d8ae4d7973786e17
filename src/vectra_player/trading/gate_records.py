"""What the gate tells of itself, and how long it is armed. Frozen; made by `gate` only."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

from vectra_player.clock import Clock
from vectra_player.errors import UsageError
from vectra_player.model.units import Micros
from vectra_player.trading.memory import Halt, UnderWay
from vectra_player.trading.records import ClickMode, Scene

State = Literal["ACTIVE", "REDUCING", "HALTED"]
"""HALTED: nothing is pressed. REDUCING: only SELL. ACTIVE: whatever the limits allow."""

ARM_MINUTES = 30.0
MAX_ARM_MINUTES = 480.0


class Arming(Struct, frozen=True):
    """Live trading, armed until a moment of either clock."""

    until_us: Micros
    end_s: float

    @classmethod
    def of(cls, clock: Clock, minutes: float) -> Arming:
        """Arm from now on.

        Raises:
            UsageError: not more than 0 and at most 480 minutes.
        """
        if not 0 < minutes <= MAX_ARM_MINUTES:
            raise UsageError(
                f"{minutes:g} minutes are not possible.",
                advice=f"Arm for up to {MAX_ARM_MINUTES:g} minutes.",
            )
        seconds = minutes * 60.0
        return cls(clock.now_us() + int(seconds * 1e6), clock.monotonic() + seconds)

    def over(self, clock: Clock) -> bool:
        """Tell whether the time is over.

        By either clock: one stands still while the machine sleeps, the other may be set back.
        """
        return clock.monotonic() >= self.end_s or clock.now_us() >= self.until_us


EventKind = Literal["armed", "disarmed", "killed", "halted", "acknowledged"]


class GateEvent(Struct, frozen=True, kw_only=True):
    """A change of the gate a person should see: to be recorded and shown."""

    kind: EventKind
    by: str
    detail: str
    at_us: Micros


class GateStatus(Struct, frozen=True, kw_only=True):
    """The gate as it stands. Losses in SOL, negative: won.

    `unrecorded`: why nothing is recorded, and so nothing pressed, until it is again; else empty.
    """

    state: State
    killed: bool
    halts: tuple[Halt, ...]
    origin: str
    mode: ClickMode | None
    live_enabled: bool
    allow_live: bool
    armed_until_us: Micros | None
    phrase: str
    limits: dict[str, Any]
    loss_session_sol: Decimal
    loss_day_sol: Decimal
    orders_last_minute: int
    sells_last_minute: int
    under_way: tuple[UnderWay, ...]
    unrecorded: str


class KillReport(Struct, frozen=True, kw_only=True):
    """A kill, and what it leaves as it is, in words."""

    by: str
    not_undone: tuple[str, ...]


def kill_report(by: str, scene: Scene | None, under_way: tuple[UnderWay, ...]) -> KillReport:
    """Say what a kill cannot undo, as far as it is known."""
    left = [f"{order.action_type} {order.action_id} may reach the game." for order in under_way]
    if scene is None or scene.position_qty is None:
        left.append("Whether a position is open is not known: look at the game page.")
    elif scene.position_qty:
        cost = "" if scene.avg_cost is None else f" bought at {scene.avg_cost:g}x"
        left.append(f"A position of {scene.position_qty:f}{cost} is open. Sell it by hand.")
    if scene is not None and scene.at_risk:
        left.append(f"A sidebet of {scene.at_risk:f} SOL is open until it wins or loses.")
    return KillReport(by=by, not_undone=tuple(left))
