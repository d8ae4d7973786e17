"""Disk full and I/O errors at every point: loud, and nothing acknowledged is lost (D3)."""

from __future__ import annotations

import os
import threading
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from tests.crash.faults import ERRNOS, SHORT_WRITE, FailingJournal, FailingOps
from tests.store_support import SMALL, SMALL_DERIVER, START_US, make_frame, read

from vectra_player.errors import CaptureHaltedError, DiskError
from vectra_player.model.frame import Frame
from vectra_player.store.fsops import FileOps
from vectra_player.store.journal import Journal
from vectra_player.store.settings import StoreSettings
from vectra_player.store.writer import EventStore

FRAMES = 24
LONG = bool(os.environ.get("VECTRA_LONG_FAULTS"))
"""Set it to fail every call with every error, about ten minutes."""

TRIED_AGAIN = 30 if LONG else 12
"""Frames that are taken whatever fails: more than fill a file."""

FAST = msgspec.structs.replace(SMALL, file_frames=10, group_frames=5, retire_s=0.0)


def cycle(store: EventStore, durable: dict[str, int]) -> None:
    """Record a closed day, file twice and compact; note what was acknowledged on the way."""
    session = store.start_session("demo", "127.0.0.1")
    try:
        for number in range(2, FRAMES):
            store.append(make_frame(number, ts=START_US + number))
            if number == FRAMES // 2:
                store.flush()
        store.stop_session("done")
        store.compact()
    finally:
        durable[session] = max(store.durable_seq, durable.get(session, 0))


def compare(root: Path, durable: dict[str, int]) -> None:
    """Check after a healthy start that all that was acknowledged is there once, in order."""
    with EventStore.open(root, settings=FAST, deriver=SMALL_DERIVER):
        pass
    rows: dict[str, list[int]] = {}
    for session, seq, _ in read(root, "ws_event"):
        rows.setdefault(session, []).append(seq)
    for session, last in durable.items():
        found = rows.get(session, [])
        assert found == list(range(1, len(found) + 1))
        assert len(found) >= last
    assert [path for path in (root / "staging").iterdir() if path.name != "duckdb-spill"] == []


def attempt(root: Path, ops: FileOps, durable: dict[str, int]) -> int:
    """Run the cycle against a faulty disk; return how often it failed loudly."""
    try:
        with EventStore.open(root, settings=FAST, deriver=SMALL_DERIVER, ops=ops) as store:
            cycle(store, durable)
    except CaptureHaltedError:
        return 1
    return 0


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("sticky", [False, True])
def test_each_file_call_may_fail_with_each_error(tmp_path: Path, sticky: bool) -> None:
    counts: Counter[str] = Counter()
    codes = (*ERRNOS, SHORT_WRITE)
    for place, code in enumerate(codes):
        # The code never looks at the number: in the short form the errors take turns, and every
        # second call fails once, the others from then on. So each call fails in one of the ways.
        stride = 1 if LONG else 2 * len(codes)
        at = 0 if LONG else 2 * place + sticky + 1 - stride
        while True:
            at += stride
            root = tmp_path / f"{code}-{at}"
            ops = FailingOps(at, code, sticky=sticky)
            durable: dict[str, int] = {}
            counts["loud"] += attempt(root, ops, durable)
            if not ops.failed:
                break
            counts["pairs"] += 1
            compare(root, durable)
    assert counts["pairs"] > 30
    if sticky:  # after a single failure the store may be well again before the next frame comes
        assert counts["loud"] > 20, "no failure was told to the caller"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_commit_that_fails_once_is_written_again_and_capture_goes_on(
    tmp_path: Path, after: bool
) -> None:
    at = 0
    while True:
        at += 1
        root = tmp_path / str(at)
        FailingJournal.set(at, after=after, sticky=False)
        facts = run_with_failing_commits(root)
        if not FailingJournal.failed:
            break
        compare(root, {})
        # a stop may come before capture has resumed
        assert facts.count("halted") - facts.count("resumed") in (0, 1)
    assert at > 8


def run_with_failing_commits(root: Path) -> list[str]:
    """Record until everything is taken, trying again while capture is halted."""

    def opened() -> Journal:
        return FailingJournal(root / "journal" / "journal.sqlite")

    with EventStore.open(root, settings=FAST, deriver=SMALL_DERIVER, open_journal=opened) as store:
        healthy = threading.Event()
        healthy.set()
        store.on_halt(lambda halt: healthy.clear() if halt else healthy.set())
        session = store.start_session("demo", "127.0.0.1")
        for number in range(TRIED_AGAIN):
            assert store.wait_durable(persist(store, make_frame(1000 + number), healthy), 10)
        store.stop_session("done")
    rows = [(seq, raw) for who, seq, raw in read(root, "ws_event") if who == session]
    texts = [raw for _, raw in rows]
    for number in range(TRIED_AGAIN):
        assert texts.count(f'42["tick",{{"n":{1000 + number}}}]') == 1
    return [kind for (kind,) in read(root, "system_event", "kind")]


def persist(store: EventStore, frame: Frame, healthy: threading.Event) -> int:
    """Repeat an append while capture is halted; return its seq."""
    while True:
        try:
            return store.append(frame)
        except CaptureHaltedError:
            assert healthy.wait(10), "capture did not resume by itself"


def test_a_disk_that_stays_broken_refuses_frames_and_keeps_what_was_durable(
    tmp_path: Path,
) -> None:
    root = tmp_path / "d"
    settings: StoreSettings = msgspec.structs.replace(FAST, stop_timeout_s=1)

    def opened() -> Journal:
        return FailingJournal(root / "journal" / "journal.sqlite")

    FailingJournal.set(0, after=False, sticky=True)
    store = EventStore.open(root, settings=settings, deriver=SMALL_DERIVER, open_journal=opened)
    session = store.start_session("demo", "127.0.0.1")
    assert store.wait_durable(store.append(make_frame(1)), 10)
    halted = threading.Event()
    store.on_halt(lambda halt: halted.set() if halt else None)
    FailingJournal.set(1, after=False, sticky=True)
    store.append(make_frame(2))
    assert halted.wait(10)
    with pytest.raises(DiskError, match="halted"):
        store.append(make_frame(3))
    assert store.stats().halted_reason is not None
    with pytest.raises(DiskError):
        store.stop_session("disk broken")
    store.close()
    FailingJournal.set(0, after=False, sticky=False)
    compare(root, {session: 2})
    assert [kind for (kind,) in read(root, "system_event", "kind")] == [
        "crash_recovered",
        "started",
    ]
