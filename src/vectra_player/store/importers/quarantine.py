"""Keep what an import could not read: file, line, byte offset, reason and the bytes themselves.

One folder an import, made when the first bad line turns up: `quarantine/<import id>/bad.jsonl`.
What an earlier import put aside is not put aside again: repeating an import adds nothing.
Secrets are masked as everywhere else. Used by `store.importers.job` only.
"""

from __future__ import annotations

import base64
import hashlib
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

from vectra_player.errors import DiskError
from vectra_player.model.frame import Frame
from vectra_player.protocol.redact import scrub
from vectra_player.store.importers.records import BadLine
from vectra_player.store.importers.report import shown


class _Kept(Struct):
    file: str
    line: int
    offset: int
    length: int
    reason: str
    salvaged: int
    text: str | None = None
    base64: str | None = None


class Quarantine:
    """The bad lines of one import. Made anew for each; touches the disk at the first line."""

    def __init__(self, root: Path, now_us: int) -> None:
        moment = datetime.fromtimestamp(now_us / 1e6, UTC).strftime("%Y%m%dT%H%M%SZ")
        self.folder = root / f"import-{moment}-{uuid.uuid4().hex[:8]}"
        self.place: Path | None = None
        """Where to look for what was added last, also if it lay there before."""
        self._root = root
        self._known: dict[bytes, Path] | None = None
        self._file: IO[bytes] | None = None

    def add(self, path: Path, bad: BadLine) -> None:
        """Put one line aside, unless it is there from an earlier import. Raises DiskError."""
        kept = _Kept(shown(path), bad.line, bad.offset, bad.length, bad.reason, bad.salvaged)
        if bad.data is not None:
            _keep_bytes(kept, bad.data)
        entry = msgspec.json.encode(kept) + b"\n"
        try:
            if self._known is None:
                self._known = _entries(self._root)
            key = _key(entry)
            if key not in self._known:
                self._open().write(entry)
                self._known[key] = self.folder
            self.place = self.folder if self._file else self._known[key]
        except OSError as error:
            raise DiskError(f"cannot write to {self.folder}: {error.strerror}") from error

    def close(self) -> None:
        """Make the list durable. Raises DiskError."""
        if self._file is None:
            return
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise DiskError(f"cannot write to {self.folder}: {error.strerror}") from error
        finally:
            self._file.close()

    def _open(self) -> IO[bytes]:
        if self._file is None:
            self.folder.mkdir(mode=0o700, parents=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.fdopen(os.open(self.folder / "bad.jsonl", flags, 0o600), "wb")
        return self._file


def _entries(root: Path) -> dict[bytes, Path]:
    """Return where each line of earlier imports lies, by `_key`."""
    found: dict[bytes, Path] = {}
    for path in sorted(root.glob("import-*/bad.jsonl")):
        with path.open("rb") as file:
            found.update((_key(entry), path.parent) for entry in file)
    return found


def _key(entry: bytes) -> bytes:
    return hashlib.blake2b(entry, digest_size=16).digest()


def _keep_bytes(kept: _Kept, data: bytes) -> None:
    """Store text as text and other bytes as base64, secrets masked either way."""
    try:
        kept.text = _mask(data.decode())
    except UnicodeDecodeError:
        masked = _mask(data.decode("latin-1"))
        kept.base64 = base64.b64encode(masked.encode("latin-1", "replace")).decode()


def _mask(text: str) -> str:
    return scrub(Frame(ts=0, raw=text, source="import", raw_format="capture")).raw
