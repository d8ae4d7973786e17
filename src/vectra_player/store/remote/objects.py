"""Whole objects under one URL, on any fsspec file system; what it refuses becomes our errors.

An object is written whole or not at all, and read whole. Credentials come from the standard chain
of the storage's own client and pass through no code of ours. Used by `store.remote` only.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from vectra_player.errors import DamageError, UsageError, VectraError
from vectra_player.extras import needed
from vectra_player.store.fsops import FileOps, make_directories, replace_file
from vectra_player.store.remote.manifest import damaged
from vectra_player.store.remote.refusals import MissingError, code_of, is_passing, translated

T = TypeVar("T")

_READ_BYTES: Final = 16 << 20
"""What one request of a read-back brings: it bounds the memory of a check."""

_ONE_PUT_BYTES: Final = 4 << 30
"""Objects up to this go in one request, whole or not at all; no file of ours comes near it."""

_TRIES: Final = 6
"""Over about 15 s. The client's own repeats are off: it does not know of a body that was cut."""

_PATIENCE_S: Final = 30
"""After this long a request is not begun a third time: a server may take it and never answer."""

_S3_OPTIONS: Final[dict[str, Any]] = {
    "default_block_size": _READ_BYTES,
    "use_listings_cache": False,
    "config_kwargs": {
        "retries": {"mode": "standard", "total_max_attempts": 1},
        "connect_timeout": 10,
        "read_timeout": 20,
    },
}


_PLACES: Final = "Write s3://BUCKET/PREFIX, or file:// and the path of a folder."


