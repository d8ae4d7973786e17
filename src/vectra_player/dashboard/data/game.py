"""Everything the store holds of one game: prices, trades, sidebets, leaders, gaps, raw events.

A game lasts minutes, so every statement looks only at the days around it: a store of ten million
ticks answers as fast as a small one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from vectra_player.analysis.own_play import Balance
from vectra_player.dashboard.data.own import OwnDeal, accounts, balances_of, deals_of
from vectra_player.dashboard.data.packet import HEAD_CHARS
from vectra_player.dashboard.data.paging import Page, pages_of
from vectra_player.dashboard.data.scope import Scope
from vectra_player.dashboard.data.store import Store
from vectra_player.dashboard.faults import MissingError

if TYPE_CHECKING:
    from vectra_player.store.reads import StoreReader

TABLES = ("game", "game_tick", "other_player", "sidebet", "system_event", "server_state")
MAX_TRADES = 5_000
LEADERS = 10
LEADER_STEP_TICKS = 5


class Facts(msgspec.Struct, frozen=True):
    """The game's row, the most complete of all sessions. Times in microseconds UTC.

    `completeness` is `unfinished` for a game that was watched but not seen to rug.
    """

    game_id: str
    origin: str
    source: str
    session_id: str
    completeness: str
    started_at: int | None = None
    ended_at: int | None = None
    rug_tick: int | None = None
    peak: float | None = None
    rug_price: float | None = None
    game_version: str | None = None
    server_seed: str | None = None
    server_seed_hash: str | None = None
    commitment_seen_at: int | None = None
    first_tick_seen: int | None = None
    ticks_live: int = 0
    ticks_missing: int | None = None
    trade_count: int | None = None
    players_max: int | None = None
    sessions: list[str] = []


class Trade(msgspec.Struct, frozen=True):
    """One trade; `amount` and `qty` as decimal text, `ts` in microseconds UTC."""

    ts: int
    tick: int | None
    action: str
    username: str | None
    player_id: str | None
    amount: str | None
    qty: str | None
    price: float | None
    leverage: int | None


class Bet(msgspec.Struct, frozen=True):
    """One sidebet; amounts as decimal text."""

    start_tick: int
    end_tick: int
    own: bool
    username: str | None
    player_id: str | None
    amount: str | None
    x_payout: float | None
    coin: str | None
    payout: str | None
    profit: str | None
    outcome: str
    settle_tick: int | None


class Gap(msgspec.Struct, frozen=True):
    """Something that kept the recording from being whole; `ts` in microseconds UTC."""

    ts: int
    kind: str
    detail: str


class Leader(msgspec.Struct, frozen=True):
    """One player over the ticks of `Leaders.ticks`; null where not among the ranked."""

    player_id: str
    username: str | None
    pnl: list[float | None]


class Leaders(msgspec.Struct, frozen=True):
    """The leaderboard over time, as recorded; `players`: those who were on it last, best first."""

    ticks: list[int]
    players: list[Leader]


class GameData(msgspec.Struct, frozen=True):
    """One game. `prices[t]` is null where tick t is not known.

    `sources`: how many prices were live, partial, history, recomputed or only revealed. `own`:
    trades of the user's own accounts, which are not among `trades`.
    """

    facts: Facts
    prices: list[float | None]
    sources: dict[str, int]
    trades: list[Trade]
    trades_cut: bool
    own: list[OwnDeal]
    sidebets: list[Bet]
    gaps: list[Gap]


class RawEvent(msgspec.Struct, frozen=True):
    """One stored packet of the game; `cut`: `raw` is only its beginning."""

    session_id: str
    seq: int
    ts: int
    name: str
    direction: str
    size_bytes: int
    raw: str
    cut: bool


class RawPage(msgspec.Struct, frozen=True):
    """One page of a game's packets, in order of arrival."""

    events: list[RawEvent]
    total: int
    page: int
    size: int
    pages: int


class RawWanted(msgspec.Struct, frozen=True):
    """Which packets of a game."""

    event: Annotated[str, Meta(max_length=128, description="an event name")] = ""
    page: Page = 1
    size: Annotated[int, Meta(ge=1, le=100, description="rows a page, 1 to 100")] = 20


def read_game(store: Store, game_id: str) -> GameData:
    """Return a game. Raises MissingError, StoreBusyError."""
    mine = [account.id for account in accounts(store)]
    played = {}
    for account in mine:
        balance = balances_of(store, account).get(game_id)
        if balance is not None:
            played[account] = balance

    def read(reader: StoreReader) -> GameData:
        return _read(reader, game_id, mine, played)

    return store.kept(("game", game_id), TABLES, read)


