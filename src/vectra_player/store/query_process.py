"""Statements of users, run in a process that can write nothing and is killed when it overruns.

DuckDB checks its limits between vectors: one call such as `repeat('x', 3000000000)` takes
gigabytes and seconds before it looks (measured on DuckDB 2.0). So the time and memory of such a
statement are bounded from outside. Used by `cli`, `foundation`, `mcp` and `dashboard` for SQL a
person or an assistant wrote; run as `python -m vectra_player.store.query_process` by itself.
"""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

import duckdb
import msgspec
import pyarrow as pa

from vectra_player.errors import QueryRefusedError, VectraError
from vectra_player.store.confine import (
    allow_reading_only,
    bare_environment,
    library_directories,
    limit_resources,
)
from vectra_player.store.dataset import EVENTS_DIR, Location, is_remote, open_root
from vectra_player.store.pipes import readable
from vectra_player.store.query import (
    DEFAULT_LIMITS,
    QueryLimits,
    QueryResult,
    QuerySession,
    open_query,
)

if TYPE_CHECKING:
    from vectra_player.store.remote.lending import Lender

GRACE_S = 3.0
"""How long the process may take beyond the time limit before it is killed."""

_BASE_MB = 1200
"""Libraries, thread stacks and allocator slack beside the statement's own memory."""

_OUT_OF_MEMORY = re.compile(r"needs more than|memory", re.IGNORECASE)
_CPU_BUDGET_S = 3600
_HEAD = struct.Struct("<II")


class _Request(msgspec.Struct):
    sql: str
    explain: bool


class _Start(msgspec.Struct):
    """Where the recordings are; or `lent`: what is told of files that the parent brings."""

    location: str
    limits: QueryLimits
    lent: dict[str, Any] | None = None


class _Reply(msgspec.Struct):
    ok: bool
    truncated: bool = False
    elapsed_ms: float = 0.0
    message: str = ""
    advice: str = ""


class QueryProcess:
    """A fenced query session in a child of its own; statements run one after the other.

    A child that was killed for overrunning is replaced at the next statement. It reads beneath
    `events_parquet` and nowhere else (Landlock). Of recordings at a URL it reads what this process
    has fetched and verified (`remote.lending`); it has no credentials to fetch anything itself.
    """

    def __init__(
        self,
        location: str | Path,
        limits: QueryLimits = DEFAULT_LIMITS,
        *,
        grace_s: float = GRACE_S,
    ) -> None:
        self._start = _Start(str(location), limits)
        self._lender: Lender | None = None
        self._grace_s = grace_s
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def query(self, sql: str, *, explain: bool = False) -> QueryResult:
        """Run one SELECT.

        Raises:
            QueryRefusedError: it is not one SELECT, reaches outside, or broke a limit.
            UsageError: the data directory cannot be opened.
        """
        reply, body = self._ask(sql, explain)
        if not reply.ok and self._lender is not None and self._lender.trouble is not None:
            trouble = self._lender.trouble
            self.close()
            if not isinstance(trouble, FileNotFoundError):
                raise trouble
            reply, body = self._ask(sql, explain)  # a day was exchanged: the child lists anew
        if not reply.ok and _OUT_OF_MEMORY.search(reply.message):
            self.close()  # what the statement left in the heap must not fail the next one
        return _result(reply, body)

    def _ask(self, sql: str, explain: bool) -> tuple[_Reply, bytes]:
        limits = self._start.limits
        try:
            child = self._running()
            _send(child, msgspec.json.encode(_Request(sql, explain)))
            head, body = _receive(child, limits.timeout_s + self._grace_s)
        except TimeoutError:
            self.close()
            raise QueryRefusedError(
                f"The query ran longer than {limits.timeout_s:g} s and was stopped.",
                advice="Narrow it by date, session or game, or raise the time limit.",
            ) from None
        except (EOFError, BrokenPipeError):
            self.close()
            raise QueryRefusedError(
                f"The query needs more than {limits.memory_mb} MB.",
                advice="Narrow it by date, session or game, or aggregate first.",
            ) from None
        return msgspec.json.decode(head, type=_Reply), body

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    pipe.close()
        lender, self._lender = self._lender, None
        if lender is not None:
            lender.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self.close()
            start, lent = self._lending() if is_remote(self._start.location) else (self._start, ())
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                pass_fds=lent,
                env=bare_environment(),
            )
            _send(self._child, msgspec.json.encode(start))
            reply, _ = _receive(self._child, 60.0)
            _result(msgspec.json.decode(reply, type=_Reply), b"")
        return self._child

    def _lending(self) -> tuple[_Start, tuple[int, ...]]:
        """Begin to lend files of a URL; return what the child is told, and what it inherits."""
        from vectra_player.store.remote.lending import Lender

        self._lender = Lender(open_root(self._start.location))
        lent = self._lender.lent()
        return _Start("", self._start.limits, msgspec.to_builtins(lent)), (lent.descriptor,)


