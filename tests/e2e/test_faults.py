"""Bad surroundings, as a user of the commands meets them: a clear word, and nothing is lost."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.command_support import (
    compare,
    demo_server,
    recorded,
    recorder,
    run_warm,
    table,
)
from tests.e2e.support.browser import kill_tree, processes_of, users_chrome
from tests.store_support import SMALL, START_US, FakeClock, make_frame, read

from vectra_player.store.writer import EventStore

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CONTROL = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A file system of 240 MiB, of which the store keeps 64 in reserve."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=240m,mode=700", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def kinds_of(root: Path, session_id: str) -> list[str]:
    """Return the kinds of a session's facts, in order."""
    rows = table(root, "system_event", "kind")
    return [row["kind"] for row in rows if row["session_id"] == session_id]


def seqs_of(root: Path, session_id: str) -> list[int]:
    """Return the filed seqs of a session."""
    return [r["seq"] for r in table(root, "ws_event") if r["session_id"] == session_id]


def fill(ballast: Path) -> None:
    """Use up what is left of a file system."""
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)) == size:
                    pass


# Ports and processes -----------------------------------------------------------------------------


def test_a_busy_port_is_refused_with_who_has_it(tmp_path: Path) -> None:
    with demo_server(tmp_path / "truth") as game:
        ended = run_warm("demo-server", "--port", str(game.port))
        assert ended.code in (1, 2)
        assert f"Cannot listen on {game.port}" in ended.error_line
        assert f"pid {game.process.pid}" in ended.error_line
        assert "choose another port" in ended.error_line


def test_a_server_that_is_gone_for_a_while_is_a_gap_and_no_more(tmp_path: Path) -> None:
    root, first, second = tmp_path / "data", tmp_path / "truth1", tmp_path / "truth2"
    with contextlib.ExitStack() as stack:
        with demo_server(first, "--speed", "20") as game:
            record = stack.enter_context(recorder(root, "--source", "public", **game.feed))
            record.until(lambda status: status["events"] > 50)
            said = game.truth
        # The server is dead and its port is free.
        record.until(lambda _: log_of(root).count('"reconnecting"') > 1, "the server is missed")
        with demo_server(second, "--speed", "20", "--port", str(game.port)) as again:
            seen = record.until(lambda status: status["gaps"] == 1, "the feed is back")
            record.until(lambda status: status["events"] > seen["events"] + 50)
            ended = record.stop()
        assert ended.code == 0
        kept = recorded(root)
        result = compare({**said(), **again.truth()}, kept, tail=40)
    assert result.wrong == []
    assert ended.json["gaps"] == 1
    (gap,) = [r for r in table(root, "system_event", "kind", "detail") if r["kind"] == "gap"]
    detail = json.loads(gap["detail"])
    assert detail["from"] < detail["to"]
    kinds = kinds_of(root, ended.json["session_id"])
    assert kinds.count("connected") == kinds.count("disconnected") == 2
    assert "socket_error" in kinds


def log_of(root: Path) -> str:
    """Return what the recorder has logged so far."""
    with contextlib.suppress(FileNotFoundError):
        return (root / "logs" / "vectra.log").read_text()
    return ""


def test_a_second_recorder_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    root = tmp_path / "data"
    with recorder(root, "--source", "demo", "--speed", "20") as record:
        before = record.until(lambda status: status["events"] > 20)
        ended = run_warm("--data-dir", root, "record", "--duration", "1")
        assert ended.code == 2
        assert f"process {record.process.pid}" in ended.error_line
        assert "--data-dir" in ended.error_line
        record.until(lambda status: status["events"] > before["events"])
        done = record.stop()
    assert done.code == 0
    assert len({row["session_id"] for row in table(root, "ws_event")}) == 1


