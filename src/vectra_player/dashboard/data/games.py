"""The table of games: filters, sort and pages, in the store."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

from vectra_player.dashboard.data.paging import Page, Size, pages_of
from vectra_player.dashboard.data.store import Store
from vectra_player.dashboard.params import WrongParametersError
from vectra_player.store.layout import DAY_US

if TYPE_CHECKING:
    from vectra_player.store.reads import StoreReader

Origins = Literal["all", "real", "demo"]
Completeness = Literal["", "full", "revealed", "partial", "unrevealed"]
Sort = Literal["time", "peak", "ticks", "trades", "players", "missing"]
Count = Annotated[int, Meta(ge=0, le=1_000_000, description="a whole number from 0")]
Multiple = Annotated[float, Meta(ge=0, le=1e9, description="a multiplier such as 2.5")]
Day = Annotated[
    str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$", description="a date such as 2025-12-31 (UTC)")
]


class GamesWanted(msgspec.Struct, frozen=True):
    """Which games, in which order, which page. `until` includes its day."""

    q: Annotated[str, Meta(max_length=80, description="a part of a game id, 80 characters")] = ""
    origin: Annotated[Origins, Meta(description="all, real or demo")] = "all"
    complete: Annotated[Completeness, Meta(description="full, revealed, partial or unrevealed")] = (
        ""
    )
    seed: Annotated[Literal["", "yes", "no"], Meta(description="yes or no")] = ""
    session: Annotated[str, Meta(max_length=80, description="a session id")] = ""
    since: Day | None = None
    until: Day | None = None
    min_peak: Multiple | None = None
    max_peak: Multiple | None = None
    min_ticks: Count | None = None
    max_ticks: Count | None = None
    sort: Annotated[Sort, Meta(description="time, peak, ticks, trades, players or missing")] = (
        "time"
    )
    order: Annotated[Literal["asc", "desc"], Meta(description="asc or desc")] = "desc"
    page: Page = 1
    size: Size = 50


class GameLine(msgspec.Struct, frozen=True):
    """One game, its most complete recording. Times in microseconds UTC."""

    game_id: str
    origin: str
    source: str
    started_at: int | None
    ended_at: int | None
    rug_tick: int | None
    peak: float | None
    rug_price: float | None
    game_version: str | None
    has_seed: bool
    has_hash: bool
    commitment_seen: bool
    ticks_live: int
    ticks_missing: int | None
    trade_count: int | None
    players_max: int | None
    completeness: str


class GamesPage(msgspec.Struct, frozen=True):
    """One page of the table; `total` counts the games that fit the filters."""

    games: list[GameLine]
    total: int
    page: int
    size: int
    pages: int


_MOMENT = "coalesce(started_at, ended_at, ts)"
_ORDER = {
    "time": _MOMENT,
    "peak": "peak",
    "ticks": "rug_tick",
    "trades": "trade_count",
    "players": "players_max",
    "missing": "ticks_missing",
}
_LINE = """
    game_id, origin, source, epoch_us(started_at) AS started_at, epoch_us(ended_at) AS ended_at,
    rug_tick, peak, rug_price, game_version, server_seed IS NOT NULL AS has_seed,
    server_seed_hash IS NOT NULL AS has_hash,
    commitment_first_seen_at IS NOT NULL AS commitment_seen,
    ticks_live, ticks_missing, trade_count, players_max, completeness
"""


def list_games(store: Store, wanted: GamesWanted) -> GamesPage:
    """Return one page of games. Raises StoreBusyError."""
    return store.kept(("games", wanted), ("game",), lambda reader: _read(reader, wanted))


def _read(reader: StoreReader, wanted: GamesWanted) -> GamesPage:
    where, values = _conditions(wanted)
    counted = reader.fetch(f"SELECT count(*) FROM game WHERE {where}", values)  # noqa: S608
    total = int(counted.column(0)[0].as_py())
    way = "ASC" if wanted.order == "asc" else "DESC"
    rows = reader.fetch(
        f"SELECT {_LINE} FROM game WHERE {where}"  # noqa: S608 -- ours; values are parameters
        f" ORDER BY {_ORDER[wanted.sort]} {way} NULLS LAST, game_id LIMIT ? OFFSET ?",
        [*values, wanted.size, (wanted.page - 1) * wanted.size],
    )
    games = [GameLine(**row) for row in rows.to_pylist()]
    pages = pages_of(total, wanted.size)
    return GamesPage(games, total, wanted.page, wanted.size, pages)


def _conditions(wanted: GamesWanted) -> tuple[str, list[Any]]:
    from vectra_player.store.views import REAL_ORIGIN

    terms: list[tuple[str, list[Any]]] = []
    if wanted.origin != "all":
        terms.append((REAL_ORIGIN if wanted.origin == "real" else f"NOT ({REAL_ORIGIN})", []))
    if wanted.seed:
        terms.append((f"server_seed IS {'NOT ' if wanted.seed == 'yes' else ''}NULL", []))
    for term, value in (
        ("contains(lower(game_id), lower(?))", wanted.q),
        ("completeness = ?", wanted.complete),
        ("session_id = ?", wanted.session),
    ):
        if value:
            terms.append((term, [value]))
    for term, bound in (
        (f"epoch_us({_MOMENT}) >= ?", wanted.since and midnight("since", wanted.since)),
        (f"epoch_us({_MOMENT}) < ?", wanted.until and midnight("until", wanted.until, 1)),
        ("peak >= ?", wanted.min_peak),
        ("peak <= ?", wanted.max_peak),
        ("rug_tick >= ?", wanted.min_ticks),
        ("rug_tick <= ?", wanted.max_ticks),
    ):
        if bound is not None:
            terms.append((term, [bound]))
    where = " AND ".join(term for term, _ in terms) or "true"
    return where, [value for _, values in terms for value in values]


def midnight(name: str, text: str, later: int = 0) -> int:
    """Return the start of a UTC day, or of one some days later, in microseconds.

    Raises:
        WrongParametersError: the calendar has no such day.
    """
    try:
        day = dt.date.fromisoformat(text) + dt.timedelta(days=later)
    except (ValueError, OverflowError):
        raise WrongParametersError({name: f"There is no day {text}."}) from None
    return (day - dt.date(1970, 1, 1)).days * DAY_US
