"""Frames on their way to the journal: numbered on arrival, never dropped, never waited for.

The border between any number of appending threads and the one writing thread. Holds the rule that
a full queue or a failing disk stops capture loudly. Used by `store.ingest` and `store.writer`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Condition, Lock
from typing import Any, Final

from vectra_player.clock import Clock
from vectra_player.errors import (
    CaptureHaltedError,
    DiskError,
    StoreFullError,
    UsageError,
    VectraError,
)
from vectra_player.model.frame import Frame, fact, gap
from vectra_player.model.units import Source
from vectra_player.store.journal import Journal, Operation
from vectra_player.store.settings import Halt, HaltKind, StoreSettings

_SETTLE_S = 0.004


class Call:
    """An operation to be done in the writer's next transaction, and its outcome."""

    def __init__(self, operation: Operation) -> None:
        self.done: Future[Any] = Future()
        self._operation = operation
        self._result: object = None
        self._error: VectraError | None = None

    def run(self, journal: Journal) -> None:
        """Carry it out; the outcome counts only once `settle` is called."""
        try:
            self._result = self._operation(journal)
        except VectraError as error:
            self._error = error

    def settle(self) -> None:
        """Tell the caller that it is durable."""
        if self._error is not None:
            self.done.set_exception(self._error)
        else:
            self.done.set_result(self._result)


class Batch:
    """Frames with consecutive seqs, and calls, for one transaction."""

    def __init__(self, session_id: str, first_seq: int) -> None:
        self.session_id: Final = session_id
        self.first_seq: Final = first_seq
        self.frames: list[Frame] = []
        self.calls: list[Call] = []

    @property
    def last_seq(self) -> int:
        """Seq of the last frame; one less than the first when there is none."""
        return self.first_seq + len(self.frames) - 1


