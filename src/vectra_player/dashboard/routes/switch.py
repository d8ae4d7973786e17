"""The switches of trading, as foundation holds them: state, arming, going on, and the kill switch.

Arming lies below `/api/trade/`, where the guard lets only pages that hold the trade token act. The
kill switch does not: every page may stop.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from vectra_player.dashboard.params import Nothing
from vectra_player.dashboard.services import Services
from vectra_player.web.openapi import Endpoint


class ArmOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arm live trading: the phrase of the state, typed by a person."""

    phrase: Annotated[str, Meta(max_length=200)]
    minutes: Annotated[float, Meta(gt=0, le=480)] = 30.0


class SwitchRoutes:
    """Hands questions about trading on to foundation."""

    def __init__(self, services: Services) -> None:
        self._neighbour = services.neighbour

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        state = dict[str, Any]
        return [
            Endpoint("GET", "/api/trade/gate", self.gate, "What trading may do now.", state),
            Endpoint("POST", "/api/trade/arm", self.arm, "Arm live trading for a time.", state,
                     ArmOrder),
            Endpoint("POST", "/api/trade/disarm", self.disarm, "End live trading.", state,
                     Nothing),
            Endpoint("POST", "/api/trade/acknowledge", self.acknowledge,
                     "Go on after a halt that a person looked at.", state, Nothing),
            Endpoint("POST", "/api/kill", self.kill, "Stop every press at once.", state, Nothing),
        ]  # fmt: skip

    def gate(self) -> Any:
        """Return what trading may do."""
        return self._neighbour.get("/api/trade/gate")

    def arm(self, body: ArmOrder) -> Any:
        """Arm."""
        return self._neighbour.post("/api/trade/arm", body, by_hand=True)

    def disarm(self, body: Nothing) -> Any:
        """Disarm."""
        return self._neighbour.post("/api/trade/disarm", body, by_hand=True)

    def acknowledge(self, body: Nothing) -> Any:
        """Go on."""
        return self._neighbour.post("/api/trade/acknowledge", body, by_hand=True)

    def kill(self, body: Nothing) -> Any:
        """Stop."""
        return self._neighbour.post("/api/kill", body, by_hand=True)
