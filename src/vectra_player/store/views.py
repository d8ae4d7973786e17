"""SQL of the views a query sees. Text only, made from the schema; `store.query` runs it.

Registered names: each doc type, but `ws_event_rows`, `game_all` and `sidebet_all` where the view
of the plain name adds something.
"""

from __future__ import annotations

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


def _best(source: str, key: str, rank: str, replace: str = "") -> str:
    window = f"PARTITION BY {key}, {_LOOPBACK}"
    columns = f"* {replace.format(window=window)}" if replace else "*"
    best = f"row_number() OVER ({window} ORDER BY {rank}) = 1"
    return f"SELECT {columns} FROM {source} QUALIFY {best}"  # noqa: S608 -- constants only


def view_definitions() -> dict[str, str]:
    """Return the SELECT of each view that is more than a registered dataset."""
    first_seen = (
        "REPLACE (min(commitment_first_seen_at) OVER ({window}, server_seed_hash)"
        " AS commitment_first_seen_at)"
    )
    return {
        "ws_event": f"SELECT *, {payload_sql()} AS data FROM ws_event_rows",  # noqa: S608
        "game": _best("game_all", "game_id", _GAME_RANK, first_seen),
        "sidebet": _best("sidebet_all", _SIDEBET_KEY, _SIDEBET_RANK),
    }
