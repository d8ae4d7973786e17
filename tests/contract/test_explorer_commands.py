"""The strategy explorer says what the commands print for the same question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.analysis_support import Tree, game_of_length, recorded_game, ticks
from tests.command_support import run_warm
from tests.dashboard_support import Board, board

LENGTHS = (3, 17, 41, 60, 75, 90, 118, 140, 155, 170, 201, 233, 260, 290, 410)
RUNS = ("--games", "recorded", "--runs", "300", "--games-per-run", "60", "--seed", "7")
ASKED = "profile=mine&games=recorded&runs=300&games_per_run=60&seed=7"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """Recorded games, one of them seen in part, and a profile that the explorer saved."""
    tree = Tree(tmp_path_factory.mktemp("explorer") / "data")
    games = [recorded_game(f"g{n}", game_of_length(rug), n) for n, rug in enumerate(LENGTHS)]
    tree.add(*games, *ticks("seen-in-part", [1.0] * 30))
    order = {
        "profile": "theta_bayesian_aggressive",
        "entry_tick": 40,
        "num_bets": 3,
        "bet_sizes": "0.001, 0.002, 0.002",
        "max_drawdown_pct": "none",
        "name": "mine",
    }
    with board(tree.root) as running:
        assert running.post("/api/explorer/profile", order).status_code == 200
        yield running


def told(site: Board, path: str) -> Any:
    answer = site.get(path)
    assert answer.status_code == 200, answer.data
    return answer.json


def command(root: Path, *words: str) -> Any:
    done = run_warm("--data-dir", root, "--json", *words)
    assert done.code == 0, done.err
    return done.json


def test_windows_hazard_and_ground_are_those_of_analyze(site: Board) -> None:
    found = told(site, f"/api/explorer?{ASKED}")
    root = site.services.data_dir
    starts = ("--at", "40", "--at", "80", "--at", "120")
    sidebets = command(root, "analyze", "sidebet", *starts, "--bets", "3")
    assert [one["odds"] for one in found["windows"]] == sidebets["result"]["by_start"]
    assert found["row"] == sidebets["result"]["in_a_row"]
    assert found["ground"] == sidebets["ground"]
    survival = command(root, "analyze", "survival")
    assert found["hazard"] == survival["result"]["hazard"]


def test_the_simulation_and_the_comparison_are_those_of_simulate(site: Board) -> None:
    said = command(site.services.data_dir, "simulate", "mine", "--compare", *RUNS)["simulations"]
    found = told(site, f"/api/explorer?{ASKED}")
    assert found["simulation"] == said[0]
    assert found["value"] == said[0]["ev_of_games"]
    rows = told(site, f"/api/explorer/compare?{ASKED}")["rows"]
    by_name = {one["profile"]: one for one in said}
    assert {row["profile"] for row in rows} == set(by_name)
    for row in rows:
        theirs = by_name[row["profile"]]
        for name in ("bets", "probability_profit", "probability_2x", "ev_per_stake"):
            assert row[name] == theirs[name]
        for name in ("mean_max_drawdown", "var_95", "risk_level"):
            assert row[name] == theirs["risk"][name]
