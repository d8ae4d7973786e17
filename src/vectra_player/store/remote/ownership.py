"""The right to replace one store's index in a bucket: nobody gives it out, so it is checked.

A store's name is random, so two recorders never share one; but a data directory can be copied, and
a backup restored beside the original. Such a copy finds an index there that it did not put, and is
refused before it changes anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from vectra_player.clock import Clock
from vectra_player.errors import DamageError, UsageError
from vectra_player.store.fsops import FileOps, make_directories
from vectra_player.store.layout import DataDir
from vectra_player.store.lock import WriterLock, only_one
from vectra_player.store.remote import manifest as names
from vectra_player.store.remote.manifest import Day, Index, sha_of
from vectra_player.store.remote.objects import ObjectStore
from vectra_player.store.remote.state import StateFiles, SyncState

Claim = Literal["own", "new-id", "take-over"]
"""Whose index: this directory's; a new one, as this is a copy; or this one's from now on."""


class OwnIndex:
    """This store's index in a bucket, as it was last seen there.

    `lost`: it was there and is gone or damaged, so what lies there is known of no object.
    """

    def __init__(
        self, objects: ObjectStore, files: StateFiles, state: SyncState, index: Index,
        raw: bytes | None, *, lost: bool,
    ) -> None:  # fmt: skip
        self._objects = objects
        self._files = files
        self._raw = raw
        self.state = state
        self.index = index
        self.lost = lost

    def announce(self, sending: Iterable[str]) -> None:
        """Write down what may be there from now on, before it is sent."""
        added = set(sending) - set(self.state.sending)
        if added:
            self.state.sending = sorted({*self.state.sending, *added})
            self._files.write(self.state)

    def settle(self, names_: Iterable[str]) -> None:
        """Take off the list what the index names, or what was removed."""
        self.state.sending = sorted(set(self.state.sending) - set(names_))
        self._files.write(self.state)

    def commit(self, days: Mapping[str, Day], retired: Mapping[str, int]) -> None:
        """Replace the index in one request.

        Raises:
            UsageError: somebody else has replaced it since.
        """
        index = Index(self.index.store, self.index.serial + 1, dict(days), dict(retired))
        data = names.encode(index)
        self.state.pending.append(sha_of(data))
        self._files.write(self.state)
        name = names.index_name(index.store)
        if not self._objects.replace(name, data, self._raw) or self._objects.read(name) != data:
            raise _of_another(index.store, self._objects.url)
        self.index, self._raw = index, data
        self.state.committed, self.state.pending = sha_of(data), []
        self._files.write(self.state)


@contextmanager
def open_own(
    data_dir: DataDir, objects: ObjectStore, claim: Claim, clock: Clock
) -> Iterator[OwnIndex]:
    """Hold this store's index; one sync of a data directory at a time.

    Raises:
        StoreLockedError: another sync runs.
        UsageError: another copy of this directory has put the index there.
    """
    with _only_sync(data_dir):
        files = StateFiles(data_dir, objects.url)
        store = files.identity(clock, anew=claim == "new-id").store
        yield _open(objects, files, files.read(store), taking=claim == "take-over")


def _open(objects: ObjectStore, files: StateFiles, state: SyncState, *, taking: bool) -> OwnIndex:
    empty = Index(state.store, 0, {}, {})
    raw = objects.read(names.index_name(state.store))
    if raw is None:
        lost = bool(state.committed or state.pending)
        return OwnIndex(objects, files, state, empty, None, lost=lost)
    try:
        index = names.read_index(raw, state.store, objects.url)
    except DamageError:
        return OwnIndex(objects, files, state, empty, raw, lost=True)
    if sha_of(raw) not in (state.committed, *state.pending) and not taking:
        raise _of_another(state.store, objects.url)
    state.committed, state.pending = sha_of(raw), []
    return OwnIndex(objects, files, state, index, raw, lost=False)


def _only_sync(data_dir: DataDir) -> WriterLock:
    path = data_dir.run / "sync.lock"
    make_directories(FileOps(), path.parent)
    return only_one(path, f"Another sync of {data_dir.root} is running", "Wait for its end.")


def _of_another(store: str, url: str) -> UsageError:
    return UsageError(
        f"Store {store} at {url} was last written by another copy of this data directory.",
        advice="Add --new-id if both are in use: this one becomes a store of its own. "
        "Add --take-over if the other one is gone.",
    )
