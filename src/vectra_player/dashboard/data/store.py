"""The store as the pages read it: a few readers shared by all threads, and answers kept.

An answer is kept until a file of the doc types it was made of comes or goes. A statement that runs
too long is stopped, a request that finds no free reader in time is turned away: both are told with
advice, and the page stays usable.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import posixpath
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from vectra_player.errors import QueryRefusedError, VectraError

if TYPE_CHECKING:
    from vectra_player.store.reads import StoreReader

T = TypeVar("T")


class StoreBusyError(VectraError):
    """No answer within the time a page may wait."""


class StoreStoppedError(StoreBusyError):
    """A statement ran out of its time or memory, and would again."""


class StoreLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the pages may take of the machine.

    `look_s`: how long a look at the files holds; `fresh_s`: how long an answer holds although files
    have come: while recording, some come all the time.
    """

    readers: int = 3
    timeout_s: float = 20.0
    wait_s: float = 10.0
    memory_mb: int = 700
    kept_answers: int = 400
    look_s: float = 0.5
    fresh_s: float = 3.0
    count_s: float = 120.0


State = tuple[tuple[str, int], ...]
"""Files of some doc types, path and size: what an answer was made of."""


class Store:
    """Runs the statements of the pages; safe to share between threads."""

    def __init__(self, data_dir: Path, limits: StoreLimits | None = None) -> None:
        self.data_dir = data_dir
        self._limits = limits or StoreLimits()
        self._free = threading.Semaphore(self._limits.readers)
        self._idle: list[StoreReader] = []
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, tuple[State, float, Any]] = OrderedDict()
        self._turns: dict[Hashable, threading.Lock] = {}
        self._looks: dict[str, tuple[float, State]] = {}

    @contextlib.contextmanager
    def reader(self) -> Iterator[StoreReader]:
        """Lend a reader; one that failed is not used again.

        Raises:
            StoreBusyError: all are in use for longer than a page may wait.
            StoreStoppedError: a statement ran out of its time or memory.
        """
        if not self._free.acquire(timeout=self._limits.wait_s):
            raise StoreBusyError(
                "Other questions keep the store busy.", advice="Ask again in a moment."
            )
        try:
            reader = self._take()
            try:
                yield reader
            except BaseException as error:
                reader.close()
                refusal = self._refusal(error)
                if refusal is None:
                    raise
                raise refusal from error
            with self._lock:
                self._idle.append(reader)
        finally:
            self._free.release()

    def kept(
        self, key: Hashable, doc_types: tuple[str, ...], read: Callable[[StoreReader], T]
    ) -> T:
        """Return the answer of `read`, kept under `key` while the files stay the same.

        Several who ask at once wait for one statement. Raises StoreBusyError.
        """
        state = self.state(doc_types)
        found = self._known(key, state)
        if found is not None:
            return found[0]  # type: ignore[no-any-return]
        with self._turn(key):
            found = self._known(key, state)
            if found is not None:
                return found[0]  # type: ignore[no-any-return]
            with self.reader() as reader:
                answer = read(reader)
            self._keep(key, state, answer)
            return answer

    def state(self, doc_types: tuple[str, ...]) -> State:
        """Return the files of these doc types, at most `look_s` old."""
        return tuple(pair for doc_type in doc_types for pair in self._look(doc_type))

    def count(self, doc_type: str, files: Sequence[tuple[str, int]], sql: str) -> list[Any]:
        """Run a statement of ours over some files only, as the table `rows`; by day and in turn.

        Raises:
            StoreBusyError: the files are gone.
            StoreStoppedError: it ran out of its time or memory.
        """
        import duckdb

        from vectra_player.store.dataset import DataFile, open_root, vanished

        limits = self._limits
        listed = [DataFile(doc_type, day_of(path), path, size) for path, size in files]
        with duckdb.connect(config={"memory_limit": f"{limits.memory_mb}MB"}) as connection:
            timer = threading.Timer(limits.count_s, connection.interrupt)
            timer.daemon = True
            timer.start()
            try:
                connection.execute("SET TimeZone = 'UTC'; SET threads = 2; SET temp_directory = ''")
                connection.register("rows", open_root(self.data_dir).dataset(doc_type, listed))
                counted: list[Any] = connection.sql(sql).to_arrow_table().to_pylist()
                return counted
            except Exception as error:
                if vanished(error):
                    raise StoreBusyError("Files were exchanged.", advice="Ask again.") from error
                refusal = self._refusal(error)
                if refusal is None:
                    raise
                raise refusal from error
            finally:
                timer.cancel()

    def close(self) -> None:
        """Close the readers that are not in use."""
        with self._lock:
            idle, self._idle = self._idle, []
        for reader in idle:
            reader.close()

    def _refusal(self, error: BaseException) -> StoreStoppedError | None:
        """Return what to tell of a statement that ran out of time or memory; None: a real fault."""
        if isinstance(error, QueryRefusedError):
            return StoreStoppedError(error.message, advice=error.advice)
        text = str(error)
        if "INTERRUPT" in text:
            limit = f"longer than {self._limits.timeout_s:g} s"
        elif "Out of Memory" in text:
            limit = f"with more than {self._limits.memory_mb} MB"
        else:
            return None
        return StoreStoppedError(
            f"The question would run {limit} and was stopped.",
            advice="Narrow it by date, session or game.",
        )

    def _take(self) -> StoreReader:
        from vectra_player.store.query import QueryLimits
        from vectra_player.store.reads import StoreReader

        with self._lock:
            if self._idle:
                return self._idle.pop()
        limits = self._limits
        wanted = QueryLimits(timeout_s=limits.timeout_s, memory_mb=limits.memory_mb)
        return StoreReader(self.data_dir, wanted)

    def _look(self, doc_type: str) -> State:
        from vectra_player.store.dataset import open_root

        now = monotonic()
        known = self._looks.get(doc_type)
        if known is not None and now - known[0] < self._limits.look_s:
            return known[1]
        files = open_root(self.data_dir).files(doc_type)
        state = tuple((file.path, file.size) for file in files)
        self._looks[doc_type] = (now, state)
        return state

    def _known(self, key: Hashable, state: State) -> tuple[Any] | None:
        with self._lock:
            kept = self._answers.get(key)
            if kept is None:
                return None
            if kept[0] != state and monotonic() - kept[1] > self._limits.fresh_s:
                return None
            self._answers.move_to_end(key)
            return (kept[2],)

    def _keep(self, key: Hashable, state: State, answer: Any) -> None:
        with self._lock:
            self._answers[key] = (state, monotonic(), answer)
            self._answers.move_to_end(key)
            while len(self._answers) > self._limits.kept_answers:
                gone, _ = self._answers.popitem(last=False)
                self._turns.pop(gone, None)

    def _turn(self, key: Hashable) -> threading.Lock:
        with self._lock:
            return self._turns.setdefault(key, threading.Lock())


def day_of(path: str) -> dt.date:
    """Return the UTC day a file of the tree belongs to."""
    name = posixpath.basename(posixpath.dirname(path)).removeprefix("date=")
    return dt.date.fromisoformat(name)
