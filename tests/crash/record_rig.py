"""Kill the `record` command again and again, and compare. Used by test_kill_record.py (short form)
and kill_record.py (long form).

A demo server plays fast, a recorder takes it in and is killed at random moments (while it starts,
recovers, records, files), and a foreign process reads the files all the time. What the recorder
said over its control socket to be durable must be there afterwards, once, in order, letter by
letter as the server's own log has it; the ticks must be those of the packets.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import psutil
from tests.command_support import (
    COMMAND,
    PATIENCE_S,
    Game,
    compare,
    demo_server,
    environment,
    recorded,
    table,
    wait_until,
)
from tests.store_support import foreign_reader

from vectra_player.app.control import ask_recorder
from vectra_player.errors import UsageError
from vectra_player.store.writer import EventStore

FILE_INTERVAL_S = "0.15"
SPEED = "60"
ASK_PAUSE_S = 0.01
READ_PAUSE_S = 0.02
"""Between two questions, two foreign reads: they must not take a core from the recorder."""

WARM = environment()
PRELOADED = (
    *("tests.crash.record_rig", "vectra_player.cli", "vectra_player.app.run"),
    *("vectra_player.live.derive", "vectra_player.sources.public_ws"),
)


class Style(NamedTuple):
    """How recorders are started and when they are killed."""

    true_command: bool
    start_s: float
    run_s: float
    a_directory: int
    """After so many kills a new directory begins, so that the comparison stays short."""


class Acknowledged(NamedTuple):
    """The highest durable seq a session told of; the process that told it."""

    seq: int
    number: int


def warm_record(root: str, url: str) -> None:
    """Be the `record` command, in a process forked from one that has imported everything."""
    os.environ.clear()
    os.environ.update(WARM | settings(url))
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    from vectra_player.cli import main

    main(["--data-dir", root, "--json", "record", "--source", "public"])


def settings(url: str) -> dict[str, str]:
    """Return the settings of every recorder here."""
    return {"VECTRA_PUBLIC_WS_URL": url, "VECTRA_FILE_INTERVAL_S": FILE_INTERVAL_S}


class Rig:
    """One run of kills."""

    def __init__(self, base: Path, seed: int, style: Style) -> None:
        self.counts: Counter[str] = Counter()
        self._base = base
        self._rng = random.Random(seed)
        self._style = style
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(PRELOADED))

    def run(self, kills: int) -> Iterator[Counter[str]]:
        """Carry out the kills; yields the counts so far after each directory.

        Raises:
            AssertionError: something is wrong.
        """
        for first in range(0, kills, self._style.a_directory):
            root = self._base / f"d{first}"
            log = self._base / f"d{first}.log"
            with demo_server(log, "--speed", SPEED, "--seed", str(first)) as game:
                self._one_directory(root, game, min(self._style.a_directory, kills - first))
            shutil.rmtree(root)
            log.unlink()
            yield self.counts

    def _one_directory(self, root: Path, game: Game, kills: int) -> None:
        acknowledged: dict[str, int] = {}
        with watched(self._context, root, self.counts):
            for _ in range(kills):
                self._shoot(root, game.url, acknowledged)
                self.counts["kills"] += 1
            with EventStore.open(root):
                pass  # as the next start would: recover and file
        self._judge(root, game, acknowledged)

    def _shoot(self, root: Path, url: str, acknowledged: dict[str, int]) -> None:
        early = self._rng.random() < 0.25
        wait_s = self._rng.uniform(0, self._style.start_s if early else self._style.run_s)
        pid, join = self._start(root, url)
        before = dict(acknowledged)
        try:
            if not early:
                wait_until(lambda: note(root, pid, acknowledged), "the recorder answers")
                self._recovered(root, before)
            deadline = time.monotonic() + wait_s
            while time.monotonic() < deadline:
                note(root, pid, acknowledged)
                time.sleep(ASK_PAUSE_S)
        finally:
            os.kill(pid, signal.SIGKILL)
            code = join()
        assert code == -signal.SIGKILL, f"the recorder ended by itself: {code}"
        self.counts["while starting" if early else "while recording"] += 1

    def _start(self, root: Path, url: str) -> tuple[int, Any]:
        if self._style.true_command:
            process = subprocess.Popen(
                [*COMMAND, "--data-dir", str(root), "--json", "record", "--source", "public"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment(**settings(url)),
            )
            return process.pid, process.wait
        warm = self._context.Process(target=warm_record, args=(str(root), url))
        warm.start()
        assert warm.pid is not None

        def join() -> int | None:
            warm.join()
            return warm.exitcode

        return warm.pid, join

    def _recovered(self, root: Path, acknowledged: dict[str, int]) -> None:
        """Check that all that was acknowledged before this start is in the files now."""
        if not acknowledged:
            return
        have = count_rows(root, "doc_type=ws_event/**/*.parquet")
        for session, seq in acknowledged.items():
            total, distinct = have.get(f"ws_event {session}", (0, 0))
            assert total == distinct > seq, f"{session}: {seq} acknowledged, {total} recovered"
        self.counts["restarts compared"] += 1

    def _judge(self, root: Path, game: Game, acknowledged: dict[str, int]) -> None:
        rows: dict[str, list[dict[str, Any]]] = {}
        for row in table(root, "ws_event", "event_name", "raw"):
            rows.setdefault(row["session_id"], []).append(row)
        for session, seq in acknowledged.items():
            kept = rows.get(session, [])
            # The last row of a killed session is `vectra.crash_recovered`.
            assert len(kept) > seq, f"{session}: {seq} acknowledged, {len(kept)} kept"
            self.counts["acknowledged"] += seq
        for session, kept in rows.items():
            seqs = [row["seq"] for row in kept]
            assert seqs == list(range(1, len(kept) + 1)), f"{session}: lost, doubled or reordered"
            assert kept[-1]["event_name"] == "vectra.crash_recovered", kept[-1]
            self.counts["rows"] += len(kept)
        self.counts["sessions"] += len(rows)
        self._judge_packets(root, game)
        self.counts["ticks"] += judge_ticks(root, rows)
        assert list((root / "staging").iterdir()) == []

    def _judge_packets(self, root: Path, game: Game) -> None:
        """Check every packet against the server's log; only the end of a socket may be missing."""
        result = compare(game.truth(), recorded(root), tail=1 << 30)
        assert result.wrong == [], result.wrong[:5]
        self.counts["packets compared"] += result.compared


