"""Prove what lies in a bucket whole, or say exactly what is not.

Every object that an index needs is read from the storage and its SHA-256 compared; then the rows of
all stores together are checked as those of a data directory are. Nothing is changed there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from vectra_player.errors import DamageError
from vectra_player.store.check import Problem, ProblemKind
from vectra_player.store.check_rows import check_rows
from vectra_player.store.reads import StoreReader
from vectra_player.store.remote import manifest as names
from vectra_player.store.remote.cache import Cache
from vectra_player.store.remote.manifest import Index
from vectra_player.store.remote.objects import ObjectStore
from vectra_player.store.remote.refusals import MissingError
from vectra_player.store.remote.root import RemoteRoot
from vectra_player.store.remote.snapshot import Held, files_of, read_own, stores_in

_AT_ONCE: Final = 8

Progress = Callable[[int], None]


class RemoteReport(NamedTuple):
    """What was read and found.

    `retired`: objects that wait for their removal. `unnamed`: objects of ours that no index names,
    of a sync that runs or was cut short. `foreign`: those of others, which nothing touches.
    """

    stores: int
    days: int
    files: int
    rows: dict[str, int]
    sessions: int
    retired: int
    unnamed: int
    foreign: int
    problems: list[Problem]

    @property
    def whole(self) -> bool:
        """Nothing that an index needs is missing or wrong."""
        return not self.problems


def check_remote(url: str, home: Path, *, progress: Progress = lambda files: None) -> RemoteReport:
    """Check everything under a URL. What is read is kept in the local data directory `home`.

    Raises:
        VectraError: the storage refuses.
    """
    objects = ObjectStore(url)
    seen = _Seen(objects, Cache(home, objects.url))
    indexes = [index for store in stores_in(objects) if (index := seen.index(store))]
    held = [one for index in indexes for one in seen.days(index)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for number, _ in enumerate(pool.map(seen.file, held), 1):
            progress(number)
    needed = seen.needed | {one.name for one in held}
    retired = {name for index in indexes for name in index.retired} - needed
    # Listed last: a sync that runs meanwhile has written down before it sends.
    others = objects.sizes().keys() - needed - retired
    ours = {name for name in others if names.owner_of(name) is not None}
    rows, sessions = {}, 0
    if not seen.problems:
        with StoreReader(RemoteRoot(url, home)) as reader:
            seen.problems += [Problem(*found) for found in check_rows(reader)]
            totals = reader.stats()
            rows, sessions = totals.rows, totals.sessions
    return RemoteReport(
        stores=len(indexes),
        days=sum(len(index.days) for index in indexes),
        files=len(held),
        rows=rows,
        sessions=sessions,
        retired=len(retired),
        unnamed=len(ours),
        foreign=len(others) - len(ours),
        problems=seen.problems,
    )


class _Seen:
    """What was read so far, and what was wrong with it."""

    def __init__(self, objects: ObjectStore, cache: Cache) -> None:
        self._objects = objects
        self._cache = cache
        self.needed: set[str] = set()
        self.problems: list[Problem] = []

    def index(self, store: str) -> Index | None:
        """Read the index of a store."""
        name = names.index_name(store)
        self.needed.add(name)
        try:
            return read_own(self._objects, store)
        except DamageError as error:
            self._note("damaged", name, error)
            return None

    def days(self, index: Index) -> Iterator[Held]:
        """Read the manifests of a store; return the files they name."""
        for date, day in index.days.items():
            name = names.day_name(index.store, date, day.sha256)
            self.needed.add(name)
            data = self._objects.read(name)
            try:
                yield from files_of(
                    names.read_manifest(data, index.store, date, day, self._objects.url)
                )
            except DamageError as error:
                self._note("missing" if data is None else "damaged", name, error)

    def file(self, held: Held) -> None:
        """Read a file from the storage, whatever is here, and keep it."""
        file = held.file
        try:
            parts = self._objects.verified(held.name, file.size, file.sha256)
            self._cache.keep(held.cached_as, parts)
        except MissingError:
            what = f"{held.name} at {self._objects.url}"
            self._note("missing", held.name, names.damaged(what, "it is missing"))
        except DamageError as error:
            self._note("damaged", held.name, error)

    def _note(self, kind: ProblemKind, name: str, error: DamageError) -> None:
        self.problems.append(Problem(kind, name, error.message, error.advice))
