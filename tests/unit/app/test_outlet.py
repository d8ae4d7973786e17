"""The sender beside a recorder: never waited for, one at a time, its positions mended or told."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.store_support import SMALL, make_frame

from vectra_player.app import outlet as module
from vectra_player.app.outlet import OutletProcess, address_of, outlet, outlet_status, send
from vectra_player.config import Settings, load
from vectra_player.errors import DiskError, StoreLockedError, UsageError
from vectra_player.outlet import broker as broker_module
from vectra_player.outlet.positions import FILE, Positions
from vectra_player.outlet.sender import Sender
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
        async with outlet(tmp_path, address_of(settings), store) as process:
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
        async with outlet(tmp_path, address_of(settings_of(tmp_path)), store):
            store.append(make_frame(1))
            store.stop_session("test")
    found = outlet_status(settings_of(tmp_path))
    assert (found.sessions, found.behind, found.sending) == (1, 3, False)


def test_one_process_sends_at_a_time(tmp_path: Path) -> None:
    record(tmp_path)
    with (
        WriterLock.acquire(DataDir(tmp_path).run / module.LOCK),
        pytest.raises(StoreLockedError, match=f"Another process sends .*: process {os.getpid()}"),
        capture_logs() as logged,
    ):
        send(settings_of(tmp_path))
    assert "Another process sends" in logged[-1]["reason"]
    assert outlet_status(settings_of(tmp_path)).reason == "nothing was ever sent"
    assert send(settings_of(tmp_path)).reason == "no broker answers"


def test_what_ended_the_sender_is_logged_and_told_by_the_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody sees what the recorder's child prints."""
    monkeypatch.setattr(broker_module, "CONNECT_S", 0.1)
    record(tmp_path)
    gone = tmp_path / "gone"
    settings = settings_of(tmp_path).model_copy(update={"outlet_credentials": gone})
    why = f"The outlet's credentials {gone} cannot be read: No such file or directory"
    with pytest.raises(UsageError), capture_logs() as logged:
        send(settings)
    assert [(line["log_level"], line["reason"]) for line in logged] == [("error", f"{why}.")]
    found = outlet_status(settings)
    assert (found.sending, found.state, found.reason) == (False, "waiting", why)
    send(settings_of(tmp_path))
    assert outlet_status(settings).reason == "no broker answers"


def test_an_error_nobody_foresaw_is_told_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path)

    async def fail(self: Sender) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Sender, "run", fail)
    with pytest.raises(RuntimeError), capture_logs() as logged:
        send(settings_of(tmp_path))
    assert logged[-1]["exc_info"]
    assert outlet_status(settings_of(tmp_path)).reason == "RuntimeError: a bug"


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
        async with outlet(tmp_path, address_of(settings_of(tmp_path)), store):
            assert store.wait_durable(store.append(make_frame(1)), 20)
