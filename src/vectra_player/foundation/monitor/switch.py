"""Routes of the gate: what trading may do, arming, and the kill switch. Used by `monitor.app`.

Arming lies below /api/trade, where only the monitor's and the dashboard's own pages and programs
reach (`web.security`). The kill switch does not: whoever may read may stop.
"""

from __future__ import annotations

from typing import Annotated, Protocol

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from vectra_player.foundation.monitor.bodies import answer, body_of
from vectra_player.foundation.monitor.openapi import Endpoint
from vectra_player.foundation.switch_desk import SwitchState
from vectra_player.trading.gate_records import ARM_MINUTES, MAX_ARM_MINUTES, KillReport

_Minutes = Annotated[float, Meta(gt=0, le=MAX_ARM_MINUTES)]


class ArmRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Arm live trading: the phrase as the state shows it, typed by a person."""

    phrase: Annotated[str, Meta(max_length=200)]
    minutes: _Minutes = ARM_MINUTES


class NoFields(Struct, frozen=True, forbid_unknown_fields=True):
    """An empty JSON object."""


class SwitchControl(Protocol):
    """Holds the gate."""

    def state(self) -> SwitchState:
        """Return what trading may do now."""
        ...

    def arm(self, phrase: str, minutes: float) -> SwitchState:
        """Arm live trading for a time. Raises UsageError."""
        ...

    def disarm(self) -> SwitchState:
        """End live trading."""
        ...

    def acknowledge(self) -> SwitchState:
        """Go on after a halt. Raises UsageError."""
        ...

    def kill(self) -> KillReport:
        """Stop every press at once."""
        ...


class SwitchRoutes:
    """The gate, asked by pages and programs."""

    def __init__(self, switch: SwitchControl) -> None:
        self._switch = switch

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        return [
            Endpoint("GET", "/api/trade/gate", self.state, "What trading may do now.",
                     SwitchState),
            Endpoint("POST", "/api/trade/arm", self.arm, "Arm live trading for a time.",
                     SwitchState, ArmRequest),
            Endpoint("POST", "/api/trade/disarm", self.disarm, "End live trading.", SwitchState,
                     NoFields),
            Endpoint("POST", "/api/trade/acknowledge", self.acknowledge,
                     "Go on after a halt that a person looked at.", SwitchState, NoFields),
            Endpoint("POST", "/api/kill", self.kill,
                     "Stop every press at once, until acknowledged.", KillReport, NoFields),
        ]  # fmt: skip

    async def state(self, request: Request) -> Response:
        """Serve the state."""
        return answer(self._switch.state())

    async def arm(self, request: Request) -> Response:
        """Arm."""
        asked = await body_of(request, ArmRequest)
        return answer(self._switch.arm(asked.phrase, asked.minutes))

    async def disarm(self, request: Request) -> Response:
        """Disarm."""
        await body_of(request, NoFields)
        return answer(self._switch.disarm())

    async def acknowledge(self, request: Request) -> Response:
        """Acknowledge."""
        await body_of(request, NoFields)
        return answer(self._switch.acknowledge())

    async def kill(self, request: Request) -> Response:
        """Kill."""
        await body_of(request, NoFields)
        return answer(self._switch.kill())
