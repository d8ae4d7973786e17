"""The port of `analysis.jobs_pool` over a Dask cluster: of this machine, or behind a scheduler.

The work goes to the cluster once, as a task of its own: a worker that is new, or lost what it had,
gets it again without us. A chunk is a task that names it. Results come back and are let go of at
once, so a cluster holds nothing but what is under way. Why so: docs/decisions/0024.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from vectra_player.analysis.cluster_facts import Facts, check_alike, facts
from vectra_player.analysis.jobs_pool import AHEAD, Done
from vectra_player.errors import UsageError, VectraError
from vectra_player.extras import needed

if TYPE_CHECKING:
    from vectra_player.analysis.dask_connect import LocalProcesses

C = TypeVar("C")
T = TypeVar("T")
Client = Any
Future = Any
"""Dask's, which is typed in part only and not everywhere installed."""

WORKERS_S = 30.0
"""How long a scheduler may be without a worker when we come."""

WORKERLESS_S = 60.0
"""How long it may be so later: a machine may start again meanwhile."""

POLL_S = 2.0
RESULT_S = 60.0
"""How long fetching one result may take before we ask whether anybody is left to send it."""

_GO_ON = "Run the same command again; a sweep goes on where it was."


def open_dask(scheduler: str | None = None, jobs: int | None = None) -> DaskEngine:
    """Connect to the scheduler at an address, else to the one Dask is configured for.

    Without either a cluster of `jobs` processes is started on this machine, by default one a core.

    Raises:
        UsageError: Dask is not installed, nobody answers, or the cluster is not like us.
    """
    needed("cluster", "--engine dask", "distributed", "cryptography")
    from vectra_player.analysis.dask_connect import (
        LocalProcesses,
        client_of,
        scheduler_of_environment,
    )

    address = scheduler or scheduler_of_environment()
    if address is None:
        local = LocalProcesses(jobs or os.cpu_count() or 1)
        try:
            return DaskEngine(client_of(local.address, local.security), local)
        except BaseException:
            local.close()
            raise
    if jobs is not None:
        raise UsageError(
            f"How many processes work is decided where {address} has its workers.",
            advice="Leave --jobs out.",
        )
    return DaskEngine(client_of(address))


class DaskEngine:
    """Workers of a Dask cluster. here: whether they see the files of this machine."""

    apart = True
    threads = 1

    def __init__(self, client: Client, local: LocalProcesses | None = None) -> None:
        """Take over a client, and the processes where they are ours."""
        self._client = client
        self._local = local
        self.here = local is not None
        self.address = str(client.scheduler.address)
        try:
            _check_cluster(client)
            self.told = f"Dask: {self.workers} threads of workers at {self.address}."
            self.told += _dashboard(client)
        except BaseException:
            self.close()
            raise

    @property
    def workers(self) -> int:
        """Return how many threads of workers there are just now."""
        if self._client.status != "running":
            raise _gone(self.address)
        try:
            return sum(self._client.nthreads().values())
        except OSError:
            raise _gone(self.address) from None

    def run(self, work: Callable[[C], T], chunks: Iterable[C]) -> Done[T]:
        """Yield (place, result) as they come.

        Raises VectraError where the scheduler is gone, no worker is left, or a chunk ends every
        worker that tries it; a worker that is lost alone costs nothing but its time.
        """
        waiting = enumerate(chunks)
        flying: dict[Future, int] = {}
        job = self._client.submit(keep, Job(work, facts()), pure=False)
        try:
            yield from self._results(job, waiting, flying)
        finally:
            with suppress(Exception):  # gone with its scheduler
                self._client.cancel([job, *flying], force=True)

    def _results(
        self, job: Future, waiting: Iterator[tuple[int, Any]], flying: dict[Future, int]
    ) -> Done[Any]:
        done: SimpleQueue[Future] = SimpleQueue()
        watch = _Watch(self)
        while True:
            for place, chunk in islice(waiting, max(1, AHEAD * self.workers - len(flying))):
                future = self._client.submit(compute_chunk, job, chunk, pure=False)
                flying[future] = place
                future.add_done_callback(done.put)
            if not flying:
                return
            future = watch.next_of(done)
            result = watch.result_of(future)
            yield flying.pop(future), result

    def close(self) -> None:
        """Leave the cluster, or end it where it is ours."""
        with suppress(Exception):
            self._client.close(timeout=1)
        if self._local is not None:
            self._local.close()