class ObjectStore:
    """Objects by their names relative to a URL. Safe to use from several threads."""

    def __init__(self, url: str, *, wait_s: float = 0.5) -> None:
        """Connect to nothing yet. `wait_s`: the first pause before a request is repeated.

        Raises:
            UsageError: the URL is no address of a storage that is installed.
        """
        self.url: Final = url.rstrip("/")
        self.requests: Final[Counter[str]] = Counter()
        self._wait_s = wait_s
        self._filesystem, base = _open(url)
        self._base = base.rstrip("/")
        protocol = self._filesystem.protocol
        self._protocols = (protocol,) if isinstance(protocol, str) else tuple(protocol)
        self._local = "file" in self._protocols
        self._s3 = "s3" in self._protocols
        self._ops = FileOps()

    def __str__(self) -> str:
        return self.url

    @property
    def folder(self) -> Path | None:
        """Where the objects lie on a disk here; None where they lie elsewhere."""
        return Path(self._base) if self._local else None

    def names(self, folder: str) -> list[str]:
        """List what lies directly in a folder: names of objects and folders, sorted."""

        def ask() -> list[str]:
            entries = self._filesystem.ls(self._path(folder), detail=False)
            return sorted({posixpath.basename(str(entry).rstrip("/")) for entry in entries})

        return self._ask("list", ask, missing=[])

    def sizes(self, folder: str = "") -> dict[str, int]:
        """List every object beneath a folder with its size in bytes."""

        def ask() -> dict[str, int]:
            base = self._filesystem._strip_protocol(self._path("")).rstrip("/") + "/"
            found = self._filesystem.find(self._path(folder), detail=True)
            return {name.removeprefix(base): int(info["size"]) for name, info in found.items()}

        return self._ask("list", ask, missing={})

    def read(self, name: str) -> bytes | None:
        """Return an object whole; None where there is none, nothing where it is damaged."""
        try:
            return self._ask("get", lambda: self._cat(name), missing=None)
        except DamageError:
            return b""

    def verified(self, name: str, size: int, sha256: str) -> Iterator[bytes]:
        """Yield an object part by part; fails at its end unless it is what was put there.

        Raises:
            MissingError: there is none.
            DamageError: it is another one.
        """
        sha, seen = hashlib.sha256(), 0
        for part in self._chunks(name, size):
            sha.update(part)
            seen += len(part)
            yield part
        if seen != size or sha.hexdigest() != sha256:
            raise damaged(f"{name} at {self.url}", "it is not what was put there")

    def holds(self, name: str, size: int, sha256: str) -> bool:
        """Read an object back: say whether it is there as it was put."""
        try:
            for _ in self.verified(name, size, sha256):
                pass
        except (MissingError, DamageError):
            return False
        return True

    def write(self, name: str, data: bytes) -> None:
        """Put an object in one request: it is there whole when this returns."""
        self._ask("put", lambda: self._put(name, data, {}))

    def replace(self, name: str, data: bytes, expected: bytes | None) -> bool:
        """Put an object in place of `expected` (None: of nothing); False where another one is.

        S3 itself compares as it writes; elsewhere we look just before.
        """
        condition = self._condition(name)
        current = self.read(name)
        if current == data:
            return True
        if current != expected:
            return False
        try:
            self._ask("put", lambda: self._put(name, data, condition))
        except VectraError as error:
            if code_of(error) == "NotImplemented":  # a server that knows no conditions
                self.write(name, data)
                return True
            if code_of(error) not in ("PreconditionFailed", "ConditionalRequestConflict"):
                raise
            # A repeated request meets what its first try has written.
            return self.read(name) == data
        return True

    def remove(self, names: Sequence[str]) -> None:
        """Remove objects; one that is gone already is fine."""
        for start in range(0, len(names), 1000):
            batch = [self._path(name) for name in names[start : start + 1000]]
            self._ask("delete", partial(self._remove, batch))

    def _chunks(self, name: str, size: int) -> Iterator[bytes]:
        """Yield an object of a known size part by part; ends early where it is shorter."""
        for start in range(0, size, _READ_BYTES):
            end = min(size, start + _READ_BYTES)
            part = self._ask("get", partial(self._cat, name, start, end))
            yield part
            if len(part) < end - start:
                return

    def _cat(self, name: str, start: int = 0, end: int | None = None) -> bytes:
        try:
            data: bytes = self._filesystem.cat_file(self._path(name), start=start, end=end)
        except OSError as error:
            if code_of(error) not in ("InvalidRange", "416"):
                raise
            return b""  # it is no longer than `start`
        return data

    def _condition(self, name: str) -> dict[str, str]:
        if not self._s3:
            return {}
        info = self._ask("head", lambda: self._filesystem.info(self._path(name)), missing=None)
        return {"IfNoneMatch": "*"} if info is None else {"IfMatch": str(info["ETag"])}

    def _put(self, name: str, data: bytes, condition: dict[str, str]) -> None:
        path = self._path(name)
        if self._local:
            self._put_file(Path(path), data)
        elif self._s3:
            self._filesystem.pipe_file(path, data, chunksize=_ONE_PUT_BYTES, **condition)
        else:
            self._filesystem.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            self._filesystem.pipe_file(path, data)

    def _put_file(self, path: Path, data: bytes) -> None:
        """Put on a disk what a storage would take in one request: whole, and durable."""
        make_directories(self._ops, path.parent)
        staged = path.with_name(f".{path.name}.partial-{os.getpid()}")
        replace_file(self._ops, path, data, staged)

    def _remove(self, paths: list[str]) -> None:
        if self._s3:
            self._filesystem.rm(paths)
            return
        for path in paths:
            if self._filesystem.exists(path):
                self._filesystem.rm_file(path)

    def _path(self, name: str) -> str:
        return f"{self._base}/{name}" if name else self._base

    def _ask(self, kind: str, call: Callable[[], T], **fallback: T) -> T:
        """Carry out a request; what may pass is tried again. `missing`: the answer for nothing."""
        begun = time.monotonic()
        for attempt in range(_TRIES):
            self.requests[kind] += 1
            try:
                return call()
            except Exception as error:
                refusal = translated(error, self.url)
                if isinstance(refusal, MissingError) and "missing" in fallback:
                    return fallback["missing"]
                late = attempt > 0 and time.monotonic() - begun >= _PATIENCE_S
                if late or attempt + 1 == _TRIES or not is_passing(error):
                    raise refusal from error
            time.sleep(self._wait_s * 2**attempt)
        raise AssertionError("unreachable")


def _open(url: str) -> tuple[Any, str]:
    import fsspec

    parts = urlsplit(url)
    if not url.strip(" /") or url.rstrip("/").endswith(":"):
        raise UsageError(f"{url!r} names no place.", advice=_PLACES)
    if parts.scheme in ("http", "https"):
        raise UsageError(
            f"{url} is a server, not a place on one.",
            advice="Write s3://BUCKET/PREFIX, and set AWS_ENDPOINT_URL to the server.",
        )
    if "@" in parts.netloc or parts.query:
        raise UsageError(
            "An address of a storage names no user and no options.",
            advice="Credentials come from the environment, AWS_PROFILE or the machine's role.",
        )
    if parts.scheme in ("s3", "s3a"):
        needed("cluster", "Object storage", "s3fs")
        if not parts.netloc:
            raise UsageError(f"{url} names no bucket.", advice=_PLACES)
    options = _S3_OPTIONS if parts.scheme in ("s3", "s3a") else {}
    try:
        # An instance of our own: a cached one keeps the endpoint and credentials it began with.
        filesystem, base = fsspec.core.url_to_fs(url, skip_instance_cache=True, **options)
    except (ImportError, ValueError) as error:
        raise UsageError(
            f"{url} cannot be opened: {error}.",
            advice="Install the fsspec package of that storage, or give a local path.",
        ) from error
    if hasattr(filesystem, "retries"):
        filesystem.retries = 1  # the client repeats by itself, and so do we
    return filesystem, str(base)
