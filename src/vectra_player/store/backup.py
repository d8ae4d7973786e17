"""Copies of a store that can be trusted: backup and restore.

Filed Parquet never changes in place, so a copy of listed files is consistent while a recorder runs;
a day that is exchanged meanwhile is listed again. What waits in the journal is not in a backup:
the report counts it. Used by `cli`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

import msgspec
import zstandard

from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import DamageError, UsageError
from vectra_player.store.dataset import retrying
from vectra_player.store.fsops import FileOps, make_directories
from vectra_player.store.layout import DataDir, enclosing, iso

MANIFEST = "backup_manifest.json"
ARCHIVE_SUFFIX = ".tar.zst"

_PARTS = (
    *("events_parquet", "manifests", "profiles", "strategies", "artifacts"),
    *("rules", "notes", "results", "quarantine", "exports"),
)
"""What a backup holds; `config.toml` besides. Journal, run, logs, staging and caches are not."""

_CHUNK = 1 << 20


class Manifest(msgspec.Struct):
    """SHA-256 and size of every file of a backup, by its path in the data directory."""

    created_at: str
    files: dict[str, tuple[str, int]]


class BackupReport(NamedTuple):
    """What was copied."""

    target: str
    files: int
    bytes: int


Progress = Callable[[int], None]


def _quiet(files: int) -> None:
    """Hear nothing."""


def backup(
    data_dir: DataDir, target: Path, *, clock: Clock | None = None, progress: Progress = _quiet
) -> BackupReport:
    """Copy a store to a new directory, or to a new archive if the name ends in `.tar.zst`.

    The copy appears whole or not at all.

    Raises:
        UsageError: the target exists, lies inside a data directory, or its directory is missing.
    """
    target = target.expanduser().absolute()
    if target.exists() or target.is_symlink():
        raise UsageError(f"{target} exists already.", advice="Name a new place.")
    if around := enclosing(target, data_dir):
        raise UsageError(
            f"{target} is inside the data directory {around}.", advice="Name a place outside."
        )
    if not target.parent.is_dir():
        raise UsageError(f"There is no directory {target.parent}.", advice="Make it first.")
    partial = target.with_name(f".{target.name}.partial-{os.getpid()}")
    now = iso((clock or SystemClock()).now_us())
    try:
        write = _to_archive if target.name.endswith(ARCHIVE_SUFFIX) else _to_directory
        manifest = write(data_dir, partial, now, progress)
        partial.rename(target)
        FileOps().fsync_dir(target.parent)
    finally:
        if partial.is_dir():
            shutil.rmtree(partial)
        partial.unlink(missing_ok=True)
    sizes = [size for _, size in manifest.files.values()]
    return BackupReport(str(target), len(sizes), sum(sizes))


def restore(source: Path, target: Path, *, progress: Progress = _quiet) -> BackupReport:
    """Bring a backup back into an empty or absent directory, every hash verified.

    Raises:
        UsageError: the target is not empty, or the source is no backup.
        DamageError: a file is not what was backed up; the target is left as it was.
    """
    source, target = source.expanduser().absolute(), target.expanduser().absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is not empty.", advice="Name an empty or new directory.")
    partial = target.with_name(f".{target.name}.partial-{os.getpid()}")
    partial.mkdir(mode=0o700, parents=True)
    try:
        copy = _from_archive if source.is_file() else _from_directory
        manifest = copy(source, partial, progress)
        if target.exists():
            target.rmdir()
        partial.rename(target)
    finally:
        if partial.is_dir():
            shutil.rmtree(partial)
    DataDir.open_or_create(target)
    sizes = [size for _, size in manifest.files.values()]
    return BackupReport(str(target), len(sizes), sum(sizes))


def _parquet(data_dir: DataDir) -> list[Path]:
    return sorted(data_dir.events.glob("doc_type=*/date=*/*.parquet"))


def _wanted(data_dir: DataDir) -> Iterator[Path]:
    if data_dir.config_file.is_file():
        yield data_dir.config_file
    for part in _PARTS[1:]:
        for path in sorted((data_dir.root / part).rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield path
    yield from _parquet(data_dir)


def _to_directory(data_dir: DataDir, partial: Path, now: str, progress: Progress) -> Manifest:
    def copy() -> Manifest:
        manifest = Manifest(now, {})
        if partial.exists():
            shutil.rmtree(partial)
        make_directories(FileOps(), partial)
        for path in _wanted(data_dir):
            name = path.relative_to(data_dir.root).as_posix()
            make_directories(FileOps(), (partial / name).parent)
            with path.open("rb") as source:
                manifest.files[name] = _copy(source, partial / name)
            progress(len(manifest.files))
        return manifest

    manifest = retrying(copy)
    FileOps().write(partial / MANIFEST, msgspec.json.encode(manifest))
    FileOps().fsync(partial / MANIFEST)
    return manifest


def _to_archive(data_dir: DataDir, partial: Path, now: str, progress: Progress) -> Manifest:
    def write() -> Manifest:
        manifest = Manifest(now, {})
        partial.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with (
            os.fdopen(os.open(partial, flags, 0o600), "wb") as file,
            zstandard.ZstdCompressor(level=1, write_checksum=True).stream_writer(file) as packed,
            tarfile.open(fileobj=packed, mode="w|") as archive,
        ):
            for path in _wanted(data_dir):
                name = path.relative_to(data_dir.root).as_posix()
                manifest.files[name] = _add(archive, path, name)
                progress(len(manifest.files))
            _add_bytes(archive, MANIFEST, msgspec.json.encode(manifest))
        FileOps().fsync(partial)
        return manifest

    return retrying(write)


def _add(archive: tarfile.TarFile, path: Path, name: str) -> tuple[str, int]:
    with path.open("rb") as source:
        size = os.fstat(source.fileno()).st_size
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size, 0o600
        hashing = _Hashing(source)
        archive.addfile(entry, hashing)
    return hashing.sha.hexdigest(), size


def _add_bytes(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    import io

    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), 0o600
    archive.addfile(entry, io.BytesIO(data))


class _Hashing:
    """A file that hashes what is read from it."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.sha = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read and hash."""
        data = self._source.read(size)
        self.sha.update(data)
        return data


