"""Ask the running recorder of a data directory for something: status, flush, stop, trading.

A Unix socket in the data directory's 0700 `run/`, one JSON object a line each way. Whoever may
open that directory owns the recordings anyway.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from vectra_player.errors import UsageError
from vectra_player.unix import bound, short_path

Handlers = dict[str, Callable[..., Awaitable[Any]]]
"""What answers each request; called with the request's fields by name."""

SOCKET = "recorder.sock"
MAX_LINE_BYTES = 64 * 1024
UNKNOWN = "unknown request"


class NobodyAnswersError(UsageError):
    """No service of the data directory answers, or the one that does knows nothing of it."""


class _Request(msgspec.Struct, frozen=True):
    op: str
    fields: dict[str, str | float] = {}


_REQUEST = msgspec.json.Decoder(_Request)


@contextlib.asynccontextmanager
async def serve_control(data_dir: Path, handlers: Handlers) -> AsyncIterator[None]:
    """Answer requests while the block runs; call only as the directory's single writer."""
    with bound(data_dir / "run", SOCKET) as listener:
        server = await asyncio.start_unix_server(
            _answering(handlers), sock=listener, limit=MAX_LINE_BYTES
        )
        try:
            yield
        finally:
            server.close()
            await server.wait_closed()


def _answering(
    handlers: Handlers,
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(ValueError, ConnectionError):
            request = _REQUEST.decode(await reader.readline())
            reply = await _reply(handlers.get(request.op), request.fields)
            writer.write(msgspec.json.encode(reply) + b"\n")
            await writer.drain()

    return answer


async def _reply(
    handler: Callable[..., Awaitable[Any]] | None, fields: dict[str, str | float]
) -> dict[str, Any]:
    """Return a result, or why there is none."""
    if handler is None:
        return {"error": UNKNOWN}
    try:
        inspect.signature(handler).bind(**fields)
    except TypeError:
        return {"error": "wrong fields"}
    try:
        return {"result": await handler(**fields)}
    except UsageError as error:
        return {"refused": error.message, "advice": error.advice}


def ask_recorder(
    data_dir: Path, op: str, *, timeout_s: float = 120.0, **fields: str | float
) -> Any:
    """Send one request to the recorder of this directory and return its result.

    Raises:
        NobodyAnswersError: no recorder answers, or it does not know the request.
        UsageError: it refuses.
    """
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.settimeout(timeout_s)
        try:
            with short_path(data_dir / "run", SOCKET) as path:
                connection.connect(str(path))
            connection.sendall(msgspec.json.encode({"op": op, "fields": fields}) + b"\n")
            reply = msgspec.json.decode(connection.makefile("rb").readline())
        except (OSError, msgspec.DecodeError) as error:
            raise NobodyAnswersError(
                f"No recorder answers in {data_dir} ({error}).",
                advice="`vectra-player up` starts one.",
            ) from None
    if "refused" in reply:
        raise UsageError(reply["refused"], advice=reply["advice"])
    if "error" in reply:
        kind = NobodyAnswersError if reply["error"] == UNKNOWN else UsageError
        raise kind(f"The recorder refused {op!r}: {reply['error']}.")
    return reply["result"]
