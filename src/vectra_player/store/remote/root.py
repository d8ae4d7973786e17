"""Recordings in a bucket as `store.dataset` knows them: a reader fetches what it needs.

A file is fetched whole when a scan first needs it, verified, and kept (`cache`). A table nobody
asks for, or a day outside a condition on `date` or `ts`, costs no request.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pyarrow.fs as pafs

from vectra_player.errors import DamageError, UsageError
from vectra_player.store.dataset import DataFile
from vectra_player.store.remote.bringing import BringingRoot
from vectra_player.store.remote.cache import Cache
from vectra_player.store.remote.manifest import damaged
from vectra_player.store.remote.merge import without_rivals
from vectra_player.store.remote.objects import ObjectStore
from vectra_player.store.remote.refusals import MissingError
from vectra_player.store.remote.snapshot import Entry, Held, Snapshot, take_snapshot

_AT_ONCE: Final = 8


class RemoteRoot(BringingRoot):
    """One moment of a bucket. Taken anew when a file that it names has gone meanwhile."""

    def __init__(self, url: str, home: Path) -> None:
        """`home`: the local data directory; files are kept in its `mirror/`.

        Raises:
            UsageError: nothing was shipped there, or the address is none.
            VectraError: the storage refuses, or what lies there is damaged.
        """
        self.objects: Final = ObjectStore(url)
        self._cache = Cache(home, self.objects.url)
        self._lock = threading.Lock()
        self._snapshot = self._take()
        if not self._snapshot.stores:
            raise UsageError(
                f"There is no recording at {self.objects.url}.",
                advice="Ship one there with `vectra-player store sync`.",
            )
        super().__init__(pafs.LocalFileSystem(), str(self._cache.folder))

    @property
    def location(self) -> str:
        """Return the URL."""
        return self.objects.url

    @property
    def folder(self) -> Path:
        """Return where files are kept on this machine."""
        return self._cache.folder

    @property
    def snapshot(self) -> Snapshot:
        """What belongs to the bucket."""
        return self._snapshot

    def files(self, doc_type: str) -> list[DataFile]:
        """List the files of a doc type by date and name; `path` is where one comes to lie."""
        entries = [one for one in self._snapshot.entries.values() if one.doc_type == doc_type]
        return sorted(
            (self._listed(entry) for entry in entries), key=lambda file: (file.date, file.path)
        )

    def _listed(self, entry: Entry) -> DataFile:
        held, file = entry.held, entry.held.file
        path = str(self._cache.path(entry.cached_as))
        return DataFile(file.doc_type, held.date, path, file.size, file.first_ts, file.last_ts)

    def _bring(self, paths: Sequence[str]) -> None:
        names = [Path(path).name for path in paths]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for _ in pool.map(self._fetch, names):
                pass

    def _fetch(self, name: str) -> None:
        entry = self._snapshot.entries.get(name)
        if entry is None:
            raise _gone(name)
        try:
            self._whole(entry)
        except (DamageError, MissingError) as error:
            # Gone with its day, or gone behind everybody's back: the index of now tells.
            with self._lock:
                self._snapshot = self._take()
            if name not in self._snapshot.entries:
                raise _gone(name) from None
            if isinstance(error, DamageError):
                raise
            what = f"{entry.held.name} at {self.objects.url}"
            raise damaged(what, "it is missing") from error

    def _whole(self, entry: Entry) -> Path:
        if not entry.rivals:
            return self._object(entry.held)
        return self._cache.once(
            entry.cached_as,
            None,
            lambda: without_rivals(
                self._object(entry.held), [self._object(rival) for rival in entry.rivals]
            ),
        )

    def _object(self, held: Held) -> Path:
        file = held.file
        return self._cache.once(
            held.cached_as,
            file.size,
            lambda: self.objects.verified(held.name, file.size, file.sha256),
        )

    def _take(self) -> Snapshot:
        snapshot = take_snapshot(self.objects, self._cache)
        self._cache.purge(set(snapshot.cached))
        return snapshot


def _gone(name: str) -> FileNotFoundError:
    return FileNotFoundError(2, "No such file or directory", name)
