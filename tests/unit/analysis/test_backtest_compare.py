"""Runs side by side: their own figures, and what can be said of the difference."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from tests.backtest_support import backtest, contestant, generated

from vectra_player.analysis.backtest import Question, Run, run_backtest
from vectra_player.analysis.backtest_compare import comparison
from vectra_player.analysis.report import Prose, Report, Table
from vectra_player.errors import UsageError


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    root = tmp_path_factory.mktemp("runs")
    chosen = generated(40)
    found = {word: backtest(root, word, chosen) for word in ("conservative", "momentum")}
    return {**found, "elsewhere": backtest(root, "momentum", generated(30, seed=9))}


def part(report: Report, title: str) -> object:
    return next(section.parts[0] for section in report.sections if section.title == title)


def cells(table: object, row: str) -> tuple[str, ...]:
    assert isinstance(table, Table)
    return next(line[1:] for line in table.rows if line[0] == row)


def test_each_column_is_the_run_own_report(runs: dict[str, Run]) -> None:
    report = comparison([runs["conservative"], runs["momentum"]])
    table = part(report, "Figures")
    assert isinstance(table, Table)
    assert table.columns == ("", "conservative", "momentum")
    whole = [runs[name].record.whole for name in ("conservative", "momentum")]
    assert cells(table, "buys") == tuple(f"{each.buys:,}" for each in whole)
    assert cells(table, "mean, SOL") == tuple(f"{each.evidence.mean:+.6f}" for each in whole)
    assert list(report.manifest.values()) == [
        runs[name].record.manifest.run_id for name in ("conservative", "momentum")
    ]
    figures = report.sections[0].parts
    assert [figure.name for figure in figures] == ["compared-cash", "compared-drawdown"]  # type: ignore[union-attr]


def test_the_same_games_are_compared_game_by_game(runs: dict[str, Run]) -> None:
    table = part(comparison([runs["conservative"], runs["momentum"]]), "Game by game")
    assert isinstance(table, Table)
    ((name, total, mean, low, high, apart),) = table.rows
    difference = runs["momentum"].record.whole.profit - runs["conservative"].record.whole.profit
    assert name == "momentum less conservative"
    assert float(total) == pytest.approx(float(difference))
    assert float(low) < float(mean) < float(high)
    assert apart == ("yes" if float(low) > 0 or float(high) < 0 else "no")


def test_what_brought_the_same_is_not_told_apart(runs: dict[str, Run], tmp_path: Path) -> None:
    again = backtest(tmp_path, "momentum", generated(40), folds=3)
    report = comparison([runs["momentum"], again])
    assert len(report.manifest) == 2
    table = part(report, "Game by game")
    assert isinstance(table, Table)
    assert table.rows[0][1:] == ("0", "+0.000000", "+0.000000", "+0.000000", "no")


def test_other_games_only_stand_beside(runs: dict[str, Run]) -> None:
    report = comparison([runs["momentum"], runs["elsewhere"]])
    assert isinstance(part(report, "Game by game"), Prose)
    assert "did not play the games of" in report.summary[0]


def test_other_purses_are_said(runs: dict[str, Run], tmp_path: Path) -> None:
    poor = run_backtest(
        contestant("momentum", tmp_path, cash=Decimal(1)),
        generated(40),
        Question(),
        results=tmp_path / "results",
        made_at="2026-01-01T00:00:00.000+00:00",
    )
    notes = comparison([runs["conservative"], poor]).summary
    assert any("did not begin with the same cash" in note for note in notes)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_two_to_four_different_ones_can_be_compared(runs: dict[str, Run], count: int) -> None:
    with pytest.raises(UsageError, match="cannot be compared"):
        comparison([runs["momentum"]] * count)
