"""`backtest` and `sweep` as programs see them: documents, files, exit codes, errors in a line."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.backtest_support import strategy_file
from tests.command_support import COMMAND, environment, wait_until
from tests.command_support import run_warm as quick

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

GAMES = ("--games", "generated:60")
GRID = ("--grid", "hold_ticks=10:50:10", "--grid", "take_profit=1.2,2")


def ask(root: Path, *words: str | Path, code: int = 0) -> Any:
    """Run a command with --json and return its document."""
    ended = quick("--data-dir", root, *words, "--json")
    assert ended.code == code, ended
    assert ended.err == ""
    return ended.json


def test_a_backtest_is_kept_and_answered_again_from_there(tmp_path: Path) -> None:
    first = ask(tmp_path, "backtest", "momentum", *GAMES)
    again = ask(tmp_path, "backtest", "momentum", *GAMES)
    assert (first.pop("cached"), again.pop("cached")) == (False, True)
    assert first == again
    folder = tmp_path / "results" / first["run"]
    kept = json.loads((folder / "result.json").read_text())
    assert {"run": first["run"], **kept} == first
    trades = pq.read_table(folder / "trades.parquet")
    assert str(sum(row["profit"] for row in trades.to_pylist())) == first["whole"]["profit"]
    assert first["games"]["used"] == first["whole"]["games"] == 60
    fresh = ask(tmp_path, "backtest", "momentum", *GAMES, "--fresh")
    assert not fresh["cached"]
    assert fresh["whole"] == first["whole"]


def test_table_document_and_report_say_the_same(tmp_path: Path) -> None:
    told = ask(tmp_path, "backtest", "fixed_baseline", *GAMES, "--report", tmp_path / "a.html")
    shown = quick("--data-dir", tmp_path, "backtest", "fixed_baseline", *GAMES)
    assert shown.code == 0
    profit = told["whole"]["profit"].rstrip("0").lstrip("+")
    assert profit in shown.out
    assert profit in (tmp_path / "a.html").read_text()
    assert "Answered from" in shown.out
    assert "60 generated games." in shown.out
    for warning in told["warnings"]:
        assert warning[:60] in shown.out


def test_figures_are_written_as_files(tmp_path: Path) -> None:
    words = ("--plot", tmp_path / "figures", "--chart", "generated-1-3")
    ask(tmp_path, "backtest", "momentum", *GAMES, *words)
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert {"equity.svg", "drawdown.png", "game-generated-1-3.svg"} <= names


def test_a_payout_of_nothing_is_another_run_and_the_report_says_so(tmp_path: Path) -> None:
    words = ("backtest", "momentum", *GAMES)
    page = tmp_path / "a.html"
    price = ask(tmp_path, *words, "--rug-payout", "price")
    assert ask(tmp_path, *words)["run"] == price["run"]
    nothing = ask(tmp_path, *words, "--rug-payout", "nothing", "--report", page)
    assert not nothing["cached"]
    assert nothing["contestant"]["conditions"]["rug_payout"] == "nothing"
    assert float(nothing["whole"]["profit"]) < float(price["whole"]["profit"])
    cells = re.sub(r"<[^>]+>|\s+", " ", page.read_text())
    assert re.search(r"rug_payout\s+nothing", cells)


def test_a_limit_ends_a_run_without_a_fault(tmp_path: Path) -> None:
    words = ("backtest", "momentum", *GAMES, "--cash", "0.1", "--stop-drawdown", "0.001")
    told = ask(tmp_path, *words)
    assert told["stopped"]["reason"] == "max_drawdown"
    assert told["contestant"]["conditions"]["limits"]["max_drawdown"] == 0.001
    assert any("ended early" in warning for warning in told["warnings"])


@pytest.mark.parametrize(
    ("body", "word"),
    [("1 / 0", "ZeroDivisionError"), ("while True: pass", "longer than")],
)
def test_a_strategy_that_fails_is_reported_and_ends_with_one(
    body: str, word: str, tmp_path: Path
) -> None:
    file = strategy_file(tmp_path / "mine.py", body)
    told = ask(tmp_path / "data", "backtest", file, "--games", "generated:5", code=1)
    assert word in told["stopped"]["message"]
    assert any("ended early" in warning for warning in told["warnings"])


def test_a_strategy_that_recognises_games_is_found_out(tmp_path: Path) -> None:
    body = "if context.game_id != 'generated-1-1': return"
    file = strategy_file(tmp_path / "cheat.py", body)
    words = ("backtest", file, "--games", "generated:2", "--check-lookahead")
    told = ask(tmp_path / "data", *words, code=1)
    assert "recognises them" in told["lookahead"]["problem"]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (["backtest"], "PROFILE"),
        (["backtest", "nope"], "fixed_baseline"),
        (["backtest", "momentum"], "vectra-player import"),
        (["backtest", "momentum", "--games", "generated:x"], "generated:1000"),
        (["backtest", "momentum", *GAMES, "--cash", "much"], "--cash 2.5"),
        (["backtest", "momentum", *GAMES, "--cash", "-1"], "from 0.001"),
        (["backtest", "momentum", *GAMES, "--cash", "1e30"], "from 0.001"),
        (["backtest", "momentum", *GAMES, "--cash", "1e-12"], "from 0.001"),
        (["backtest", "momentum", *GAMES, "--max-loss-day", "0"], "above 0"),
        (["backtest", "momentum", *GAMES, "--max-loss-day", "1"], "no date"),
        (["backtest", "momentum", *GAMES, "--stop-drawdown", "25"], "fraction"),
        (["backtest", "momentum", *GAMES, "--train-share", "1.5"], "below 1"),
        (["backtest", "momentum", *GAMES, "--report", "page.txt"], ".html"),
        (["backtest", "momentum", *GAMES, "--chart", "game-x"], "not played"),
        (["backtest", "missing.py", *GAMES], "There is no file missing.py"),
        (["sweep", "momentum", *GAMES], "--grid"),
        (["sweep", "momentum", *GAMES, "--grid", "hold_ticks"], "start:stop:step"),
        (["sweep", "momentum", *GAMES, "--grid", "hold_ticks=9:1"], "no values"),
        (["sweep", "momentum", *GAMES, "--grid", "luck=1,2"], "hold_ticks"),
        (["sweep", "momentum", *GAMES, *GRID, "--plot", "a.pdf"], ".svg"),
        (["sweep", "momentum", *GAMES, *GRID, "--report", "a.txt"], ".html"),
        (["sweep", "momentum", *GAMES, *GRID, "--scheduler", "tcp://127.0.0.1:1"], "--engine dask"),
        (["sweep", "momentum", *GAMES, *GRID, "--random", "0"], "--random"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_done_is_refused_in_one_line(
    line: list[str], word: str, tmp_path: Path
) -> None:
    ended = quick("--data-dir", tmp_path / "data", *line)
    assert ended.code == 2
    assert word in ended.error_line
    assert ended.out == ""


def test_a_sweep_keeps_a_row_for_each_variant(tmp_path: Path) -> None:
    told = ask(tmp_path, "sweep", "momentum", *GAMES, *GRID, "--jobs", "1", "--top", "2")
    assert told["tried"] == told["grid_size"] == told["fast"] == 10
    assert len(told["best"]) == 2
    rows = pq.read_table(tmp_path / "results" / told["run"] / "variants.parquet").to_pylist()
    assert len(rows) == 10
    best = told["best"][0]
    assert str(rows[best["variant"]]["profit"]) == best["train"]["profit"]
    assert ask(tmp_path, "sweep", "momentum", *GAMES, *GRID, "--top", "2")["cached"]
    later = ask(tmp_path, "backtest", "momentum", *GAMES)
    assert later["tried"] == 11


def test_report_and_plot_of_a_sweep_say_what_its_document_says(tmp_path: Path) -> None:
    page, plot = tmp_path / "a.html", tmp_path / "a.png"
    words = ("sweep", "momentum", *GAMES, *GRID, "--report", page, "--plot", plot)
    told = ask(tmp_path, *words)
    html = page.read_text()
    assert told["run"] in html
    assert told["best"][0]["train"]["profit"].rstrip("0") in html
    assert html.count("<svg") == 1
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_a_sweep_that_is_interrupted_goes_on_with_the_same_command(tmp_path: Path) -> None:
    file = strategy_file(tmp_path / "mine.py")
    words = ["sweep", str(file), "--games", "generated:9", "--grid", "tick=0:7"]
    words += ["--jobs", "1", "--top", "1"]
    line = [*COMMAND, "--data-dir", str(tmp_path / "data"), *words]
    running = subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    chunks = tmp_path / "data" / "results"
    wait_until(lambda: list(chunks.glob("*/chunks/*.parquet")), "a chunk is kept")
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "the same command goes on from there" in err
    assert out == ""
    kept = len(list(chunks.glob("*/chunks/*.parquet")))
    assert 1 <= kept < 4
    told = ask(tmp_path / "data", *words)
    assert (told["tried"], told["fast"], told["cached"]) == (8, 0, False)
