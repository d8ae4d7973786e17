"""The importer's side of the confined Parquet reader: asks, waits with a limit, starts it anew.

Used by `store.importers.own_exports` and `store.importers.earlier_parquet`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Self

import msgspec

from vectra_player.errors import DecodeError
from vectra_player.store.importers.parquet_child import HEAD, Reply, Request, Start, send
from vectra_player.store.pipes import readable

ANSWER_TIMEOUT_S = 120.0
MAX_MESSAGE_BYTES = 1 << 30


class ParquetReader:
    """One confined child for many files. A child that dies costs the file it was reading."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = [os.fsencode(path.resolve()) for path in roots]
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()

    def peek(self, path: Path) -> tuple[list[str], dict[str, Any] | None]:
        """Return a file's columns and first row. Raises DecodeError."""
        columns: list[str] = []
        row = None
        for reply in self._ask(path, peek=True):
            columns = columns or reply.columns
            row = row or next(iter(reply.rows), None)
        return columns, row

    def rows(self, path: Path) -> Iterator[list[dict[str, Any]]]:
        """Yield a file's rows in batches, times as µs. Raises DecodeError."""
        for reply in self._ask(path, peek=False):
            if reply.rows:
                yield reply.rows

    def _ask(self, path: Path, *, peek: bool) -> Iterator[Reply]:
        child = self._running()
        try:
            send(_pipe(child.stdin), Request(os.fsencode(path.resolve()), peek))
            while True:
                reply = self._next(child)
                if reply.error is not None:
                    raise DecodeError(f"not readable as Parquet: {reply.error}")
                yield reply
                if reply.end:
                    return
        except (OSError, EOFError, msgspec.DecodeError) as error:
            self.close()
            code = child.returncode
            raise DecodeError(f"the Parquet reader gave up ({error or code})") from None
        except GeneratorExit:
            self.close()
            raise

    def _next(self, child: subprocess.Popen[bytes]) -> Reply:
        pipe = _pipe(child.stdout)
        (size,) = HEAD.unpack(_exactly(pipe, HEAD.size))
        if size > MAX_MESSAGE_BYTES:
            raise EOFError("answer too large")
        return msgspec.msgpack.decode(_exactly(pipe, size), type=Reply)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self.close()
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "vectra_player.store.importers.parquet_child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                start_new_session=True,
            )
            send(_pipe(self._child.stdin), Start(self._roots))
        return self._child


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise EOFError("no pipe")
    return pipe


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    """Read so many bytes of an unbuffered pipe, waiting a bounded time for each part."""
    parts: list[bytes] = []
    while size:
        if not readable(pipe, ANSWER_TIMEOUT_S):
            raise EOFError("no answer in time")
        part = pipe.read(min(size, 1 << 20))
        if not part:
            raise EOFError("it ended")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
