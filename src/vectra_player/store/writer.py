"""EventStore: the one way into the store, and the one writer of a data directory.

Sources append frames and learn when they are durable; filing, compaction and recovery happen by
themselves. Used by the layers above; see docs/architecture.md, "One frame".
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final, Self
from uuid import uuid4

from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import DiskError, UsageError
from vectra_player.model.frame import Frame, fact
from vectra_player.model.units import Source
from vectra_player.store.arrivals import finish_arrivals
from vectra_player.store.bulk import BulkLoader
from vectra_player.store.compactor import Compactor
from vectra_player.store.derivation import Deriver
from vectra_player.store.filing import Filer, OnFiled
from vectra_player.store.fsops import FileOps
from vectra_player.store.ingest import Ingest, OnDurable
from vectra_player.store.journal import Journal, Session, journal_bytes
from vectra_player.store.layout import DataDir, utc_date
from vectra_player.store.lock import WriterLock, lock_store
from vectra_player.store.recovery import RecoveryReport, recover
from vectra_player.store.salvage import damage, finish, salvage
from vectra_player.store.settings import (
    CompactionReport,
    FilingReport,
    Halt,
    Step,
    StoreSettings,
    StoreStats,
    no_step,
)

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class EventStore:
    """An open store. Make one with `open`; `close` it, or use it in a `with` statement.

    `append` may be called from any thread and never waits. All other methods may wait for the disk:
    call them outside the event loop.
    """

    def __init__(
        self,
        data_dir: DataDir,
        lock: WriterLock,
        *,
        clock: Clock,
        settings: StoreSettings,
        deriver: Deriver,
        ops: FileOps,
        step: Step,
        open_journal: Callable[[], Journal] | None = None,
    ) -> None:
        self.data_dir: Final = data_dir
        self.recovery: RecoveryReport | None = None
        self._lock = lock
        self._clock = clock
        self._settings = settings
        self._step = step
        self._ingest = Ingest(data_dir, settings, clock, step, open_journal)
        self._filer = Filer(data_dir, self._ingest, deriver, settings, clock, ops, step)
        self._compactor = Compactor(data_dir, settings, clock, ops, step)
        self._bulk = BulkLoader(self._ingest, self._filer, settings, clock)
        self._ops = ops
        self._session: Session | None = None
        self._compacted_on = ""
        self._wake = Event()
        self._closing = False
        self._thread = Thread(target=self._file_regularly, name="vectra-filing", daemon=True)
        self._append = self._ingest.queue.append

    @classmethod
    def open(
        cls,
        root: Path,
        *,
        clock: Clock | None = None,
        settings: StoreSettings | None = None,
        deriver: Deriver | None = None,
        ops: FileOps | None = None,
        step: Step = no_step,
        open_journal: Callable[[], Journal] | None = None,
    ) -> Self:
        """Become the writer of `root`, put right what a crash left, and file it.

        `deriver`, `ops`, `step` and `open_journal` are for tests and benchmarks.

        Raises:
            UsageError: the directory is not safe to use (`StoreVersionError`: not ours or newer;
                `StoreLockedError`: somebody writes to it).
            DiskError: the disk refused or is full.
        """
        clock = clock or SystemClock()
        data_dir = DataDir.open_or_create(root, clock=clock)
        lock = lock_store(data_dir, clock)
        try:
            store = cls(
                data_dir,
                lock,
                clock=clock,
                settings=settings or StoreSettings(),
                deriver=deriver or Deriver.standard(),
                ops=ops or FileOps(),
                step=step,
                open_journal=open_journal,
            )
            store._start()
        except BaseException:
            lock.release()
            raise
        return store

    @property
    def durable_seq(self) -> int:
        """Highest seq of the session that survives a crash."""
        return self._ingest.queue.durable_seq

    @property
    def last_receipt(self) -> int:
        """Highest receipt that is durable, over all sessions; 0 for none."""
        return self._ingest.last_receipt

    @property
    def session_id(self) -> str | None:
        """The session that is being recorded."""
        return self._session.session_id if self._session else None

    @property
    def halted(self) -> Halt | None:
        """Why capture is halted; None while it runs."""
        return self._ingest.queue.halted

    def on_durable(self, callback: OnDurable) -> None:
        """Call `callback(seq, receipt)` after each commit, in the writing thread."""
        self._ingest.on_durable.append(callback)

    def on_filed(self, callback: OnFiled) -> None:
        """Call `callback(batch)` when a plan's files are durable, in the filing thread.

        After a crash the same batch, by name, may come again.
        """
        self._filer.on_filed.append(callback)

    def on_halt(self, callback: Callable[[Halt | None], None]) -> None:
        """Call `callback(halt)` when capture halts, and with None when it resumes."""
        self._ingest.queue.on_halt = callback

    def start_session(
        self, source: Source, origin: str, detail: dict[str, Any] | None = None
    ) -> str:
        """Begin a session with `vectra.started`; return its id once that is durable.

        Raises:
            UsageError: one is open already.
            DiskError: the disk refused; the store can only be closed then.
        """
        if self._session is not None:
            raise UsageError(f"Session {self._session.session_id} is still open.")
        now = self._clock.now_us()
        session = Session(str(uuid4()), "live", source, origin, now, "open", 0)
        queue = self._ingest.queue
        queue.begin(session.session_id, source, origin)
        self._session = session
        told = {"source": source, "origin": origin, **(detail or {})}
        frame = fact("started", told, ts=now, source=source, origin=origin)
        seq = queue.force(frame, lambda journal: journal.add_session(session))
        self._await(seq)
        return session.session_id

    def append(self, frame: Frame) -> int:
        """Number a frame and queue it for the next commit; return its seq.

        Raises:
            UsageError: no session is open.
            StoreFullError: the disk cannot keep up; the frame is refused.
            DiskError: the disk refuses writes; the frame is refused.
        """
        return self._append(frame)

    def wait_durable(self, seq: int, timeout: float) -> bool:
        """Wait until `seq` survives a crash; False when `timeout` seconds pass first."""
        return self._ingest.queue.wait_durable(seq, timeout)

    def import_frames(
        self,
        session_id: str,
        frames: Iterable[Frame],
        first_seq: int = 1,
        *,
        last: bool,
        fill: bool = False,
    ) -> int:
        """Store frames of an import, durable on return; return how many were new.

        Their seqs follow `first_seq`; those the session holds already are passed over, so the call
        can be repeated. `last`: the import ends here (rows of unfinished games are made).
        `fill`: the caller knows that none of these seqs is held, though higher ones may be (an
        export that is put back in parts). `flush` files them.

        Raises:
            UsageError: `session_id` is no safe file name or `first_seq` is below 1.
            DiskError: the disk refused; repeat the call when it is well again.
        """
        if not _NAME.fullmatch(session_id):
            raise UsageError(f"{session_id!r} is no session id.")
        return self._bulk.load(session_id, frames, first_seq, last=last, fill=fill)

    def known_seq(self, session_id: str) -> int:
        """Return the highest durable seq of any session this journal has seen; 0 for none."""
        return self._bulk.known_seq(session_id)

    def flush(self) -> FilingReport:
        """Make everything durable and file it.

        Raises:
            DiskError: the disk refused; nothing is lost.
        """
        self._await(self._ingest.queue.last_seq)
        return self._filer.run()

    @contextmanager
    def hold(self) -> Iterator[int]:
        """File everything, then hold still while the block runs: its caller may change filed rows.

        Frames go on into the journal; nothing is filed or compacted. Yields the open file of the
        writer's lock, for a process that does the work.

        Raises:
            DiskError: what waits cannot be filed.
            OSError: at the end: files that were to arrive could not be moved; the next start does.
        """
        with self._filer.lock:
            self._filer.run()
            try:
                yield self._lock.descriptor
            finally:
                finish_arrivals(self.data_dir, self._ops)

    def stop_session(self, reason: str) -> FilingReport:
        """End the session with `vectra.stopped`, durable, and file everything.

        Raises:
            UsageError: no session is open.
            DiskError: the disk refused: with the stop fact durable (`session_id` is None then) only
                the filing is left for the next start, else the session ends as crashed.
        """
        session = self._session
        if session is None:
            raise UsageError("No session is open.")
        queue = self._ingest.queue
        detail = {"reason": reason, "events": queue.last_seq}
        frame = fact(
            "stopped", detail, ts=self._clock.now_us(), source=session.source, origin=session.origin
        )
        seq = queue.force(
            frame, lambda journal: journal.set_state(session.session_id, "ended"), last=True
        )
        self._await(seq)
        self._session = None
        self._step("session.stopped")
        return self._filer.run()

    def compact(self, *, force: bool = False) -> CompactionReport:
        """Compact closed days; `force`: today's as well.

        Raises:
            DiskError: what waits in the journal could not be filed first.
        """
        with self._filer.lock:
            self._filer.run()
            return self._compactor.run(force=force)

    def stats(self) -> StoreStats:
        """Return counters; cheap enough for every status line."""
        ingest, filer = self._ingest, self._filer
        queue = ingest.queue
        frames, size = queue.waiting
        halt = queue.halted
        session_id = self.session_id
        return StoreStats(
            session_id=session_id,
            events=ingest.events,
            received=ingest.received,
            sent=ingest.sent,
            facts=ingest.facts,
            queued=frames,
            queued_bytes=size,
            durable_seq=queue.durable_seq,
            filed_seq=filer.filed_seq.get(session_id or "", 0),
            last_receipt=ingest.last_receipt,
            groups=ingest.groups,
            journal_bytes=journal_bytes(self.data_dir.journal_file),
            backlog_frames=ingest.backlog.frames,
            files_written=filer.files_written,
            rows_filed=filer.rows_filed,
            refused=queue.refused,
            halted_reason=halt.reason if halt else None,
            last_error=ingest.last_error or filer.last_error,
        )

    def close(self) -> None:
        """Write what is queued, end the threads and give up the directory.

        An open session is not ended: it counts as crashed at the next start. Idempotent.
        """
        if self._closing:
            return
        self._closing = True
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()
        with self._filer.lock:
            self._compactor.clear_retired(wait=True)
        self._ingest.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _start(self) -> None:
        try:
            finish(self.data_dir, self._ops)
            if damage(self.data_dir.journal_file):
                salvage(self.data_dir, self._clock, self._ops)
            self._ingest.start()
            self.recovery = recover(
                self.data_dir, self._ingest, self._filer, self._clock, self._ops, self._step
            )
        except (OSError, sqlite3.Error) as error:
            self._ingest.close()
            raise DiskError(
                f"The store cannot be put right after its last end: {error}."
            ) from error
        except BaseException:
            self._ingest.close()
            raise
        self._ingest.on_backlog = self._wake.set
        self._thread.start()

    def _await(self, seq: int) -> None:
        if not self.wait_durable(seq, self._settings.stop_timeout_s):
            raise DiskError(
                f"The disk does not take seq {seq}: {self._ingest.last_error or 'too slow'}.",
                advice="Everything up to the durable seq is safe.",
            )

    def _file_regularly(self) -> None:
        while not self._closing:
            self._wake.wait(self._settings.file_interval_s)
            self._wake.clear()
            if self._closing:
                return
            try:
                self._filer.run()
                self._compact_daily()
            except Exception as error:
                # Whatever it was, the journal holds the frames: the next run tries again.
                self._filer.filing_error = f"filing: {type(error).__name__}: {error}"

    def _compact_daily(self) -> None:
        today = utc_date(self._clock.now_us())
        with self._filer.lock:
            self._compactor.clear_retired()
            if self._settings.auto_compact and self._compacted_on != today:
                self._compacted_on = today
                self._compactor.run()
