"""The alerts that were told, as the store has them: filtered, newest first, in pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

from vectra_player.dashboard.data.paging import Page, Size, pages_of
from vectra_player.dashboard.data.store import Store

if TYPE_CHECKING:
    from vectra_player.store.reads import StoreReader

Severity = Literal["", "info", "success", "warning", "danger"]


class AlertsWanted(msgspec.Struct, frozen=True):
    """Which alerts, and which page of them."""

    type: Annotated[str, Meta(max_length=64, description="a type of alert")] = ""
    severity: Annotated[Severity, Meta(description="info, success, warning or danger")] = ""
    page: Page = 1
    size: Size = 50


class AlertLine(msgspec.Struct, frozen=True, kw_only=True):
    """One alert as it was told. `ts` in ms UTC."""

    alert_id: str
    ts: int
    alert_type: str
    severity: str
    title: str
    message: str
    game_id: str | None
    session_id: str
    seq: int


class AlertsPage(msgspec.Struct, frozen=True):
    """One page of alerts; `total` counts what fits. `types`: of all that were ever told."""

    alerts: list[AlertLine]
    total: int
    page: int
    size: int
    pages: int
    types: list[str]


_LINE = """
    alert_id, epoch_ms(ts) AS ts, alert_type, severity, title, message, game_id, session_id, seq
"""


def list_alerts(store: Store, wanted: AlertsWanted) -> AlertsPage:
    """Return one page of the log. Raises StoreBusyError."""
    key = ("alerts", wanted.type, wanted.severity, wanted.page, wanted.size)
    return store.kept(key, ("alert_trigger",), lambda reader: _read(reader, wanted))


def _read(reader: StoreReader, wanted: AlertsWanted) -> AlertsPage:
    columns = {"alert_type": wanted.type, "severity": wanted.severity}
    given: dict[str, Any] = {column: value for column, value in columns.items() if value}
    where = " AND ".join(f"{column} = ?" for column in given) or "true"
    values = list(given.values())
    skip = (wanted.page - 1) * wanted.size
    lines = reader.fetch(
        f"SELECT {_LINE} FROM alert_trigger WHERE {where} "  # noqa: S608 - names are ours
        "ORDER BY ts DESC, session_id, seq DESC LIMIT ? OFFSET ?",
        [*values, wanted.size, skip],
    ).to_pylist()
    total = reader.fetch(
        f"SELECT count(*) FROM alert_trigger WHERE {where}",  # noqa: S608 - names are ours
        values,
    ).column(0)[0].as_py()  # fmt: skip
    types = reader.fetch("SELECT DISTINCT alert_type FROM alert_trigger ORDER BY 1")
    return AlertsPage(
        alerts=msgspec.convert(lines, list[AlertLine]),
        total=total,
        page=wanted.page,
        size=wanted.size,
        pages=pages_of(total, wanted.size),
        types=[str(row["alert_type"]) for row in types.to_pylist()],
    )
