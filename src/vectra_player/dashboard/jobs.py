"""Long work of the pages: each job a process of its own, with progress, cancel and a kept result.

Jobs wait in order and run at low priority, so that recording is not disturbed: two at a time, one
of a kind, so that a long one holds up nothing but its own kind. What they came to lies in
`results/jobs/` and survives a restart. An import waits while another runs, or a writer that cannot
have one beside it. Used by the routes.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import Any, Literal

import msgspec
import structlog

from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import UsageError
from vectra_player.store.layout import DataDir

log = structlog.get_logger(__name__)

JobState = Literal["waiting", "running", "done", "failed", "cancelled"]

WORKER = "vectra_player.dashboard.job_worker"
KEPT = 50
"""Finished jobs that are remembered."""

MAX_WAITING = 20
RETRY_S = 5.0
STOP_S = 30.0
"""Work that was cancelled and has not ended by then is killed, and what it started with it."""

NICE = 5
AT_ONCE = 2
_WRITERS = {"profile": "import"}
"""Kinds that write the same files as another kind: they take turns with it."""


class Progress(msgspec.Struct, frozen=True):
    """How far a job is; `total` 0: not known."""

    done: int = 0
    total: int = 0
    text: str = ""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of work. `created_ms`: milliseconds UTC. `files`: what may be deleted after it."""

    id: str
    kind: str
    title: str
    request: dict[str, Any]
    created_ms: int
    state: JobState = "waiting"
    progress: Progress = Progress()
    result: Any = None
    error: str = ""
    advice: str = ""

    @property
    def ended(self) -> bool:
        """Tell whether nothing more will happen to it."""
        return self.state in ("done", "failed", "cancelled")


class Said(msgspec.Struct, frozen=True):
    """One line a worker says. `busy`: the directory has another writer; ask again later.

    fault: where an error nobody foresaw comes from, for the log.
    """

    progress: Progress | None = None
    result: Any = None
    error: str = ""
    advice: str = ""
    busy: bool = False
    fault: str = ""


