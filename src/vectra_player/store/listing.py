"""One line of a list of sessions or games: what the commands print and the HTTP API answers.

Records only, so that a service which runs no SQL can name them without loading a database.
"""

from __future__ import annotations

import msgspec


class SessionInfo(msgspec.Struct, frozen=True):
    """One recording session as the store holds it. `ended`: stopped, crashed, imported or open.

    Times in microseconds, UTC.
    """

    session_id: str
    source: str
    origin: str
    started_at: int
    ended_at: int
    events: int
    first_seq: int
    last_seq: int
    games: int
    ended: str


class GameInfo(msgspec.Struct, frozen=True):
    """The most complete row of one game, without its prices. Times in microseconds, UTC."""

    game_id: str
    session_id: str
    origin: str
    source: str
    started_at: int | None
    ended_at: int | None
    rug_tick: int | None
    peak: float | None
    rug_price: float | None
    game_version: str | None
    has_seed: bool
    has_prices: bool
    ticks_live: int
    ticks_missing: int | None
    trade_count: int | None
    completeness: str
