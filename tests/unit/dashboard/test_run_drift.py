"""Recorded runs on the page: the list, and reports that say what the command says."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from tests.dashboard_support import Board, board
from tests.drift_support import Rehearsal
from tests.live_support import T0

from vectra_player.analysis.drift import compare
from vectra_player.analysis.drift_report import sentences, trades_table
from vectra_player.analysis.drift_run import RecordedRun
from vectra_player.analysis.games import generate_games
from vectra_player.dashboard.data import run_drift
from vectra_player.foundation.paper_records import WalletRequest
from vectra_player.model.frame import fact
from vectra_player.model.run import STRATEGY_RUN, RunPlayed, RunStarted
from vectra_player.store.writer import EventStore


class Ran(NamedTuple):
    """A site that has a run, and the run."""

    site: Board
    run: RecordedRun


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    root = tmp_path_factory.mktemp("runs")
    found = generate_games(6, seed=4)
    games = [(name, found.prices_of(at).tolist()) for at, name in enumerate(found.game_ids)]
    late = WalletRequest(cash=1, latency_ms=300)
    run = Rehearsal(root, "momentum", games, wallet=late).run()
    with EventStore.open(root) as store:
        store.start_session("demo", "127.0.0.1:7777")
        begun = RunStarted(run_id="run-1", **msgspec.structs.asdict(run.plan))
        played = [
            RunPlayed(run_id="run-1", game_id=one.game.game_id, game=one.game) for one in run.games
        ]
        for number, told in enumerate([begun, *played, run.ended]):
            store.append(fact(STRATEGY_RUN, told, ts=T0 + number * 1_000_000, source="ui"))
        other = msgspec.structs.replace(begun, run_id="run-2", mode="practice")
        store.append(fact(STRATEGY_RUN, other, ts=T0 + 60_000_000, source="ui"))
        store.stop_session("done")
    with board(root) as opened:
        yield Ran(opened, run)


def test_runs_are_listed_newest_first_with_what_they_told(ran: Ran) -> None:
    told = ran.site.get("/api/strategy-runs").get_json()
    assert [run["run_id"] for run in told["runs"]] == ["run-2", "run-1"]
    running, over = told["runs"]
    assert (running["mode"], running["ended"], running["profit"]) == ("practice", None, None)
    decisions = sum(len(one.game.decisions) for one in ran.run.games)
    assert decisions
    assert (over["games"], over["orders"], over["strategy"]) == (6, decisions, "momentum")
    assert ran.run.ended is not None
    assert over["reason"] == ran.run.ended.reason
    assert Decimal(str(over["profit"])) == pytest.approx(ran.run.ended.result.profit)
    assert over["unexplained"] is None


def test_a_mode_chooses_and_a_wrong_one_is_told(ran: Ran) -> None:
    told = ran.site.get("/api/strategy-runs?mode=paper").get_json()
    assert [run["run_id"] for run in told["runs"]] == ["run-1"]
    answer = ran.site.get("/actions/drift?mode=loud")
    assert answer.get_json()["error"]["fields"] == {"mode": "Paper, practice or live."}


def test_a_report_says_what_the_command_says(ran: Ran) -> None:
    drift = compare(ran.run, ran.site.services.data_dir)
    decisions = sum(len(one.game.decisions) for one in ran.run.games)
    kept = run_drift.kept_of(drift, made_at=5, games=6, orders=decisions)
    run_drift.keep(ran.site.services.data_dir, kept)
    told = ran.site.get("/api/strategy-runs/run-1").get_json()
    assert not told["stale"]
    assert told["run"]["unexplained"] == drift.unexplained == 0
    assert tuple(told["report"]["sentences"]) == sentences(drift)
    cells = [(r["game_id"], r["action"], r["run"], r["backtest"]) for r in told["report"]["rows"]]
    assert cells == [row[:4] for row in trades_table(drift).rows]
    causes = [row["cause"] for row in told["report"]["rows"]]
    assert causes == [trade.cause for trade in drift.trades]
    assert "latency" in causes


def test_a_report_of_less_than_is_recorded_is_stale(ran: Ran) -> None:
    drift = compare(ran.run, ran.site.services.data_dir)
    kept = run_drift.kept_of(drift, made_at=5, games=2, orders=1)
    run_drift.keep(ran.site.services.data_dir, kept)
    told = ran.site.get("/api/strategy-runs/run-1").get_json()
    assert told["stale"]
    assert told["run"]["unexplained"] is None


def test_a_run_nobody_recorded_is_missing_and_cannot_be_compared(ran: Ran) -> None:
    assert ran.site.get("/api/strategy-runs/run-9").status_code == 404
    assert ran.site.post("/api/strategy-runs/run-9/drift", {}).status_code == 404


def test_an_id_with_a_path_in_it_reads_no_other_file(ran: Ran, tmp_path: Path) -> None:
    assert run_drift.last_kept(ran.site.services.data_dir, "../../etc/passwd") is None


def test_an_empty_store_has_no_runs(tmp_path: Path) -> None:
    with EventStore.open(tmp_path):
        pass
    with board(tmp_path) as empty:
        assert empty.get("/api/strategy-runs").get_json()["total"] == 0
