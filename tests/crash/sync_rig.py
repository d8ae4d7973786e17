"""Two recorders ship into one bucket while everything goes wrong; a reader looks after each change.

Used by test_sync_faults.py (short form) and as `python -m tests.crash.sync_rig FAULTS` (long form).
A fault meets one request of one recorder. The reader knows every state each day was ever in, and
may meet no other one; every object it is told of must be there, whole.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import random
import signal
import sys
import threading
from collections import Counter
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
import pytest
from tests.storage_support import Fault, Request, Server, environment, storage
from tests.store_support import DAY_US, SMALL, SMALL_DERIVER, START_US, make_frame

from vectra_player.errors import VectraError
from vectra_player.store import days
from vectra_player.store.delete import delete_session
from vectra_player.store.layout import DataDir
from vectra_player.store.reads import StoreReader
from vectra_player.store.remote.check import check_remote
from vectra_player.store.remote.local import list_days
from vectra_player.store.remote.manifest import sha_of
from vectra_player.store.remote.objects import ObjectStore
from vectra_player.store.remote.root import RemoteRoot
from vectra_player.store.remote.state import StateFiles
from vectra_player.store.remote.sync import SyncOptions, sync
from vectra_player.store.writer import EventStore

URL = "s3://rugs/shared/recordings"
FOREIGN = "/rugs/shared/recordings/holiday/photo.jpg"
FAILED = 3
LOOK_EVERY = 12
"""The reader looks after each request that changes what it sees, and after some of the others."""

TABLES = {"ws_event": "ws_event_rows", "game_tick": "game_tick"}

State = frozenset[str]
"""The SHA-256 of every file of a day of a store."""


def ship(root: str, port: int, grace_s: float) -> None:
    """Sync once, as a process of its own."""
    os.environ.update(environment(port))
    try:
        sync(
            DataDir(Path(root)),
            URL,
            SyncOptions(grace_s=grace_s),
            objects=ObjectStore(URL, wait_s=0.001),
        )
    except VectraError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(FAILED)


class Recorder:
    """A data directory, every state its days were in, and the process that ships it."""

    def __init__(self, root: Path) -> None:
        self.data_dir = DataDir.open_or_create(root)
        self.store = StateFiles(self.data_dir, URL).identity().store
        self.states: dict[str, set[State]] = {}
        self.now: dict[str, State] = {}
        self.sessions: list[str] = []
        self.serial = 0
        self.asked = 0
        self.plan: dict[int, Fault] = {}
        self.process: BaseProcess | None = None

    def change(self, rng: random.Random) -> None:
        """Record, compact or delete, and note the states that follow."""
        chance = rng.random()
        if chance < 0.2 and len(self.sessions) > 2:
            delete_session(self.data_dir, self.sessions.pop(rng.randrange(len(self.sessions))))
        else:
            with EventStore.open(
                self.data_dir.root, settings=SMALL, deriver=SMALL_DERIVER
            ) as store:
                if chance < 0.4:
                    store.compact(force=True)
                else:
                    self._record(store, rng)
        self.note()

    def _record(self, store: EventStore, rng: random.Random) -> None:
        self.sessions.append(store.start_session("demo", "127.0.0.1"))
        for number in range(rng.randrange(2, 12)):
            day = rng.randrange(3) * DAY_US
            store.append(make_frame(number, ts=START_US + day + number))
        store.stop_session("enough")
        store.flush()

    def note(self) -> None:
        """Note the files of each day as they are now."""
        self.now = {
            date: frozenset(sha_of(file.path.read_bytes()) for file in files)
            for date, files in list_days(self.data_dir).items()
        }
        for date, state in self.now.items():
            self.states.setdefault(date, set()).add(state)

    def rows(self) -> set[tuple[str, str, int, int]]:
        """Return the key of every row."""
        return {
            (file.doc_type, *key)
            for files in list_days(self.data_dir).values()
            for file in files
            for key in zip(
                *pq.read_table(file.path, columns=["session_id", "seq", "sub"], partitioning=None)
                .to_pydict()
                .values(),
                strict=True,
            )
        }


class Rig:
    """The bucket, its recorders, and the reader."""

    def __init__(self, server: Server, base: Path, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._rng = random.Random(seed)
        self._server = server
        self._home = base / "reader"
        self._looking = threading.Lock()
        self._fetched: set[str] = set()
        self.recorders = [Recorder(base / name) for name in ("one", "two")]
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.crash.sync_rig", "s3fs", "duckdb"])
        server.faults, server.done, server.kill = self._fault, self._done, self._kill
        server.call("PUT", FOREIGN, b"not ours")

    def round(self, *, faults: int, grace_s: float) -> None:
        """Change both stores and ship them at once, with so many faults for each."""
        for recorder in self.recorders:
            recorder.change(self._rng)
            # A request that fails is repeated: faults are put close, so that retries meet some too.
            numbers = self._rng.sample(range(max(24, faults * 2)), faults)
            recorder.plan = {number: self._rng.choice(list(Fault)) for number in numbers}
            recorder.asked = 0
        for recorder in self.recorders:
            recorder.process = self._context.Process(
                target=ship, args=(str(recorder.data_dir.root), self._server.port, grace_s)
            )
            recorder.process.start()
        for recorder in self.recorders:
            assert recorder.process is not None
            recorder.process.join()
            self._ended(recorder, recorder.process.exitcode or 0)

    def _ended(self, recorder: Recorder, code: int) -> None:
        self.counts["killed" if code == -signal.SIGKILL else f"ended {code}"] += 1
        if code not in (0, FAILED, -signal.SIGKILL):
            self.wrong.append(f"a sync ended with {code}")
        if code == 0 and self.look().get(recorder.store, {}) != recorder.now:
            self.wrong.append("a sync says it is done, and the bucket is not equal")

    def _fault(self, request: Request) -> Fault | None:
        recorder = self._of(request)
        if recorder is None:
            return None
        fault = recorder.plan.pop(recorder.asked, None)
        recorder.asked += 1
        if fault is not None:
            self.counts["faults"] += 1
            self.counts[fault.name] += 1
        return fault

    def _of(self, request: Request) -> Recorder | None:
        return next((one for one in self.recorders if one.store in request.path), None)

    def _kill(self, request: Request) -> None:
        recorder = self._of(request)
        if recorder is not None and recorder.process is not None and recorder.process.pid:
            with suppress(ProcessLookupError):
                os.kill(recorder.process.pid, signal.SIGKILL)

    def _done(self, request: Request) -> None:
        """Look at the bucket after each change of it."""
        changes = request.path.endswith("/index.json") or request.method in ("DELETE", "POST")
        if request.method == "GET" or (not changes and request.number % LOOK_EVERY):
            return
        with self._looking:
            try:
                self.look()
            except Exception as error:  # it would only end a thread of the server
                self.wrong.append(f"after {request}: {error!r}")

    def look(self) -> dict[str, dict[str, State]]:
        """Read as a reader does; return the days of each store, none of them in a wrong state."""
        for _ in range(8):
            root = self.reader()
            if root is None:
                return {}
            try:
                return self._look(root)
            except FileNotFoundError:  # a day was exchanged and its files removed: list again
                self.counts["listed again"] += 1
        raise AssertionError("a reader found no moment to read")

    def reader(self) -> RemoteRoot | None:
        """Open the bucket undisturbed; None while nothing is there."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{self._server.calm_port}")
            try:
                return RemoteRoot(URL, self._home)
            except VectraError as error:
                if "no recording" in str(error):
                    return None
                raise

    def _look(self, root: RemoteRoot) -> dict[str, dict[str, State]]:
        self.counts["looks"] += 1
        found: dict[str, dict[str, set[str]]] = {}
        fresh = root.snapshot.entries.keys() - self._fetched
        root.bring([str(root.folder / name) for name in fresh])
        self._fetched |= fresh
        for held, _ in root.snapshot.entries.values():
            days_ = found.setdefault(held.store, {})
            days_.setdefault(held.date.isoformat(), set()).add(held.file.sha256)
        states = {
            store: {date: frozenset(shas) for date, shas in days_.items()}
            for store, days_ in found.items()
        }
        for recorder in self.recorders:
            for date, state in states.get(recorder.store, {}).items():
                if state not in recorder.states.get(date, ()):
                    self.wrong.append(f"{date} of {recorder.store} is in no state it ever was in")
        return states

    def finish(self) -> None:
        """Ship once more undisturbed: the bucket is equal, and every object verified."""
        self.round(faults=0, grace_s=0)
        states = self.look()
        for recorder in self.recorders:
            if states.get(recorder.store, {}) != recorder.now:
                self.wrong.append("the bucket is not equal at the end")
        report = check_remote(URL, self._home)
        self.wrong += [f"{one.kind}: {one.where}" for one in report.problems]
        if (report.unnamed, report.retired, report.foreign) != (0, 0, 1):
            self.wrong.append(f"left at the end: {report}")
        self.counts["verified"] = report.files
        root = self.reader()
        assert root is not None
        with StoreReader(root) as reader:
            keys = {
                (doc_type, *key.values())
                for doc_type, table in TABLES.items()
                for key in reader.fetch(f"SELECT session_id, seq, sub FROM {table}").to_pylist()
            }
        if keys != {key for one in self.recorders for key in one.rows() if key[0] in TABLES}:
            self.wrong.append("the rows are not those of both stores")


def run(faults: int, seed: int, base: Path) -> Counter[str]:
    """Ship until so many faults have happened; return what was counted.

    Raises:
        AssertionError: a reader met a wrong state, or the bucket is not equal at the end.
    """
    with storage() as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(days, "RETIRE_S", 0)
        # The reader keeps one client for all its looks: a new one reads the models of S3 anew.
        patch.setattr("vectra_player.store.remote.root.ObjectStore", functools.cache(ObjectStore))
        rig = Rig(server, base, seed)
        turn = 0
        while rig.counts["faults"] < faults:
            rig.round(faults=7, grace_s=0 if turn % 2 else 3600)
            turn += 1
        rig.finish()
    if rig.wrong:
        raise AssertionError(rig.wrong[:10])
    return rig.counts


if __name__ == "__main__":
    logged_seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20261128
    with TemporaryDirectory() as folder:
        print(dict(run(int(sys.argv[1]), logged_seed, Path(folder))))
