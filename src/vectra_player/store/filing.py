"""Journal to Parquet, exactly once after any crash.

A plan (which groups) is fixed in the journal first; the files' names follow from the plan; the
groups go, with the derive states kept, in one transaction after every file is durable. So a filing
that was cut short is simply done again: the same files replace themselves. Used by `store.writer`.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import Final, NamedTuple

import msgspec

from vectra_player.clock import Clock
from vectra_player.errors import DamageError, DiskError
from vectra_player.model.frame import Frame, StoredFrame, fact, gap
from vectra_player.model.rows import Row
from vectra_player.store.derivation import Deriver, DeriveState, state_lost
from vectra_player.store.fsops import FileOps, publish
from vectra_player.store.groups import Group, GroupEncoder, decode
from vectra_player.store.ingest import Ingest
from vectra_player.store.journal import (
    Backlog,
    Filed,
    Journal,
    JournaledGroup,
    Plan,
    read_plan,
)
from vectra_player.store.layout import DataDir, iso
from vectra_player.store.parquet import encode_rows
from vectra_player.store.settings import FilingReport, Step, StoreSettings


class Span(NamedTuple):
    """Seqs of one session that a file set holds."""

    session_id: str
    first_seq: int
    last_seq: int


class FiledBatch(NamedTuple):
    """What was just filed, for those who keep summaries; filed again it has the same `name`."""

    name: str
    spans: Sequence[Span]
    rows: Mapping[str, Sequence[Row]]
    files: Sequence[Path]


OnFiled = Callable[[FiledBatch], None]


class Filer:
    """Carries out plans, one at a time, in whichever thread asks."""

    def __init__(
        self,
        data_dir: DataDir,
        ingest: Ingest,
        deriver: Deriver,
        settings: StoreSettings,
        clock: Clock,
        ops: FileOps,
        step: Step,
    ) -> None:
        self.lock: Final = RLock()
        self.on_filed: Final[list[OnFiled]] = []
        self.filed_seq: Final[dict[str, int]] = {}
        self.files_written = self.rows_filed = 0
        self.filing_error: str | None = None
        self.listener_error: str | None = None
        self._data_dir = data_dir
        self._ingest = ingest
        self._deriver = deriver
        self._settings = settings
        self._clock = clock
        self._ops = ops
        self._step = step
        self._encoder = GroupEncoder()

    @property
    def last_error(self) -> str | None:
        """Return what went wrong last time; None once the same has gone well."""
        return self.filing_error or self.listener_error

    def run(self, *, redo: bool = False) -> FilingReport:
        """File everything that is in the journal now. `redo`: the first plan was cut short.

        Raises:
            DiskError: the disk refused; nothing is lost and the next call goes on from there.
        """
        started = self._clock.monotonic()
        reports = []
        with self.lock:
            settings = self._settings
            # On a slow disk something new has come whenever a plan is done: it is for the next run.
            newest = self._ingest.call(Journal.newest)
            while plan := self._ingest.call(
                lambda journal: journal.fix_plan(settings.file_frames, settings.file_bytes)
            ):
                self._step("plan.fixed")
                try:
                    reports.append(self._carry_out(plan, redo=redo))
                except (OSError, sqlite3.Error) as error:
                    self.filing_error = f"filing: {error}"
                    raise DiskError(f"Filing stopped: {error}.") from error
                self.filing_error = None
                redo = False
                if plan.to_id >= newest:
                    break
        return _sum(reports, self._clock.monotonic() - started)

    def _carry_out(self, plan: Plan, *, redo: bool) -> FilingReport:
        work = read_plan(self._data_dir.journal_file, plan)
        made = _Derivation(self._deriver, work.states)
        damaged = 0
        spans: list[Span] = []
        for journaled in work.groups:
            try:
                group, frames = journaled.group, decode(journaled.group)
            except DamageError as error:
                damaged += 1
                group, frames = self._quarantine(journaled, error)
            made.add(group, frames)
            _extend(spans, group)
        name = _name(spans)
        files = self._publish(name, made)
        if redo:
            self._remove_others(name, files)
        self._tell(FiledBatch(name, spans, made.rows, files))
        self._complete(plan, spans, made)
        counts = {doc_type: len(rows) for doc_type, rows in made.rows.items() if rows}
        self.files_written += len(files)
        self.rows_filed += sum(counts.values())
        return FilingReport(
            frames=len(made.rows["ws_event"]),
            rows=counts,
            files=tuple(str(path.relative_to(self._data_dir.root)) for path in files),
            sessions=tuple(dict.fromkeys(span.session_id for span in spans)),
            damaged_groups=damaged,
            failures=made.failures,
        )

    def _publish(self, name: str, made: _Derivation) -> list[Path]:
        encoded, misfits = encode_rows(made.rows)
        made.failures += misfits
        files = []
        # ws_event becomes visible first: whoever sees a derived row finds its event.
        for doc_type, date, data in sorted(encoded, key=lambda file: file.doc_type != "ws_event"):
            staged = self._data_dir.staging / f"file-{doc_type}-{date}-{name}.parquet"
            target = self._data_dir.day(doc_type, date) / f"{name}.parquet"
            files.append((staged, target, memoryview(data)))
        publish(self._ops, files, self._step)
        return [target for _, target, _ in files]

    def _complete(self, plan: Plan, spans: Sequence[Span], made: _Derivation) -> None:
        filed = [
            Filed(session_id, last_seq, made.packed_state(session_id))
            for session_id, last_seq in {span.session_id: span.last_seq for span in spans}.items()
        ]

        def operation(journal: Journal) -> Backlog:
            journal.complete_plan(plan, filed)
            return journal.backlog()

        self._step("plan.before_done")
        self._ingest.backlog = self._ingest.call(operation)
        self._step("plan.done")
        self.filed_seq.update({one.session_id: one.filed_seq for one in filed})

    def _quarantine(
        self, journaled: JournaledGroup, error: DamageError
    ) -> tuple[Group, list[Frame]]:
        """Set a damaged group aside; a gap fact takes the place and the first seq of its frames."""
        group = journaled.group
        now = self._clock.now_us()
        # Nothing of a damaged row can be trusted as part of a path.
        safe = re.sub(r"[^A-Za-z0-9_-]", "_", group.session_id)[:64]
        stem = f"journal-{safe}-{int(group.first_seq)}-{int(group.last_seq)}"
        seqs = (group.first_seq, group.last_seq)
        told = gap(f"{group.frames} frames", error.message, seqs=seqs)
        reason = {"session_id": group.session_id, **told, "at": iso(now)}
        self._ops.unlink(self._data_dir.quarantine / f"{stem}.bin")
        self._ops.unlink(self._data_dir.quarantine / f"{stem}.json")
        self._ops.write(self._data_dir.quarantine / f"{stem}.bin", group.blob)
        self._ops.write(self._data_dir.quarantine / f"{stem}.json", msgspec.json.encode(reason))
        session = self._ingest.call(lambda journal: journal.session(group.session_id))
        stand_in_frame = fact(
            "gap",
            told,
            ts=now,
            source=session.source if session else "demo",
            origin=session.origin if session else "",
        )
        stand_in = self._encoder.encode(
            group.session_id, group.first_seq, [stand_in_frame], final=bool(group.final)
        )
        self._ingest.call(lambda journal: journal.replace(journaled.id, stand_in))
        return stand_in, [stand_in_frame]

    def _remove_others(self, name: str, files: Sequence[Path]) -> None:
        # A newer version may derive other files from the same plan than the one that was cut short.
        for path in self._data_dir.events.glob(f"doc_type=*/date=*/{name}.parquet"):
            if path not in files:
                self._ops.unlink(path)
                self._ops.fsync_dir(path.parent)

    def _tell(self, batch: FiledBatch) -> None:
        failed = None
        for listener in self.on_filed:
            try:
                listener(batch)
            except Exception as error:
                failed = f"on_filed: {type(error).__name__}: {error}"
        self.listener_error = failed


class _Derivation:
    """Rows and states of one plan while they are made."""

    def __init__(self, deriver: Deriver, packed: Mapping[str, bytes]) -> None:
        self.rows: dict[str, list[Row]] = {"ws_event": []}
        self.failures = 0
        self._deriver = deriver
        self._packed = packed
        self._states: dict[str, DeriveState] = {}

    def add(self, group: Group, frames: Sequence[Frame]) -> None:
        """Describe and derive the frames of a group, in order."""
        deriver, rows = self._deriver, self.rows
        session_id = group.session_id
        if session_id not in self._states:
            self._states[session_id] = self._first_state(group, frames)
        state = self._states[session_id]
        events = rows["ws_event"]
        for seq, frame in enumerate(frames, group.first_seq):
            event = deriver.event(StoredFrame(session_id, seq, frame))
            events.append(event)
            state, derived, failed = deriver.rows(state, event)
            self.failures += failed
            self._collect(derived)
        if group.final:
            state, derived, failed = deriver.last_rows(state)
            self.failures += failed
            self._collect(derived)
        self._states[session_id] = state

    def packed_state(self, session_id: str) -> bytes:
        """Return the state a session goes on with."""
        return self._deriver.encode_state(self._states[session_id])

    def _collect(self, derived: Sequence[Row]) -> None:
        for row in derived:
            self.rows.setdefault(row.doc_type, []).append(row)

    def _first_state(self, group: Group, frames: Sequence[Frame]) -> DeriveState:
        place = group.session_id, group.first_seq
        packed = self._packed.get(group.session_id)
        if packed is None:
            return self._deriver.new_state(group.session_id)
        try:
            return self._deriver.decode_state(packed)
        except Exception as error:
            self.failures += 1
            for frame in frames[:1]:
                self._collect([state_lost(StoredFrame(*place, frame), error)])
            return self._deriver.new_state(group.session_id)


def _extend(spans: list[Span], group: Group) -> None:
    if spans and spans[-1].session_id == group.session_id:
        spans[-1] = Span(group.session_id, spans[-1].first_seq, group.last_seq)
    else:
        spans.append(Span(group.session_id, group.first_seq, group.last_seq))


def _name(spans: Sequence[Span]) -> str:
    if len(spans) == 1:
        return "-".join(map(str, spans[0]))
    text = "\n".join("-".join(map(str, span)) for span in spans)
    return f"multi-{len(spans)}-{hashlib.blake2b(text.encode(), digest_size=10).hexdigest()}"


def _sum(reports: Sequence[FilingReport], seconds: float) -> FilingReport:
    rows: Counter[str] = Counter()
    for report in reports:
        rows.update(report.rows)
    return FilingReport(
        frames=sum(report.frames for report in reports),
        rows=dict(rows),
        files=tuple(name for report in reports for name in report.files),
        sessions=tuple(dict.fromkeys(name for report in reports for name in report.sessions)),
        damaged_groups=sum(report.damaged_groups for report in reports),
        failures=sum(report.failures for report in reports),
        seconds=seconds,
    )
