"""Work on a Dask cluster ends in the same bytes, whatever of the cluster is lost, or says why not.

Schedulers and workers are real processes. The workers sit in folders of their own: they are sent
what they need, and nothing of the data directory is written for them to read.
"""

from __future__ import annotations

import hashlib
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq
import pytest
from tests.agent_support import one_minded
from tests.backtest_support import NOW, contestant, games_of, generated, recorded, strategy_file
from tests.cluster_support import (
    Cluster,
    all_gone,
    cluster,
    descendants,
    listening,
    web_server,
)
from tests.command_support import COMMAND, environment, run_warm, wait_until
from tests.unit.fairness.recordings import frames, make_store

from vectra_player import extras
from vectra_player.analysis import cluster_facts, dask_connect, dask_engine
from vectra_player.analysis.cluster_facts import check_alike, facts
from vectra_player.analysis.dask_connect import client_of
from vectra_player.analysis.dask_engine import open_dask
from vectra_player.analysis.grid import parse_grid
from vectra_player.analysis.jobs_pool import ChunkEngine, LocalEngine
from vectra_player.analysis.play import Progress, unheard
from vectra_player.analysis.sweep import Request, run_sweep
from vectra_player.errors import UsageError, VectraError
from vectra_player.fairness.null import fair_null
from vectra_player.fairness.verify import verify_store
from vectra_player.rl.agent_strategy import write_strategy
from vectra_player.store.reads import StoreReader

CHOSEN = generated(40)
GRID = ["entry_tick=0:1499"]
CHUNKS = 6


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler with two workers."""
    with cluster(tmp_path_factory.mktemp("cluster"), workers=2) as found:
        yield found


@pytest.fixture
def engine(shared: Cluster) -> Iterator[ChunkEngine]:
    """An engine over the two workers."""
    opened = open_dask(shared.address)
    yield opened
    opened.close()


def sweep(
    root: Path,
    engine: ChunkEngine,
    word: str | Path = "fixed_baseline",
    grid: list[str] = GRID,
    chosen: Any = CHOSEN,
    progress: Progress = unheard,
) -> str:
    """Run a sweep; return the SHA-256 of its table."""
    run = run_sweep(
        contestant(word, root),
        parse_grid(grid),
        chosen,
        Request(top=1),
        engine,
        results=root / "results",
        made_at=NOW,
        progress=progress,
    )
    file = root / "results" / run.record.manifest.run_id / "variants.parquet"
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the sweep ends in on this machine alone."""
    return sweep(tmp_path_factory.mktemp("local"), LocalEngine(1))


def test_a_sweep_ends_in_the_same_bytes_though_the_workers_see_no_file_of_ours(
    engine: ChunkEngine, tmp_path: Path, local: str
) -> None:
    seen: list[Path] = []

    def look(done: int, total: int) -> None:
        seen.extend(tmp_path.glob("results/*/shared"))

    assert not engine.here
    assert sweep(tmp_path, engine, progress=look) == local
    assert seen == []


def test_a_strategy_of_the_users_own_travels_with_the_work_and_fails_in_the_same_words(
    engine: ChunkEngine, tmp_path: Path
) -> None:
    body = "1 / 0 if self.params.hold == 7 and context.game_id == 'game-2' else None"
    file = strategy_file(tmp_path / "buyer.py", body)
    chosen = recorded(games_of(*[[1.0 + 0.01 * tick for tick in range(12)]] * 4))
    here, there = (
        sweep(tmp_path / name, each, file, ["hold=7,8"], chosen)
        for name, each in (("here", LocalEngine(1)), ("there", engine))
    )
    assert here == there


def test_an_agent_travels_with_the_strategy_that_names_it(
    engine: ChunkEngine, tmp_path: Path
) -> None:
    file = write_strategy(one_minded("sidebet", 1), tmp_path / "strategies", "keen")
    chosen = generated(4)
    here, there = (
        sweep(tmp_path / name, each, file, ["by_chance=false"], chosen)
        for name, each in (("here", LocalEngine(1)), ("there", engine))
    )
    assert here == there
    (table,) = (tmp_path / "there").glob("results/*/variants.parquet")
    (row,) = pq.read_table(table).to_pylist()
    assert row["error"] is None
    assert row["bets"] > 0