def read_leaders(store: Store, game_id: str) -> Leaders:
    """Return the leaderboard over time. Raises MissingError, StoreBusyError."""
    tables = ("game", "game_tick", "ws_event")
    return store.kept(("leaders", game_id), tables, lambda reader: _leaders(reader, game_id))


def read_raw(store: Store, game_id: str, wanted: RawWanted) -> RawPage:
    """Return a page of a game's packets. Raises MissingError, StoreBusyError."""
    tables = ("game", "game_tick", "ws_event")
    key = ("raw", game_id, wanted)
    return store.kept(key, tables, lambda reader: _raw(reader, game_id, wanted))


def _read(
    reader: StoreReader, game_id: str, mine: Sequence[str], played: Mapping[str, Balance]
) -> GameData:
    scope = Scope(reader, game_id)
    facts, revealed = _facts(scope)
    prices, sources = _prices(scope, revealed)
    trades = [trade for trade in _trades(scope) if trade.player_id not in mine]
    return GameData(
        facts=facts,
        prices=prices,
        sources=sources,
        trades=trades[:MAX_TRADES],
        trades_cut=len(trades) > MAX_TRADES,
        own=deals_of(scope, played),
        sidebets=_sidebets(scope, mine),
        gaps=_gaps(scope, facts),
    )


def _facts(scope: Scope) -> tuple[Facts, list[float] | None]:
    rows = scope.rows("""
        SELECT game_id, origin, source, session_id, completeness,
          epoch_us(started_at) AS started_at, epoch_us(ended_at) AS ended_at, rug_tick, peak,
          rug_price, game_version, server_seed, server_seed_hash,
          epoch_us(commitment_first_seen_at) AS commitment_seen_at, first_tick_seen, ticks_live,
          ticks_missing, trade_count, players_max, prices
        FROM game WHERE {game} ORDER BY origin LIKE '127.%' LIMIT 1
    """)
    watched = scope.rows("""
        SELECT session_id, any_value(origin) AS origin, any_value(source) AS source,
          epoch_us(min(ts)) AS first_ts, count(*) AS ticks, max(price) AS peak
        FROM game_tick WHERE {game} GROUP BY session_id ORDER BY ticks DESC, session_id
    """)
    sessions = [row["session_id"] for row in watched]
    if rows:
        prices = rows[0].pop("prices")
        return Facts(**rows[0], sessions=sessions or [rows[0]["session_id"]]), prices
    if not watched:
        raise MissingError(
            f"No game {scope.game_id} is stored.", advice="Look for it in the list of games."
        )
    best = watched[0]
    facts = Facts(
        game_id=scope.game_id,
        origin=best["origin"],
        source=best["source"],
        session_id=best["session_id"],
        completeness="unfinished",
        started_at=best["first_ts"],
        peak=best["peak"],
        ticks_live=best["ticks"],
        sessions=sessions,
    )
    return facts, None


def _prices(
    scope: Scope, revealed: list[float] | None
) -> tuple[list[float | None], dict[str, int]]:
    """Return prices by tick: watched ones first, those the server revealed where none was seen."""
    ticks = scope.rows("""
        SELECT tick, price, price_source FROM game_tick WHERE {game}
        QUALIFY row_number() OVER (PARTITION BY tick ORDER BY
          list_position(['live', 'partial', 'history', 'recomputed'], price_source),
          session_id, seq) = 1
        ORDER BY tick
    """)
    length = max((ticks[-1]["tick"] + 1 if ticks else 0), len(revealed or ()))
    prices: list[float | None] = [None] * length
    sources: dict[str, int] = {}
    for row in ticks:
        prices[row["tick"]] = row["price"]
        sources[row["price_source"]] = sources.get(row["price_source"], 0) + 1
    for tick, price in enumerate(revealed or ()):
        if prices[tick] is None:
            prices[tick] = price
            sources["revealed"] = sources.get("revealed", 0) + 1
    return prices, sources


def _trades(scope: Scope) -> list[Trade]:
    rows = scope.rows(
        """
        SELECT epoch_us(ts) AS ts, tick, action_type AS action, username, player_id,
          amount::VARCHAR AS amount, qty::VARCHAR AS qty, price, leverage
        FROM other_player WHERE {game}
        QUALIFY trade_id IS NULL
          OR row_number() OVER (PARTITION BY trade_id ORDER BY session_id, seq, sub) = 1
        ORDER BY ts, seq, sub LIMIT ?
        """,
        MAX_TRADES + 1,
    )
    return [Trade(**row) for row in rows]


