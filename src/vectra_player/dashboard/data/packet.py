"""One packet exactly as it was recorded. Lists tell only the beginning of each."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from vectra_player.dashboard.data.store import Store
from vectra_player.dashboard.faults import MissingError
from vectra_player.store.layout import utc_date

HEAD_CHARS = 500
"""So much of a packet a list tells; whole ones take up to half a megabyte each."""

MAX_CHARS = 4 << 20
"""What is larger is stored whole but not decoded (contracts), and not sent to a page."""


class PacketWanted(msgspec.Struct, frozen=True):
    """Which packet: its session, seq and time, as a list told them."""

    session: Annotated[str, Meta(max_length=80, description="a session id")] = ""
    seq: Annotated[int, Meta(ge=1, description="a seq from 1")] = 1
    ts: Annotated[int, Meta(ge=0, le=2**62, description="its time in microseconds")] = 0


class Packet(msgspec.Struct, frozen=True):
    """The exact text of one packet."""

    raw: str


def read_packet(store: Store, wanted: PacketWanted) -> Packet:
    """Return a packet. Raises MissingError, StoreBusyError."""
    with store.reader() as reader:
        found = reader.fetch(
            f"SELECT left(raw, {MAX_CHARS}) AS raw FROM ws_event_rows"  # noqa: S608 -- a constant
            " WHERE date = ?::DATE AND session_id = ? AND seq = ?",
            [utc_date(wanted.ts), wanted.session, wanted.seq],
        ).to_pylist()
    if not found:
        raise MissingError("There is no such packet.", advice="It may have been deleted.")
    return Packet(found[0]["raw"])
