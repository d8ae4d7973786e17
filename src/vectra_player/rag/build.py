"""Make the index of a data directory, or bring it up to date: embed what changed, nothing else.

The index is derived, so anything odd about it (damage, another model, another version) means: make
it anew. Called by `cli` and by whoever adds a note.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from vectra_player import __version__
from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import DamageError
from vectra_player.rag import checkpoint, corpus, knowledge, lexical, notes, recordings, seal
from vectra_player.rag.checkpoint import Checkpoint
from vectra_player.rag.corpus import Page
from vectra_player.rag.embedder import Embedder
from vectra_player.rag.passages import COLLECTIONS, Collection, Passage
from vectra_player.rag.place import IndexPlace
from vectra_player.rag.synonyms import PAGE as GLOSSARY
from vectra_player.rag.synonyms import pairs_of
from vectra_player.rag.vectors import VectorFolder
from vectra_player.store import summaries
from vectra_player.store.dataset import Location
from vectra_player.store.layout import DataDir, iso
from vectra_player.store.reads import Origins, StoreReader

Progress = Callable[[int, int], None]
"""Told (passages embedded, of how many)."""

NONE_BEFORE: Final = "there was none"
"""The reason of a first build."""

_BATCH: Final = 64


class BuildReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a build did. `reason`: why it made everything anew, if it did.

    `set_aside`: where a damaged index was moved to.
    """

    build_id: str
    model_id: str
    origins: Origins
    passages: dict[str, int]
    embedded: int
    removed: int
    kept: int
    seconds: float
    reason: str | None = None
    set_aside: str | None = None
    foreign: list[str] = []


class _Wanted(NamedTuple):
    """Everything the index is to hold, and how far the recordings went then."""

    passages: list[Passage]
    pages: str
    sessions: dict[str, int]
    synonyms: list[tuple[str, str]]


class _Known(NamedTuple):
    """What the index holds now. `reason` says why none of it can be used."""

    hashes: dict[Collection, dict[str, str]]
    reason: str | None = None
    damaged: bool = False


def build_index(
    data_dir: DataDir,
    embedder: Embedder,
    *,
    origins: Origins = "real",
    full: bool = False,
    progress: Progress = lambda done, total: None,
    clock: Clock | None = None,
    pages: Sequence[Page] | None = None,
    recorded: Location | None = None,
) -> BuildReport:
    """Bring the index up to date with pages, notes and recordings; `full` makes it anew.

    `pages` stand in for those of this product, `recorded` for those of the data directory.

    Raises:
        StoreLockedError: another process builds.
        UsageError: a package is missing, or a collection of our name is not ours.
        DamageError: what was written cannot be read back.
    """
    clock = clock or SystemClock()
    started = clock.monotonic()
    place = IndexPlace(data_dir)
    with place.building():
        known = _known(data_dir, place, embedder.model_id)
        wanted = wanted_passages(data_dir, embedder, origins, pages, recorded)
        if full and known.reason is None:
            known = _Known(_nothing(), "asked to")
        built = _Build(data_dir, place, embedder, wanted, known, clock)
        return built.run(origins, progress, started)


def wanted_passages(
    data_dir: DataDir,
    embedder: Embedder,
    origins: Origins,
    pages: Sequence[Page] | None = None,
    recorded: Location | None = None,
) -> _Wanted:
    """Return every passage that pages, notes and recordings make now."""
    pages = list(corpus.pages()) if pages is None else pages
    found = [
        *chain.from_iterable(
            knowledge.passages_of(page.name, page.text, embedder.count_tokens) for page in pages
        ),
        *notes.passages_of(data_dir, embedder.count_tokens),
    ]
    with StoreReader(recorded or data_dir.root) as reader:
        marks = summaries.session_marks(reader)
        found += recordings.passages_of(reader, origins)
    unique = {passage.id: passage for passage in found}
    meant = chain.from_iterable(pairs_of(one.text) for one in pages if one.name == GLOSSARY)
    return _Wanted(list(unique.values()), corpus.fingerprint(pages), marks, list(meant))


def _known(data_dir: DataDir, place: IndexPlace, model_id: str) -> _Known:
    """Say what the index holds, after a look at whether it can be trusted."""
    if not place.folder.is_dir() or not any(place.folder.iterdir()):
        return _Known(_nothing(), NONE_BEFORE)
    sealed = seal.read(place.folder)
    if sealed is None:
        return _Known(_nothing(), "it was not finished, or made by another version", damaged=True)
    try:
        seal.check(place.folder, sealed)
    except DamageError as error:
        return _Known(_nothing(), f"it was damaged: {error.message.rstrip('.')}", damaged=True)
    if sealed.model_id != model_id:
        return _Known(_nothing(), f"it was made by another model, {sealed.model_id}")
    noted = checkpoint.read(data_dir)
    if noted is not None and noted.build_id == sealed.build_id:
        return _Known({name: noted.passages.get(name, {}) for name in COLLECTIONS})
    # The build that swapped it in ended before its checkpoint: the collections know.
    copy = place.staged(copied=True)
    with VectorFolder(copy) as folder:
        held = _Known({name: folder.hashes(name) for name in COLLECTIONS})
    place.discard(copy)
    return held