class FrameQueue:
    """Bounded, thread-safe; `append` takes a lock for about a microsecond and never waits."""

    def __init__(self, settings: StoreSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = Lock()
        self._work = Condition(self._lock)
        self._progress = Condition(self._lock)
        self._frames: list[Frame] = []
        self._bytes = 0
        self._first_at = 0.0
        self._taken_at = 0.0
        self._calls: list[Call] = []
        self._hurry = False
        self._closing = False
        self._accepting = False
        self._session_id = ""
        self._source: Source = "demo"
        self._origin = ""
        self._next_seq = 1
        self._durable_seq = 0
        self._halt: Halt | None = None
        self._halt_told_to = ""
        self._refused = 0
        self.on_halt: Callable[[Halt | None], None] = lambda halt: None

    @property
    def durable_seq(self) -> int:
        """Highest seq of the session that survives a crash."""
        return self._durable_seq

    @property
    def last_seq(self) -> int:
        """Highest seq given out in the session."""
        return self._next_seq - 1

    @property
    def halted(self) -> Halt | None:
        """Why nothing is accepted at the moment."""
        return self._halt

    @property
    def refused(self) -> int:
        """Frames refused in the current halt."""
        return self._refused

    @property
    def closing(self) -> bool:
        """Whether no more work will come."""
        return self._closing

    @property
    def waiting(self) -> tuple[int, int]:
        """Frames and bytes that are not handed to the disk yet."""
        return len(self._frames), self._bytes

    def begin(self, session_id: str, source: Source, origin: str) -> None:
        """Number frames from 1, for a new session; the queue must be drained."""
        with self._lock:
            self._session_id, self._source, self._origin = session_id, source, origin
            self._next_seq, self._durable_seq, self._accepting = 1, 0, True

    def append(self, frame: Frame) -> int:
        """Number a frame and queue it.

        Raises:
            UsageError: no session is open.
            StoreFullError: the disk cannot keep up; the frame is refused.
            DiskError: the disk refuses writes; the frame is refused.
        """
        with self._lock:
            if self._halt is not None or not self._accepting:
                raise self._refuse()
            count = len(self._frames)
            if count < self._settings.queue_frames and self._bytes < self._settings.queue_bytes:
                return self._push(frame)
            self._enter_halt("queue", f"the disk is {count} frames behind")
            refusal = self._refuse()
        self.on_halt(self._halt)
        raise refusal

    def force(self, frame: Frame, operation: Operation, *, last: bool = False) -> int:
        """Queue a fact, halted or not, with an operation of the same transaction; return its seq.

        `last`: no frame is accepted after it.
        """
        with self._lock:
            self._calls.append(Call(operation))
            seq = self._push(frame)
            self._accepting = not last
            self._work.notify()
            return seq

    def call(self, operation: Operation) -> Call:
        """Queue an operation.

        Raises:
            DiskError: the writer has ended.
        """
        with self._lock:
            if self._closing:
                raise DiskError("The store is closed.")
            call = Call(operation)
            self._calls.append(call)
            self._work.notify()
            return call

    def take(self, idle_s: float | None) -> Batch | None:
        """Wait for work; an empty batch after `idle_s` without any, None when closed."""
        with self._lock:
            while not (self._frames or self._calls or self._closing):
                if not self._work.wait(idle_s):
                    return self._swap()
            if self._frames or self._calls:
                self._await_group()
                return self._swap()
            return None

    def absorb(self, batch: Batch) -> None:
        """Add what arrived since to a batch that is tried again."""
        with self._lock:
            more = self._swap()
            batch.frames += more.frames
            batch.calls += more.calls

    def pause(self, seconds: float) -> None:
        """Wait before the next try, or until somebody wants something done."""
        with self._lock:
            if not self._closing:
                self._work.wait(seconds)

    def acknowledge(self, batch: Batch) -> None:
        """Make the batch's last seq the durable one and wake those who wait for it."""
        with self._lock:
            if batch.frames and batch.session_id == self._session_id:
                self._durable_seq = batch.last_seq
            self._progress.notify_all()

    def wait_durable(self, seq: int, timeout_s: float) -> bool:
        """Wait until `seq` is durable; False when it is not in time or capture is broken."""
        with self._lock:
            self._hurry = True
            self._work.notify()
            return self._progress.wait_for(
                lambda: self._durable_seq >= seq or self._closing, timeout_s
            ) and (self._durable_seq >= seq)

    def halt(self, kind: HaltKind, reason: str) -> None:
        """Refuse frames from now on, with a fact that says why."""
        with self._lock:
            self._enter_halt(kind, reason)
        self.on_halt(self._halt)

    def resume(self) -> None:
        """Accept frames again, with facts that say what was refused meanwhile."""
        with self._lock:
            halt, refused = self._halt, self._refused
            if halt is None:
                return
            now = self._clock.now_us()
            self._halt, self._refused = None, 0
            if self._accepting and self._halt_told_to == self._session_id:
                seconds = max(0.0, (now - halt.since_us) / 1e6)
                self._push(self._fact("resumed", {"seconds": seconds, "refused": refused}))
                if refused:
                    reason = f"halted: {halt.reason}"
                    told = gap(f"{refused} frames", reason, times=(halt.since_us, now))
                    self._push(self._fact("gap", told))
        self.on_halt(None)

    def close(self) -> None:
        """Let `take` return None once everything is taken."""
        with self._lock:
            self._closing = True
            self._work.notify_all()
            self._progress.notify_all()

    def _push(self, frame: Frame) -> int:
        seq = self._next_seq
        self._next_seq = seq + 1
        frames = self._frames
        frames.append(frame)
        self._bytes += len(frame.raw)
        if len(frames) == 1:
            self._first_at = self._clock.monotonic()
            self._work.notify()
        elif len(frames) == self._settings.group_frames:
            self._work.notify()
        return seq

    def _await_group(self) -> None:
        # After a quiet time a frame waits only for those that come with it, in a rush for the
        # whole window: as many commits as with a fixed window, and less to lose.
        window = self._settings.group_ms / 1000
        quiet_since = self._taken_at + window
        deadline = self._first_at + min(window, max(_SETTLE_S, quiet_since - self._first_at))
        while not (self._calls or self._closing or self._hurry):
            left = deadline - self._clock.monotonic()
            if len(self._frames) >= self._settings.group_frames or left <= 0:
                return
            if not self._work.wait(left):
                return

    def _swap(self) -> Batch:
        batch = Batch(self._session_id, self._next_seq - len(self._frames))
        batch.frames, self._frames = self._frames, []
        batch.calls, self._calls = self._calls, []
        self._taken_at = self._clock.monotonic()
        self._bytes, self._hurry = 0, False
        return batch

    def _enter_halt(self, kind: HaltKind, reason: str) -> None:
        if self._halt is not None:
            return
        self._halt = Halt(kind, reason, self._clock.now_us())
        if self._accepting:
            self._halt_told_to = self._session_id
            self._push(self._fact("halted", {"reason": reason, "kind": kind}))

    def _fact(self, kind: str, detail: object) -> Frame:
        now = self._clock.now_us()
        return fact(kind, detail, ts=now, source=self._source, origin=self._origin)

    def _refuse(self) -> UsageError | CaptureHaltedError:
        halt = self._halt
        if halt is None:
            return UsageError("No session is open.", advice="Start one before frames arrive.")
        self._refused += 1
        if halt.kind == "queue":
            return StoreFullError(
                f"Recording halted: {halt.reason}.", advice="It resumes when the disk catches up."
            )
        return DiskError(
            f"Recording halted: {halt.reason}.",
            advice="Free space or mend the disk; it resumes by itself.",
        )
