"""Where an import puts what it reads: into the store itself, or beside the recorder that has it.

Beside a recorder an import fills a store of its own below `staging/`: journal, derivation and
Parquet are its process's work. Only moving finished files into the dataset needs the recorder to
hold still, for milliseconds (`store.hold`). Whether a recorder comes, stops or is killed meanwhile
does not matter: each move asks anew. Used by `store.importers.job` only.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Final, NamedTuple, Protocol

import msgspec

from vectra_player.clock import Clock
from vectra_player.errors import DiskError, UsageError
from vectra_player.model.frame import Frame
from vectra_player.store.arrivals import arrivals_wait, take_in
from vectra_player.store.fsops import FileOps, Staged, remove_tree
from vectra_player.store.importers.sink import Store
from vectra_player.store.layout import DataDir
from vectra_player.store.lock import WriterLock, only_one
from vectra_player.store.turn import SETTINGS, START_S, free_store, turn
from vectra_player.store.writer import EventStore

PREFIX = "import-"
PATIENCE_S = 120.0
"""In the middle of an import a recorder that stops is given so long to be through."""

_OWN_RESERVE = 1 << 16
"""The recorder keeps room for its own end; this store can be made again."""


class ImportStore(Store, Protocol):
    """The part of `EventStore` an import needs."""

    def flush(self) -> object:
        """Make everything visible to readers. Raises DiskError."""
        ...

    def hold(self) -> AbstractContextManager[object]:
        """Have the right to change filed rows while the block runs."""
        ...


class Way(NamedTuple):
    """A store to import into, and the sessions of cut-short imports whose end it cannot derive."""

    store: ImportStore
    cut_short: frozenset[str]


@contextmanager
def open_way(data_dir: DataDir, clock: Clock) -> Iterator[Way]:
    """Be the one import of a data directory, and open a store to put frames into.

    Raises:
        StoreLockedError: another import runs, or a writer that cannot lend the directory.
        DiskError: the disk refused.
    """
    with _only_import(data_dir, clock):
        store = free_store(data_dir, clock)
        if store is not None:
            with store:
                _sweep(data_dir)
                yield Way(store, frozenset())
            return
        with Beside(data_dir, clock) as beside:
            yield Way(beside, beside.cut_short)


class Beside:
    """The store of an import whose data directory another process writes to."""

    def __init__(self, data_dir: DataDir, clock: Clock) -> None:
        self._data_dir: Final = data_dir
        self._clock: Final = clock
        self._ops: Final = FileOps()
        self._recorded: str | None = None
        with self._turn(START_S):
            self._move()  # what a killed import had begun to
            self.cut_short: Final = _open_imports(data_dir)
        _sweep(data_dir)
        folder = data_dir.staging / f"{PREFIX}{secrets.token_hex(8)}"
        settings = msgspec.structs.replace(SETTINGS, reserve_bytes=_OWN_RESERVE)
        self._own = EventStore.open(folder, clock=clock, settings=settings)

    def import_frames(
        self,
        session_id: str,
        frames: Sequence[Frame],
        first_seq: int,
        *,
        last: bool,
        fill: bool = False,
    ) -> int:
        """Store frames as `EventStore.import_frames` does; `flush` moves them into the dataset.

        Raises:
            UsageError: the session is being recorded now.
            DiskError: the disk refused.
        """
        if session_id == self._recorded:
            raise UsageError(
                f"Session {session_id} is being recorded.",
                advice="Import it when its recording has ended.",
            )
        return self._own.import_frames(session_id, frames, first_seq, last=last, fill=fill)

    def flush(self) -> None:
        """File what came and move the files into the dataset.

        Raises:
            DiskError: the disk refused.
            StoreLockedError: a writer that cannot lend the directory has come.
        """
        self._own.flush()
        own = self._own.data_dir.events
        found = sorted(own.glob("doc_type=*/date=*/*.parquet"))
        files = [Staged(path, self._data_dir.events / path.relative_to(own)) for path in found]
        if not files:
            return
        with self.hold():
            self._move(files)

    def hold(self) -> AbstractContextManager[None]:
        """Have the right to change filed rows: lent by the recorder, or taken if it has gone."""
        return self._turn(PATIENCE_S)

    def close(self) -> None:
        """Remove the store; what was not moved is imported again by the next import."""
        self._own.close()
        if not arrivals_wait(self._data_dir):
            remove_tree(self._ops, self._own.data_dir.root)

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _move(self, files: Sequence[Staged] = ()) -> None:
        try:
            take_in(self._data_dir, files, self._ops)
        except OSError as error:
            raise DiskError(
                f"Files could not be moved into the dataset: {error}.",
                advice="Mend the disk and import again.",
            ) from error

    @contextmanager
    def _turn(self, patience_s: float) -> Iterator[None]:
        with turn(self._data_dir, self._clock, patience_s) as self._recorded:
            yield


def _only_import(data_dir: DataDir, clock: Clock) -> WriterLock:
    others = f"Another import into {data_dir.root} runs"
    return only_one(data_dir.import_lock, others, "Import again when it has ended.", clock)


def _open_imports(data_dir: DataDir) -> frozenset[str]:
    """Return the imported sessions that the recorder's journal expects more of.

    They were cut short before a recorder started: it has filed what came, and only its own
    journal could tell how their derivation goes on.
    """
    uri = f"{data_dir.journal_file.as_uri()}?mode=ro"
    sql = "SELECT session_id FROM sessions WHERE kind = 'import' AND state = 'open'"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=5)) as connection:
            return frozenset(str(row[0]) for row in connection.execute(sql))
    except sqlite3.Error as error:
        raise DiskError(f"The journal cannot be read: {error}.") from error


def _sweep(data_dir: DataDir) -> None:
    """Remove what killed imports left; nothing of it is in the dataset or waits to be."""
    for path in data_dir.staging.glob(f"{PREFIX}*"):
        remove_tree(FileOps(), path)
