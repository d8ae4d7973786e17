"""What a source yields: one Engine.IO packet as captured, before anybody understood it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from vectra_player.model.units import Direction, Micros, RawFormat, Source

TEXT = 1
BINARY = 2
"""WebSocket opcodes (RFC 6455 section 5.2)."""


class Frame(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One packet of a socket, or one fact of our own, with the moment it reached us.

    `raw` is the exact text of the packet (binary: base64 of the payload, `opcode` 2); for a fact
    or an imported record it is the JSON text. `event_name` is empty for packets: they name
    themselves. `receipt` is the source's own message number, acknowledged once durable
    (0: nobody waits for it).
    """

    ts: Micros
    raw: str
    direction: Direction = "received"
    socket_id: str = ""
    transport: str = ""
    opcode: int = TEXT
    source: Source = "demo"
    origin: str = ""
    raw_format: RawFormat = "engineio"
    event_name: str = ""
    receipt: int = 0


class StoredFrame(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A frame with its place in its session; what the journal holds."""

    session_id: str
    seq: int
    frame: Frame


FACT_PREFIX = "vectra."
"""Event names of our own facts: `vectra.<kind>`."""


def fact(kind: str, detail: object, *, ts: Micros, source: Source, origin: str = "") -> Frame:
    """Build the frame of a fact that is not on the wire; `detail` must be JSON-encodable."""
    return Frame(
        ts=ts,
        raw=msgspec.json.encode(detail).decode(),
        source=source,
        origin=origin,
        raw_format="fact",
        event_name=FACT_PREFIX + kind,
    )


def gap(
    missing: str,
    reason: str,
    *,
    times: tuple[Micros, Micros] | None = None,
    seqs: tuple[int, int] | None = None,
) -> dict[str, object]:
    """Build the detail of a `gap` fact: what is missing between two times, or from seq to seq.

    `times` become `from` and `to`, ISO 8601 UTC; `seqs` (both missing) `from_seq` and `to_seq`.
    """
    detail: dict[str, object] = {}
    if times is not None:
        detail |= {"from": _iso(times[0]), "to": _iso(times[1])}
    if seqs is not None:
        detail |= {"from_seq": seqs[0], "to_seq": seqs[1]}
    return {**detail, "missing": missing, "reason": reason}


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _iso(ts: Micros) -> str:
    try:
        moment = _EPOCH + timedelta(microseconds=ts)
    except OverflowError:  # a clock may say anything; the fact must be told all the same
        return f"{ts} us"
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
