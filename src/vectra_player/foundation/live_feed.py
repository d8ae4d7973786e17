"""The main feed: every event of the bus, normalised and published once the live state has moved.

Attached to the bus after the `LiveStateProvider`, as a consumer whose failures are counted and
never reach the capture. Built by `app`; the HTTP side reads it through `live_backend`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Literal

from vectra_player.bus import EventBus, Events
from vectra_player.clock import Clock, SystemClock
from vectra_player.foundation.hub import FeedHub, HubSettings
from vectra_player.foundation.messages import SNAPSHOT, Message
from vectra_player.foundation.normaliser import Normaliser
from vectra_player.foundation.snapshot import snapshot_data
from vectra_player.live.live_state import LiveState
from vectra_player.live.provider import LiveStateProvider
from vectra_player.protocol.rugs import Event

Mode = Literal["LIVE", "DEMO", "REPLAY"]

Trading = Literal["PAPER", "PRACTICE", "ARMED"]
"""What trading may do: PAPER presses nothing."""

GAPS_KEPT = 20
TRADES_KEPT = 50

_LOOPBACK = ("127.", "localhost", "[::1]")


class LiveFeed:
    """Publishes what the bus carries on one hub."""

    def __init__(
        self,
        bus: EventBus,
        live: LiveStateProvider,
        *,
        demo: bool,
        recording: Callable[[], str | None],
        trading: Callable[[], Trading] = lambda: "PAPER",
        gate: Callable[[], dict[str, Any] | None] = lambda: None,
        clock: Clock | None = None,
        settings: HubSettings | None = None,
    ) -> None:
        """`recording` tells the session that is recorded; `demo`: the source is the demo server."""
        self.normaliser = Normaliser()
        self.hub = FeedHub(self.snapshot, settings=settings, clock=clock)
        self._clock = clock or SystemClock()
        self._live = live
        self._last = live.snapshot()
        self._demo = demo
        self._origin = ""
        self._recording = recording
        self.trading = trading
        self._gate = gate
        self._gaps: deque[dict[str, Any]] = deque(maxlen=GAPS_KEPT)
        self._trades: deque[Message] = deque(maxlen=TRADES_KEPT)
        self._detach = [
            bus.attach(Events.EVENT, self._on_event, name="feed"),
            bus.attach(Events.RECORDING_STARTED, self._on_recording, name="feed"),
            bus.attach(Events.RECORDING_STOPPED, self._on_recording, name="feed"),
        ]

    @property
    def mode(self) -> Mode:
        """Say where the data comes from: a page of the demo server is DEMO, whoever captures it."""
        return "DEMO" if self._demo or self._origin.startswith(_LOOPBACK) else "LIVE"

    @property
    def gaps(self) -> list[dict[str, Any]]:
        """Return the last gaps of the capture, oldest first."""
        return list(self._gaps)

    @property
    def state(self) -> LiveState:
        """Return what is known now."""
        return self._live.snapshot()

    def snapshot(self) -> Message:
        """Return the message a client gets first."""
        session_id = self._recording()
        data = {
            "mode": self.mode,
            "trading": self.trading(),
            "gate": self._gate(),
            "recording": session_id is not None,
            "session_id": session_id,
            **snapshot_data(self.state),
            "trades": [trade.data for trade in self._trades],
        }
        return Message(SNAPSHOT, self._clock.now_us() // 1000, self.state.game_id, data)

    def halted(self, reason: str | None) -> None:
        """Tell that the store takes nothing, and why; None: it does again."""
        session_id = self._recording()
        data = {
            "kind": "resumed" if reason is None else "halted",
            "recording": session_id is not None and reason is None,
            "session_id": session_id,
            "detail": {"reason": reason},
        }
        now_ms = self._clock.now_us() // 1000
        self.hub.publish(Message("recording", now_ms, self.state.game_id, data))

    def close(self) -> None:
        """Stop listening."""
        for detach in self._detach:
            detach()
        self._detach.clear()

    def _on_event(self, event: Event) -> None:
        before, self._last = self._last, self._live.snapshot()
        if event.kind == "event" and event.origin:
            self._origin = event.origin
        for message in self.normaliser.feed(event, before, self._last):
            self._keep(message)
            self.hub.publish(message)

    def _on_recording(self, event: Event) -> None:
        for message in self.normaliser.feed(event, self._last, self._last):
            self.hub.publish(message)

    def _keep(self, message: Message) -> None:
        if message.type == "player.trade":
            self._trades.append(message)
        elif message.type == "gap":
            self._gaps.append({"ts": message.ts, "data": message.data})