def note(root: Path, pid: int, acknowledged: dict[str, int]) -> bool:
    """Ask the recorder what is durable; False while it does not answer."""
    try:
        status = ask_recorder(root, "status", timeout_s=PATIENCE_S)
    except UsageError:
        if not alive(pid):
            raise AssertionError("the recorder ended by itself") from None
        return False
    session, seq = status["session_id"], status["durable_seq"]
    acknowledged[session] = max(acknowledged.get(session, 0), seq)
    return True


def alive(pid: int) -> bool:
    """Tell whether a process of ours has not ended."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def judge_ticks(root: Path, rows: dict[str, list[dict[str, Any]]]) -> int:
    """Compare live ticks with the packets of their session; return how many were equal."""
    wanted: dict[tuple[str, str, int], float] = {}
    for session, kept in rows.items():
        for row in kept:
            if row["event_name"] != "gameStateUpdate" or not row["raw"].startswith("42["):
                continue
            state = json.loads(row["raw"][2:])[-1]
            if state.get("active") and not state.get("rugged") and "tickCount" in state:
                key = session, state["gameId"], state["tickCount"]
                wanted.setdefault(key, state["price"])
    found: dict[tuple[str, str, int], float] = {}
    columns = ("game_id", "tick", "price", "price_source")
    for row in table(root, "game_tick", *columns):
        key = row["session_id"], row["game_id"], row["tick"]
        assert key not in found, f"{key}: twice"
        found[key] = row["price"]
    for key, price in wanted.items():
        assert found.get(key) == price, f"{key}: {price} on the wire, {found.get(key)} kept"
    return len(wanted)


# The foreign reader ------------------------------------------------------------------------------


def count_rows(root: Path, pattern: str) -> dict[str, tuple[int, int]]:
    """Count rows and distinct keys of each session and doc type."""
    with foreign_reader().cursor() as connection:
        rows = connection.execute(
            "SELECT doc_type || ' ' || session_id, count(*), count(DISTINCT (seq, sub)) "
            "FROM read_parquet(?, union_by_name = true, hive_partitioning = true) GROUP BY 1",
            [f"{root}/events_parquet/{pattern}"],
        ).fetchall()
    return {key: (total, distinct) for key, total, distinct in rows}


def read_always(root: str, pipe: Connection) -> None:
    """Read each doc type and the whole tree until told to stop; report counts and wrong answers."""
    seen: dict[str, dict[str, tuple[int, int]]] = {}
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    pipe.send("ready")
    while not pipe.poll():
        folders = sorted(Path(root).glob("events_parquet/doc_type=*"))
        patterns = [f"{folder.name}/**/*.parquet" for folder in folders if has_files(folder)]
        for pattern in [*patterns, *(["**/*.parquet"] if patterns else [])]:
            now = read_twice(Path(root), pattern, counts, wrong)
            if now is not None:
                wrong += judge_reading(pattern, seen.get(pattern, {}), now)
                seen[pattern] = now
            time.sleep(READ_PAUSE_S)
    pipe.send((dict(counts), wrong))


def has_files(folder: Path) -> bool:
    """Tell whether a foreign pattern would match anything."""
    return next(folder.glob("**/*.parquet"), None) is not None


def read_twice(
    root: Path, pattern: str, counts: Counter[str], wrong: list[str]
) -> dict[str, tuple[int, int]] | None:
    """Read once; after a file-not-found a second time."""
    for attempt in (1, 2):
        try:
            found = count_rows(root, pattern)
        except duckdb.Error as error:
            counts["file not found"] += 1
            if attempt == 2 or "No such file" not in str(error):
                wrong.append(f"{pattern}: {error}")
                return None
        else:
            counts["reads"] += 1
            return found
    return None


def judge_reading(
    pattern: str, before: dict[str, tuple[int, int]], now: dict[str, tuple[int, int]]
) -> list[str]:
    """List rows that were there twice, and rows that were there before."""
    doubled = [
        f"{pattern} {key}: {n} rows, {only} keys" for key, (n, only) in now.items() if n != only
    ]
    fallen = [
        f"{pattern} {key}: {n} rows, then {now.get(key, (0, 0))[0]}"
        for key, (n, _) in before.items()
        if n > now.get(key, (0, 0))[0]
    ]
    return doubled + fallen


@contextlib.contextmanager
def watched(context: Any, root: Path, counts: Counter[str]) -> Iterator[None]:
    """Have a foreign process read while the block runs; raises AssertionError for wrong answers."""
    mine, theirs = context.Pipe()
    process = context.Process(target=read_always, args=(str(root), theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        assert mine.recv() == "ready"
        yield
        mine.send("stop")
        seen, wrong = mine.recv()
    finally:
        process.kill()
        process.join()
    assert wrong == [], wrong[:5]
    counts.update(seen)