@CONTROL
def test_a_signal_ends_a_recording_cleanly_with_everything_filed(
    number: signal.Signals, tmp_path: Path
) -> None:
    root = tmp_path / "data"
    with recorder(root, "--source", "demo", "--speed", "20") as record:
        status = record.until(lambda status: status["events"] > 100)
        ended = record.stop(number)
    summary = ended.json
    assert ended.code == 0
    assert ended.err == ""
    assert summary["reason"] == f"stopped by {number.name}"
    assert summary["session_id"] == status["session_id"]
    seqs = seqs_of(root, summary["session_id"])
    assert seqs == list(range(1, summary["durable_seq"] + 1))
    assert kinds_of(root, summary["session_id"])[-1] == "stopped"
    assert not (root / "run" / "recorder.sock").exists()
    checked = run_warm("--data-dir", root, "--json", "store", "check")
    assert checked.code == 0
    assert checked.json["whole"] is True


# Chrome ------------------------------------------------------------------------------------------


def test_a_missing_chrome_is_named_with_the_variable_to_set(tmp_path: Path) -> None:
    root = tmp_path / "data"
    settings = {"VECTRA_CHROME": "/nonexistent", "HOME": str(tmp_path)}
    ended = run_warm("--data-dir", root, "--json", "record", "--source", "chrome", **settings)
    assert ended.code == 2
    assert "/nonexistent is no program" in ended.error_line
    assert "VECTRA_CHROME" in ended.error_line


@pytest.mark.chromium
async def test_a_profile_that_another_chrome_uses_is_named(tmp_path: Path) -> None:
    profile = tmp_path / ".gamebot" / "chrome_profiles" / "taken"
    profile.mkdir(parents=True, mode=0o700)
    settings = {
        "HOME": str(tmp_path),
        "CHROME_PROFILE": "taken",
        "FOUNDATION_HEADLESS": "true",
        "VECTRA_GAME_URL": "http://127.0.0.1:9",
    }
    try:
        async with users_chrome(profile):
            ended = run_warm(
                "--data-dir",
                tmp_path / "data",
                "--json",
                "record",
                "--source",
                "chrome",
                **settings,
            )
    finally:
        for process in processes_of(profile):
            kill_tree(process.pid)
    assert ended.code == 2
    assert "is in use by another Chrome" in ended.error_line
    assert "CHROME_PROFILE" in ended.error_line


# Disks -------------------------------------------------------------------------------------------


def test_a_full_disk_halts_a_recording_loudly_until_there_is_room(
    mounted: Path, tmp_path: Path
) -> None:
    root, ballast = mounted / "data", mounted / "ballast"
    with (
        demo_server(tmp_path / "truth", "--speed", "100") as game,
        recorder(root, "--source", "public", **game.feed) as record,
    ):
        record.until(lambda status: status["durable_seq"] > 50)
        fill(ballast)
        halted = record.until(lambda status: status["halted"], "capture halts")
        assert "disk" in halted["halted"]
        ballast.unlink()
        resumed = record.until(lambda status: not status["halted"], "capture resumes")
        record.until(lambda status: status["durable_seq"] > resumed["durable_seq"] + 50)
        ended = record.stop()
    assert ended.code == 0
    told = [line for line in ended.err.splitlines() if line.startswith("Recording ")]
    assert told[0] == f"Recording halted: {halted['halted']}."
    assert told[1::2] == ["Recording goes on."] * (len(told) // 2)
    assert "Traceback" not in ended.err
    session = ended.json["session_id"]
    assert seqs_of(root, session) == list(range(1, ended.json["durable_seq"] + 1))
    assert halted["durable_seq"] < ended.json["durable_seq"]
    kinds = kinds_of(root, session)
    assert kinds.index("halted") < kinds.index("resumed")
    assert "gap" in kinds
    assert compare(game.truth(), recorded(root), tail=1 << 30).compared > 100


def test_a_recording_on_a_full_disk_stops_cleanly_and_is_filed_later(
    mounted: Path, tmp_path: Path
) -> None:
    root, ballast = mounted / "data", mounted / "ballast"
    with (
        demo_server(tmp_path / "truth", "--speed", "100") as game,
        recorder(root, "--source", "public", **game.feed) as record,
    ):
        record.until(lambda status: status["durable_seq"] > 50)
        fill(ballast)
        halted = record.until(lambda status: status["halted"], "capture halts")
        ended = record.stop()
        said = game.truth()
    assert ended.code == 1
    assert f"Recording halted: {halted['halted']}." in ended.err
    assert "Traceback" not in ended.err
    ballast.unlink()
    assert run_warm("--data-dir", root, "store", "flush").code == 0
    session = halted["session_id"]
    seqs = seqs_of(root, session)
    assert seqs == list(range(1, len(seqs) + 1))
    assert len(seqs) >= halted["durable_seq"]
    assert kinds_of(root, session)[-1] in ("stopped", "crash_recovered")
    sockets = recorded(root)
    for sid, packets in sockets.items():
        theirs = [p for p in said[sid] if p.direction == "received"]
        ours = [p for p in packets if p.direction == "received"]
        assert ours == theirs[: len(ours)]


@pytest.mark.parametrize("filled", [False, True], ids=["new", "with recordings"])
def test_a_read_only_data_directory_is_refused_in_one_line(mounted: Path, filled: bool) -> None:
    root = mounted / "data"
    root.mkdir(mode=0o700)
    if filled:
        with EventStore.open(root) as store:
            store.start_session("demo", "127.0.0.1")
            store.stop_session("enough")
    subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True)
    ended = run_warm("--data-dir", root, "record", "--duration", "1")
    assert ended.code in (1, 2)
    assert "Read-only" in ended.error_line
    assert "--data-dir" in ended.error_line
    if filled:
        listed = run_warm("--data-dir", root, "--json", "sessions")
        assert listed.code == 0
        assert len(listed.json) == 1


