"""Short calculations of the pages, answered by warm processes beside the server.

The server never loads numba or scipy: a child that has them loaded answers in tens of milliseconds
while a user moves a control, and is killed when one question takes too long. A child starts at
first use, or soon after the home page was shown, and ends when nothing was asked for a while. What
takes longer than a few seconds is a job (`jobs`). Made by `app.dashboard`, used by the routes.

    found = services.compute.ask("explorer:outlook", {"entry_tick": 200})

calls `outlook(data_dir, request)` of `dashboard.work.explorer` in a child.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from time import monotonic
from typing import IO, Any

import msgspec
import structlog

from vectra_player.dashboard.params import WrongParametersError
from vectra_player.errors import UsageError, VectraError
from vectra_player.store.pipes import readable

log = structlog.get_logger(__name__)

PACKAGE = "vectra_player.dashboard.work"
"""Where the modules of the questions are."""

NICE = 5
"""Recording comes first, as with jobs."""

STRETCH = 6
"""A child that gets a sixth of the processor is slow, not stuck; a new one would be slower."""


class ComputeError(VectraError):
    """No answer within the time a page may wait."""


class ComputeStoppedError(ComputeError):
    """A calculation took too long, or its child died; asked again it may again."""


class ComputeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What questions may take.

    `question_s`: of the processor; where that is busy with other things, STRETCH times as long by
    the clock. `first_s`: the first time a child meets a question, it loads libraries and, after an
    update, compiles. `wait_s`: for a free child. `patience_s`: how long a child may be at one
    question before another is started beside it. `idle_s`: after which a child nobody asks is
    ended; it holds some 300 MB, so a second one goes after `spare_s`.
    """

    children: int = 2
    question_s: float = 10.0
    first_s: float = 90.0
    wait_s: float = 20.0
    patience_s: float = 1.0
    idle_s: float = 300.0
    spare_s: float = 20.0


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a child says: a result, or an error. `fault`: where one nobody foresaw comes from."""

    result: msgspec.Raw = msgspec.Raw(b"null")
    error: str = ""
    advice: str = ""
    usage: bool = False
    fields: dict[str, str] = {}
    fault: str = ""


class Compute:
    """Asks children; safe to share between threads."""

    def __init__(
        self, data_dir: Path, limits: ComputeLimits | None = None, *, package: str = PACKAGE
    ) -> None:
        self._words = (package, str(data_dir))
        self._limits = limits or ComputeLimits()
        self._changed = threading.Condition()
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()
        self._starting = 0
        self._closed = False
        self._warming = False
        self._keeper: threading.Thread | None = None

    @property
    def busy(self) -> int:
        """Return how many questions run."""
        return len(self._busy)

    @property
    def warming(self) -> bool:
        """Tell whether a child is about to be warmed, or is being."""
        return self._warming

    def ask(self, question: str, request: object, *, limit_s: float | None = None) -> Any:
        """Return the answer of `module:function`, plain JSON values.

        Raises:
            ComputeError: no child was free in time.
            ComputeStoppedError: it took too long, or the child ended; the next question gets a
                new one.
            UsageError: the question was refused; WrongParametersError where it names fields.
        """
        message = msgspec.json.encode({"question": question, "request": request}, enc_hook=str)
        child = self._take()
        first = question not in child.met
        limit = max(limit_s or self._limits.question_s, self._limits.first_s if first else 0.0)
        try:
            reply = child.ask(message, limit)
            child.met.add(question)
        except TimeoutError:
            raise ComputeStoppedError(
                f"The calculation took longer than {limit:g} s and was stopped.",
                advice="Ask for less: fewer runs, games or bets.",
            ) from None
        except (EOFError, OSError):
            raise ComputeStoppedError(
                "The calculation was cut off.", advice="Ask again; if it recurs, ask for less."
            ) from None
        finally:
            self._give_back(child)
        return _answer(reply, question)

    def warm(self, question: str, request: object = None, *, after_s: float = 0.0) -> None:
        """Ask in the background, so that the next question finds a warm child.

        `after_s`: so much later, when the page that asks has everything it needs; a child that
        somebody else has started by then is warm enough.
        """
        with self._changed:
            if self._warming or not self._cold():
                return
            self._warming = True
        told = threading.Thread(target=self._warm, args=(question, request, after_s), daemon=True)
        told.start()

    def close(self) -> None:
        """End the children; questions that wait or run get a ComputeError."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            for child in (*idle, *self._busy):
                child.kill()
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._busy and not self._starting, timeout=5.0)
        for child in idle:
            child.end()

    def _cold(self) -> bool:
        """Tell whether there is no child, nor will be in a moment; held: the condition."""
        return not (self._busy or self._starting or any(child.alive for child in self._idle))

    def _warm(self, question: str, request: object, after_s: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed, timeout=after_s)
            needed = self._cold()
        if needed:
            with contextlib.suppress(VectraError, RuntimeError):
                self.ask(question, request)
        self._warming = False

    def _take(self) -> _Child:
        """Return an idle child; start one when all are busy for longer than a moment."""
        limits, began = self._limits, monotonic()
        with self._changed:
            while True:
                if self._closed:
                    raise ComputeError("The dashboard is ending.", advice="Start it again.")
                while self._idle:
                    child = self._idle.pop()
                    if child.alive:
                        child.asked_at = monotonic()
                        self._busy.add(child)
                        return child
                    child.end()
                waited = monotonic() - began
                taken = len(self._busy) + self._starting
                full = taken >= limits.children
                patience = limits.wait_s if full else self._patience_s(waited)
                if taken == 0 or (not full and patience <= 0):
                    self._starting += 1
                    break
                if waited >= limits.wait_s:
                    raise ComputeError("Other calculations run.", advice="Ask again in a moment.")
                self._changed.wait(min(patience, limits.wait_s - waited))
        return self._start()

    def _patience_s(self, waited: float) -> float:
        """Return for how long yet no other child is wanted; held: the condition.

        Many quick questions are answered sooner by the one that is warm, and another that has to
        load what the first is loading would be no sooner ready.
        """
        patience = self._limits.patience_s
        held_up = [monotonic() - child.asked_at if child.met else 0.0 for child in self._busy]
        return min(patience - min(held_up, default=0.0), STRETCH * patience - waited)

    def _start(self) -> _Child:
        child = None
        try:
            child = _Child(self._words)
        finally:
            with self._changed:
                self._starting -= 1
                if child is not None:
                    self._busy.add(child)
                    if self._closed:
                        child.kill()
                self._changed.notify_all()
        return child

    def _give_back(self, child: _Child) -> None:
        with self._changed:
            if child.alive and not self._closed:
                child.idle_since = monotonic()
                self._busy.discard(child)
                self._idle.append(child)
                self._keep()
                self._changed.notify_all()
                return
        child.end()
        with self._changed:
            self._busy.discard(child)
            self._changed.notify_all()

    def _keep(self) -> None:
        """Have a thread that ends children nobody asks; held: the condition."""
        if self._keeper is None:
            self._keeper = threading.Thread(target=self._end_idle, name="compute", daemon=True)
            self._keeper.start()

    def _ends(self) -> list[float]:
        """Return when each idle child is to end, the one that was asked last as the last."""
        limits, spare = self._limits, len(self._idle) - (0 if self._busy else 1)
        return [
            child.idle_since + (limits.spare_s if at < spare else limits.idle_s)
            for at, child in enumerate(self._idle)
        ]

    def _end_idle(self) -> None:
        while True:
            with self._changed:
                if self._closed or not (self._idle or self._busy):
                    self._keeper = None
                    return
                ends, now = self._ends(), monotonic()
                old = [one for one, end in zip(self._idle, ends, strict=True) if end <= now]
                self._idle = [one for one in self._idle if one not in old]
                if not old:
                    self._changed.wait(min(ends) - now if ends else None)
            for child in old:
                child.end()


