"""The protocol as recorded: events with their rates, fields, payloads with search, chains.

Events and fields come from the kept profile (`store.profile`), which covers the sessions it says.
Payloads are looked for day by day, newest first, for as long as a page may wait.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

from vectra_player.dashboard.data.days import DayCounts
from vectra_player.dashboard.data.drift import Drift, drift
from vectra_player.dashboard.data.packet import HEAD_CHARS
from vectra_player.dashboard.data.store import Store
from vectra_player.dashboard.faults import MissingError
from vectra_player.store.layout import DataDir
from vectra_player.store.profile import PROFILE_FILE, StoreProfile, read_profile

if TYPE_CHECKING:
    from vectra_player.store.reads import StoreReader

SEARCH_S = 6.0
SPARK_DAYS = 30
MAX_CHAINS = 40

Name = Annotated[str, Meta(max_length=128, description="an event name")]
Way = Annotated[Literal["", "received", "sent"], Meta(description="received, sent or nothing")]

_DAILY = """
    SELECT date, coalesce(event_name, packet_type) AS name, direction, count(*) AS n
    FROM rows GROUP BY ALL
"""


class EventLine(msgspec.Struct, frozen=True):
    """One event of the tree. `days`: packets on each of the last days that hold anything."""

    name: str
    direction: str
    count: int
    undecodable: int
    fields: int
    bytes: int
    first_ts: int
    last_ts: int
    days: list[int]
    drift: int


class Protocol(msgspec.Struct, frozen=True):
    """Every event that was ever recorded. `profiled` of `events_total` packets are counted in."""

    events: list[EventLine]
    drift: list[Drift]
    profiled: int
    events_total: int
    days: list[str]


class FieldLine(msgspec.Struct, frozen=True):
    """One field. `presence`: in which share of the event's packets it was, 0 to 1."""

    path: str
    presence: float
    seen: int
    types: dict[str, int]
    low: float | None
    high: float | None
    values: dict[str, int] | None
    example: str | None
    first_ts: int
    last_ts: int


class EventFields(msgspec.Struct, frozen=True):
    """One event with its fields; `sizes`: packets by power of two of their bytes."""

    name: str
    direction: str
    count: int
    undecodable: int
    bytes: int
    first_ts: int
    last_ts: int
    sizes: dict[str, int]
    fields: list[FieldLine]
    paths_dropped: int
    known: bool


class EventWanted(msgspec.Struct, frozen=True):
    """Which event."""

    name: Name = ""
    direction: Annotated[Literal["received", "sent"], Meta(description="received or sent")] = (
        "received"
    )


class PayloadsWanted(msgspec.Struct, frozen=True):
    """Which packets; `before`: the cursor of the page before."""

    event: Name = ""
    direction: Way = ""
    q: Annotated[str, Meta(max_length=200, description="a text, 200 characters at most")] = ""
    session: Annotated[str, Meta(max_length=80, description="a session id")] = ""
    game: Annotated[str, Meta(max_length=128, description="a game id")] = ""
    before: Annotated[
        str, Meta(pattern=r"^\d{1,17}(~[^~]{1,80}~\d{1,18})?$", description="a cursor as told")
    ] = ""
    size: Annotated[int, Meta(ge=1, le=100, description="rows a page, 1 to 100")] = 20


class Payload(msgspec.Struct, frozen=True):
    """One packet as recorded; `cut`: only its beginning is told."""

    session_id: str
    seq: int
    ts: int
    name: str
    direction: str
    packet_type: str
    game_id: str | None
    ack_id: int | None
    trace_id: str | None
    size_bytes: int
    raw: str
    cut: bool


class PayloadPage(msgspec.Struct, frozen=True):
    """Packets, newest first. `next`: where the next page begins; null at the end.

    `searched_to`: the day the search has come to when it ran out of its time.
    """

    payloads: list[Payload]
    next: str | None
    searched_to: str | None


