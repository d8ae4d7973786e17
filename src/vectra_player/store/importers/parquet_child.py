"""Read Parquet files somebody else made, in a process that can do nothing but that.

A hostile file may crash the reader or make it take all memory (reliability.md S12): then this
child dies, not the importer. Run by `store.importers.parquet` as
`python -m vectra_player.store.importers.parquet_child`; talks msgpack over its own pipes.
"""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path
from typing import IO, Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from vectra_player.store.confine import (
    allow_reading_only,
    library_directories,
    limit_resources,
)

HEAD = struct.Struct("<I")
BATCH_ROWS = 200
CPU_S = 3600
MEMORY_BYTES = 3 << 30


class Start(msgspec.Struct):
    """What the child may read."""

    roots: list[bytes]


class Request(msgspec.Struct):
    """Read one file: all its rows, or (`peek`) its columns and first row."""

    path: bytes
    peek: bool


class Reply(msgspec.Struct):
    """One part of an answer; `end` after the last. `error` ends the file, not the child."""

    columns: list[str] = []
    rows: list[dict[str, Any]] = []
    end: bool = False
    error: str | None = None


def send(pipe: IO[bytes], message: msgspec.Struct) -> None:
    """Write one length-prefixed message. Raises OSError."""
    body = msgspec.msgpack.encode(message, enc_hook=str)
    pipe.write(HEAD.pack(len(body)) + body)
    pipe.flush()


def receive(pipe: IO[bytes]) -> bytes | None:
    """Read one message; None at the end of the pipe."""
    head = pipe.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    (size,) = HEAD.unpack(head)
    return pipe.read(size)


def main() -> None:
    """Serve requests until the pipe closes."""
    first = receive(sys.stdin.buffer)
    if first is None:
        return
    start = msgspec.msgpack.decode(first, type=Start)
    limit_resources(MEMORY_BYTES, CPU_S)
    allow_reading_only([*library_directories(), *(Path(os.fsdecode(root)) for root in start.roots)])
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    while (body := receive(sys.stdin.buffer)) is not None:
        _answer(msgspec.msgpack.decode(body, type=Request), sys.stdout.buffer)


def _answer(request: Request, out: IO[bytes]) -> None:
    try:
        with pq.ParquetFile(os.fsdecode(request.path)) as file:
            send(out, Reply(columns=list(file.schema_arrow.names)))
            for batch in file.iter_batches(batch_size=1 if request.peek else BATCH_ROWS):
                send(out, Reply(rows=_plain(batch).to_pylist()))
                if request.peek:
                    break
        send(out, Reply(end=True))
    except (pa.ArrowException, OSError, ValueError, TypeError, MemoryError, OverflowError) as error:
        send(out, Reply(end=True, error=f"{type(error).__name__}: {error}"[:300]))


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Turn times into µs since the epoch; a time without zone was UTC in every known store."""
    columns = [
        column.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
        if pa.types.is_timestamp(column.type)
        else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


if __name__ == "__main__":
    main()
