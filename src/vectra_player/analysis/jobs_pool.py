"""Where chunks of work are computed: the port, and the pool of processes behind it.

Sweeps, verification, the audit's simulated games and data sets ask for it, and none of them sees
where it is done. Work is a picklable callable that turns a chunk into its result; it goes once to
each process, a chunk is small. `analysis.dask_engine` is the same port over several machines.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from multiprocessing.connection import Connection
from typing import Any, Protocol, TypeVar

from vectra_player.errors import UsageError, VectraError

C = TypeVar("C")
T = TypeVar("T")

Done = Generator[tuple[int, T], None, None]
"""(Place of a chunk among all, its result), in any order; closing it stops the work."""

AHEAD = 2
"""Chunks handed out at a time, for each that is computed: the rest is not even read yet."""


class ChunkEngine(Protocol):
    """Computes chunks somewhere and hands each result back as it is done, in any order.

    apart: whether that is outside this process. here: whether it sees the files of this machine;
    where it does not, work has to carry its data or name them by a URL. threads: how many a chunk
    may use. told: what a user may want to know of it.
    """

    @property
    def apart(self) -> bool: ...

    @property
    def here(self) -> bool: ...

    @property
    def threads(self) -> int: ...

    @property
    def told(self) -> str: ...

    def run(self, work: Callable[[C], T], chunks: Iterable[C]) -> Done[T]:
        """Yield (place, result) as they come; stop working when the caller stops asking."""
        ...

    def close(self) -> None:
        """Let go of all processes."""
        ...


class LocalEngine:
    """Processes of this machine, or this process itself where one is enough."""

    here = True
    told = ""

    def __init__(self, jobs: int | None = None) -> None:
        """Use `jobs` processes, by default one a core. Raises UsageError for less than one."""
        if jobs is not None and jobs < 1:
            raise UsageError(f"{jobs} processes cannot work.", advice="One is the least.")
        cores = os.cpu_count() or 1
        self.jobs = jobs or cores
        self.apart = self.jobs > 1
        self.threads = max(1, cores // self.jobs)

    def run(self, work: Callable[[C], T], chunks: Iterable[C]) -> Done[T]:
        """Yield (place, result) as they come. Raises VectraError where a process died."""
        waiting = enumerate(chunks)
        first = list(islice(waiting, self.jobs))
        if len(first) < 2:
            yield from ((place, work(chunk)) for each in (first, waiting) for place, chunk in each)
            return
        context = multiprocessing.get_context("spawn")
        alive, ours = context.Pipe(duplex=False)
        pool = ProcessPoolExecutor(len(first), context, _begin, (alive, pickle.dumps(work)))
        try:
            flying: dict[Future[Any], int] = {}
            left = chain(first, waiting)
            while True:
                for place, chunk in islice(left, AHEAD * self.jobs - len(flying)):
                    flying[pool.submit(_compute, chunk)] = place
                if not flying:
                    break
                done: set[Future[Any]] = wait(flying, return_when=FIRST_COMPLETED).done
                yield from ((flying.pop(each), each.result()) for each in done)
            pool.shutdown(wait=True)
        except BrokenProcessPool:
            raise VectraError(
                "A process of the pool died, perhaps for want of memory.",
                advice="Run the same command again with fewer --jobs; a sweep goes on where it "
                "was.",
            ) from None
        finally:
            ours.close()  # the processes end at once, whatever they are at
            pool.shutdown(wait=True, cancel_futures=True)
            alive.close()

    def close(self) -> None:
        """Do nothing: a pool ends with its run."""


IN_PROCESS = LocalEngine(1)
"""This process alone, with a thread a core."""


def engine_of(name: str, jobs: int | None = None, scheduler: str | None = None) -> ChunkEngine:
    """Return an engine by its name. `scheduler`: address of a Dask cluster; None starts one here.

    Raises UsageError for an engine nobody knows, one that is not installed, or a scheduler that
    cannot be used.
    """
    if name == "local":
        if scheduler is not None:
            raise UsageError(
                "A scheduler belongs to a Dask cluster.", advice="Add --engine dask to use it."
            )
        return LocalEngine(jobs)
    if name == "dask":
        from vectra_player.analysis.dask_engine import open_dask

        return open_dask(scheduler, jobs)
    raise UsageError(f"There is no engine {name!r}.", advice="Choose local or dask.")


_work: Callable[[Any], Any]
"""What a process of the pool does; set once in each."""


def _begin(alive: Connection, work: bytes) -> None:
    """Prepare a process of the pool: Ctrl-C is its parent's affair, and it never outlives it."""
    global _work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(alive,), daemon=True).start()
    _work = pickle.loads(work)  # noqa: S301 -- our own parent wrote it


def _compute(chunk: Any) -> Any:
    return _work(chunk)


def _end_with(alive: Connection) -> None:
    # The other end closes when the parent is done with us, or dead by whatever signal.
    alive.poll(None)
    os._exit(0)