def _sidebets(scope: Scope, mine: Sequence[str]) -> list[Bet]:
    """Return the sidebets; one of an own account is own also where a stranger recorded it."""
    rows = scope.rows("""
        SELECT start_tick, end_tick, own, username, player_id, bet_amount::VARCHAR AS amount,
          x_payout, coin_address AS coin, payout::VARCHAR AS payout, profit::VARCHAR AS profit,
          outcome, settle_tick
        FROM sidebet WHERE {game} ORDER BY start_tick, username, session_id, seq, sub
    """)
    return [Bet(**row | {"own": row["own"] or row["player_id"] in mine}) for row in rows]


def _gaps(scope: Scope, facts: Facts) -> list[Gap]:
    """Return what its sessions missed between the game's first and last moment."""
    if facts.started_at is None and facts.ended_at is None:
        return []
    first = facts.started_at if facts.started_at is not None else facts.ended_at
    last = facts.ended_at if facts.ended_at is not None else first
    found = scope.reader.fetch(
        "SELECT epoch_us(ts) AS ts, kind, detail FROM system_event"
        " WHERE kind IN ('gap', 'silence', 'disconnected', 'connected', 'crash_recovered')"
        " AND session_id IN (SELECT unnest(?::VARCHAR[]))"
        " AND epoch_us(ts) BETWEEN ? AND ? ORDER BY ts LIMIT 200",
        [facts.sessions, first, last],
    )
    return [Gap(**row) for row in found.to_pylist()]


def _leaders(reader: StoreReader, game_id: str) -> Leaders:
    scope = Scope(reader, game_id)
    rows = scope.rows(f"""
        WITH frames AS (
          SELECT seq, session_id, data FROM ws_event
          WHERE {{game}} AND event_name = 'gameStateUpdate'
        ), ticked AS (
          SELECT *, (data->>'$.tickCount')::INTEGER AS tick FROM frames
          WHERE json_type(data, '$.leaderboard') = 'ARRAY'
            AND json_type(data, '$.tickCount') = 'UBIGINT'
        )
        SELECT tick, data->'$.leaderboard' AS board FROM ticked
        QUALIFY row_number() OVER (
          PARTITION BY tick // {LEADER_STEP_TICKS} ORDER BY tick DESC, session_id, seq DESC) = 1
        ORDER BY tick
    """)  # noqa: S608 -- a constant
    boards = [(row["tick"], _ranked(row["board"])) for row in rows]
    return _over_time([(tick, board) for tick, board in boards if board])


class _Ranked(msgspec.Struct):
    """One entry of a leaderboard on the wire; any type, as hostile text may hold any."""

    id: Any = None
    username: Any = None
    pnl: Any = None


def _ranked(board: Any) -> list[_Ranked]:
    try:
        entries = msgspec.json.decode(board, type=list[_Ranked])
    except (msgspec.DecodeError, TypeError):
        return []
    return [e for e in entries if isinstance(e.id, str) and isinstance(e.pnl, int | float)]


def _over_time(boards: Sequence[tuple[int, list[_Ranked]]]) -> Leaders:
    names: dict[str, str | None] = {}
    last: dict[str, tuple[int, float]] = {}
    for at, (_, board) in enumerate(boards):
        for entry in board:
            names[entry.id] = entry.username if isinstance(entry.username, str) else None
            last[entry.id] = (-at, -float(entry.pnl))
    chosen = sorted(last, key=lambda player: (*last[player], player))[:LEADERS]
    by_board = [{entry.id: float(entry.pnl) for entry in board} for _, board in boards]
    players = [
        Leader(player, names[player], [told.get(player) for told in by_board]) for player in chosen
    ]
    return Leaders([tick for tick, _ in boards], players)


def _raw(reader: StoreReader, game_id: str, wanted: RawWanted) -> RawPage:
    scope = Scope(reader, game_id)
    extra = " AND event_name = ?" if wanted.event else ""
    more: list[object] = [wanted.event] if wanted.event else []
    total = scope.rows(f"SELECT count(*) AS n FROM ws_event_rows WHERE {{game}}{extra}", *more)  # noqa: S608
    rows = scope.rows(
        f"""
        SELECT session_id, seq, epoch_us(ts) AS ts, coalesce(event_name, packet_type) AS name,
          direction, size_bytes, left(raw, {HEAD_CHARS}) AS raw,
          length(raw) > {HEAD_CHARS} AS cut
        FROM ws_event_rows WHERE {{game}}{extra} ORDER BY ts, session_id, seq LIMIT ? OFFSET ?
        """,  # noqa: S608 -- constants
        *more,
        wanted.size,
        (wanted.page - 1) * wanted.size,
    )
    count = int(total[0]["n"])
    pages = pages_of(count, wanted.size)
    return RawPage([RawEvent(**row) for row in rows], count, wanted.page, wanted.size, pages)