def _result(reply: _Reply, body: bytes) -> QueryResult:
    if not reply.ok:
        raise QueryRefusedError(reply.message, advice=reply.advice)
    table = pa.ipc.open_stream(body).read_all() if body else pa.table({})
    return QueryResult(table, reply.truncated, reply.elapsed_ms)


def _send(child: subprocess.Popen[bytes], message: bytes) -> None:
    if child.stdin is None:
        raise BrokenPipeError
    child.stdin.write(_HEAD.pack(len(message), 0) + message)


def _receive(child: subprocess.Popen[bytes], timeout_s: float) -> tuple[bytes, bytes]:
    if child.stdout is None:
        raise EOFError
    deadline = monotonic() + timeout_s
    head, body = _HEAD.unpack(_read(child.stdout.fileno(), _HEAD.size, deadline))
    answer = _read(child.stdout.fileno(), head + body, deadline)
    return answer[:head], answer[head:]


def _read(descriptor: int, size: int, deadline: float | None) -> bytes:
    received = bytearray()
    while len(received) < size:
        if deadline is not None:
            left = max(0.0, deadline - monotonic())
            if not readable(descriptor, left):
                raise TimeoutError
        part = os.read(descriptor, min(size - len(received), 1 << 20))
        if not part:
            raise EOFError
        received += part
    return bytes(received)


def _serve(source: int, target: int) -> None:
    """Answer the parent until it goes away."""
    start = msgspec.json.decode(_next_message(source), type=_Start)
    place = _place(start)
    _confine(start)  # first of all: Landlock holds for threads that are started from here on
    try:
        session = open_query(place, start.limits)
    except VectraError as error:
        _answer(target, _Reply(ok=False, message=error.message, advice=error.advice))
        return
    _answer(target, _Reply(ok=True))
    while True:
        request = msgspec.json.decode(_next_message(source), type=_Request)
        _answer(target, *_run(session, request))


def _confine(start: _Start) -> None:
    limit_resources((start.limits.memory_mb + _BASE_MB) << 20, _CPU_BUDGET_S)
    if start.lent is None:
        recordings = Path(start.location).expanduser().resolve() / EVENTS_DIR
    else:
        recordings = Path(start.lent["folder"]).resolve()
    readable = [recordings] if recordings.is_dir() else []
    allow_reading_only([*readable, *library_directories()])


def _place(start: _Start) -> Location:
    if start.lent is None:
        return start.location
    from vectra_player.store.remote.lending import BorrowingRoot, Lent

    return BorrowingRoot(msgspec.convert(start.lent, Lent))


def _run(session: QuerySession, request: _Request) -> tuple[_Reply, bytes]:
    try:
        result = session.query(request.sql, explain=request.explain)
    except VectraError as error:
        return _Reply(ok=False, message=error.message, advice=error.advice), b""
    except MemoryError:
        return _Reply(ok=False, message="The query needs too much memory."), b""
    except (OSError, duckdb.Error, pa.ArrowException) as error:
        return _Reply(ok=False, message=f"The store could not be read: {error}"), b""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, result.table.schema) as writer:
        writer.write_table(result.table)
    reply = _Reply(ok=True, truncated=result.truncated, elapsed_ms=result.elapsed_ms)
    return reply, sink.getvalue().to_pybytes()


def _next_message(source: int) -> bytes:
    size, _ = _HEAD.unpack(_read(source, _HEAD.size, None))
    return _read(source, size, None)


def _answer(target: int, reply: _Reply, body: bytes = b"") -> None:
    head = msgspec.json.encode(reply)
    view = memoryview(_HEAD.pack(len(head), len(body)) + head + body)
    while view:
        view = view[os.write(target, view) :]


if __name__ == "__main__":
    try:
        _serve(0, os.dup(1))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        sys.exit(0)