def _nothing() -> dict[Collection, dict[str, str]]:
    return {name: {} for name in COLLECTIONS}


class _Build:
    """One build: what changes, in a folder of its own, then in place."""

    def __init__(
        self,
        data_dir: DataDir,
        place: IndexPlace,
        embedder: Embedder,
        wanted: _Wanted,
        known: _Known,
        clock: Clock,
    ) -> None:
        self._data_dir = data_dir
        self._place = place
        self._embedder = embedder
        self._wanted = wanted
        self._known = known
        self._clock = clock
        self._fresh = known.reason is not None
        self._set_aside: str | None = None
        self._foreign: list[str] = []

    def run(self, origins: Origins, progress: Progress, started: float) -> BuildReport:
        by_name: dict[Collection, list[Passage]] = {name: [] for name in COLLECTIONS}
        for passage in self._wanted.passages:
            by_name[passage.collection].append(passage)
        changed = {name: self._changed(name, found) for name, found in by_name.items()}
        gone = {name: self._gone(name, found) for name, found in by_name.items()}
        embedded = sum(map(len, changed.values()))
        removed = sum(map(len, gone.values()))
        sealed = seal.read(self._place.folder)
        if self._fresh or embedded or removed or sealed is None:
            build_id = secrets.token_hex(8)
            self._make(build_id, changed, gone, progress)
        else:
            build_id = sealed.build_id
        self._note(build_id, origins, by_name)
        return BuildReport(
            build_id=build_id,
            model_id=self._embedder.model_id,
            origins=origins,
            passages={name: len(found) for name, found in by_name.items()},
            embedded=embedded,
            removed=removed,
            kept=len(self._wanted.passages) - embedded,
            seconds=round(self._clock.monotonic() - started, 3),
            reason=self._known.reason,
            set_aside=self._set_aside,
            foreign=self._foreign,
        )

    def _changed(self, name: Collection, found: Sequence[Passage]) -> list[Passage]:
        hashes = self._known.hashes.get(name, {})
        return [one for one in found if hashes.get(one.id) != one.content_hash]

    def _gone(self, name: Collection, found: Sequence[Passage]) -> list[str]:
        return sorted(self._known.hashes.get(name, {}).keys() - {one.id for one in found})

    def _make(
        self,
        build_id: str,
        changed: dict[Collection, list[Passage]],
        gone: dict[Collection, list[str]],
        progress: Progress,
    ) -> None:
        staged = self._place.staged(copied=not self._fresh)
        try:
            self._fill(staged, build_id, changed, gone, progress)
            lexical.write(staged, self._wanted.passages, self._wanted.synonyms)
            self._probe(staged)
            seal.write(staged, build_id, self._embedder.model_id, self._clock.now_us())
        except BaseException:
            self._place.discard(staged)
            raise
        if self._known.damaged and self._place.folder.is_dir():
            stamp = iso(self._clock.now_us()).replace(":", "").replace(".", "")
            self._set_aside = str(self._place.set_aside(stamp))
        self._place.swap(staged)

    def _fill(
        self,
        staged: Path,
        build_id: str,
        changed: dict[Collection, list[Passage]],
        gone: dict[Collection, list[str]],
        progress: Progress,
    ) -> None:
        for stale in (seal.FILE, lexical.FILE):
            (staged / stale).unlink(missing_ok=True)
        done, total = 0, sum(map(len, changed.values()))
        with VectorFolder(staged) as folder:
            if self._fresh and not self._known.damaged:
                self._keep_foreign(folder)
            progress(done, total)
            for name in COLLECTIONS:
                folder.create(name, build_id, self._embedder.model_id)
                folder.drop(name, gone[name])
                for start in range(0, len(changed[name]), _BATCH):
                    part = changed[name][start : start + _BATCH]
                    folder.put(name, part, self._embedder.embed([one.embedded for one in part]))
                    done += len(part)
                    progress(done, total)
            self._foreign = folder.foreign()

    def _keep_foreign(self, folder: VectorFolder) -> None:
        """Take over collections that are not ours: making ours anew costs nobody else anything."""
        if not self._place.folder.is_dir():
            return
        copy = self._place.staged(copied=True)
        with VectorFolder(copy) as old:
            folder.copy_foreign(old)
        self._place.discard(copy)

    def _probe(self, staged: Path) -> None:
        """Read back what was written before it takes the place of what is there."""
        expected = dict.fromkeys(COLLECTIONS, 0)
        for passage in self._wanted.passages:
            expected[passage.collection] += 1
        with VectorFolder(staged) as folder:
            counts = folder.counts()
        if counts != expected:
            raise DamageError(f"The new index holds {counts} instead of {expected}.")

    def _note(
        self, build_id: str, origins: Origins, by_name: dict[Collection, list[Passage]]
    ) -> None:
        checkpoint.write(
            self._data_dir,
            Checkpoint(
                build_id=build_id,
                built_at=self._clock.now_us(),
                model_id=self._embedder.model_id,
                origins=origins,
                product=__version__,
                pages=self._wanted.pages,
                sessions=self._wanted.sessions,
                passages={
                    name: {one.id: one.content_hash for one in found}
                    for name, found in by_name.items()
                },
            ),
        )