# Directories -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"demo_speed = [", "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"demo_speed = 'fast'", "demo_speed"),
        (b"bogus = 1", "bogus"),
        (b"data_dir = '/elsewhere'", "data_dir"),
    ],
)
def test_an_unreadable_configuration_file_is_refused_in_one_line(
    content: bytes, word: str, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_bytes(content)
    ended = run_warm("--data-dir", tmp_path, "record", "--duration", "1")
    assert ended.code == 2
    assert word in ended.error_line
    assert ended.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


COMMANDS = pytest.mark.parametrize(
    "command", [("record", "--duration", "1"), ("games",)], ids=["record", "games"]
)


@COMMANDS
def test_a_store_of_a_newer_version_is_refused_with_advice(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    with EventStore.open(tmp_path / "data"):
        pass
    manifest = tmp_path / "data" / "manifests" / "schema_version.json"
    manifest.write_text(manifest.read_text().replace("2.0.0", "9.0.0"))
    ended = run_warm("--data-dir", tmp_path / "data", *command)
    assert ended.code == 2
    assert "newer version" in ended.error_line
    assert "Update vectra-player" in ended.error_line


@COMMANDS
def test_a_directory_of_an_earlier_system_is_refused_with_advice(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    old = tmp_path / "events_parquet" / "doc_type=ws_event" / "date=2025-12-14" / "part-0.parquet"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"PAR1 of an earlier system")
    ended = run_warm("--data-dir", tmp_path, *command)
    assert ended.code == 2
    assert "another system" in ended.error_line
    assert "store migrate" in ended.error_line
    assert old.read_bytes() == b"PAR1 of an earlier system"


# Clocks ------------------------------------------------------------------------------------------


def test_a_clock_that_steps_back_changes_no_order_and_loses_nothing(tmp_path: Path) -> None:
    clock = FakeClock()
    steps = [0, 1, -3_600_000_000, 5, -86_400_000_000 * 2, 1, 31_536_000_000_000, -1, 0]
    with EventStore.open(tmp_path, clock=clock, settings=SMALL) as store:
        session = store.start_session("demo", "127.0.0.1")
        for step in steps:
            clock.us += step
            store.append(make_frame(clock.us - START_US, ts=clock.us))
            store.flush()
        store.stop_session("enough")
    rows = [row for row in read(tmp_path, "ws_event", "seq, ts") if row[0]]
    stamps = [stamp for _, stamp in sorted(rows)]
    assert sorted(seq for seq, _ in rows) == list(range(1, len(steps) + 3))
    assert stamps != sorted(stamps)
    assert len({path.parent.name for path in tmp_path.rglob("*.parquet")}) > 2
    checked = run_warm("--data-dir", tmp_path, "--json", "store", "check")
    assert checked.json["whole"] is True, checked.json["problems"]
    assert session
