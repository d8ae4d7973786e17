"""What a data directory remembers of its copies: who it is, and how far each sync came.

`manifests/store_id.json` names the store for good. `manifests/sync/<target>/state.json` says what
was last put at one address and what is under way; `facts.json` beside it only saves work.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import DamageError
from vectra_player.store.fsops import FileOps, make_directories, replace_file
from vectra_player.store.layout import DataDir, iso
from vectra_player.store.remote.manifest import RemoteFile, StoreId, sha_of

IDENTITY: Final = "store_id.json"

T = TypeVar("T")


class Identity(msgspec.Struct, frozen=True):
    """The name of a store among others: random, so that nobody has to give it out."""

    store: StoreId
    created_at: str


class SyncState(msgspec.Struct):
    """How far the sync to one address came.

    `committed`: SHA-256 of the index that was last known to be there; empty before the first.
    `pending`: those that may be there, as their requests were not answered. `sending`: objects that
    may be there and that no index names.
    """

    url: str
    store: StoreId
    committed: str = ""
    pending: list[str] = []
    sending: list[str] = []


class Fact(msgspec.Struct, frozen=True):
    """A local file as it was looked into: valid while the file is this one."""

    size: int
    mtime_ns: int
    inode: int
    file: RemoteFile


class StateFiles:
    """Reads and writes what is remembered of one address; durable when a call returns."""

    def __init__(self, data_dir: DataDir, url: str, ops: FileOps | None = None) -> None:
        self._ops = ops or FileOps()
        self._url = url
        self._manifests = data_dir.manifests
        self._staging = data_dir.staging
        self._folder = data_dir.manifests / "sync" / sha_of(url.encode())[:16]

    def identity(self, clock: Clock | None = None, *, anew: bool = False) -> Identity:
        """Return who this store is; a store without a name gets one.

        Raises:
            DamageError: its name cannot be read.
        """
        path = self._manifests / IDENTITY
        if not anew:
            try:
                return msgspec.json.decode(path.read_bytes(), type=Identity)
            except FileNotFoundError:
                pass
            except msgspec.DecodeError as error:
                raise DamageError(
                    f"{path} cannot be read: {error}.",
                    advice="Restore it from a backup, or give this store a new name with "
                    "`store sync --new-id`.",
                ) from error
        made = Identity(secrets.token_hex(8), iso((clock or SystemClock()).now_us()))
        self._replace(path, msgspec.json.encode(made))
        return made

    def read(self, store: str) -> SyncState:
        """Return how far a sync of this store came; of another, or unreadable: nothing."""
        found = _decoded(self._folder / "state.json", SyncState)
        if found is not None and found.store == store and found.url == self._url:
            return found
        return SyncState(self._url, store)

    def write(self, state: SyncState) -> None:
        """Remember how far it came."""
        self._replace(self._folder / "state.json", msgspec.json.encode(state))

    def facts(self) -> dict[str, Fact]:
        """Return what is known of local files by their names under `events_parquet`."""
        return _decoded(self._folder / "facts.json", dict[str, Fact]) or {}

    def write_facts(self, facts: dict[str, Fact]) -> None:
        """Remember what is known of local files."""
        self._replace(self._folder / "facts.json", msgspec.json.encode(facts))

    def _replace(self, path: Path, data: bytes) -> None:
        make_directories(self._ops, path.parent)
        replace_file(self._ops, path, data, self._staging / f"sync-{path.name}")


def _decoded(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
