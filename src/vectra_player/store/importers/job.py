"""Carry out an import: plan, read, leave out what is known, store, count.

Used by `store.importers.run` only.
"""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import tzinfo
from pathlib import Path

import msgspec

from vectra_player.clock import Clock
from vectra_player.errors import DecodeError
from vectra_player.model.frame import TEXT, Frame
from vectra_player.model.units import RawFormat
from vectra_player.protocol.redact import scrub, surely_clean
from vectra_player.store.importers import earlier_parquet, own_exports
from vectra_player.store.importers.beside import ImportStore, open_way
from vectra_player.store.importers.detect import Kind
from vectra_player.store.importers.evidence import read_records
from vectra_player.store.importers.known import KnownRecords
from vectra_player.store.importers.own_sink import CONFLICT, OwnSink, as_bytes
from vectra_player.store.importers.parquet import ParquetReader
from vectra_player.store.importers.plan import Source, make_plan, session_of
from vectra_player.store.importers.quarantine import Quarantine
from vectra_player.store.importers.records import BadLine, OwnRecord, Records
from vectra_player.store.importers.rederive import Rederive
from vectra_player.store.importers.report import (
    MAX_DETAILS,
    ImportedFile,
    ImportReport,
    QuarantinedLine,
    shown,
)
from vectra_player.store.importers.sink import SessionSink
from vectra_player.store.importers.times import Timeline, parse_stamp
from vectra_player.store.layout import DataDir

FILE_FRAMES = 100_000
FILE_BYTES = 48 << 20
"""What is filed at a time: bounds memory, and the work a crash can leave for the next start."""

Progress = Callable[[int, int, Path], None]
"""Told bytes done, bytes in all and the file being read."""


class _StoppedError(Exception):
    """The user asked to stop; what was read so far is kept."""