class Jobs:
    """Keeps and runs the jobs of one data directory; safe to share between threads."""

    def __init__(
        self,
        data_dir: Path,
        *,
        clock: Clock | None = None,
        retry_s: float = RETRY_S,
        ended: Callable[[Job], None] = lambda job: None,
        child: Sequence[str] = (sys.executable, "-P", "-m", WORKER),
    ) -> None:
        """`child`: the command of the process that does a job; the job's kind comes after it."""
        self._child_command = child
        self._folder = DataDir(data_dir).results / "jobs"
        self._data_dir = data_dir
        self._clock = clock or SystemClock()
        self._retry_s = retry_s
        self._ended = ended
        self._jobs: dict[str, Job] = {}
        self._not_before: dict[str, float] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._taken: set[str] = set()
        self._changed = threading.Condition()
        self._closing = False
        self._threads = [
            threading.Thread(target=self._run, name=f"dashboard-jobs-{number}", daemon=True)
            for number in range(AT_ONCE)
        ]

    def start(self) -> None:
        """Take up what a stop left undone, and begin."""
        for path in self._folder.glob("*.json") if self._folder.is_dir() else ():
            with contextlib.suppress(OSError, msgspec.DecodeError):
                job = msgspec.json.decode(path.read_bytes(), type=Job)
                again = job if job.ended else msgspec.structs.replace(job, state="waiting")
                self._jobs[job.id] = again
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End the running children; their jobs are taken up again at the next start."""
        with self._changed:
            self._closing = True
            for child in self._children.values():
                self._end_child(child)
            self._changed.notify_all()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(10)

    def add(self, kind: str, title: str, request: dict[str, Any]) -> Job:
        """Queue a job.

        Raises:
            UsageError: too many are waiting.
        """
        now_ms = self._clock.now_us() // 1000
        job = Job(
            id=secrets.token_hex(8), kind=kind, title=title, request=request, created_ms=now_ms
        )
        with self._changed:
            if sum(not known.ended for known in self._jobs.values()) >= MAX_WAITING:
                raise UsageError(
                    f"{MAX_WAITING} jobs are waiting already.", advice="Let some end first."
                )
            self._put(job)
            self._changed.notify_all()
        return job

    def list(self, kind: str | None = None) -> list[Job]:
        """Return the jobs, newest first."""
        with self._changed:
            jobs = [job for job in self._jobs.values() if kind in (None, job.kind)]
        return sorted(jobs, key=lambda job: (job.created_ms, job.id), reverse=True)

    def get(self, job_id: str) -> Job | None:
        """Return one job."""
        with self._changed:
            return self._jobs.get(job_id)

    def forget(self, kind: str) -> None:
        """Drop the ended jobs of a kind whose result is kept elsewhere or worth nothing."""
        with self._changed:
            for job in [job for job in self._jobs.values() if job.kind == kind and job.ended]:
                self._drop(job)

    def cancel(self, job_id: str) -> Job | None:
        """Stop a job; what it did so far is kept. None: there is no such job."""
        with self._changed:
            job = self._jobs.get(job_id)
            if job is None or job.ended:
                return job
            cancelled = msgspec.structs.replace(job, state="cancelled")
            self._put(cancelled)
            if job_id in self._children:
                self._end_child(self._children[job_id])
            self._changed.notify_all()
        self._ended(cancelled)
        return cancelled

    def _run(self) -> None:
        while True:
            job = self._next()
            if job is None:
                return
            try:
                self._carry_out(job)
            except OSError as error:
                self._finish(job.id, Said(error=f"The work could not be started: {error}."))
            finally:
                with self._changed:
                    self._taken.discard(_turn_of(job))
                    self._changed.notify_all()

    def _next(self) -> Job | None:
        """Wait for the oldest job whose turn it is, and take it."""
        with self._changed:
            while not self._closing:
                now = monotonic()
                waiting = [job for job in self._jobs.values() if job.state == "waiting"]
                free = [job for job in waiting if _turn_of(job) not in self._taken]
                ready = [job for job in free if self._not_before.get(job.id, 0.0) <= now]
                if ready:
                    job = min(ready, key=lambda j: j.created_ms)  # of equal ones the first added
                    self._taken.add(_turn_of(job))
                    started = msgspec.structs.replace(job, state="running")
                    self._put(started)
                    return started
                self._changed.wait(self._retry_s if waiting else None)
            return None

    def _carry_out(self, job: Job) -> None:
        with self._changed:
            known = self._jobs.get(job.id)
            if self._closing or known is None or known.state != "running":
                return
            child = subprocess.Popen(
                [*self._child_command, job.kind],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            self._children[job.id] = child
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, child.pid, NICE)
        said = self._hear(job, child)
        with self._changed:
            del self._children[job.id]
        self._finish(job.id, said)

    def _hear(self, job: Job, child: subprocess.Popen[bytes]) -> Said:
        """Give a child its order, and return the last it said when it has ended."""
        assert child.stdin is not None
        assert child.stdout is not None
        last = None
        order = {"data_dir": str(self._data_dir), "request": job.request}
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(msgspec.json.encode(order) + b"\n")
            child.stdin.flush()
        for line in child.stdout:
            try:
                said = msgspec.json.decode(line, type=Said)
            except msgspec.DecodeError:
                continue  # it was killed in the middle of a line
            if said.progress is None:
                last = said
            else:
                self._progress(job.id, said.progress)
        with contextlib.suppress(BrokenPipeError):  # what it did not read any more
            child.stdin.close()
        child.stdout.close()
        code = child.wait()
        return last or Said(
            error="The work ended without a word.",
            advice="Try again; the log may say.",
            fault=f"exit code {code}",
        )

    def _progress(self, job_id: str, progress: Progress) -> None:
        with self._changed:
            job = self._jobs.get(job_id)
            if job is not None:
                self._jobs[job_id] = msgspec.structs.replace(job, progress=progress)

    def _finish(self, job_id: str, said: Said) -> None:
        with self._changed:
            job = self._jobs.get(job_id)
            if job is None:
                return  # it was cancelled, and forgotten while its child came to its end
            if job.state == "cancelled" or self._closing:
                if said.result is not None and job.state == "cancelled":
                    self._put(msgspec.structs.replace(job, result=said.result))
                return
            if said.busy:
                self._not_before[job_id] = monotonic() + self._retry_s
                text = Progress(text=f"Waiting: {said.error} {said.advice}".strip())
                self._put(msgspec.structs.replace(job, state="waiting", progress=text))
                return
            if said.fault:
                log.error("a job failed", job=job_id, kind=job.kind, error=said.fault)
            job = msgspec.structs.replace(
                job,
                state="failed" if said.error else "done",
                result=said.result,
                error=said.error,
                advice=said.advice,
            )
            self._put(job)
        self._ended(job)

    def _end_child(self, child: subprocess.Popen[bytes]) -> None:
        child.send_signal(signal.SIGTERM)
        killer = threading.Timer(STOP_S, self._kill, (child,))
        killer.daemon = True
        killer.start()

    def _kill(self, child: subprocess.Popen[bytes]) -> None:
        with self._changed:
            if child in self._children.values():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)  # it leads a session of its own

    def _put(self, job: Job) -> None:
        """Remember a job, on disk too, and forget the oldest that ended."""
        self._jobs[job.id] = job
        path = self._folder / f"{job.id}.json"
        staged = path.with_suffix(f".{os.getpid()}")
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            staged.write_bytes(msgspec.json.encode(job, enc_hook=str))
            staged.replace(path)
        except OSError as error:
            log.warning("a job could not be kept", job=job.id, error=str(error))
        ended = sorted((j for j in self._jobs.values() if j.ended), key=lambda j: j.created_ms)
        for old in ended[:-KEPT]:
            self._drop(old)

    def _drop(self, job: Job) -> None:
        del self._jobs[job.id]
        (self._folder / f"{job.id}.json").unlink(missing_ok=True)


def _turn_of(job: Job) -> str:
    """Return what only one job at a time may have."""
    return _WRITERS.get(job.kind, job.kind)
