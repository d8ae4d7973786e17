"""Where the chunks of a sweep are computed: the port, and the pool of processes behind it.

A strategy never sees this. Work is a picklable callable that turns a chunk's number into its
result, so an engine on several machines needs no change anywhere else. Used by `analysis.sweep`.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from typing import Protocol, TypeVar

from vectra_player.errors import UsageError, VectraError

T = TypeVar("T")


class SweepEngine(Protocol):
    """Computes chunks somewhere and hands each back as it is done, in any order."""

    def run(self, work: Callable[[int], T], chunks: Sequence[int]) -> Iterator[tuple[int, T]]:
        """Yield (chunk, result) as they come; stop working when the caller stops asking."""
        ...


class LocalEngine:
    """Processes of this machine, or this process itself where one is enough."""

    def __init__(self, jobs: int | None = None) -> None:
        """Use `jobs` processes, by default one a core. Raises UsageError for less than one."""
        if jobs is not None and jobs < 1:
            raise UsageError(f"{jobs} processes cannot work.", advice="One is the least.")
        self.jobs = jobs or os.cpu_count() or 1

    def run(self, work: Callable[[int], T], chunks: Sequence[int]) -> Iterator[tuple[int, T]]:
        """Yield (chunk, result) as they come. Raises VectraError where a process died."""
        jobs = min(self.jobs, len(chunks))
        if jobs <= 1:
            yield from ((chunk, work(chunk)) for chunk in chunks)
            return
        context = multiprocessing.get_context("spawn")
        alive, ours = context.Pipe(duplex=False)
        pool = ProcessPoolExecutor(jobs, context, initializer=_begin, initargs=(alive,))
        try:
            waiting: dict[Future[T], int] = {pool.submit(work, chunk): chunk for chunk in chunks}
            for done in as_completed(waiting):
                yield waiting.pop(done), done.result()
            pool.shutdown(wait=True)
        except BrokenProcessPool:
            raise VectraError(
                "A process of the pool died, perhaps for want of memory.",
                advice="Run the same command again with fewer --jobs: it goes on where it was.",
            ) from None
        finally:
            ours.close()  # the processes end at once, whatever they are at
            pool.shutdown(wait=True, cancel_futures=True)
            alive.close()


def engine_of(name: str, jobs: int | None = None) -> SweepEngine:
    """Return an engine by its name.

    Raises UsageError for an engine nobody knows, or one that is not available here.
    """
    if name == "local":
        return LocalEngine(jobs)
    if name == "dask":
        raise UsageError(
            "Sweeps over several machines with Dask are not available yet.",
            advice="Leave --engine out: one machine does a million variants over 900 games.",
        )
    raise UsageError(f"There is no engine {name!r}.", advice="Choose local.")


def _begin(alive: Connection) -> None:
    """Prepare a process of the pool: Ctrl-C is its parent's affair, and it never outlives it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(alive,), daemon=True).start()


def _end_with(alive: Connection) -> None:
    # The other end closes when the parent is done with us, or dead by whatever signal.
    alive.poll(None)
    os._exit(0)
