"""The sender beside a recorder: never waited for, one at a time, its positions mended or told."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from tests.store_support import SMALL, make_frame

from vectra_player.app import outlet as module
from vectra_player.app.outlet import OutletProcess, outlet, outlet_status, send
from vectra_player.config import Settings, load
from vectra_player.errors import DiskError, StoreLockedError, UsageError
from vectra_player.outlet.positions import FILE, Positions
from vectra_player.store.layout import DataDir
from vectra_player.store.lock import WriterLock
from vectra_player.store.writer import EventStore

URL = "nats://127.0.0.1:1"
"""Nobody listens there."""


def settings_of(root: Path) -> Settings:
    return load({"data_dir": root}, {"VECTRA_OUTLET": URL}).settings


def record(root: Path, frames: int = 3) -> None:
    with EventStore.open(root, settings=SMALL) as store:
        store.start_session("demo", "127.0.0.1")
        for number in range(frames):
            store.append(make_frame(number))
        store.stop_session("test")


def test_waking_a_sender_that_does_not_read_waits_for_nothing(tmp_path: Path) -> None:
    process = OutletProcess(tmp_path)
    process.wake()  # there is none
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    process._line = ours
    with theirs:
        for _ in range(100_000):
            process.wake()
    process.wake()  # it has gone
    process._hang_up()


async def test_without_a_setting_there_is_no_process(tmp_path: Path) -> None:
    with EventStore.open(tmp_path, settings=SMALL) as store:
        settings = load({"data_dir": tmp_path}, {}).settings
        async with outlet(settings, store) as process:
            assert process is None
    with pytest.raises(UsageError, match="No outlet is set"):
        send(settings)
    with pytest.raises(UsageError, match="No outlet is set"):
        outlet_status(settings)


async def test_what_is_sent_is_settled_while_the_first_session_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session may be over before the sender's process has started."""
    monkeypatch.setattr(OutletProcess, "start", lambda self: None)
    record(tmp_path, 5)
    with EventStore.open(tmp_path, settings=SMALL) as store:
        store.start_session("demo", "127.0.0.1")
        async with outlet(settings_of(tmp_path), store):
            store.append(make_frame(1))
            store.stop_session("test")
    found = outlet_status(settings_of(tmp_path))
    assert (found.sessions, found.behind, found.sending) == (1, 3, False)


def test_one_process_sends_at_a_time(tmp_path: Path) -> None:
    record(tmp_path)
    with (
        WriterLock.acquire(DataDir(tmp_path).run / module.LOCK),
        pytest.raises(StoreLockedError, match="Another process sends"),
    ):
        send(settings_of(tmp_path))
    assert send(settings_of(tmp_path)).reason == "no broker answers"


def test_damaged_positions_are_set_aside_and_all_is_sent_again(tmp_path: Path) -> None:
    record(tmp_path, 3)
    path = DataDir(tmp_path).run / FILE
    send(settings_of(tmp_path))
    assert outlet_status(settings_of(tmp_path)).behind == 0  # it ended before the outlet was set
    path.write_bytes(b"no database " * 1_000)
    send(settings_of(tmp_path))
    assert outlet_status(settings_of(tmp_path)).behind == 5
    assert path.with_suffix(".damaged").exists()
    with Positions(path, URL) as positions:
        assert positions.begun


def test_positions_that_cannot_be_opened_are_told_and_stay(tmp_path: Path) -> None:
    record(tmp_path)
    path = DataDir(tmp_path).run / FILE
    path.mkdir()
    with pytest.raises(DiskError, match="positions cannot be opened"):
        send(settings_of(tmp_path))
    assert path.is_dir()


async def test_positions_that_cannot_be_kept_do_not_stop_a_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OutletProcess, "start", lambda self: None)
    with EventStore.open(tmp_path, settings=SMALL) as store:
        (DataDir(tmp_path).run / FILE).mkdir()
        store.start_session("demo", "127.0.0.1")
        async with outlet(settings_of(tmp_path), store):
            assert store.wait_durable(store.append(make_frame(1)), 20)
