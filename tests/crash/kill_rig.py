"""Kill a writing process with SIGKILL, recover, compare with what it acknowledged.

Used by test_kill.py (short form) and kill_loop.py (long form).
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
import msgspec
from tests.store_support import (
    DAY_US,
    SMALL,
    SMALL_DERIVER,
    START_US,
    foreign_reader,
    make_frame,
    read,
)

from vectra_player.store.settings import no_step
from vectra_player.store.writer import EventStore

STEPS = (
    *("journal.before_commit", "journal.after_commit", "plan.fixed", "files.staged"),
    *("file.renamed", "files.published", "plan.before_done", "plan.done"),
    *("recovery.sessions_ended", "session.stopped"),
    *("compact.staged", "compact.exchanged", "compact.removed"),
)

KILLS_A_DIRECTORY = 8
"""After so many kills a new directory begins, so that the comparison stays short."""

READ_PAUSE_S = 0.02
"""Between two foreign reads: without a pause they would take a core from those who write."""

SETTINGS = msgspec.structs.replace(SMALL, file_frames=150, group_frames=20, retire_s=0.15)

Shot = tuple[str, int]
"""A step and which of its occurrences kills; ("", milliseconds) for a kill from outside."""


def child(root: str, pipe: Connection, shot: Shot, seed: int) -> None:
    """Record, stop, start and compact until killed; report each durable seq."""
    left = Counter({shot[0]: shot[1]})
    armed = bool(shot[0])

    def step(name: str) -> None:
        if armed and name == shot[0]:
            left[name] -= 1
            if left[name] <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    rng = random.Random(seed)
    store = EventStore.open(Path(root), settings=SETTINGS, deriver=SMALL_DERIVER, step=step)
    session = ""

    def told(seq: int, _: int) -> None:
        pipe.send((session, seq))

    store.on_durable(told)
    while True:
        session = ""  # until the id is known an acknowledgement counts for nothing
        session = store.start_session("demo", "127.0.0.1")
        record(store, rng)
        store.stop_session("enough")
        pipe.send((session, -1))
        if rng.random() < 0.5:
            store.compact(force=True)


def record(store: EventStore, rng: random.Random) -> None:
    """Append frames numbered by the seq they get, over two days, and file now and then."""
    for _ in range(rng.randrange(50, 900)):
        number = next_number(store)
        day = (number % 2) * DAY_US
        store.append(make_frame(number, ts=START_US + day + number))
        chance = rng.random()
        if chance < 0.02:
            time.sleep(rng.random() * 0.004)
        elif chance < 0.022:
            store.flush()
        elif chance < 0.023:
            store.compact(force=True)


def next_number(store: EventStore) -> int:
    """Return the seq the next frame will get; this process is the only one that appends."""
    return store._ingest.queue.last_seq + 1


def reader(root: str, pipe: Connection) -> None:
    """Read the whole tree as a foreign process would; count reads, repeats and wrong answers."""
    seen: dict[str, int] = {}
    result: Counter[str] = Counter()
    wrong: list[str] = []
    while not pipe.poll():
        try:
            rows = glob_read(Path(root))
        except duckdb.Error:
            result["repeats"] += 1
            time.sleep(0.02)
            try:
                rows = glob_read(Path(root))
            except duckdb.Error as error:
                wrong.append(f"twice in a row: {error}")
                continue
        result["reads"] += 1
        now = {who: total for who, total, _ in rows}
        wrong += [f"{who}: {total} rows, {only} keys" for who, total, only in rows if total != only]
        fallen = [who for who, n in seen.items() if n > now.get(who, 0)]
        wrong += [f"{who}: {seen[who]} then {now.get(who, 0)}" for who in fallen]
        seen = now
        time.sleep(READ_PAUSE_S)
    pipe.send((dict(result), wrong))


def glob_read(root: Path) -> list[tuple[str, int, int]]:
    """Count rows and distinct keys a session, over all doc types."""
    if not list(root.glob("events_parquet/*/*/*.parquet")):
        return []
    with foreign_reader().cursor() as connection:
        return connection.execute(
            "SELECT session_id, count(*), count(DISTINCT (doc_type, seq, sub)) "
            "FROM read_parquet(?, union_by_name = true, hive_partitioning = true) GROUP BY 1",
            [f"{root}/events_parquet/**/*.parquet"],
        ).fetchall()


def run(kills: int, seed: int, base: Path) -> dict[str, Any]:
    """Carry out so many kills under `base` and return the counts.

    Raises:
        AssertionError: something acknowledged is lost, doubled, altered or out of order, or the
            reader saw a wrong row set.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.crash.kill_rig"])
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    shots = plan_shots(rng)
    for number in range(kills):
        if number % KILLS_A_DIRECTORY == 0:
            root = base / f"d{number}"
            root.mkdir(mode=0o700)
            acknowledged: dict[str, int] = {}
            watcher, watch = start_reader(context, root)
        shoot(context, root, next(shots), rng.randrange(1 << 30), acknowledged, counts)
        counts["kills"] += 1
        recover_and_compare(root, acknowledged, counts)
        if number % KILLS_A_DIRECTORY == KILLS_A_DIRECTORY - 1 or number == kills - 1:
            finish_reader(watcher, watch, counts)
            counts["acknowledged"] += sum(acknowledged.values())
    return dict(counts)