class _Child:
    """One process and the lines that pass between; used by one thread at a time."""

    def __init__(self, words: tuple[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "vectra_player.dashboard.compute_worker", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.met: set[str] = set()
        self.asked_at = self.idle_since = monotonic()
        self._whole = True
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, NICE)

    @property
    def alive(self) -> bool:
        """Tell whether it can be asked: it runs, and its last answer was read."""
        return self._whole and self._process.poll() is None

    def ask(self, message: bytes, limit_s: float) -> Reply:
        """Send a question and wait. Raises TimeoutError, and EOFError or OSError at its end."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        self._whole = False
        process.stdin.write(message + b"\n")
        process.stdin.flush()
        self._wait(process.stdout, limit_s)
        line = process.stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        self._whole = True
        return msgspec.json.decode(line, type=Reply)

    def _wait(self, answer: IO[bytes], limit_s: float) -> None:
        """Wait for an answer. Raises TimeoutError."""
        before = self._processor_s()
        for _ in range(STRETCH):
            if readable(answer, limit_s):
                return
            if self._processor_s() - before >= limit_s / 2:
                break
        raise TimeoutError

    def _processor_s(self) -> float:
        import psutil

        try:
            times = psutil.Process(self._process.pid).cpu_times()
        except psutil.Error:
            return 0.0
        return float(times.user + times.system)

    def kill(self) -> None:
        """Stop it, whatever it does."""
        self._process.kill()

    def end(self) -> None:
        """Kill it and give back what it held; idempotent."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # what could not be sent any more
                if pipe is not None:
                    pipe.close()


def _answer(reply: Reply, question: str) -> Any:
    if reply.fault:
        log.error("a calculation failed", question=question, error=reply.fault)
        raise RuntimeError(reply.fault.rstrip().rpartition("\n")[2])  # the rest is for the log
    if reply.fields:
        raise WrongParametersError(reply.fields)
    if reply.error:
        kind = UsageError if reply.usage else ComputeError
        raise kind(reply.error, advice=reply.advice)
    return msgspec.json.decode(reply.result)
