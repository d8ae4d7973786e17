"""Recordings in a bucket as `store.dataset` knows them: a reader opens what it needs.

A file is fetched whole when it is first opened, verified, and kept (`cache`). Which files are
opened is up to the reader: a table nobody asks for, or a day outside a condition on `date` or `ts`,
costs no request.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

import pyarrow as pa

from vectra_player.errors import DamageError, UsageError, VectraError
from vectra_player.store.dataset import DataFile, StoreRoot
from vectra_player.store.remote.cache import Cache, verified
from vectra_player.store.remote.manifest import damaged
from vectra_player.store.remote.merge import without_rivals
from vectra_player.store.remote.objects import ObjectStore
from vectra_player.store.remote.opening import OpeningFiles
from vectra_player.store.remote.refusals import MissingError
from vectra_player.store.remote.snapshot import Entry, Held, Snapshot, take_snapshot


class RemoteRoot(StoreRoot):
    """One moment of a bucket. Taken anew when a file that it names has gone meanwhile."""

    def __init__(self, url: str, home: Path) -> None:
        """`home`: the local data directory; files are kept in its `mirror/`."""
        self.objects: Final = ObjectStore(url)
        self._cache = Cache(home, self.objects.url)
        self._lock = threading.Lock()
        self._snapshot = self._take()
        if not self._snapshot.stores:
            raise UsageError(
                f"There is no recording at {self.objects.url}.",
                advice="Ship one there with `vectra-player store sync`.",
            )
        super().__init__(OpeningFiles(self._open).as_filesystem(), self.objects.url)

    @property
    def snapshot(self) -> Snapshot:
        """What belongs to the bucket."""
        return self._snapshot

    def files(self, doc_type: str) -> list[DataFile]:
        """List the files of a doc type by date and name."""
        entries = self._snapshot.entries.get(doc_type, {})
        found = [_listed(entry.held) for entry in entries.values()]
        return sorted(found, key=lambda file: (file.date, file.path))

    def fetch(self, name: str) -> Path:
        """Return where a file lies on this machine, fetched first if it is not here yet.

        Raises:
            FileNotFoundError: it went away with a day that was exchanged: list again.
            DamageError: it is missing or not what was put there.
            VectraError: the storage refuses.
        """
        try:
            return self._fetch(name)
        except VectraError as error:
            self.trouble = error
            raise

    def _open(self, name: str) -> pa.NativeFile:
        return pa.memory_map(str(self.fetch(name)))

    def _fetch(self, name: str) -> Path:
        entry = self._entry(name)
        if entry is None:
            raise FileNotFoundError(2, "No such file or directory", name)
        try:
            return self._whole(entry)
        except (DamageError, MissingError) as error:
            # Gone with its day, or gone behind everybody's back: the index of now tells.
            with self._lock:
                self._snapshot = self._take()
            if self._entry(name) is None:
                raise FileNotFoundError(2, "No such file or directory", name) from None
            if isinstance(error, DamageError):
                raise
            raise damaged(f"{name} at {self.objects.url}", "it is missing") from error

    def _whole(self, entry: Entry) -> Path:
        if not entry.rivals:
            return self._object(entry.held)
        return self._cache.once(
            entry.cached_as,
            None,
            lambda: without_rivals(
                self._object(entry.held),
                [self._object(rival) for rival in entry.rivals],
            ),
        )

    def _object(self, held: Held) -> Path:
        file = held.file
        return self._cache.once(
            held.cached_as,
            file.size,
            lambda: verified(self.objects, held.name, file.size, file.sha256),
        )

    def _entry(self, name: str) -> Entry | None:
        doc_type = name.split("/")[1].removeprefix("doc_type=")
        return self._snapshot.entries.get(doc_type, {}).get(name)

    def _take(self) -> Snapshot:
        snapshot = take_snapshot(self.objects, self._cache)
        self._cache.purge(set(snapshot.cached))
        return snapshot


def _listed(held: Held) -> DataFile:
    file = held.file
    return DataFile(file.doc_type, held.date, held.name, file.size, file.first_ts, file.last_ts)
