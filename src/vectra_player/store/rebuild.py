"""Make every derived row again from the `ws_event` rows, as filing made them.

The rows are the same as filing's as long as `live.derive` is; after a change of `derive` this
brings old recordings up to date. `ws_event` and `ml_episode` are not touched. Used by `cli`,
`store.delete` and `store.migrations`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from vectra_player.errors import UsageError
from vectra_player.model.rows import DOC_TYPES, Row
from vectra_player.store.days import (
    DayReplacer,
    day_files,
    exclusive,
    sessions_in,
    without_sessions,
)
from vectra_player.store.derivation import Deriver
from vectra_player.store.fsops import FileOps, replace_file
from vectra_player.store.layout import DataDir
from vectra_player.store.parquet import encode_rows
from vectra_player.store.reads import StoreReader

DERIVED = tuple(name for name in DOC_TYPES if name not in ("ws_event", "ml_episode"))

PENDING_FILE = "rebuild_pending.json"
"""Exists while days are being exchanged: some are old, some new. Another rebuild mends it."""

_BATCH_ROWS = 100_000


class RebuildReport(NamedTuple):
    """What was derived. `days`: directories exchanged; `failures`: events without rows."""

    sessions: int
    events: int
    rows: dict[str, int]
    days: int
    failures: int


def rebuild(
    data_dir: DataDir,
    sessions: Sequence[str] | None = None,
    *,
    deriver: Deriver | None = None,
    ops: FileOps | None = None,
    progress: Callable[[int], None] = lambda events: None,
) -> RebuildReport:
    """Derive all rows again, or those of some sessions. `progress` hears the events read.

    Raises:
        StoreLockedError: a recorder is running.
        UsageError: events wait in the journal, or a session is not in the store.
    """
    with exclusive(data_dir):
        if sessions is not None:
            _require(data_dir, sessions)
        return rebuild_held(data_dir, sessions, deriver=deriver, ops=ops, progress=progress)


def rebuild_held(
    data_dir: DataDir,
    sessions: Sequence[str] | None = None,
    *,
    deriver: Deriver | None = None,
    ops: FileOps | None = None,
    progress: Callable[[int], None] = lambda events: None,
) -> RebuildReport:
    """Do as `rebuild` for a caller that is `exclusive` already.

    A session without events loses its derived rows.
    """
    ops = ops or FileOps()
    run = _Rebuild(data_dir, deriver or Deriver.standard(), ops, progress)
    with StoreReader(data_dir.root) as reader:
        chosen = _known(reader) if sessions is None else list(dict.fromkeys(sessions))
        for session_id in chosen:
            run.derive(reader, session_id)
    run.flush()
    # Rows of sessions that have no event any more go with a full rebuild.
    run.keep_others(None if sessions is None else chosen)
    return run.exchange(len(chosen))


def _known(reader: StoreReader) -> list[str]:
    return sorted(session.session_id for session in reader.sessions())


def _require(data_dir: DataDir, sessions: Sequence[str]) -> None:
    with StoreReader(data_dir.root) as reader:
        if missing := set(sessions) - set(_known(reader)):
            raise UsageError(f"There is no session {min(missing)} in the store.")


class _Rebuild:
    def __init__(
        self, data_dir: DataDir, deriver: Deriver, ops: FileOps, progress: Callable[[int], None]
    ) -> None:
        self._data_dir = data_dir
        self._deriver = deriver
        self._ops = ops
        self._progress = progress
        self._days = DayReplacer(data_dir, "rebuild", ops)
        self._rows: dict[str, list[Row]] = {}
        self._waiting = 0
        self._spans: list[str] = []
        self._touched: set[tuple[str, str]] = set()
        self._counts = dict.fromkeys(DERIVED, 0)
        self._events = self._failures = 0

    def derive(self, reader: StoreReader, session_id: str) -> None:
        """Derive one session; filing's `finish` at the end of a session changes nothing twice."""
        state = self._deriver.new_state(session_id)
        for event in reader.read_ws_events(session_id):
            state, rows, failed = self._deriver.rows(state, event)
            self._failures += failed
            self._events += 1
            self._collect(rows)
            if self._waiting >= _BATCH_ROWS:
                self._spans.append(f"{session_id}-{event.seq}")
                self.flush()
        state, rows = self._deriver.finish(state)
        self._collect(rows)
        self._spans.append(session_id)
        self._progress(self._events)

    def _collect(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self._rows.setdefault(row.doc_type, []).append(row)
        self._waiting += len(rows)

    def flush(self) -> None:
        """Stage the rows collected so far."""
        if self._waiting:
            name = hashlib.blake2b("\n".join(self._spans).encode(), digest_size=10).hexdigest()
            files, misfits = encode_rows(self._rows)
            self._failures += misfits
            for doc_type, date, data in files:
                self._days.put(doc_type, date, f"rebuilt-{name}.parquet", data)
                self._touched.add((doc_type, date))
            for doc_type, rows in self._rows.items():
                self._counts[doc_type] += len(rows)
        self._rows, self._waiting, self._spans = {}, 0, []

    def keep_others(self, sessions: Sequence[str] | None) -> None:
        """Stage the rows of sessions that are not rebuilt, in the days that are exchanged."""
        for doc_type in DERIVED:
            for date, paths in day_files(self._data_dir, doc_type).items():
                if sessions is None:
                    self._touched.add((doc_type, date))
                    continue
                held = [(path, sessions_in(path)) for path in paths]
                if any(inside & set(sessions) for _, inside in held):
                    self._touched.add((doc_type, date))
                if (doc_type, date) in self._touched:
                    for path, _ in held:
                        self._days.keep(
                            doc_type, date, path, lambda table: without_sessions(table, sessions)
                        )

    def exchange(self, sessions: int) -> RebuildReport:
        days = sorted(self._touched)
        mark_pending(self._data_dir, days, self._ops)
        self._days.exchange(days)
        self._ops.unlink(self._data_dir.manifests / PENDING_FILE)
        return RebuildReport(sessions, self._events, self._counts, len(days), self._failures)


def mark_pending(data_dir: DataDir, days: Sequence[tuple[str, str]], ops: FileOps) -> None:
    """Note, until a rebuild is through, that days are being exchanged."""
    replace_file(ops, data_dir.manifests / PENDING_FILE, msgspec.json.encode({"days": days}))


def was_interrupted(data_dir: DataDir) -> bool:
    """Say whether a rebuild was killed while it exchanged days; it must be run again."""
    return (data_dir.manifests / PENDING_FILE).exists()
