"""The recorder's end of the chrome-host socket: messages in, commands and receipts out."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import NamedTuple

import msgspec

from vectra_player.errors import SourceError
from vectra_player.sources.chrome.wire import CHUNK, HEADER, frame
from vectra_player.unix import peer_uid

HELLO_S = 30.0


class HostBusyError(SourceError):
    """Another recorder is connected."""


class Hello(msgspec.Struct):
    """What the host says first. `first_id` starts this recorder's own command ids."""

    error: str = ""
    version: str = ""
    chrome_pid: int = 0
    host_pid: int = 0
    first: int = 0
    next: int = 0
    dropped: int = 0
    parked: bool = False
    headless: bool = False
    first_id: int = 1
    new: bool = False


class Heard(NamedTuple):
    """One frame of the host: kind as in `wire`, number, payload."""

    kind: bytes
    number: int
    payload: bytes


class HostLink:
    """An open connection to a chrome-host; made by `connect`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._buffer = bytearray()
        self.hello = Hello()

    @classmethod
    async def connect(cls, path: Path, acknowledged: int) -> HostLink | None:
        """Connect and exchange hellos; None when no host listens at `path`.

        Raises:
            HostBusyError: another recorder uses this Chrome; it may be about to end.
            SourceError: the host is not ours.
        """
        try:
            reader, writer = await asyncio.open_unix_connection(str(path), limit=4 * CHUNK)
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        link = cls(reader, writer)
        try:
            await link._greet(acknowledged)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            # Refused before it read our hello, or it ends this moment: worth another try.
            await link.close()
            raise HostBusyError("chrome-host broke off the connection.") from error
        except SourceError:
            await link.close()
            raise
        return link

    async def _greet(self, acknowledged: int) -> None:
        if peer_uid(self._writer.get_extra_info("socket")) != os.getuid():
            raise SourceError("The chrome-host socket belongs to another user.")
        self._write(b"h", 0, json.dumps({"acknowledged": acknowledged}).encode())
        async with asyncio.timeout(HELLO_S):
            _, _, length = HEADER.unpack(await self._reader.readexactly(HEADER.size))
            self.hello = msgspec.json.decode(await self._reader.readexactly(length), type=Hello)
        if self.hello.error:
            raise HostBusyError(
                "Another recorder already uses this Chrome.",
                advice="Stop it, or choose another profile with CHROME_PROFILE.",
            )

    async def read(self, wait_s: float) -> list[Heard] | None:
        """Return what has come, in order; [] after `wait_s` quiet seconds, None at the end."""
        try:
            async with asyncio.timeout(wait_s):
                data = await self._reader.read(CHUNK)
        except TimeoutError:
            return []
        except OSError:
            return None
        if not data:
            return None
        self._buffer += data
        return self._split()

    def _split(self) -> list[Heard]:
        buffer, start, heard = self._buffer, 0, []
        while len(buffer) - start >= HEADER.size:
            kind, number, length = HEADER.unpack_from(buffer, start)
            end = start + HEADER.size + length
            if len(buffer) < end:
                break
            heard.append(Heard(kind, number, bytes(buffer[start + HEADER.size : end])))
            start = end
        del buffer[:start]
        return heard

    def command(self, data: bytes) -> None:
        """Hand a CDP command to Chrome."""
        self._write(b"C", 0, data)

    def acknowledge(self, number: int) -> None:
        """Let the host forget everything up to `number`."""
        self._write(b"A", number, b"")

    def park(self) -> None:
        """Leave for good: the host forgets what comes until the next recorder."""
        self._write(b"B", 0, b"")

    def close_browser(self) -> None:
        """Have Chrome closed."""
        self._write(b"X", 0, b"")

    async def close(self) -> None:
        """Close the connection once everything is written."""
        try:
            self._writer.close()
            await self._writer.wait_closed()
        except OSError:
            return

    def _write(self, kind: bytes, number: int, payload: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(frame(kind, number, payload))
