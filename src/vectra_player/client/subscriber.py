"""A class to derive a subscriber from: override the handlers you need, plain or `async`.

Used by users' programs. Handlers run one after the other in the order of the feed, on the event
loop. An error in one is logged and counted and never ends the subscriber.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import signal
from collections import Counter
from collections.abc import Awaitable, Iterator
from types import MappingProxyType
from typing import Any, TypeAlias

import structlog

from vectra_player.client.base import FeedEvent
from vectra_player.client.client import FoundationClient
from vectra_player.client.events import (
    Action,
    Alert,
    Authenticated,
    ConnectionChange,
    GameRug,
    GameSettled,
    GameStart,
    GameTick,
    Gap,
    Leaderboard,
    PlayerState,
    RawMessage,
    Recording,
    ReplayStatus,
    SidebetPlaced,
    SidebetResult,
    Snapshot,
    Trade,
    TradeGate,
)

log = structlog.get_logger(__name__)

Handled: TypeAlias = Awaitable[None] | None
"""What a handler returns: nothing, or what an `async` one does."""

HANDLERS = MappingProxyType(
    {
        Snapshot: "on_snapshot",
        Gap: "on_gap",
        ConnectionChange: "on_connection_change",
        GameTick: "on_game_tick",
        GameStart: "on_game_start",
        GameRug: "on_game_rug",
        GameSettled: "on_game_settled",
        PlayerState: "on_player_state",
        Authenticated: "on_authenticated",
        Trade: "on_trade",
        Leaderboard: "on_leaderboard",
        SidebetPlaced: "on_sidebet_placed",
        SidebetResult: "on_sidebet_result",
        Recording: "on_recording",
        Alert: "on_alert",
        Action: "on_action",
        TradeGate: "on_trade_gate",
        ReplayStatus: "on_replay_status",
        RawMessage: "on_raw",
    }
)
"""Handler of each class of event; `on_message` gets every one before it."""


class BaseSubscriber:
    """Calls its handlers for the events of a client.

    `options` are those of `FoundationClient`, unless a client is given.
    """

    def __init__(self, client: FoundationClient | None = None, **options: Any) -> None:
        self.client = client or FoundationClient(**options)
        self.handler_errors: Counter[str] = Counter()

    def on_message(self, event: FeedEvent) -> Handled:
        """Handle any message, before its own handler."""

    def on_snapshot(self, event: Snapshot) -> Handled:
        """Handle the current state: after joining, after a gap, when a replay jumps."""

    def on_gap(self, event: Gap) -> Handled:
        """Handle that messages are missing; `scope` says where."""

    def on_connection_change(self, event: ConnectionChange) -> Handled:
        """Handle a connection that came or went; `scope` says which."""

    def on_game_tick(self, event: GameTick) -> Handled:
        """Handle the game's next step."""

    def on_game_start(self, event: GameStart) -> Handled:
        """Handle the start of a game."""

    def on_game_rug(self, event: GameRug) -> Handled:
        """Handle the end of a game."""

    def on_game_settled(self, event: GameSettled) -> Handled:
        """Handle a revealed seed."""

    def on_player_state(self, event: PlayerState) -> Handled:
        """Handle the account's state."""

    def on_authenticated(self, event: Authenticated) -> Handled:
        """Handle the account's login."""

    def on_trade(self, event: Trade) -> Handled:
        """Handle somebody's trade."""

    def on_leaderboard(self, event: Leaderboard) -> Handled:
        """Handle the account's rank."""

    def on_sidebet_placed(self, event: SidebetPlaced) -> Handled:
        """Handle a placed sidebet."""

    def on_sidebet_result(self, event: SidebetResult) -> Handled:
        """Handle a settled sidebet."""

    def on_recording(self, event: Recording) -> Handled:
        """Handle the start or end of recording."""

    def on_alert(self, event: Alert) -> Handled:
        """Handle an alert."""

    def on_action(self, event: Action) -> Handled:
        """Handle a step of an own press."""

    def on_trade_gate(self, event: TradeGate) -> Handled:
        """Handle a change of what may be pressed."""

    def on_replay_status(self, event: ReplayStatus) -> Handled:
        """Handle where a replay stands."""

    def on_raw(self, event: RawMessage) -> Handled:
        """Handle an event of the game that has no type of its own."""

    async def run(self) -> None:
        """Follow the feed until `stop`.

        Raises:
            UsageError: the token is refused, or there is no such replay.
            SourceError: the client's patience is over.
        """
        async with self.client as events:
            async for event in events:
                await self._call("on_message", event)
                name = HANDLERS.get(type(event))
                if name is not None:
                    await self._call(name, event)

    def run_forever(self) -> None:
        """Do the same from a program without an event loop; Ctrl-C and SIGTERM end it."""

        async def until_told() -> None:
            with _stopped_by_sigterm(self):
                await self.run()

        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(until_told())

    def stop(self) -> None:
        """End `run` after the handler that runs now; any thread may call it."""
        self.client.stop()

    async def _call(self, name: str, event: FeedEvent) -> None:
        try:
            result = getattr(self, name)(event)
            if inspect.isawaitable(result):
                await result
        except Exception:
            self.handler_errors[name] += 1
            log.exception("handler failed", handler=name, type=event.type, seq=event.seq)


@contextlib.contextmanager
def _stopped_by_sigterm(subscriber: BaseSubscriber) -> Iterator[None]:
    """End the subscriber on SIGTERM, where a loop may listen to signals: in the main thread."""
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGTERM, subscriber.stop)
    except (ValueError, RuntimeError):
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
