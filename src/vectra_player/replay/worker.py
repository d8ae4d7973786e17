"""Load recordings in a process of their own, so that a feed never waits for Parquet.

`load` is for asyncio processes (`foundation`). The child, `python -m vectra_player.replay.worker`,
gets one request on stdin as JSON and answers on stdout in msgpack parts, each with its length
before it. The answer holds rows; the parent understands them in a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from vectra_player.errors import UsageError, VectraError
from vectra_player.model.rows import WsEvent
from vectra_player.replay.recording import Material, Recording, make_recording

TIMEOUT_S = 120.0
PART_ROWS = 1_000
_HEAD = struct.Struct("<I")
_MAX_PART = 1 << 30


class Wanted(Struct, frozen=True):
    """What to load: a game or session of the store at `location`, or a file by its path."""

    kind: Literal["game", "session", "file"]
    name: str
    location: str = ""


class _Reply(Struct, frozen=True):
    material: Material | None = None
    error: str = ""
    advice: str = ""
    usage: bool = False


async def load(wanted: Wanted, *, timeout_s: float = TIMEOUT_S) -> Recording:
    """Load a recording in a child and make it ready in a thread.

    Raises:
        UsageError: there is nothing such, it is no recording, or it is too long.
        VectraError: it could not be read.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", __name__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(timeout_s):
            material = await _ask(child, wanted)
    except TimeoutError:
        raise VectraError(
            f"Loading {wanted.name} took over {timeout_s:g} s and was given up.",
            advice="Try again when the machine has less to do.",
        ) from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
    return await asyncio.to_thread(make_recording, material)


async def _ask(child: asyncio.subprocess.Process, wanted: Wanted) -> Material:
    if child.stdin is None or child.stdout is None:
        raise VectraError("The worker process has no pipes.")
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        child.stdin.write(msgspec.json.encode(wanted))
        await child.stdin.drain()
        child.stdin.close()
    parts = _parts(child.stdout)
    try:
        reply = msgspec.msgpack.decode(await anext(parts), type=_Reply)
        if reply.material is None:
            kind = UsageError if reply.usage else VectraError
            raise kind(reply.error, advice=reply.advice)
        rows: list[WsEvent] = []
        async for part in parts:
            rows += await asyncio.to_thread(_rows, part)
    except asyncio.IncompleteReadError:
        raise VectraError(
            f"The process that loads {wanted.name} ended early.",
            advice="It may need more memory than there is.",
        ) from None
    return msgspec.structs.replace(reply.material, rows=rows)


async def _parts(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield the parts of an answer up to the empty one that ends it."""
    while True:
        (size,) = _HEAD.unpack(await stream.readexactly(_HEAD.size))
        if not size:
            return
        yield await stream.readexactly(size)


def _rows(part: bytes) -> list[WsEvent]:
    return msgspec.msgpack.decode(part, type=list[WsEvent])


def answer(wanted: Wanted) -> Iterator[bytes]:
    """Yield the parts that answer a request, errors included."""
    try:
        material = _find(wanted)
    except VectraError as error:
        usage = isinstance(error, UsageError)
        yield _encode(_Reply(error=error.message, advice=error.advice, usage=usage))
        return
    except (OSError, MemoryError) as error:
        yield _encode(_Reply(error=f"{wanted.name} cannot be read: {error}."))
        return
    yield _encode(_Reply(material=msgspec.structs.replace(material, rows=[])))
    for first in range(0, len(material.rows), PART_ROWS):
        yield _encode(material.rows[first : first + PART_ROWS])


def _find(wanted: Wanted) -> Material:
    from vectra_player.replay import reader

    if wanted.kind == "file":
        return reader.find_file(Path(wanted.name))
    if wanted.kind == "session":
        return reader.find_session(wanted.location, wanted.name)
    return reader.find_game(wanted.location, wanted.name)


def _encode(value: object) -> bytes:
    return msgspec.msgpack.encode(value)


def _serve(source: int, target: int) -> None:
    with os.fdopen(source, "rb") as asked:
        wanted = msgspec.json.decode(asked.read(), type=Wanted)
    with os.fdopen(target, "wb") as told:
        for part in answer(wanted):
            told.write(_HEAD.pack(len(part)) + part)
        told.write(_HEAD.pack(0))


if __name__ == "__main__":
    try:
        _serve(0, os.dup(1))
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(0)
