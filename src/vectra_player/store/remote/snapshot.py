"""What belongs to a bucket at one moment: the union of its stores, each row once.

A session can be in two stores: the same recording imported twice, or a copied data directory. Its
rows are the same under the same key, so of a file only the rows are taken that no store before it
has; which files that concerns follows from the sessions in the manifests.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from vectra_player.errors import DamageError
from vectra_player.store.dataset import ATTEMPTS
from vectra_player.store.remote import manifest as names
from vectra_player.store.remote.cache import Cache
from vectra_player.store.remote.manifest import DayManifest, Index, RemoteFile, sha_of
from vectra_player.store.remote.objects import ObjectStore

_AT_ONCE: Final = 16


class Held(NamedTuple):
    """One file of one store. `name`: its object."""

    store: str
    date: dt.date
    name: str
    file: RemoteFile

    @property
    def cached_as(self) -> str:
        """Name in the cache."""
        return f"{self.file.sha256}.parquet"


class Entry(NamedTuple):
    """A file to be read, without the rows that its rivals have."""

    held: Held
    rivals: tuple[Held, ...]

    @property
    def doc_type(self) -> str:
        """Whose rows it holds."""
        return self.held.file.doc_type

    @property
    def cached_as(self) -> str:
        """Name in the cache of what is read."""
        if not self.rivals:
            return self.held.cached_as
        told = " ".join([self.held.file.sha256, *(rival.file.sha256 for rival in self.rivals)])
        return f"{sha_of(told.encode())}.merged.parquet"


class Snapshot(NamedTuple):
    """Files by their names in the cache, and what else of the cache they need."""

    entries: dict[str, Entry]
    stores: tuple[str, ...]
    cached: frozenset[str]


def take_snapshot(objects: ObjectStore, cache: Cache) -> Snapshot:
    """Read the indexes of all stores, and those manifests that are not here yet.

    Requests: one list, an index a store, and a manifest for each day that changed since last time.

    Raises:
        DamageError: an index or manifest is not what was put there.
        VectraError: the storage refuses.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return _take(objects, cache)
        except DamageError:
            continue  # a manifest may have gone with its day since the index was read
    return _take(objects, cache)


def _take(objects: ObjectStore, cache: Cache) -> Snapshot:
    stores = stores_in(objects)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        indexes = list(pool.map(lambda store: read_own(objects, store), stores))
        known = [index for index in indexes if index is not None]
        wanted = [(index, date) for index in known for date in index.days]
        manifests = list(pool.map(lambda one: _manifest(objects, cache, *one), wanted))
    held = [one for manifest in manifests for one in files_of(manifest)]
    found = (Entry(one, rivals) for one, rivals in with_rivals(held))
    entries = {entry.cached_as: entry for entry in found}
    cached = {*entries, *(one.cached_as for one in held)}
    cached |= {_cached_day(index, date) for index, date in wanted}
    return Snapshot(entries, tuple(index.store for index in known), frozenset(cached))


def stores_in(objects: ObjectStore) -> list[str]:
    """List the stores that ship to a bucket, by their names."""
    return [name for name in objects.names(names.STORES) if names.is_store(name)]


def read_own(objects: ObjectStore, store: str) -> Index | None:
    """Return a store's index; None where there is none (yet)."""
    data = objects.read(names.index_name(store))
    return None if data is None else names.read_index(data, store, objects.url)


def files_of(manifest: DayManifest) -> Iterable[Held]:
    """List the files of a day."""
    date = dt.date.fromisoformat(manifest.date)
    for file in manifest.files:
        yield Held(manifest.store, date, names.file_name(manifest.store, manifest.date, file), file)


def with_rivals(held: Sequence[Held]) -> Iterable[tuple[Held, tuple[Held, ...]]]:
    """Give each file those of earlier stores that share a session with it."""
    by_session: dict[tuple[str, str], list[Held]] = {}
    for one in held:
        for session in one.file.sessions:
            by_session.setdefault((one.file.doc_type, session), []).append(one)
    for one in held:
        shared = (by_session[one.file.doc_type, session] for session in one.file.sessions)
        rivals = {other for others in shared for other in others if other.store < one.store}
        yield one, tuple(sorted(rivals, key=lambda other: other.name))


def _cached_day(index: Index, date: str) -> str:
    return f"{index.days[date].sha256}.json"


def _manifest(objects: ObjectStore, cache: Cache, index: Index, date: str) -> DayManifest:
    day = index.days[date]
    here = cache.read(_cached_day(index, date))
    if here is not None and sha_of(here) == day.sha256:
        return names.read_manifest(here, index.store, date, day, objects.url)
    data = objects.read(names.day_name(index.store, date, day.sha256))
    manifest = names.read_manifest(data, index.store, date, day, objects.url)
    cache.keep(_cached_day(index, date), [data or b""])
    return manifest
