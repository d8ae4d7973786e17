"""Backtests over HTTP: ordered as jobs, equal to the command, wrong input named."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.command_support import run_warm, wait_until
from tests.conftest import PROJECT
from tests.dashboard_support import Board, board

pytestmark = pytest.mark.timeout(240)

GAMES = "generated:40"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("backtests")


@pytest.fixture(scope="module")
def site(root: Path) -> Iterator[Board]:
    with board(root) as running:
        yield running


def told(site: Board, path: str) -> Any:
    answer = site.get(path)
    assert answer.status_code == 200, answer.data
    return answer.json


def ended(site: Board, path: str, order: dict[str, Any]) -> Any:
    answer = site.post(path, order)
    assert answer.status_code == 200, answer.data
    assert answer.json is not None
    place = f"/api/jobs/{answer.json['id']}"

    def over() -> Any:
        job = told(site, place)
        return job if job["state"] in ("done", "failed") else None

    return wait_until(over, "the job ends")


@pytest.fixture(scope="module")
def run(site: Board) -> str:
    job = ended(site, "/api/backtest/runs", {"profile": "momentum", "games": GAMES})
    assert job["state"] == "done", job
    return str(job["result"]["run"])


def test_a_run_of_the_page_is_the_run_of_the_command(site: Board, root: Path, run: str) -> None:
    words = ("--data-dir", root, "--json", "backtest", "momentum", "--games", GAMES)
    command = run_warm(*words).json
    assert (command.pop("cached"), command["run"]) == (True, run)
    assert told(site, f"/api/backtest/runs/{run}")["record"] == command


def test_plots_are_those_of_the_report(site: Board, run: str) -> None:
    drawn = told(site, f"/api/backtest/runs/{run}/plots?width=500")
    assert [plot["name"] for plot in drawn["plots"]] == [
        "equity", "drawdown", "distribution", "folds",
    ]  # fmt: skip
    assert all("var(--" in plot["svg"] for plot in drawn["plots"])
    assert drawn["win_rate"] is None
    report = site.get(f"/backtest/runs/{run}/files/report.html")
    assert report.status_code == 200
    assert b"Backtest of momentum" in report.data
    for plot in drawn["plots"]:
        assert plot["caption"].encode()[:40] in report.data.replace(b"&#39;", b"'")


def test_a_generated_game_is_made_again_with_its_decisions(site: Board, run: str) -> None:
    path = f"/api/backtest/runs/{run}/games"
    page = told(site, f"{path}?played=yes&sort=profit&order=desc&size=1")
    (best,) = page["games"]
    game = told(site, f"{path}/{best['game_id']}")
    assert game["profit"] == best["profit"]
    assert len(game["prices"]) == game["rug_tick"] + 1 == best["rug_tick"] + 1
    assert sum(event["profit"] for event in game["events"]) == pytest.approx(best["profit"])
    bought = game["events"][0]
    assert bought["kind"] == "bought"
    assert bought["price"] == game["prices"][bought["tick"]]
    assert bought["cash"] == pytest.approx(game["cash_before"] - bought["amount"])
    assert site.get(f"{path}/nothing").status_code == 404


def test_runs_over_the_same_games_are_compared(site: Board, root: Path, run: str) -> None:
    words = ("--data-dir", root, "--json", "backtest", "conservative", "--games", GAMES)
    other = run_warm(*words).json["run"]
    sheet = told(site, f"/api/backtest/comparison?runs={run},{other}")
    assert sheet["manifest"] == {"momentum": run, "conservative": other}
    assert [section["title"] for section in sheet["sections"]] == [
        "Cash", "Game by game", "Figures",
    ]  # fmt: skip


def test_a_sweep_is_ordered_and_kept(site: Board, root: Path) -> None:
    grid = ["hold_ticks=10:30:10"]
    order = {"profile": "momentum", "games": GAMES, "grid": grid, "top": 2}
    job = ended(site, "/api/backtest/sweeps", order)
    assert job["state"] == "done", job
    data = told(site, f"/api/backtest/runs/{job['result']['run']}")
    assert (data["kind"], data["record"]["tried"]) == ("sweep", 3)
    assert len(data["tables"]["best"]["rows"]) == 2
    words = ("--data-dir", root, "--json", "sweep", "momentum", "--games", GAMES, "--top", "2")
    command = run_warm(*words, "--grid", grid[0]).json
    assert (command.pop("cached"), command) == (True, data["record"])


def test_work_that_cannot_be_done_says_why(site: Board) -> None:
    job = ended(site, "/api/backtest/runs", {"profile": "momentum"})
    assert job["state"] == "failed"
    assert "generated:1000" in job["advice"]


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({}, "body"),
        ({"profile": "nobody"}, "profile"),
        ({"profile": "momentum", "folds": 0}, "folds"),
        ({"profile": "momentum", "train_share": 1}, "train_share"),
        ({"profile": "momentum", "cash": "much"}, "cash"),
        ({"profile": "momentum", "latency_ms": "x"}, "latency_ms"),
        ({"profile": "momentum", "origin": "mars"}, "origin"),
        ({"profile": "momentum", "wings": 2}, "body"),
        ({"profile": 5}, "profile"),
    ],
)
def test_wrong_orders_name_the_field(site: Board, order: dict[str, Any], field: str) -> None:
    before = len(site.services.jobs.list())
    answer = site.post("/api/backtest/runs", order)
    assert answer.status_code == 422
    assert answer.json is not None
    assert set(answer.json["error"]["fields"]) == {field}
    assert len(site.services.jobs.list()) == before


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/backtest/runs?size=0", 422),
        ("/api/backtest/runs?kind=dream", 422),
        ("/api/backtest/comparison?runs=a", 422),
        ("/api/backtest/comparison?runs=backtest-000000000000,backtest-000000000001", 404),
        ("/api/backtest/runs/backtest-000000000000", 404),
        ("/api/backtest/runs/..%2f..%2fmanifests", 404),
        ("/backtest/runs/backtest-000000000000", 404),
    ],
)
def test_wrong_questions_are_told(site: Board, path: str, status: int) -> None:
    answer = site.get(path)
    assert answer.status_code == status
    assert json.loads(answer.data)["error"]["message"]


def test_files_of_a_run_lie_inside_it(site: Board, run: str) -> None:
    base = f"/backtest/runs/{run}/files"
    record = site.get(f"{base}/result.json")
    assert json.loads(record.data)["manifest"]["kind"] == "backtest"
    assert site.get(f"{base}/trades.parquet").data[:4] == b"PAR1"
    for name in ("..%2f..%2fconfig.toml", "nothing.json", ".lock", "plan.txt"):
        assert site.get(f"{base}/{name}").status_code == 404
    assert told(site, f"/api/backtest/runs/{run}")["files"] == [
        "games.parquet", "result.json", "trades.parquet",
    ]  # fmt: skip


LIGHT = """
import sys
from pathlib import Path
from tests.dashboard_support import board
with board(Path(sys.argv[1])) as site:
    for path in sys.argv[2:]:
        assert site.get(path).status_code == 200, path
    loaded = {"numba", "scipy", "altair", "vl_convert"} & set(sys.modules)
    assert not loaded, loaded
"""


def test_the_server_itself_stays_light(root: Path, run: str) -> None:
    api = f"/api/backtest/runs/{run}"
    paths = ("/backtest", "/api/backtest/choices", "/api/backtest/runs", api, f"{api}/games")
    words = [sys.executable, "-c", LIGHT, str(root), *paths]
    done = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
