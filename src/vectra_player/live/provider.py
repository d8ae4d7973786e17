"""The live state as a service: fed by the bus or by hand, read by everybody above.

Belongs to the thread of its event loop; `snapshot()` is immutable and may be handed anywhere.
Given a bus it also publishes what each event means (`GAME_TICK`, `GAME_RUG`, `PLAYER_UPDATE`, ...)
right after the state moved, so that no consumer of those ever reads an older state.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from vectra_player.bus import EventBus, Events
from vectra_player.live.live_state import Connection, LiveState, OpenSidebet
from vectra_player.live.reducer import reduce
from vectra_player.live.topics import topics_of
from vectra_player.protocol.game_payloads import LeaderboardEntry, Rugpool
from vectra_player.protocol.phases import GamePhase
from vectra_player.protocol.rugs import Event


class LiveStateProvider:
    """Holds the newest `LiveState`."""

    def __init__(self, bus: EventBus | None = None) -> None:
        self._state = LiveState()
        self._bus = bus
        self._detach: Callable[[], None] | None = None
        if bus is not None:
            self._detach = bus.attach(Events.EVENT, self.apply, name="live")

    def apply(self, event: Event) -> LiveState:
        """Take in an event and publish what it means; returns the new state."""
        before, self._state = self._state, reduce(self._state, event)
        if self._bus is not None:
            for topic in topics_of(before, self._state, event):
                self._bus.publish(topic, event)
        return self._state

    def snapshot(self) -> LiveState:
        """Return everything known now, frozen."""
        return self._state

    def close(self) -> None:
        """Stop listening to the bus; the state stays readable."""
        if self._detach is not None:
            self._detach()
            self._detach = None

    @property
    def game_id(self) -> str | None:
        """Return the game played or awaited."""
        return self._state.game_id

    @property
    def tick(self) -> int | None:
        """Return the newest tick; after the rug it stays the rug's."""
        return self._state.tick

    @property
    def price(self) -> float | None:
        """Return the newest price, a multiple of the start."""
        return self._state.price

    @property
    def game_phase(self) -> GamePhase:
        """Return the phase."""
        return self._state.game_phase

    @property
    def paused(self) -> bool:
        """Tell whether the countdown stands still."""
        return self._state.paused

    @property
    def player_id(self) -> str | None:
        """Return the account's own id."""
        return self._state.player_id

    @property
    def balance(self) -> Decimal | None:
        """Return the account's cash in SOL."""
        return self._state.balance

    @property
    def position_qty(self) -> Decimal | None:
        """Return the open quantity; zero only where the server said so."""
        return self._state.position_qty

    @property
    def avg_cost(self) -> float | None:
        """Return the entry price of the position, weighted by quantity."""
        return self._state.avg_cost

    @property
    def entry_tick(self) -> int | None:
        """Return the tick at which the open position began."""
        return self._state.entry_tick

    @property
    def time_in_position(self) -> int | None:
        """Return for how many ticks the position is held."""
        return self._state.time_in_position

    @property
    def leaderboard(self) -> tuple[LeaderboardEntry, ...] | None:
        """Return the players shown."""
        return self._state.leaderboard

    @property
    def sidebet(self) -> OpenSidebet | None:
        """Return the account's running sidebet."""
        return self._state.sidebet

    @property
    def rugpool(self) -> Rugpool | None:
        """Return the rugpool."""
        return self._state.rugpool

    @property
    def connected_players(self) -> int | None:
        """Return how many players are connected."""
        return self._state.connected_players

    @property
    def connection(self) -> Connection:
        """Return how the feed is doing."""
        return self._state.connection
