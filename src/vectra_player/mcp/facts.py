"""Facts of the recording as answers tell them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vectra_player.mcp.answers import Fact
from vectra_player.rag.passages import row_id
from vectra_player.store.layout import iso

MAX_DETAIL = 300


def fact_of(row: Mapping[str, Any]) -> Fact:
    """Return a row of `system_event` with its `ts` in microseconds."""
    place = row_id("system_event", row)
    return Fact(iso(row["ts"]), row["kind"], row["detail"][:MAX_DETAIL], place)