def plan_shots(rng: random.Random) -> Iterator[Shot]:
    """Alternate kills at each named step with kills at random times."""
    for number in count():
        if number % 2:
            step = STEPS[number // 2 % len(STEPS)]
            often = step.startswith(("journal", "plan", "file"))
            yield step, rng.randrange(1, 6) if often else 1
        else:
            yield "", rng.randrange(1, 250)


def shoot(
    context: Any, root: Path, shot: Shot, seed: int, acknowledged: dict[str, int], counts: Any
) -> None:
    """Run a child until it is dead and note what it acknowledged."""
    mine, theirs = context.Pipe()
    process = context.Process(target=child, args=(str(root), theirs, shot, seed), daemon=True)
    process.start()
    theirs.close()
    deadline = None
    give_up = time.monotonic() + 4
    try:
        while True:
            wait = 0.02 if deadline is None else max(0.0, deadline - time.monotonic())
            if mine.poll(wait):
                session, seq = mine.recv()
                if session:
                    note(acknowledged, session, seq)
                if deadline is None and not shot[0]:
                    deadline = time.monotonic() + shot[1] / 1000
            if (deadline and time.monotonic() >= deadline) or time.monotonic() > give_up:
                process.kill()
                deadline = time.monotonic() + 3600
                give_up = deadline
    except EOFError:
        process.join()
    counts["at a step" if process.exitcode == -signal.SIGKILL and shot[0] else "at a time"] += 1
    if process.exitcode != -signal.SIGKILL:
        raise AssertionError(f"the child ended by itself: {process.exitcode}")


def note(acknowledged: dict[str, int], session: str, seq: int) -> None:
    """Keep the highest seq of a session."""
    acknowledged[session] = max(acknowledged.get(session, 0), seq)


def recover_and_compare(root: Path, acknowledged: dict[str, int], counts: Counter[str]) -> None:
    """Open the store as the next start would and compare all sessions row by row."""
    with EventStore.open(root, settings=SETTINGS, deriver=SMALL_DERIVER, step=no_step) as store:
        recovery = store.recovery
    if recovery is None:
        raise AssertionError("no recovery took place")
    counts["plans redone"] += recovery.plan_redone
    counts["sessions recovered"] += len(recovery.crashed_sessions)
    events: dict[str, list[tuple[int, str, str]]] = {}
    for session, seq, name, raw in read(root, "ws_event", "session_id, seq, event_name, raw"):
        events.setdefault(session, []).append((seq, name, raw))
    for session, durable in acknowledged.items():
        compare_events(session, durable, events.get(session, []))
    compare_ticks(root, events)
    leftovers = [path.name for path in (root / "staging").iterdir()]
    assert leftovers == [], leftovers


def compare_events(session: str, durable: int, rows: list[tuple[int, str, str]]) -> None:
    """Check that a session is complete up to the acknowledged seq, in order, each once."""
    assert [seq for seq, _, _ in rows] == list(range(1, len(rows) + 1)), f"{session}: order"
    assert len(rows) >= durable, f"{session}: {durable} acknowledged, {len(rows)} there"
    for seq, name, raw in rows[1:-1]:
        assert name == "tick", f"{session} {seq}: {name}"
        assert raw == f'42["tick",{{"n":{seq}}}]', f"{session} {seq}: {raw}"
    assert rows[-1][1] in ("vectra.crash_recovered", "vectra.stopped"), f"{session}: {rows[-1]}"


def compare_ticks(root: Path, events: dict[str, list[tuple[int, str, str]]]) -> None:
    """Check that each packet made its derived row once, with the state carried over filings."""
    ticks: dict[str, list[int]] = {}
    for session, tick in read(root, "game_tick", "session_id, tick"):
        ticks.setdefault(session, []).append(tick)
    for session, rows in events.items():
        packets = sum(1 for _, name, _ in rows if name == "tick")
        assert sorted(ticks.get(session, [])) == list(range(packets)), f"{session}: ticks"


def start_reader(context: Any, root: Path) -> tuple[Any, Connection]:
    """Start the foreign reader."""
    mine, theirs = context.Pipe()
    process = context.Process(target=reader, args=(str(root), theirs), daemon=True)
    process.start()
    theirs.close()
    return process, mine


def finish_reader(process: Any, pipe: Connection, counts: Counter[str]) -> None:
    """Stop the foreign reader and count what it saw."""
    pipe.send("stop")
    seen, wrong = pipe.recv()
    process.join()
    assert wrong == [], wrong[:5]
    counts.update(seen)
