"""The writing thread: takes frames from the queue and makes them durable, a group at a time.

The only owner of the journal's connection. On a disk error it stops capture, assumes nothing about
what the failed commit left behind, and writes the unacknowledged frames again until that works.
Used by `store.writer` only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import TimeoutError as CallTimeoutError
from contextlib import suppress
from threading import Thread
from typing import Any, Final

from vectra_player.clock import Clock
from vectra_player.errors import DiskError
from vectra_player.model.frame import Frame
from vectra_player.store.groups import GroupEncoder, split
from vectra_player.store.journal import Backlog, Journal, Operation
from vectra_player.store.layout import DataDir
from vectra_player.store.queue import Batch, FrameQueue
from vectra_player.store.reserve import Reserve
from vectra_player.store.settings import Step, StoreSettings

OnDurable = Callable[[int, int], None]


class Ingest:
    """Queue, writing thread and counters of one open store."""

    def __init__(
        self,
        data_dir: DataDir,
        settings: StoreSettings,
        clock: Clock,
        step: Step,
        open_journal: Callable[[], Journal] | None = None,
    ) -> None:
        self.queue: Final = FrameQueue(settings, clock)
        self.on_durable: Final[list[OnDurable]] = []
        self.on_backlog: Callable[[], None] = lambda: None
        self.events = self.received = self.sent = self.facts = self.groups = 0
        self.last_receipt = 0
        self.backlog = Backlog(0, 0, 0)
        self._write_error: str | None = None
        self._listener_error: str | None = None
        self._settings = settings
        self._step = step
        self._reserve = Reserve(data_dir.reserve_file, settings.reserve_bytes)
        self._open = open_journal or (lambda: Journal(data_dir.journal_file))
        self._encoder = GroupEncoder()
        self._journal: Journal
        self._thread = Thread(target=self._run, name="vectra-journal", daemon=True)

    @property
    def last_error(self) -> str | None:
        """Return what went wrong last time; None once the same has gone well."""
        return self._write_error or self._listener_error

    def start(self) -> None:
        """Open the journal and begin writing.

        Raises:
            DiskError: the journal cannot be opened, or the disk has no room for the reserve.
        """
        try:
            self._reserve.take()
        except OSError as error:
            mib = self._settings.reserve_bytes / (1 << 20)
            raise DiskError(
                f"The disk refuses a reserve of {mib:g} MiB: {error.strerror}.",
                advice="Free some space and try again.",
            ) from error
        self._thread.start()
        try:
            self.backlog = self.call(self._first)
        except DiskError:
            raise DiskError(f"The journal cannot be used: {self.last_error}.") from None

    def call(self, operation: Operation, timeout_s: float | None = None) -> Any:
        """Do something in the writer's next transaction and return its result, durable.

        Raises:
            DiskError: the disk refused until the time was up; the operation may still be done.
        """
        call = self.queue.call(operation)
        try:
            return call.done.result(timeout_s or self._settings.stop_timeout_s)
        except CallTimeoutError:
            raise DiskError(f"The disk does not answer: {self.last_error or 'slow'}.") from None

    def grew(self, frames: int, raw_bytes: int) -> None:
        """Count frames that reached the journal outside the queue."""
        total = self.backlog
        self.backlog = Backlog(total.frames + frames, total.raw_bytes + raw_bytes, total.groups + 1)
        limits = self._settings
        if self.backlog.frames >= limits.file_frames or self.backlog.raw_bytes >= limits.file_bytes:
            self.on_backlog()

    def close(self) -> None:
        """Write what is queued and end the thread; the reserve is given back to the disk."""
        self.queue.close()
        if self._thread.ident is not None:
            self._thread.join(self._settings.stop_timeout_s)
        self._reserve.release()

    def _first(self, journal: Journal) -> Backlog:
        self.last_receipt = journal.receipt()
        return journal.backlog()

    def _run(self) -> None:
        try:
            self._journal = self._open()
        except (sqlite3.Error, OSError) as error:
            self._abandon(f"the journal cannot be opened: {error}")
            return
        try:
            self._serve()
        except Exception as error:
            self._abandon(f"{type(error).__name__}: {error}")
            raise
        finally:
            self._journal.close()

    def _serve(self) -> None:
        while True:
            idle = self._settings.retry_s if self.queue.halted else None
            batch = self.queue.take(idle)
            if batch is None:
                return
            if batch.frames or batch.calls:
                self._store(batch)
            if self.queue.halted:
                self._resume_if_possible()
            elif not batch.frames:
                self._shrink()

    def _store(self, batch: Batch) -> None:
        try:
            self._commit(batch)
        except (sqlite3.Error, OSError) as error:
            self._store_again(batch, error)

    def _store_again(self, batch: Batch, error: Exception) -> None:
        self._write_error = f"journal: {error}"
        self.queue.halt("disk", f"the disk refused a write ({error})")
        last_try = False
        while True:
            self._reserve.give()
            self.queue.absorb(batch)
            try:
                self._journal.reopen()
                self._commit(batch)
            except (sqlite3.Error, OSError) as again:
                self._write_error = f"journal: {again}"
            else:
                return
            if last_try:
                self._fail(batch, self._write_error)
                return
            last_try = self.queue.closing
            self.queue.pause(self._settings.retry_s)

    def _commit(self, batch: Batch) -> None:
        settings = self._settings
        groups = []
        seq = batch.first_seq
        for run in split(batch.frames, settings.group_frames, settings.group_bytes):
            groups.append(self._encoder.encode(batch.session_id, seq, run))
            seq += len(run)
        operations: list[Operation] = [call.run for call in batch.calls]
        receipt = max((frame.receipt for frame in batch.frames), default=0)
        if receipt:
            operations.append(lambda journal: journal.set_receipt(receipt))
        self._step("journal.before_commit")
        self._journal.commit(groups, operations)
        self._step("journal.after_commit")
        self._write_error = None
        if batch.frames:
            self._count(batch.frames, len(groups), receipt)
            self.grew(len(batch.frames), sum(group.raw_bytes for group in groups))
        self.queue.acknowledge(batch)
        for call in batch.calls:
            call.settle()
        if batch.frames:
            self._tell(batch.last_seq)

    def _count(self, frames: list[Frame], groups: int, receipt: int) -> None:
        sent = sum(1 for frame in frames if frame.direction == "sent")
        facts = sum(1 for frame in frames if frame.raw_format == "fact")
        self.events += len(frames)
        self.sent += sent
        self.facts += facts
        self.received += len(frames) - sent - facts
        self.groups += groups
        self.last_receipt = max(self.last_receipt, receipt)

    def _tell(self, seq: int) -> None:
        failed = None
        for callback in self.on_durable:
            try:
                callback(seq, self.last_receipt)
            except Exception as error:
                failed = f"on_durable: {type(error).__name__}: {error}"
        self._listener_error = failed

    def _resume_if_possible(self) -> None:
        halt = self.queue.halted
        if halt is None:
            return
        if halt.kind == "queue":
            if self.queue.waiting[0] == 0:
                self.queue.resume()
        elif self._reserve.room_is_back(self._settings.resume_margin_bytes):
            with suppress(OSError):
                self._reserve.take()
                self.queue.resume()

    def _shrink(self) -> None:
        try:
            self._journal.shrink()
        except sqlite3.Error as error:
            self._write_error = f"journal: {error}"

    def _abandon(self, reason: str) -> None:
        self._write_error = reason
        self.queue.halt("bug", reason)
        self.queue.close()
        batch = Batch("", 1)
        self.queue.absorb(batch)
        self._fail(batch, reason)

    def _fail(self, batch: Batch, reason: str) -> None:
        for call in batch.calls:
            call.done.set_exception(DiskError(f"The disk refused a write: {reason}."))
