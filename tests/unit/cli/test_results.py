"""What a command prints is the value that is stored, or one line that says what is wrong."""

from __future__ import annotations

import contextlib
import io
import logging
import signal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from tests.store_support import SMALL, SMALL_DERIVER, make_frame

from vectra_player.cli import main
from vectra_player.cli.session import configure_logging
from vectra_player.store import export as export_module
from vectra_player.store.writer import EventStore

Output = pytest.CaptureFixture[str]


def record(root: Path) -> str:
    with EventStore.open(root, settings=SMALL, deriver=SMALL_DERIVER) as store:
        store.start_session("demo", "127.0.0.1")
        store.append(make_frame(1))
        store.stop_session("test")
    return str(root)


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(words)
    code = ended.value.code
    return code if isinstance(code, int) else 0


VALUES = {
    "0::DECIMAL(18,9)": "0.000000000",
    "-0.000000001::DECIMAL(18,9)": "-0.000000001",
    "0.02::DOUBLE + 1e-17": 0.02 + 1e-17,
    "'nan'::DOUBLE": "nan",
    "'-inf'::DOUBLE": "-inf",
    "'a'::BLOB": "YQ==",
    "MAP {1: 0::DECIMAL(18,9)}": [[1, "0.000000000"]],
    "TIMESTAMPTZ '2025-12-31 23:59:59.123456Z'": "2025-12-31T23:59:59.123456Z",
}
FLOATS = ["0.014782661565813707", "1e-09", "0.020000000000000018"]


def test_json_carries_every_value_without_loss(tmp_path: Path, capsys: Output) -> None:
    sql = f"SELECT {', '.join(VALUES)}"
    assert run("query", sql, "--json", "--data-dir", record(tmp_path)) == 0
    (row,) = msgspec.json.decode(capsys.readouterr().out)["rows"]
    assert dict(zip(VALUES, row, strict=True)) == VALUES


def test_a_table_shows_floats_to_the_last_bit(tmp_path: Path, capsys: Output) -> None:
    sql = f"SELECT {', '.join(f'{text}::DOUBLE' for text in FLOATS)}"
    assert run("query", sql, "--data-dir", record(tmp_path)) == 0
    assert set(FLOATS) <= set(capsys.readouterr().out.split())


def test_a_place_the_system_refuses_is_named_in_one_line(tmp_path: Path, capsys: Output) -> None:
    data, out = record(tmp_path / "data"), str(tmp_path / ("x" * 300))
    assert run("export", "--doc-type", "ws_event", "--out", out, "--data-dir", data) == 2
    told = capsys.readouterr().err
    assert told.startswith("vectra-player: ")
    assert told.count("\n") == 1


def test_sigterm_ends_an_export_as_ctrl_c_does(
    tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, out = record(tmp_path / "data"), tmp_path / "out"
    out.mkdir()
    whole = export_module._write

    def killed_when_written(job: Any, partial: Path) -> Any:
        written = whole(job, partial)
        assert partial.exists()
        signal.raise_signal(signal.SIGTERM)
        return written

    monkeypatch.setattr(export_module, "_write", killed_when_written)
    before = signal.getsignal(signal.SIGTERM)
    words = ("export", "--doc-type", "ws_event", "--out", str(out / "x"), "--data-dir", data)
    assert run(*words) == 1
    assert list(out.iterdir()) == []
    assert capsys.readouterr().err == "vectra-player: Stopped.\n"
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_deletion_nobody_can_be_asked_about_needs_yes(
    tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    data = record(tmp_path)
    assert run("store", "delete", "--username", "x", "--data-dir", data) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--yes" in line


def test_a_warning_that_the_disk_refuses_is_told_on_standard_error(
    tmp_path: Path, capsys: Output
) -> None:
    root = logging.getLogger("vectra_player")
    handlers, level = list(root.handlers), root.level
    try:
        configure_logging("INFO", tmp_path / "logs" / "vectra.log")
        (tmp_path / "logs" / "vectra.log").symlink_to("/dev/full")
        structlog.get_logger("vectra_player.test").info("recording goes well")
        structlog.get_logger("vectra_player.test").error("capture halted", error="disk full")
    finally:
        for handler in root.handlers:
            with contextlib.suppress(OSError):
                handler.close()
        root.handlers, root.level = handlers, level
    (line,) = capsys.readouterr().err.splitlines()
    assert msgspec.json.decode(line)["event"] == "capture halted"
