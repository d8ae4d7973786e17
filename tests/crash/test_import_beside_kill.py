"""Import and recorder killed at any moment beside each other: nothing lost, nothing doubled.

Short form of `python -m tests.crash.test_import_beside_kill ROUNDS`.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.crash.test_import_kill import TICKS, make_files

from vectra_player.errors import StoreLockedError
from vectra_player.store.check import check
from vectra_player.store.hold import Lender, ask_to_hold
from vectra_player.store.importers import import_paths
from vectra_player.store.layout import DataDir
from vectra_player.store.lock import WriterLock
from vectra_player.store.reads import StoreReader
from vectra_player.store.writer import EventStore

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

FILES = 24
ROUNDS = 3
RECORDER = """
import sys, time
from pathlib import Path
from vectra_player.model.frame import fact
from vectra_player.store.hold import Lender
from vectra_player.store.settings import StoreSettings
from vectra_player.store.writer import EventStore
settings = StoreSettings(file_interval_s=0.05, auto_compact=False)
store = EventStore.open(Path(sys.argv[1]), settings=settings)
Lender(store).start()
print(store.start_session("demo", "127.0.0.1"), flush=True)
while True:
    seq = store.append(fact("mark", {}, ts=time.time_ns() // 1000, source="demo"))
    if store.wait_durable(seq, 10):
        print(seq, flush=True)
    time.sleep(0.01)
"""
IMPORT = """
import sys
from pathlib import Path
from vectra_player.store.importers import import_paths, job
job.FILE_FRAMES = 100
import_paths([Path(sys.argv[1])], Path(sys.argv[2]), progress=lambda *_: print(".", flush=True))
"""
BORROWER = """
import sys, time
from pathlib import Path
from vectra_player.store.arrivals import take_in
from vectra_player.store.fsops import FileOps, Staged
from vectra_player.store.hold import ask_to_hold
from vectra_player.store.layout import DataDir
home = DataDir(Path(sys.argv[1]))
path = home.staging / "a.parquet"
path.touch()
def wait(step):
    print("held", flush=True)
    time.sleep(60)
hold = ask_to_hold(home)
take_in(home, [Staged(path, home.day("game", "2025-01-01") / path.name)], FileOps(), wait)
"""


def start(code: str, *words: Path) -> subprocess.Popen[bytes]:
    """Start a child."""
    return subprocess.Popen([sys.executable, "-c", code, *map(str, words)], stdout=subprocess.PIPE)


def kill(child: subprocess.Popen[bytes]) -> list[bytes]:
    """Kill a child; return the whole lines it said."""
    child.kill()
    out, _ = child.communicate()
    return out.splitlines(keepends=True)


def acknowledged(lines: Sequence[bytes]) -> tuple[str, int]:
    """Return a recorder's session and the last seq it told to be durable."""
    whole = [line.decode().strip() for line in lines if line.endswith(b"\n")]
    return whole[0], max([1, *map(int, whole[1:])])


def play(base: Path, rounds: int, files: int, chance: random.Random) -> None:
    """Kill one side, the other, or both; then import once more and compare with what was read."""
    lines = make_files(base / "in", files)
    root = base / "data"
    sessions = []
    for number in range(rounds):
        recorder = start(RECORDER, root)
        assert recorder.stdout is not None
        first = recorder.stdout.readline()
        importer = start(IMPORT, base / "in", root)
        assert importer.stdout is not None
        for _ in range(chance.randint(1, files)):
            if not importer.stdout.readline():
                break
        time.sleep(chance.random() / 20)
        order = [recorder, importer] if number % 2 else [importer, recorder]
        said = {child.pid: kill(child) for child in order}
        sessions.append(acknowledged([first, *said[recorder.pid]]))
    import_paths([base / "in"], root)
    compare(root, lines, files, sessions)


def compare(root: Path, lines: list[str], files: int, sessions: Sequence[tuple[str, int]]) -> None:
    """Hold the store against the imported lines and the acknowledged seqs."""
    found = [
        row
        for path in DataDir(root).events.glob("doc_type=ws_event/*/*.parquet")
        for row in pq.read_table(path, partitioning=None).to_pylist()
    ]
    assert sorted(row["raw"] for row in found if row["source"] == "import") == sorted(lines)
    for session, last in sessions:
        seqs = sorted(row["seq"] for row in found if row["session_id"] == session)
        assert seqs == list(range(1, len(seqs) + 1))
        assert len(seqs) > last  # and the fact of the crash
    with StoreReader(root) as reader:
        for doc_type, expected in (("game_all", files), ("game_tick", files * TICKS)):
            sql = f"SELECT count(*), count(DISTINCT (session_id, seq, sub)) FROM {doc_type}"
            (row,) = reader.fetch(sql).to_pylist()
            assert list(row.values()) == [expected, expected], doc_type
    assert check(DataDir(root)).whole
    assert not list(DataDir(root).staging.glob("import-*"))


def test_killed_sides_lose_and_double_nothing(tmp_path: Path) -> None:
    play(tmp_path, ROUNDS, FILES, random.Random(5))


def test_a_recorder_that_is_killed_leaves_the_lock_to_who_borrowed_it(tmp_path: Path) -> None:
    recorder = start(RECORDER, tmp_path)
    assert recorder.stdout is not None
    session = recorder.stdout.readline().decode().strip()
    home = DataDir(tmp_path)
    hold = ask_to_hold(home)
    assert hold is not None
    assert hold.session == session
    kill(recorder)
    assert ask_to_hold(home) is None
    with pytest.raises(StoreLockedError):
        WriterLock.acquire(home.lock_file)
    hold.release()
    WriterLock.acquire(home.lock_file).release()


def test_a_borrower_that_is_killed_gives_the_directory_back(tmp_path: Path) -> None:
    with EventStore.open(tmp_path) as store:
        lender = Lender(store)
        lender.start()
        borrower = start(BORROWER, tmp_path)
        assert borrower.stdout is not None
        assert borrower.stdout.readline() == b"held\n"
        kill(borrower)
        lender.close()  # it waits for who holds
        assert (tmp_path / "events_parquet/doc_type=game/date=2025-01-01/a.parquet").is_file()


if __name__ == "__main__":
    for seed in range(int(sys.argv[1])):
        with tempfile.TemporaryDirectory() as folder:
            play(Path(folder), 6, 60, random.Random(seed))
        print(f"seed {seed}: whole", flush=True)