class Link(msgspec.Struct, frozen=True):
    """One packet of a chain."""

    ts: int
    seq: int
    name: str
    direction: str
    packet_type: str
    ack_id: int | None


class Chain(msgspec.Struct, frozen=True):
    """Packets that belong together: one trace, or a request and its ack."""

    id: str
    kind: Literal["trace", "ack"]
    session_id: str
    links: list[Link]


class ProtocolData:
    """Answers about the protocol."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._daily = DayCounts(store, "ws_event", _DAILY)
        self._profile: tuple[int, StoreProfile] = (0, StoreProfile())

    def protocol(self) -> Protocol:
        """Return every event and every drift."""
        profile = self.profile()
        rows = self._daily.rows()
        days = sorted({row["date"] for row in rows})[-SPARK_DAYS:]
        counts: Counter[tuple[str, str, dt.date]] = Counter()
        for row in rows:
            counts[row["name"], row["direction"], row["date"]] += row["n"]
        lines = drift(profile)
        events = [
            EventLine(
                name=event.name,
                direction=event.direction,
                count=event.count,
                undecodable=event.undecodable,
                fields=len(event.fields),
                bytes=event.bytes,
                first_ts=event.first_ts,
                last_ts=event.last_ts,
                days=[counts[event.name, event.direction, day] for day in days],
                drift=sum((d.event, d.direction) == (event.name, event.direction) for d in lines),
            )
            for event in sorted(profile.events.values(), key=lambda e: (-e.count, e.name))
        ]
        return Protocol(
            events=events,
            drift=lines,
            profiled=sum(event.count for event in events),
            events_total=sum(row["n"] for row in rows),
            days=[str(day) for day in days],
        )

    def fields(self, wanted: EventWanted) -> EventFields:
        """Return one event with its fields. Raises MissingError."""
        from vectra_player.protocol.known import NAMES

        event = self.profile().events.get(f"{wanted.name} {wanted.direction}")
        if event is None:
            raise MissingError(
                f"No {wanted.direction} event {wanted.name!r} is profiled yet.",
                advice="Choose one of the list.",
            )
        fields = [
            FieldLine(
                path=path,
                presence=field.events / max(1, event.count),
                seen=field.seen,
                types=field.types,
                low=field.low,
                high=field.high,
                values=field.values,
                example=field.example,
                first_ts=field.first_ts,
                last_ts=field.last_ts,
            )
            for path, field in sorted(event.fields.items())
        ]
        return EventFields(
            name=event.name,
            direction=event.direction,
            count=event.count,
            undecodable=event.undecodable,
            bytes=event.bytes,
            first_ts=event.first_ts,
            last_ts=event.last_ts,
            sizes={str(power): count for power, count in sorted(event.sizes.items())},
            fields=fields,
            paths_dropped=event.paths_dropped,
            known=event.name in NAMES,
        )

    def payloads(self, wanted: PayloadsWanted) -> PayloadPage:
        """Return a page of packets, newest first. Raises StoreBusyError."""
        key = ("payloads", wanted)
        return self._store.kept(key, ("ws_event",), lambda reader: self._search(reader, wanted))

    def chains(self) -> list[Chain]:
        """Return the newest chains. Raises StoreBusyError."""
        days = self._days()[:2]
        return self._store.kept(("chains",), ("ws_event",), lambda reader: _chains(reader, days))

    def profile(self) -> StoreProfile:
        """Return the profile as it lies on the disk now."""
        home = DataDir(self._store.data_dir)
        try:
            stamp = (home.manifests / PROFILE_FILE).stat().st_mtime_ns
        except OSError:
            return StoreProfile()
        if self._profile[0] != stamp:
            self._profile = (stamp, read_profile(home))
        return self._profile[1]

    def _days(self) -> list[dt.date]:
        return sorted({row["date"] for row in self._daily.rows()}, reverse=True)

    def _search(self, reader: StoreReader, wanted: PayloadsWanted) -> PayloadPage:
        """Look through one day after the other until the page is full or the time is up."""
        ends = monotonic() + SEARCH_S
        where, values = _conditions(wanted)
        found: list[dict[str, Any]] = []
        for day in self._days():
            if wanted.before and _start_of(day) > int(wanted.before.partition("~")[0]):
                continue
            found += _packets(reader, day, where, values, wanted.size + 1 - len(found))
            if len(found) > wanted.size:
                break
            if monotonic() > ends:
                return PayloadPage(_told(found), str(_start_of(day)), str(day))
        if len(found) <= wanted.size:
            return PayloadPage(_told(found), None, None)
        last = found[wanted.size - 1]
        cursor = f"{last['ts']}~{last['session_id']}~{last['seq']}"
        return PayloadPage(_told(found[: wanted.size]), cursor, None)


def _conditions(wanted: PayloadsWanted) -> tuple[str, list[object]]:
    terms: list[tuple[str, list[object]]] = []
    for term, value in (
        ("coalesce(event_name, packet_type) = ?", wanted.event),
        ("direction = ?", wanted.direction),
        ("session_id = ?", wanted.session),
        ("game_id = ?", wanted.game),
        ("contains(lower(raw), lower(?))", wanted.q),
    ):
        if value:
            terms.append((term, [value]))
    if wanted.before:
        ts, _, place = wanted.before.partition("~")
        if place:
            session, _, seq = place.partition("~")
            values = [int(ts), session, int(seq)]
            terms.append(("(epoch_us(ts), session_id, seq) < (?, ?, ?)", values))
        else:
            terms.append(("epoch_us(ts) < ?", [int(ts)]))
    where = " AND ".join(term for term, _ in terms) or "true"
    return where, [value for _, told in terms for value in told]


def _packets(
    reader: StoreReader, day: dt.date, where: str, values: Sequence[object], count: int
) -> list[dict[str, Any]]:
    return reader.fetch(
        f"""
        SELECT session_id, seq, epoch_us(ts) AS ts, coalesce(event_name, packet_type) AS name,
          direction, packet_type, game_id, ack_id, trace_id, size_bytes,
          left(raw, {HEAD_CHARS}) AS raw, length(raw) > {HEAD_CHARS} AS cut
        FROM ws_event_rows WHERE date = ? AND {where}
        ORDER BY ts DESC, session_id DESC, seq DESC LIMIT ?
        """,  # noqa: S608 -- conditions are ours, values are parameters
        [day, *values, count],
    ).to_pylist()


def _told(rows: Sequence[dict[str, Any]]) -> list[Payload]:
    return [Payload(**row) for row in rows]


def _start_of(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days * 86_400_000_000


_CHAIN_SQL = """
    WITH picked AS (
      SELECT *, CASE WHEN trace_id IS NOT NULL THEN trace_id
        ELSE socket_id || ' ack ' || ack_id END AS chain,
        CASE WHEN trace_id IS NOT NULL THEN 'trace' ELSE 'ack' END AS kind
      FROM ws_event_rows WHERE date IN ({days}) AND (trace_id IS NOT NULL OR ack_id IS NOT NULL)
    )
    SELECT chain AS id, kind, session_id,
      list(struct_pack(ts := epoch_us(ts), seq := seq, name := coalesce(event_name, packet_type),
        direction := direction, packet_type := packet_type, ack_id := ack_id) ORDER BY seq) AS links
    FROM picked GROUP BY ALL HAVING count(*) > 1 OR kind = 'trace'
    ORDER BY max(ts) DESC LIMIT {most}
"""


def _chains(reader: StoreReader, days: Sequence[dt.date]) -> list[Chain]:
    if not days:
        return []
    marks = ", ".join("?" * len(days))
    rows = reader.fetch(_CHAIN_SQL.format(days=marks, most=MAX_CHAINS), list(days)).to_pylist()
    return [
        Chain(row["id"], row["kind"], row["session_id"], [Link(**link) for link in row["links"]])
        for row in rows
    ]
