"""The five shapes of `gameStateUpdate`, each with exactly its keys. Pure; the simulation's.

Shapes and key order are those of docs/protocol.md section 3.1 (December 2025 captures).
"""

from __future__ import annotations

from dataclasses import dataclass

from vectra_player.demo.rounds import VERSION, Chronicle, Round
from vectra_player.demo.values import PRACTICE_MINT, Payload, number, numbers
from vectra_player.game.timing import COUNTDOWN_MS, presale_open

PARTIAL_TICKS = 5
"""`partialPrices` slides over the last five ticks."""

PAUSE_MESSAGE = "The next round is delayed"

RUG_ROYALE_IDLE: Payload = {
    "status": "INACTIVE",
    "activeEventId": None,
    "currentEvent": None,
    "upcomingEvents": [],
    "events": [],
}
AVAILABLE_COINS: list[Payload] = [
    {
        "address": PRACTICE_MINT,
        "ticker": "FREE",
        "name": "Practice SOL",
        "max_bet": 10_000,
        "max_win": 100_000,
    }
]


@dataclass(slots=True)
class Table:
    """What is on the table now: the moment of a round as the server knows it.

    `settled` is set when the rug is decided, shortly before the public frame says `rugged`.
    `paused`: the countdown stands still. No pause was ever captured; only its fields are known.
    """

    game: Round
    timer_ms: int = COUNTDOWN_MS
    tick: int = 0
    active: bool = False
    settled: bool = False
    rugged: bool = False
    paused: bool = False
    shown_trades: int = 0
    players: int = 240
    leaderboard: tuple[Payload, ...] = ()

    @property
    def price(self) -> float:
        """Return the multiplier in force."""
        prices = self.game.path.prices
        return prices[min(self.tick, len(prices) - 1)] if self.active else prices[0]

    @property
    def presale(self) -> bool:
        """Tell whether entries before the start are taken."""
        return not self.active and not self.paused and presale_open(self.timer_ms)


def cooldown(table: Table) -> Payload:
    """Build the frame of the countdown (7 keys)."""
    return {
        "gameId": table.game.game_id,
        "cooldownTimer": table.timer_ms,
        "cooldownPaused": table.paused,
        "allowPreRoundBuys": table.presale,
        "leaderboard": list(table.leaderboard),
        "connectedPlayers": table.players,
        "provablyFair": table.game.fair(),
    }


def start(table: Table) -> Payload:
    """Build the frame of tick 0 (14 keys)."""
    return {
        **_state(table),
        "gameVersion": VERSION,
        "partialPrices": _partial(table),
        "provablyFair": table.game.fair(),
    }


def tick(table: Table, chronicle: Chronicle) -> Payload:
    """Build the frame of a tick, of the rug, and of timer 10000 (21 keys)."""
    state = _state(table)
    head = {key: state.pop(key) for key in ("active", "price")}
    tail = {key: state.pop(key) for key in ("leaderboard", "gameId", "connectedPlayers")}
    return {
        **head,
        "partialPrices": _partial(table),
        "tradeCount": table.shown_trades,
        **state,
        **chronicle.statistics(),
        **tail,
        "rugpool": chronicle.rugpool(),
        "rugRoyale": RUG_ROYALE_IDLE,
        "provablyFair": table.game.fair(),
    }


def history(
    table: Table, chronicle: Chronicle, *, tick_shown: int | None = None, padding_bytes: int = 0
) -> Payload:
    """Build the frame with the last ten games (36 keys)."""
    frame = _full(table, chronicle, padding_bytes)
    if tick_shown is not None:
        frame["tickCount"] = tick_shown
    return frame | {
        "gameVersion": VERSION,
        "partialPrices": _partial(table),
        "provablyFair": table.game.fair(),
    }


def snapshot(table: Table, chronicle: Chronicle, *, padding_bytes: int = 0) -> Payload:
    """Build the first frame after connecting (36 keys): all prices so far."""
    shown = table.tick + 1 if table.active else 1
    return _full(table, chronicle, padding_bytes) | {
        "gameVersion": VERSION,
        "prices": numbers(table.game.path.prices[:shown]),
        "provablyFair": table.game.fair(),
    }


def _state(table: Table) -> Payload:
    return {
        "active": table.active,
        "price": number(table.price),
        "rugged": table.rugged,
        "tickCount": table.tick,
        "cooldownTimer": table.timer_ms,
        "cooldownPaused": table.paused,
        "pauseMessage": PAUSE_MESSAGE if table.paused else "",
        "allowPreRoundBuys": table.presale,
        "leaderboard": list(table.leaderboard),
        "gameId": table.game.game_id,
        "connectedPlayers": table.players,
    }


def _full(table: Table, chronicle: Chronicle, padding_bytes: int) -> Payload:
    return {
        "gameHistory": list(chronicle.entries),
        **chronicle.statistics(),
        **chronicle.extremes(padding_bytes),
        "availableShitcoins": AVAILABLE_COINS,
        **_state(table),
    }


def _partial(table: Table) -> Payload:
    first = max(0, table.tick - PARTIAL_TICKS + 1)
    prices = table.game.path.prices
    return {
        "startTick": first,
        "endTick": table.tick,
        "values": {str(t): number(prices[t]) for t in range(first, table.tick + 1)},
    }
