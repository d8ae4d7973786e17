"""Every switch of the demo server, frozen. Called by whoever starts a `DemoServer`."""

from __future__ import annotations

import ipaddress
from decimal import Decimal
from pathlib import Path

import msgspec

from vectra_player.errors import ConfigError
from vectra_player.game.price_path import V3

MAX_PAYLOAD_BYTES = 5_000_000
"""Largest packet the server takes; announced in the handshake."""

RAREST_GAME = 0.004
"""Share of all games that must lie between the shortest and the longest wanted."""


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds from a request's arrival to each reply (docs/protocol.md section 11)."""

    trade_ms: float = 69.0
    player_update_ms: float = 198.0
    game_state_ms: float = 213.0
    ack_ms: float = 219.0
    refusal_ms: float = 60.0
    login_ms: float = 120.0


AT_ONCE = Latency(
    trade_ms=0, player_update_ms=0, game_state_ms=0, ack_ms=0, refusal_ms=0, login_ms=0
)


class DemoSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo server plays, where, how fast, and what it does wrong on purpose.

    `seed`: same seed, same events in the same order; None: new games each time. `speed` scales
    every interval. `events` replays a capture instead of the simulation, from the moment the
    first client connects. `log` is the ground truth: every packet of every socket. `games` ends
    the show after so many. `longest_game` and `shortest_game` (ticks) pass over seeds whose game
    is outside; the games played stay provably fair. `past_games` feed the multiplier statistics.
    `faults` are specifications as `faults.parse_fault` reads them, such as `drop@5`.
    """

    host: str = "127.0.0.1"
    port: int = 0
    speed: float = 1.0
    seed: int | None = None
    games: int | None = None
    events: Path | None = None
    log: Path | None = None
    past_games: int = 100
    longest_game: int | None = None
    shortest_game: int | None = None
    golden_hour: bool = False
    balance: Decimal = Decimal(10)
    latency: Latency = Latency()
    ping_interval_s: float = 25.0
    ping_timeout_s: float = 20.0
    faults: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise ConfigError for a bind that is not loopback or an impossible number."""
        if not _is_loopback(self.host):
            raise ConfigError(
                f"The demo server does not listen on {self.host}.", advice="Use 127.0.0.1."
            )
        if not self.speed > 0:
            raise ConfigError(f"The speed is {self.speed}.", advice="Give a number above 0.")
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"{self.port} is no port.")
        if self.games is not None and self.games < 1:
            raise ConfigError(f"Cannot play {self.games} games.")
        shortest = 1 if self.shortest_game is None else self.shortest_game
        longest = V3.max_ticks if self.longest_game is None else self.longest_game
        # Games of these lengths are searched for: rarer ones would take long to find.
        played = (1 - V3.rug_chance) ** (shortest - 1) - (1 - V3.rug_chance) ** longest
        if shortest < 1 or played < RAREST_GAME:
            raise ConfigError(f"Too few games last {shortest} to {longest} ticks.")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
