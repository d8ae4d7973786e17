"""Real Dask schedulers and workers as processes, in folders that hold nothing of ours.

with cluster(tmp_path, workers=2) as found:
    engine = open_dask(found.address)
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

import psutil
from tests.command_support import environment, free_port, listens, wait_until

QUIETLY = ("--no-dashboard",)


@dataclass
class Cluster:
    """A scheduler and its workers."""

    folder: Path
    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def add_worker(self, *program: str) -> subprocess.Popen[bytes]:
        """Start one more worker, by another program than `dask worker` where one is given."""
        own = Path(mkdtemp(prefix="worker-", dir=self.folder))
        words = (self.address, "--no-nanny", "--nthreads", "1", "--local-directory", str(own))
        start = program or (sys.executable, "-m", "dask", "worker")
        self.workers.append(_start(own, *start, *words, *QUIETLY))
        return self.workers[-1]


def _start(folder: Path, *words: str, **settings: str) -> subprocess.Popen[bytes]:
    log = (folder / "log").open("wb")
    with log:
        return subprocess.Popen(
            words,
            cwd=folder,
            env=environment(RUGS_DATA_DIR=str(folder / "data"), **settings),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


@contextmanager
def cluster(folder: Path, *, workers: int, **settings: str) -> Iterator[Cluster]:
    """Run a scheduler and workers on loopback; kill whatever is left of them afterwards.

    `settings`: environment variables of the scheduler.
    """
    port = free_port()
    where = ("--host", "127.0.0.1", "--port", str(port))
    words = (sys.executable, "-m", "dask", "scheduler", *where, *QUIETLY)
    scheduler = _start(folder, *words, **settings)
    found = Cluster(folder, f"tcp://127.0.0.1:{port}", scheduler)
    try:
        wait_until(lambda: listens(port), "the scheduler listens")
        for _ in range(workers):
            found.add_worker()
        yield found
    finally:
        for process in (*found.workers, scheduler):
            process.kill()
            process.wait()


def descendants(pid: int) -> list[psutil.Process]:
    """Return every process below one, as far as they are still there."""
    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def listening(processes: list[psutil.Process]) -> set[str]:
    """Return the addresses at which processes accept connections."""
    return {
        found.laddr.ip
        for process in processes
        for found in process.net_connections()
        if found.status == psutil.CONN_LISTEN
    }


def all_gone(processes: list[psutil.Process]) -> bool:
    """Tell whether none of them runs any more."""
    return not any(
        process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes
    )


@contextmanager
def web_server() -> Iterator[str]:
    """Answer every connection as a web server does; yield its address."""
    program = (
        "import http.server as h; s = h.HTTPServer(('127.0.0.1', 0), h.SimpleHTTPRequestHandler)"
    )
    program += "; print(s.server_port, flush=True); s.serve_forever()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        try:
            yield f"tcp://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()