class _Watch:
    """Waits for chunks, and gives up where nobody is left to compute them."""

    def __init__(self, engine: DaskEngine) -> None:
        self._engine = engine
        self._seen = monotonic()

    def next_of(self, done: SimpleQueue[Future]) -> Future:
        while True:
            with suppress(Empty):
                return done.get(timeout=POLL_S)
            self._look()

    def result_of(self, future: Future) -> Any:
        killed_worker = import_module("distributed").KilledWorker

        while True:
            try:
                return future.result(timeout=RESULT_S)
            except TimeoutError:
                if future.status == "error":
                    raise  # the work's own
            except CancelledError:
                raise _gone(self._engine.address) from None
            except killed_worker as killed:
                raise VectraError(
                    f"All workers that tried one chunk died ({killed.allowed_failures + 1}), "
                    "perhaps for want of memory.",
                    advice=f"Give the workers more (--memory-limit). {_GO_ON}",
                ) from None
            self._look()  # its worker is lost and another computes it again

    def _look(self) -> None:
        if self._engine.workers:
            self._seen = monotonic()
        elif monotonic() - self._seen > WORKERLESS_S:
            address = self._engine.address
            raise VectraError(
                f"The Dask scheduler at {address} has no worker left.",
                advice=f"Start some with 'dask worker {address}'. {_GO_ON}",
            )


@dataclass(frozen=True)
class Job:
    """What every chunk of a run needs, and what whoever computes one has to be like."""

    work: Callable[[Any], Any]
    facts: Facts


def keep(job: Job) -> Job:
    """Hold the job where it is computed; the cluster does that again where it is lost."""
    return job


def compute_chunk(job: Job, chunk: Any) -> Any:
    """Compute a chunk on a worker. Raises UsageError where it could compute something else."""
    check_alike(f"The Dask worker on {socket.gethostname()}", facts(), job.facts)
    return job.work(chunk)


def _gone(address: str) -> VectraError:
    return VectraError(f"The Dask scheduler at {address} is gone.", advice=_GO_ON)


def _dashboard(client: Client) -> str:
    """Say where the cluster can be watched; nothing where its scheduler has no dashboard."""
    there = client.run_on_scheduler(find_spec, "bokeh")
    return f" Dashboard: {client.dashboard_link}" if there else ""


def _check_cluster(client: Client) -> None:
    """Raise UsageError where it has no worker, or one that is not like us."""
    with _explained("The Dask scheduler"):
        check_alike("The Dask scheduler", client.run_on_scheduler(facts))
    try:
        client.wait_for_workers(1, timeout=WORKERS_S)
    except TimeoutError:
        address = client.scheduler.address
        raise UsageError(
            f"The Dask scheduler at {address} has no worker.",
            advice=f"Start some with 'dask worker {address}'.",
        ) from None
    for address in client.nthreads():
        who = f"The Dask worker at {address}"
        with suppress(OSError), _explained(who):  # it may have gone meanwhile
            check_alike(who, client.run(facts, workers=[address])[address])


@contextmanager
def _explained(who: str) -> Iterator[None]:
    """Turn what a process without this version of us says into an error of ours."""
    try:
        yield
    except (VectraError, OSError):
        raise
    except Exception as error:  # Dask wraps what it cannot load in different ways
        raise UsageError(
            f"{who} has no vectra-player like this one: {error}.",
            advice="Install the same everywhere (the same checkout, the same requirements).",
        ) from None
