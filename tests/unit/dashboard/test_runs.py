"""Kept runs as pages read them: the words and numbers of the report, nothing computed anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.backtest_support import backtest, contestant, generated

from vectra_player.analysis.backtest import Run
from vectra_player.analysis.backtest_report import doubts_of, figures_table, summary
from vectra_player.analysis.grid import parse_grid
from vectra_player.analysis.jobs_pool import LocalEngine
from vectra_player.analysis.results import plain
from vectra_player.analysis.sweep import Request, run_sweep
from vectra_player.dashboard.data.runs import (
    RunGamesWanted,
    Runs,
    RunsWanted,
    run_data,
    run_games,
)
from vectra_player.dashboard.faults import MissingError

GAMES = 30


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs")
    chosen = generated(GAMES)
    for word in ("fixed_baseline", "momentum"):
        backtest(root, word, chosen)
    run_sweep(
        contestant("momentum", root),
        parse_grid(["hold_ticks=10,20"]),
        chosen,
        Request(),
        LocalEngine(1),
        results=root / "results",
        made_at="2026-01-02T00:00:00.000+00:00",
    )
    return root


@pytest.fixture
def runs(root: Path) -> Runs:
    return Runs(root)


def run_of(runs: Runs, strategy: str, kind: str = "backtest") -> str:
    lines = runs.page(RunsWanted()).runs
    return next(line.run for line in lines if (line.strategy, line.kind) == (strategy, kind))


def test_the_list_has_every_run_with_its_interval_newest_first(runs: Runs) -> None:
    page = runs.page(RunsWanted())
    assert page.total == 3
    assert page.runs[0].kind == "sweep"
    line = next(line for line in page.runs if line.strategy == "fixed_baseline")
    whole = runs.backtest(line.run).record.whole
    assert (line.profit, line.result) == (format(whole.profit, "f"), whole.result)
    assert (line.mean, line.low) == (whole.evidence.mean, whole.evidence.low)
    assert line.games == GAMES


def test_the_list_is_filtered_and_paged(runs: Runs) -> None:
    assert [line.strategy for line in runs.page(RunsWanted(q="FIXED")).runs] == ["fixed_baseline"]
    assert {line.kind for line in runs.page(RunsWanted(kind="sweep")).runs} == {"sweep"}
    second = runs.page(RunsWanted(size=2, page=2))
    assert (len(second.runs), second.total, second.pages) == (1, 3, 2)


def test_a_run_says_what_the_report_says(runs: Runs, root: Path) -> None:
    run_id = run_of(runs, "momentum")
    run = runs.backtest(run_id)
    data = run_data(run, runs.path(run_id))
    assert tuple(data.summary) == summary(run.record)
    assert tuple(data.doubts) == doubts_of(run.record)
    assert data.tables["figures"].rows == figures_table(run.record).rows
    assert data.record == {"run": run_id, **plain(run.record)}
    assert data.manifest == run.record.manifest.lines()
    assert data.files == ["games.parquet", "result.json", "trades.parquet"]


def test_a_sweep_has_its_own_tables_and_no_games(runs: Runs) -> None:
    run_id = run_of(runs, "momentum", "sweep")
    data = run_data(runs.load(run_id), runs.path(run_id))
    assert set(data.tables) == {"best", "walk", "grid", "parameters"}
    with pytest.raises(MissingError, match="is no backtest"):
        runs.backtest(run_id)


def test_games_of_a_run_are_sorted_and_filtered(runs: Runs) -> None:
    run = runs.backtest(run_of(runs, "momentum"))
    every = run_games(run, RunGamesWanted(size=200))
    assert [game.number for game in every.games] == list(range(1, GAMES + 1))
    total = sum(game.profit for game in every.games)
    assert total == pytest.approx(float(run.record.whole.profit))
    best = run_games(run, RunGamesWanted(sort="profit", order="desc", size=200)).games
    assert [game.profit for game in best] == sorted((g.profit for g in best), reverse=True)
    played = run_games(run, RunGamesWanted(played="yes", size=200))
    assert played.total == run.record.whole.games_played
    assert all(game.put_in > 0 for game in played.games)
    later = run_games(run, RunGamesWanted(part="validation", size=200))
    assert later.total == run.record.validation.games
    page = run_games(run, RunGamesWanted(size=4, page=8))
    assert (len(page.games), page.pages) == (2, 8)


@pytest.mark.parametrize(
    "run_id", ["backtest-000000000000", "../../etc", "jobs", "backtest-0", "sweep-xyz"]
)
def test_a_run_that_is_not_there_is_said(runs: Runs, run_id: str) -> None:
    with pytest.raises(MissingError, match="There is no run"):
        runs.load(run_id)


def test_a_record_that_cannot_be_read_is_passed_over(runs: Runs, root: Path) -> None:
    folder = root / "results" / "backtest-0123456789ab"
    folder.mkdir()
    try:
        for text in ("{", '{"strategy": "x"}', "[]"):
            (folder / "result.json").write_text(text)
            assert runs.page(RunsWanted()).total == 3
            with pytest.raises(MissingError, match="another version"):
                runs.load(folder.name)
    finally:
        (folder / "result.json").unlink()
        folder.rmdir()


def test_a_run_that_was_computed_anew_is_read_anew(tmp_path: Path) -> None:
    first = backtest(tmp_path, "never-bet", generated(5))
    runs, run_id = Runs(tmp_path), first.record.manifest.run_id
    loaded = runs.load(run_id)
    assert isinstance(loaded, Run)
    assert runs.load(run_id) is loaded
    path = runs.path(run_id) / "result.json"
    path.write_text(path.read_text().replace('"never-bet"', '"renamed"'))
    assert runs.load(run_id).record.strategy == "renamed"