class ImportJob:
    """One import while it runs."""

    def __init__(
        self,
        root: Path,
        origin: str,
        progress: Progress | None,
        clock: Clock,
        stopping: threading.Event,
        reader: ParquetReader,
    ) -> None:
        self.report = ImportReport()
        self._root = root
        self._origin = origin
        self._progress = progress
        self._clock = clock
        self._stopping = stopping
        self._reader = reader
        self._done = 0
        self._total = 0
        self._unfiled_frames = 0
        self._unfiled_bytes = 0
        self._games: set[str] = set()
        self._sessions: set[str] = set()
        self._rederive: Rederive
        self._files: Counter[str] = Counter()
        self._sinks: dict[str, SessionSink] = {}
        self._own: OwnSink
        self._store: ImportStore
        self._cut_short: frozenset[str] = frozenset()
        self._known: KnownRecords
        self._quarantine: Quarantine

    def carry_out(self, paths: Sequence[Path], wish: tzinfo | None) -> None:
        """Plan and import; the report is complete when this returns or raises."""
        try:
            sources = make_plan(paths, self.report, self._reader, wish, self._check)
        except _StoppedError:
            self.report.stopped = True
            return
        if not sources:
            return
        data_dir = DataDir.open_or_create(self._root, clock=self._clock)
        with open_way(data_dir, self._clock) as way, ExitStack() as stack:
            store, self._cut_short = way
            store.flush()
            self._store = store
            self._known = KnownRecords(self._root)
            stack.callback(self._known.close)
            self._rederive = Rederive(data_dir, self._known)
            self._own = OwnSink(store, self._known, self._rederive, self._conflict)
            self._path = Path()
            self._quarantine = Quarantine(data_dir.quarantine, self._clock.now_us())
            stack.callback(self._quarantine.close)
            self._known.expect(source.session_id for source in sources)
            self._read_all(sources)
            self._end()

    def _read_all(self, sources: Sequence[Source]) -> None:
        self._total = sum(source.size for source in sources)
        self._files = Counter(source.session_id for source in sources if source.session_id)
        try:
            for source in sources:
                self._check()
                self._read_one(source)
        except _StoppedError:
            self.report.stopped = True
        self._own.finish()
        for sink in self._sinks.values():
            sink.flush(last=not self.report.stopped)

    def _read_one(self, source: Source) -> None:
        before = (self.report.events, self.report.duplicates, self.report.bad_lines)
        start = self._done
        self._path = source.path
        try:
            if source.format is not None:
                self._read_lines(source)
            elif source.earlier:
                self._read_earlier(source)
            else:
                self._read_own(source)
        except (OSError, DecodeError) as error:
            self._bad(source.path, BadLine(0, 0, 0, f"reading stopped: {error}", b""))
        self._done = start + source.size
        self._tell(source.path, 0)
        events, duplicates, bad = before
        self.report.files += 1
        self.report.imported.append(
            ImportedFile(
                path=shown(source.path),
                format=_format_name(source),
                session_id=source.session_id,
                events=self.report.events - events,
                duplicates=self.report.duplicates - duplicates,
                bad_lines=self.report.bad_lines - bad,
                zone=f"{source.choice.zone} ({source.choice.how})",
            )
        )

    def _read_lines(self, source: Source) -> None:
        fmt = source.format
        if fmt is None:
            return
        sink = self._sink(source.session_id)
        timeline = Timeline(source.choice.zone)
        self._files[source.session_id] -= 1
        try:
            for records in read_records(source.path, fmt, array=source.kind is Kind.ARRAY):
                self._check()
                frames = self._frames(records, timeline, fmt.raw_format)
                new = self._put(sink, frames)
                if len(new) == len(frames):
                    self._games |= records.games
                else:
                    for frame in new:
                        self._games.update(fmt.entry(frame.raw).games)
                for bad in records.bad:
                    self._bad(source.path, bad)
                self._tell(source.path, sum(map(len, records.raws)))
        except _StoppedError:
            sink.flush(last=False)
            raise
        if self._files[source.session_id] == 0:
            del self._sinks[source.session_id]
            sink.flush(last=True)

    def _frames(self, records: Records, timeline: Timeline, raw_format: RawFormat) -> list[Frame]:
        origin = self._origin
        moments = timeline.to_utc(records.micros, records.utc)
        frames = [
            Frame(ts, raw, direction, "", "", TEXT, "import", origin, raw_format, name)
            for ts, raw, direction, name in zip(
                moments, records.raws, records.directions, records.names, strict=True
            )
        ]
        if surely_clean("\n".join(records.raws)):
            return frames
        return [scrub(frame) for frame in frames]

    def _sink(self, session_id: str) -> SessionSink:
        """Return the session's sink, made anew unless another file of it came before."""
        sink = self._sinks.get(session_id)
        if sink is not None:
            sink.next_file()
            return sink
        held = self._known.keys(session_id) if session_id in self._known.sessions else None
        if session_id in self._cut_short:
            self._rederive.force(session_id)
        sink = SessionSink(
            self._store,
            session_id,
            self._known.last_seq(session_id),
            held,
            before_first=self._rederive.add,
            remember=self._files[session_id] > 1,
        )
        self._sinks[session_id] = sink
        return sink

    def _put(self, sink: SessionSink, frames: list[Frame]) -> list[Frame]:
        new = sink.add(frames)
        self.report.events += len(new)
        self.report.duplicates += len(frames) - len(new)
        if frames:
            self._sessions.add(sink.session_id)
        self._file_if_due(new)
        return new

    def _file_if_due(self, new: Sequence[Frame]) -> None:
        self._unfiled_frames += len(new)
        self._unfiled_bytes += sum(len(frame.raw) for frame in new)
        if self._unfiled_frames >= FILE_FRAMES or self._unfiled_bytes >= FILE_BYTES:
            self._rederive.in_parts(self._unfinished())
            self._store.flush()
            self._unfiled_frames = self._unfiled_bytes = 0

    def _unfinished(self) -> set[str]:
        return {name for name, sink in self._sinks.items() if sink.added} | self._own.unfinished

    def _read_earlier(self, source: Source) -> None:
        """Rows of several sessions may share a file: each session has its own sink to the end."""
        sinks: dict[str, SessionSink] = {}
        number = 0
        for batch in self._reader.rows(source.path):
            self._check()
            for row in batch:
                number += 1
                try:
                    made = earlier_parquet.earlier_row(row, number)
                    micros, _ = parse_stamp(made.entry.stamp)
                except ValueError as error:
                    data = msgspec.json.encode(row, enc_hook=str)
                    reason = str(error)[:200]
                    self._bad(source.path, BadLine(number, 0, len(data), reason, data))
                    continue
                session_id = _session_of_earlier(made.session)
                if session_id not in sinks:
                    self._files[session_id] = 2
                    sinks[session_id] = self._sink(session_id)
                entry = made.entry
                frame = Frame(
                    micros, made.raw, entry.direction, "", "", TEXT, "import", self._origin,
                    "capture", entry.name,
                )  # fmt: skip
                if self._put(sinks[session_id], [scrub(frame)]):
                    self._games.update(entry.games)

    def _read_own(self, source: Source) -> None:
        for number, item in enumerate(self._own_rows(source)):
            if number % 1000 == 0:
                self._check()
            if isinstance(item, BadLine):
                self._bad(source.path, item)
                continue
            record = msgspec.structs.replace(item, frame=scrub(item.frame))
            self._sessions.add(item.session_id)
            if self._own.add(record):
                self.report.events += 1
                self._file_if_due([record.frame])
                if record.game_id:
                    self._games.add(record.game_id)
        self._own.flush()
        self.report.duplicates += self._own.duplicates
        self._own.duplicates = 0

    def _own_rows(self, source: Source) -> Iterator[OwnRecord | BadLine]:
        if source.kind is Kind.OWN_CSV:
            return own_exports.read_csv(source.path)
        if source.kind is Kind.OWN_JSONL:
            return own_exports.read_jsonl(source.path)
        return own_exports.read_parquet(source.path, self._reader)

    def _conflict(self, record: OwnRecord) -> None:
        data = as_bytes(record)
        self._bad(self._path, BadLine(0, 0, len(data), CONFLICT, data))

    def _bad(self, path: Path, bad: BadLine) -> None:
        self.report.bad_lines += 1
        self.report.salvaged += bad.salvaged
        self._quarantine.add(path, bad)
        if len(self.report.quarantined) < MAX_DETAILS:
            self.report.quarantined.append(
                QuarantinedLine(shown(path), bad.line, bad.offset, bad.reason, bad.salvaged)
            )

    def _end(self) -> None:
        """File the rest, derive anew what grew or came in disorder, and close the count."""
        if self.report.stopped:
            self._rederive.in_parts(self._unfinished())
        self._store.flush()
        if not self.report.stopped:
            self._rederive.in_parts(())
        self._rederive.carry_out(self._store.hold)
        self.report.games = len(self._games)
        self.report.sessions = len(self._sessions)
        if self._quarantine.place:
            self.report.quarantine = str(self._quarantine.place)

    def _check(self) -> None:
        if self._stopping.is_set():
            raise _StoppedError

    def _tell(self, path: Path, more: int) -> None:
        self._done = min(self._done + more, self._total)
        if self._progress is not None:
            self._progress(self._done, self._total, path)


def _session_of_earlier(name: str) -> str:
    """Keep an id that is a UUID; derive one from any other."""
    try:
        return str(uuid.UUID(name))
    except ValueError:
        return session_of("earlier", name)


def _format_name(source: Source) -> str:
    if source.format is not None:
        return source.format.raw_format
    return "earlier-parquet" if source.earlier else str(source.kind)
