"""SQL of the views a query sees. Text only, made from the schema; `store.query` runs it.

Registered names: each doc type, but `ws_event_rows`, `game_all` and `sidebet_all` where the view
of the plain name adds something.
"""

from __future__ import annotations

from typing import NamedTuple

REGISTERED_AS = {"ws_event": "ws_event_rows", "game": "game_all", "sidebet": "sidebet_all"}
"""Doc types whose plain name is a view; the dataset itself has this name."""

_HEADER = r"^4[0-6](\d+-)?(/[^,]*,)?\d*"
"""Engine.IO message digit, packet type, attachment count, namespace, ack id (protocol.md 1.1)."""

_LOOPBACK = "(origin LIKE '127.%' OR origin LIKE 'localhost%' OR origin LIKE '[::1]%')"

REAL_ORIGIN = f"NOT {_LOOPBACK}"
"""Condition: a row was not made by the demo server. An import without a socket has origin ''."""


def _last_argument(body: str, skip: int) -> str:
    """Last of the arguments after `skip`, null when the only one is a trace (protocol.md 1.2)."""
    count = f"json_array_length({body}) - {skip}"
    lone_trace = f"{count} = 1 AND json_extract_string({body}, '$[{skip}].__trace') = 'true'"
    return (
        f"CASE WHEN NOT json_valid({body}) OR {count} < 1 OR ({lone_trace}) THEN NULL"
        f" ELSE json_extract({body}, '$[#-1]') END"
    )


def _checked(text: str, path: str = "$") -> str:
    return f"CASE WHEN json_valid({text}) THEN json_extract({text}, '{path}') END"


def payload_sql() -> str:
    """Return the expression of `data`: the payload as JSON, computed from `raw`.

    The last argument of an event or ack unless it is a lone trace; the handshake's object; a
    fact's detail; the `data` of a captured record; other imported records whole.
    """
    body = f"regexp_replace(raw, '{_HEADER}', '')"
    return (
        "CASE"
        f" WHEN raw_format = 'capture' THEN {_checked('raw', '$.data')}"
        f" WHEN raw_format <> 'engineio' THEN {_checked('raw')}"
        f" WHEN packet_type IN ('event', 'binary_event') THEN {_last_argument(body, 1)}"
        f" WHEN packet_type IN ('ack', 'binary_ack') THEN {_last_argument(body, 0)}"
        f" WHEN packet_type IN ('connect', 'connect_error') THEN {_checked(body)}"
        f" WHEN packet_type = 'open' THEN {_checked('substr(raw, 2)')}"
        " END"
    )


_GAME_RANK = (
    "CASE completeness WHEN 'full' THEN 0 WHEN 'revealed' THEN 1 WHEN 'partial' THEN 2 ELSE 3 END,"
    " (prices IS NULL), (server_seed IS NULL), coalesce(ticks_missing, 2147483647),"
    " ticks_live DESC, commitment_first_seen_at NULLS LAST, session_id, seq, sub"
)
_SIDEBET_RANK = (
    "(outcome = 'unknown'), (payout IS NULL), (settled_at IS NULL), (sidebet_id IS NULL),"
    " own DESC, session_id, seq, sub"
)
_SIDEBET_KEY = (
    "game_id, coalesce(player_id, username, session_id || ':' || seq || ':' || sub), start_tick"
)


class BestRows(NamedTuple):
    """How a view of one best row a key is made where rows compete.

    Ranking every row on each query takes 110 ms for 50,000 games: so the rows that lose are found
    once a set of files (`prepare`), and where none loses the view is the dataset itself (`plain`).
    """

    name: str
    prepare: tuple[str, ...]
    plain: str
    choosing: str

    @property
    def losers(self) -> str:
        """Table of the keys of the rows that lose."""
        return f"{self.name}_shadow"


def _losers(name: str, key: str, rank: str) -> str:
    source = REGISTERED_AS[name]
    window = f"PARTITION BY {key}, {_LOOPBACK} ORDER BY {rank}"
    return (
        f"CREATE OR REPLACE TEMP TABLE {name}_shadow AS WITH twice AS"  # noqa: S608 -- constants
        f" (SELECT game_id FROM {source} GROUP BY {key}, {_LOOPBACK}, game_id HAVING count(*) > 1)"
        f" SELECT session_id, seq, sub FROM {source} WHERE game_id IN (SELECT game_id FROM twice)"
        f" QUALIFY row_number() OVER ({window}) > 1"
    )


def _not_losing(name: str, columns: str) -> str:
    return (
        f"SELECT {columns} FROM {REGISTERED_AS[name]} g WHERE NOT EXISTS"  # noqa: S608 -- constants
        f" (SELECT 1 FROM {name}_shadow s"
        " WHERE s.session_id = g.session_id AND s.seq = g.seq AND s.sub = g.sub)"
    )


_FIRST_SEEN_TABLE = (
    "CREATE OR REPLACE TEMP TABLE game_first_seen AS"  # noqa: S608 -- constants
    f" SELECT game_id, server_seed_hash, {_LOOPBACK} AS demo,"
    " min(commitment_first_seen_at) AS first_seen FROM game_all"
    " WHERE commitment_first_seen_at IS NOT NULL GROUP BY ALL"
)
_FIRST_SEEN = (
    "* REPLACE (coalesce((SELECT f.first_seen FROM game_first_seen f"  # noqa: S608 -- constants
    " WHERE f.game_id = g.game_id"
    f" AND f.server_seed_hash = g.server_seed_hash AND f.demo = {_LOOPBACK}),"
    " commitment_first_seen_at) AS commitment_first_seen_at)"
)

BEST_ROWS = (
    BestRows(
        "game",
        (_losers("game", "game_id", _GAME_RANK), _FIRST_SEEN_TABLE),
        "SELECT * FROM game_all",
        _not_losing("game", _FIRST_SEEN),
    ),
    BestRows(
        "sidebet",
        (_losers("sidebet", _SIDEBET_KEY, _SIDEBET_RANK),),
        "SELECT * FROM sidebet_all",
        _not_losing("sidebet", "*"),
    ),
)
"""Views that choose the most complete row across sessions (contracts.md section 3)."""

WS_EVENT_VIEW = f"SELECT *, {payload_sql()} AS data FROM ws_event_rows"  # noqa: S608
"""The view that adds the payload as JSON."""
