"""A profile of every event and field ever seen, kept up to date a bit at a time.

The profile and how far it reaches lie in one file, replaced in one step: after any crash it counts
each event once. A session is profiled from where the last pass ended. Used by `cli`, the pages and
the index; run after filing within a time budget.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from time import monotonic
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from vectra_player.store.fsops import FileOps, replace_file
from vectra_player.store.layout import DataDir
from vectra_player.store.profile_paths import EventProfile
from vectra_player.store.reads import StoreReader

PROFILE_FILE = "event_profile.json"

MAX_EVENTS = 500
"""Events profiled by name; the site has a few dozen. The rest share `OTHER_EVENTS`."""

MAX_NAME = 128
OTHER_EVENTS = "(other events)"

_VERSION = 2
_CHUNK = 2_000


class SessionMark(msgspec.Struct):
    """How far a session is profiled, and the time it spans."""

    last_seq: int = 0
    first_ts: int = 0
    last_ts: int = 0


class StoreProfile(msgspec.Struct):
    """All events by `name direction`, and how far each session is profiled."""

    version: int = _VERSION
    events: dict[str, EventProfile] = {}
    sessions: dict[str, SessionMark] = {}


class ProfileReport(NamedTuple):
    """What a pass did. `complete`: nothing filed is left to profile."""

    events: int
    complete: bool
    seconds: float


def read_profile(data_dir: DataDir) -> StoreProfile:
    """Return the profile as far as it goes; empty when there is none or of another version."""
    with suppress(FileNotFoundError, msgspec.DecodeError):
        text = (data_dir.manifests / PROFILE_FILE).read_bytes()
        profile = msgspec.json.decode(text, type=StoreProfile)
        if profile.version == _VERSION:
            return profile
    return StoreProfile()


def update_profile(
    data_dir: DataDir, budget_s: float = 5.0, *, rebuild: bool = False
) -> ProfileReport:
    """Profile what was filed since the last pass, for about `budget_s` seconds.

    `rebuild` begins anew: after a delete, or when what is looked at has changed.
    """
    started = monotonic()
    profile = StoreProfile() if rebuild else read_profile(data_dir)
    done, complete = 0, True
    with StoreReader(data_dir.root) as reader:
        for session_id, first, last in _work(reader, profile):
            if done and monotonic() - started > budget_s:
                complete = False
                break
            done += _profile_part(reader, profile, session_id, first, last)
    if done or rebuild:
        target = data_dir.manifests / PROFILE_FILE
        staged = data_dir.staging / f"file-{PROFILE_FILE}"
        replace_file(FileOps(), target, msgspec.json.encode(profile), staged)
    return ProfileReport(done, complete, monotonic() - started)


def _work(reader: StoreReader, profile: StoreProfile) -> Iterator[tuple[str, int, int]]:
    """Yield (session, from, to) parts not yet profiled, oldest session first."""
    for session in reversed(reader.sessions()):
        mark = profile.sessions.get(session.session_id)
        first = max(session.first_seq, mark.last_seq + 1 if mark else 1)
        for start in range(first, session.last_seq + 1, _CHUNK):
            yield session.session_id, start, min(start + _CHUNK - 1, session.last_seq)


def _profile_part(
    reader: StoreReader, profile: StoreProfile, session_id: str, first: int, last: int
) -> int:
    table = reader.fetch(
        "SELECT seq, epoch_us(ts) AS ts, coalesce(event_name, packet_type) AS name, direction,"
        " size_bytes, CAST(data AS VARCHAR) AS data FROM ws_event"
        " WHERE session_id = ? AND seq BETWEEN ? AND ? ORDER BY seq",
        [session_id, first, last],
    )
    for row in table.to_pylist():
        _profile_row(profile, session_id, row)
    mark = profile.sessions.setdefault(session_id, SessionMark())
    _advance(mark, table, last)
    return table.num_rows


def _profile_row(profile: StoreProfile, session_id: str, row: dict[str, Any]) -> None:
    event = _event_of(profile, row["name"], row["direction"])
    payload, decoded = None, False
    if row["data"] is not None:
        with suppress(msgspec.DecodeError, RecursionError):
            payload, decoded = msgspec.json.decode(row["data"]), True
    event.add(row["ts"], row["size_bytes"], payload, decoded=decoded, session_id=session_id)


def _event_of(profile: StoreProfile, name: str, direction: str) -> EventProfile:
    """Return the profile to count an event in: a server may invent names without end."""
    key = f"{name} {direction}"
    full = len(profile.events) >= MAX_EVENTS or len(name) > MAX_NAME
    if full and key not in profile.events:
        name = OTHER_EVENTS
        key = f"{name} {direction}"
    event = profile.events.get(key)
    if event is None:
        event = profile.events[key] = EventProfile(name, direction)
    return event


def _advance(mark: SessionMark, table: pa.Table, last: int) -> None:
    stamps = [stamp for stamp in table.column("ts").to_pylist() if stamp is not None]
    if stamps:
        mark.first_ts = min(stamps) if mark.last_seq == 0 else min(mark.first_ts, *stamps)
        mark.last_ts = max(mark.last_ts, *stamps)
    mark.last_seq = last
