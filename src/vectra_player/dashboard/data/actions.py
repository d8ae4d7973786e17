"""The log of actions and how long they took, in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

from vectra_player.analysis.latency import EDGES_MS, PARTS, Part, PartFigures, figures
from vectra_player.dashboard.data.paging import Page, Size, pages_of
from vectra_player.dashboard.data.store import Store

if TYPE_CHECKING:
    from vectra_player.store.reads import StoreReader

Mode = Literal["", "paper", "practice", "live"]
Outcome = Literal["", "CONFIRMED", "REJECTED", "UNKNOWN", "BLOCKED"]
Kind = Literal["", "BUY", "SELL", "SIDEBET", "BET_INCREMENT", "PERCENTAGE"]


class ActionsWanted(msgspec.Struct, frozen=True):
    """Which actions, newest first, and which page of them."""

    mode: Annotated[Mode, Meta(description="paper, practice or live")] = ""
    actor: Annotated[Literal["", "human", "bot"], Meta(description="human or bot")] = ""
    outcome: Annotated[Outcome, Meta(description="CONFIRMED, REJECTED, UNKNOWN or BLOCKED")] = ""
    type: Annotated[Kind, Meta(description="BUY, SELL, SIDEBET, BET_INCREMENT or PERCENTAGE")] = ""
    game: Annotated[str, Meta(max_length=80, description="a game id")] = ""
    page: Page = 1
    size: Size = 50


class ActionLine(msgspec.Struct, frozen=True):
    """One action. Times in ms UTC, amounts in SOL."""

    action_id: str
    ts: int
    action_type: str
    button: str
    actor: str
    mode: str
    outcome: str
    amount: float | None
    percentage: float | None
    game_id: str | None
    tick: int | None
    price: float | None
    phase: str | None
    executed_price: float | None
    executed_tick: int | None
    profit: float | None
    press_ms: float | None
    send_ms: float | None
    confirm_ms: float | None
    total_ms: float | None
    server_kind: str | None
    strategy: str | None
    sequence: str | None
    error: str | None
    session_id: str
    seq: int


class ActionsPage(msgspec.Struct, frozen=True):
    """One page of the log; `total` counts what fits. `edges_ms`: bins of the latencies."""

    actions: list[ActionLine]
    total: int
    page: int
    size: int
    pages: int
    edges_ms: list[int]
    latency: list[PartFigures]


_PRESS = "date_diff('ms', press_ts, client_ts)"
_LINE = f"""
    action_id, epoch_ms(ts) AS ts, action_type, button, actor, mode, outcome,
    amount::DOUBLE AS amount, percentage, game_id, game_context_tick AS tick,
    game_context_price AS price, game_context_phase AS phase, executed_price, executed_tick,
    profit::DOUBLE AS profit, ({_PRESS})::DOUBLE AS press_ms, send_latency_ms AS send_ms,
    confirm_latency_ms AS confirm_ms, total_latency_ms AS total_ms, server_ts_kind AS server_kind,
    strategy, sequence, error, session_id, seq
"""
_PARTS: dict[Part, str] = {
    "press": _PRESS,
    "send": "send_latency_ms",
    "confirm": "confirm_latency_ms",
    "total": "total_latency_ms",
}
_COLUMNS = {
    "mode": "mode",
    "actor": "actor",
    "outcome": "outcome",
    "type": "action_type",
    "game": "game_id",
}


def list_actions(store: Store, wanted: ActionsWanted) -> ActionsPage:
    """Return one page of the log, with the latencies of all that fits. Raises StoreBusyError."""
    return store.kept(("actions", wanted), ("player_action",), lambda reader: _read(reader, wanted))


def _read(reader: StoreReader, wanted: ActionsWanted) -> ActionsPage:
    given = {column: value for name, column in _COLUMNS.items() if (value := getattr(wanted, name))}
    where = " AND ".join([f"{column} = ?" for column in given]) or "true"
    values: list[Any] = list(given.values())
    skip = (wanted.page - 1) * wanted.size
    lines = reader.fetch(
        f"SELECT {_LINE} FROM player_action WHERE {where} "  # noqa: S608 - names are ours
        "ORDER BY ts DESC, session_id, seq DESC LIMIT ? OFFSET ?",
        [*values, wanted.size, skip],
    ).to_pylist()
    # A paper trade's delays are simulated: they count only where paper is asked for.
    real = "" if wanted.mode == "paper" else " FILTER (mode <> 'paper')"
    chosen = ", ".join(f"list({_PARTS[part]}){real} AS {part}" for part in PARTS)
    told = reader.fetch(
        f"SELECT count(*) AS found, {chosen} FROM player_action WHERE {where}",  # noqa: S608
        values,
    ).to_pylist()[0]
    total = told["found"]
    return ActionsPage(
        actions=msgspec.convert(lines, list[ActionLine]),
        total=total,
        page=wanted.page,
        size=wanted.size,
        pages=pages_of(total, wanted.size),
        edges_ms=list(EDGES_MS),
        latency=figures({part: told[part] or () for part in PARTS}),
    )
