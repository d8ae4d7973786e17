"""A disk that is really full: a small file system of its own (D3, D4)."""

from __future__ import annotations

import contextlib
import random
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.store_support import SMALL, SMALL_DERIVER, make_frame, read

from vectra_player.errors import CaptureHaltedError, DiskError
from vectra_player.store.writer import EventStore

MIB = 1 << 20
SETTINGS = msgspec.structs.replace(
    SMALL, reserve_bytes=2 * MIB, resume_margin_bytes=MIB, file_frames=1 << 30, file_bytes=1 << 40
)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MiB."""
    mount = tmp_path / "disk"
    mount.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(mount)],
        capture_output=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {made.stderr.decode().strip()}")
    try:
        yield mount
    finally:
        subprocess.run(["umount", "--lazy", str(mount)], check=True)


def test_a_full_disk_halts_capture_loudly_stops_cleanly_and_resumes(small_disk: Path) -> None:
    root = small_disk / "data"
    ballast = small_disk / "ballast"
    with EventStore.open(root, settings=SETTINGS, deriver=SMALL_DERIVER) as store:
        halts: list[str] = []
        halted, resumed = threading.Event(), threading.Event()

        def on_halt(halt: object) -> None:
            halts.append(str(halt))
            (halted if halt else resumed).set()

        store.on_halt(on_halt)
        first = store.start_session("demo", "127.0.0.1")
        fill(ballast)
        acknowledged = append_until_halted(store, halted)
        with pytest.raises(DiskError, match="Free space"):
            store.append(make_frame(1))
        assert store.wait_durable(acknowledged, 10), "the reserve made no room for what was taken"
        ballast.unlink()
        assert resumed.wait(10), "capture did not resume when space came back"
        assert store.wait_durable(store.append(make_frame(2)), 10)
        store.stop_session("done")
        assert store.stats().last_error is None
    kinds = [kind for who, kind in read(root, "system_event", "session_id, kind") if who == first]
    assert sorted(kinds) == ["gap", "halted", "resumed", "started", "stopped"]
    seqs = [seq for who, seq, _ in read(root, "ws_event") if who == first]
    assert seqs == list(range(1, len(seqs) + 1))
    assert len(seqs) > acknowledged


def test_a_stop_on_a_full_disk_is_clean(small_disk: Path) -> None:
    root = small_disk / "data"
    ballast = small_disk / "ballast"
    for _ in range(5):
        store = EventStore.open(root, settings=SETTINGS, deriver=SMALL_DERIVER)
        session = store.start_session("demo", "127.0.0.1")
        halted = threading.Event()
        store.on_halt(lambda halt, halted=halted: halted.set() if halt else None)
        fill(ballast)
        append_until_halted(store, halted)
        fill(ballast, append=True)
        try:
            store.stop_session("disk full")
        except DiskError:  # the filing has no room; the stop itself is in the journal
            assert store.session_id is None
        store.close()
        ballast.unlink()
        with EventStore.open(root, settings=SETTINGS, deriver=SMALL_DERIVER) as healthy:
            assert healthy.recovery is not None
            assert healthy.recovery.crashed_sessions == ()
        names = [n for who, n in read(root, "ws_event", "session_id, event_name") if who == session]
        assert names.count("vectra.stopped") == 1


def test_a_disk_without_room_for_the_reserve_is_refused_with_advice(small_disk: Path) -> None:
    fill(small_disk / "ballast", leave=MIB)
    with pytest.raises(DiskError, match="Free some space"):
        EventStore.open(small_disk / "data", settings=SETTINGS, deriver=SMALL_DERIVER)


def fill(ballast: Path, *, leave: int = 0, append: bool = False) -> None:
    """Use up the disk but for `leave` bytes."""
    with (
        contextlib.suppress(OSError),
        ballast.open("ab" if append else "wb", buffering=0) as file,
    ):
        while True:
            file.write(bytes(4096))
    if leave:
        with ballast.open("r+b") as file:
            file.truncate(ballast.stat().st_size - leave)


def append_until_halted(store: EventStore, halted: threading.Event) -> int:
    """Append frames that do not compress until the store refuses; return the last seq taken."""
    last = 0
    for number in range(100_000):
        try:
            last = store.append(make_frame(number, raw="42" + noise(number)))
        except CaptureHaltedError:
            return last
        if number % 20 == 0 and halted.wait(0.01):
            return last
    raise AssertionError("the disk never filled")


def noise(number: int) -> str:
    """Return 2 KiB of text that hardly compresses."""
    return random.Random(number).randbytes(1024).hex()
