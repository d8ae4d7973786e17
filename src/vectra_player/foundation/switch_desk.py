"""What a person asks of the gate through pages, and what pages are told of it. Built by `app`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

from vectra_player.clock import Clock
from vectra_player.foundation.messages import Message
from vectra_player.trading.gate import Gate
from vectra_player.trading.gate_records import GateEvent, GateStatus, KillReport, State

GATE = "trade.gate"
"""Type of the feed's message of a change."""

Trading = Literal["PAPER", "PRACTICE", "ARMED"]


class SwitchState(Struct, frozen=True, kw_only=True):
    """What trading may do now. Times in ms UTC, amounts in SOL; a negative loss was won.

    `trading`: what the badge says. `missing`: what live trading still lacks, in words.
    `halts`: why nothing is pressed until a person acknowledges it. `unrecorded`: why it is not
    until it is recorded again; else empty.
    """

    trading: Trading
    state: State
    mode: Literal["practice", "live"] | None
    origin: str
    halts: list[str]
    unrecorded: str
    missing: list[str]
    armed_until: int | None
    phrase: str
    limits: dict[str, float]
    loss_session_sol: float
    loss_day_sol: float
    orders_last_minute: int
    under_way: list[str]


class SwitchDesk:
    """Asks the gate; publishes its changes."""

    def __init__(self, gate: Gate, publish: Callable[[Message], object], clock: Clock) -> None:
        self._gate = gate
        self._publish = publish
        self._clock = clock

    def state(self) -> SwitchState:
        """Return what trading may do now."""
        status = self._gate.status()
        return SwitchState(
            trading=self.trading,
            state=status.state,
            mode=status.mode,
            origin=status.origin,
            halts=[halt.detail for halt in status.halts],
            unrecorded=status.unrecorded,
            missing=_missing(status),
            armed_until=None if status.armed_until_us is None else status.armed_until_us // 1000,
            phrase=status.phrase,
            limits={name: float(value) for name, value in status.limits.items()},
            loss_session_sol=float(status.loss_session_sol),
            loss_day_sol=float(status.loss_day_sol),
            orders_last_minute=status.orders_last_minute,
            under_way=[f"{order.action_type} {order.action_id}" for order in status.under_way],
        )

    @property
    def trading(self) -> Trading:
        """Return what the badge says: paper unless the page's buttons may be pressed."""
        status = self._gate.status()
        if status.mode == "practice":
            return "PRACTICE"
        return "PAPER" if status.armed_until_us is None else "ARMED"

    def arm(self, phrase: str, minutes: float) -> SwitchState:
        """Arm live trading for a time. Raises UsageError."""
        self._gate.arm(phrase, minutes, by="page")
        return self.state()

    def disarm(self) -> SwitchState:
        """End live trading."""
        self._gate.disarm(by="page")
        return self.state()

    def acknowledge(self) -> SwitchState:
        """Go on after a halt that a person looked at. Raises UsageError: the disk refuses."""
        self._gate.acknowledge("page")
        return self.state()

    def kill(self) -> KillReport:
        """Stop every press at once; return what it could not undo."""
        return self._gate.kill("page")

    def brief(self) -> dict[str, Any]:
        """Return what every page shows of it."""
        state = self.state()
        return {
            "trading": state.trading,
            "state": state.state,
            "mode": state.mode,
            "armed_until": state.armed_until,
            "halts": [*state.halts, *filter(None, [state.unrecorded])],
        }

    def changed(self, event: GateEvent) -> None:
        """Tell every page of a change of the gate; of a kill, also what it could not undo."""
        data = {"kind": event.kind, "by": event.by, "detail": event.detail, **self.brief()}
        if event.kind == "killed":
            data["not_undone"] = list(self._gate.report().not_undone)
        self._publish(Message(GATE, self._clock.now_us() // 1000, None, data))


def _missing(status: GateStatus) -> list[str]:
    """Say what live trading lacks; nothing where it is armed, or where it is practice."""
    if status.mode == "practice":
        return []
    lacks = {
        "A game page: start with --source chrome.": status.mode is None,
        "live_enabled = true in the table [trade] of config.toml.": not status.live_enabled,
        "The option --allow-live at the start.": not status.allow_live,
        "Arming: type the phrase.": status.armed_until_us is None,
    }
    return [what for what, lacking in lacks.items() if lacking]