def _from_directory(source: Path, partial: Path, progress: Progress) -> Manifest:
    try:
        manifest = msgspec.json.decode((source / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise _no_backup(source) from error
    for count, (name, expected) in enumerate(manifest.files.items(), 1):
        target = _inside(partial, name)
        make_directories(FileOps(), target.parent)
        if not (source / name).is_file():
            raise DamageError(f"{name} is missing in the backup.", advice="Take another backup.")
        with (source / name).open("rb") as file:
            _expect(name, _copy(file, target), expected)
        progress(count)
    return manifest


def _from_archive(source: Path, partial: Path, progress: Progress) -> Manifest:
    found: dict[str, tuple[str, int]] = {}
    manifest = Manifest("", {})
    try:
        with (
            source.open("rb") as file,
            zstandard.ZstdDecompressor().stream_reader(file) as unpacked,
            tarfile.open(fileobj=unpacked, mode="r|") as archive,
        ):
            for entry in archive:
                content = archive.extractfile(entry) if entry.isfile() else None
                if content is None:
                    raise _no_backup(source)
                if entry.name == MANIFEST:
                    manifest = msgspec.json.decode(content.read(), type=Manifest)
                    continue
                target = _inside(partial, entry.name)
                make_directories(FileOps(), target.parent)
                found[entry.name] = _copy(content, target)
                progress(len(found))
    except (tarfile.TarError, zstandard.ZstdError, msgspec.DecodeError) as error:
        raise _no_backup(source) from error
    if set(found) != set(manifest.files):
        raise DamageError(f"{source} is cut short.", advice="Take another backup.")
    for name, expected in manifest.files.items():
        _expect(name, found[name], expected)
    return manifest


def _inside(root: Path, name: str) -> Path:
    """Return the path of a name from a backup; a name may not lead outside."""
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts:
        raise DamageError(f"The backup names a file outside: {name!r}.")
    return root / name


def _copy(source: IO[bytes], target: Path) -> tuple[str, int]:
    sha, size = hashlib.sha256(), 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        while part := source.read(_CHUNK):
            sha.update(part)
            size += len(part)
            file.write(part)
        file.flush()
        os.fsync(file.fileno())
    return sha.hexdigest(), size


def _expect(name: str, found: tuple[str, int], expected: tuple[str, int]) -> None:
    if tuple(found) != tuple(expected):
        raise DamageError(
            f"{name} is not what was backed up.", advice="Restore from another backup."
        )


def _no_backup(source: Path) -> UsageError:
    return UsageError(f"{source} is no backup of ours.", advice="Name what `store backup` made.")