def test_games_are_verified_and_simulated_as_they_are_here(
    engine: ChunkEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_store(tmp_path, *(frames(number) for number in range(3)))
    monkeypatch.setattr("vectra_player.fairness.evidence.CHUNK_GAMES", 1)
    told: list[tuple[int, int]] = []
    with StoreReader(root) as reader:
        here = verify_store(reader)
        there = verify_store(reader, engine=engine, progress=lambda *done: told.append(done))
    assert here == there
    assert len(here.of("verified")) == 3
    assert told == [(1, 3), (2, 3), (3, 3)]
    null = fair_null(10_001, 7, engine=engine)
    monkeypatch.setattr("vectra_player.fairness.null._made", {})
    again = fair_null(10_001, 7)
    assert [column.tobytes() for column in (null.lengths, null.peaks, null.lows)] == [
        column.tobytes() for column in (again.lengths, again.peaks, again.lows)
    ]


def test_games_in_a_bucket_are_read_where_they_are_verified(
    engine: ChunkEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_store(tmp_path / "store", *(frames(number) for number in range(3)))
    (tmp_path / "bucket").mkdir()
    url = f"file://{tmp_path / 'bucket'}"
    assert run_warm("--data-dir", root, "store", "sync", url).code == 0
    monkeypatch.setenv("RUGS_DATA_DIR", str(tmp_path / "here"))
    monkeypatch.setattr("vectra_player.fairness.verify.evidence_between", None)  # not by us
    with StoreReader(url) as reader:
        found = verify_store(reader, engine=engine)
    assert len(found.of("verified")) == 3


def test_a_worker_killed_half_way_costs_nothing_but_its_time(
    shared: Cluster, tmp_path: Path, local: str
) -> None:
    with cluster_worker(shared) as victim:
        engine = open_dask(shared.address)
        wait_until(lambda: engine.workers == 3, "the third worker is there")

        def kill(done: int, total: int) -> None:
            if done:
                victim.kill()

        assert sweep(tmp_path, engine, progress=kill) == local
        assert victim.wait() == -signal.SIGKILL
        engine.close()


def test_a_worker_that_is_not_like_us_is_named_before_any_work(
    shared: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_engine, "facts", lambda: {**facts(), "numpy": "0.1"})
    with pytest.raises(UsageError, match=r"scheduler has numpy 0\.1 instead of \d") as refused:
        open_dask(shared.address)
    assert "Install the same everywhere" in refused.value.advice


def test_a_worker_without_vectra_player_is_named(shared: Cluster) -> None:
    bare = "import sys; sys.modules['vectra_player'] = None; from distributed.cli.dask_worker"
    with cluster_worker(shared, sys.executable, "-c", f"{bare} import main; main()"):
        seen = client_of(shared.address)
        wait_until(lambda: len(seen.nthreads()) == 3, "the worker is there")
        seen.close()
        with pytest.raises(UsageError, match=r"worker at tcp://\S+ has no vectra-player"):
            open_dask(shared.address)


@contextmanager
def cluster_worker(shared: Cluster, *program: str) -> Iterator[subprocess.Popen[bytes]]:
    """Have one more worker for a block, killed and forgotten by the scheduler at its end."""
    process = shared.add_worker(*program)
    try:
        yield process
    finally:
        shared.workers.remove(process)
        process.kill()
        process.wait()
        seen = client_of(shared.address)
        wait_until(lambda: len(seen.nthreads()) == 2, "the scheduler has seen it go")
        seen.close()


def test_a_scheduler_that_goes_is_told_and_finished_chunks_are_kept(
    tmp_path: Path, local: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_engine, "WORKERS_S", 0.3)
    with cluster(tmp_path, workers=0) as found:
        with pytest.raises(UsageError, match=f"'dask worker {found.address}'"):
            open_dask(found.address)
        found.add_worker()
        monkeypatch.setattr(dask_engine, "WORKERS_S", 60.0)
        engine = open_dask(found.address)

        def kill(done: int, total: int) -> None:
            if done:
                found.scheduler.kill()

        with pytest.raises(VectraError, match="is gone") as failed:
            sweep(tmp_path, engine, progress=kill)
        assert "goes on where it was" in failed.value.advice
        assert not logging.getLogger("distributed.client").isEnabledFor(logging.CRITICAL)
        engine.close()
    kept = len(list(tmp_path.glob("results/*/chunks/*.parquet")))
    assert 1 <= kept < CHUNKS
    told: list[int] = []
    assert sweep(tmp_path, LocalEngine(1), progress=lambda done, _: told.append(done)) == local
    assert told[0] == 250 * kept


def test_a_chunk_that_ends_its_worker_and_a_cluster_without_any_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_again = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with cluster(tmp_path, workers=1, **never_again) as found:
        engine = open_dask(found.address)
        with pytest.raises(VectraError, match=r"tried one chunk died \(1\), perhaps for want of"):
            list(engine.run(os._exit, [3]))
        monkeypatch.setattr(dask_engine, "WORKERLESS_S", 0.1)
        monkeypatch.setattr(dask_engine, "POLL_S", 0.1)
        with pytest.raises(VectraError, match="has no worker left") as failed:
            list(engine.run(abs, [-3]))
        assert f"'dask worker {found.address}'" in failed.value.advice
        engine.close()


def test_whoever_is_no_scheduler_is_told_apart_quickly(
    shared: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_connect, "CONNECT_S", 2.0)
    worker = next(iter(_workers_of(shared)))
    with web_server() as web:
        for address, said in (
            ("tcp://127.0.0.1:9", "No Dask scheduler answers at tcp://127.0.0.1:9"),
            ("tcp://127.0.0.1:9", "or name none, by --scheduler or DASK_SCHEDULER_ADDRESS"),
            ("tcp://no.such.host.invalid:8786", "No Dask scheduler answers"),
            ("nowhere", "cannot be connected to: missing port"),
            ("http://127.0.0.1:8786", "cannot be connected to: unknown address scheme"),
            ("tls://127.0.0.1:8786", "Dask's certificates"),
            (web, f"No Dask scheduler answers at {web}"),
            (worker, "is a Dask worker, no scheduler"),
        ):
            with pytest.raises(UsageError) as refused:
                open_dask(address)
            assert said in str(refused.value)


def _workers_of(shared: Cluster) -> list[str]:
    client = client_of(shared.address)
    client.wait_for_workers(2, timeout=60)
    found = list(client.nthreads())
    client.close()
    return found


def test_how_many_work_is_not_ours_to_say_behind_a_scheduler(shared: Cluster) -> None:
    with pytest.raises(UsageError, match="--jobs"):
        open_dask(shared.address, jobs=2)
    told = {"scheduler-address": shared.address}  # as DASK_SCHEDULER_ADDRESS has it
    with dask_connect.dask.config.set(told), pytest.raises(UsageError, match=shared.address):
        open_dask(jobs=2)


def test_a_difference_is_told_in_full() -> None:
    there = {**facts(), "python": "3.9.1"}
    there.pop("numba")
    with pytest.raises(UsageError, match=r"python 3\.9\.1 instead of .*numba missing instead of"):
        check_alike("The Dask worker", there)
    check_alike("The Dask worker", cluster_facts.facts())


def test_without_dask_the_line_that_installs_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="distributed") as refused:
        open_dask()
    assert refused.value.advice.endswith("requirements/cluster.txt")


def test_a_cluster_of_this_machine_binds_loopback_alone_and_ctrl_c_ends_all_of_it(
    tmp_path: Path,
) -> None:
    root, temporary = tmp_path / "data", tmp_path / "tmp"
    temporary.mkdir()
    words = ["sweep", "fixed_baseline", "--games", "generated:40", "--seed", "3", "--top", "1"]
    words += ["--grid", GRID[0], "--engine", "dask", "--jobs", "2"]
    running = subprocess.Popen(
        [*COMMAND, "--data-dir", str(root), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**environment(), "TMPDIR": str(temporary)},
        start_new_session=True,
    )
    results = root / "results"
    wait_until(lambda: list(results.glob("*/chunks/*.parquet")), "a chunk is kept")
    processes = descendants(running.pid)
    assert listening([psutil.Process(running.pid), *processes]) == {"127.0.0.1"}
    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "Traceback" not in err
    assert [line.partition(" ")[2] for line in err.splitlines()[-2:]] == [
        "variants are kept; the same command goes on from there.",
        "Stopped.",
    ]
    assert out.startswith("Dask: 2 threads of workers at tls://127.0.0.1:")
    wait_until(lambda: all_gone(processes), "every process of the cluster ends")
    assert list(temporary.iterdir()) == []


HOLDER = """
import time
from vectra_player.analysis.dask_connect import LocalProcesses
if __name__ == "__main__":
    held = LocalProcesses(1)
    print(held.address, flush=True)
    time.sleep(600)
"""


def test_a_cluster_of_this_machine_lets_in_nobody_without_its_keys_and_dies_with_us(
    tmp_path: Path,
) -> None:
    (tmp_path / "holder.py").write_text(HOLDER)
    held = subprocess.Popen(
        [sys.executable, str(tmp_path / "holder.py")], stdout=subprocess.PIPE, text=True
    )
    assert held.stdout is not None
    address = held.stdout.readline().strip()
    processes = descendants(held.pid)
    assert len(processes) >= 2
    for told in (address, address.replace("tls", "tcp")):
        with pytest.raises(UsageError):
            client_of(told)
    held.kill()
    held.communicate()
    wait_until(lambda: all_gone(processes), "the cluster ends with who holds it")
