"""What may be ordered of backtests and sweeps: wrong fields are named before any work begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.backtest_support import strategy_file

from vectra_player.analysis.profiles import ProfileStore
from vectra_player.dashboard.backtest_orders import (
    BacktestOrder,
    SweepOrder,
    check_order,
    choices,
)
from vectra_player.dashboard.params import WrongParametersError
from vectra_player.store.layout import DataDir
from vectra_player.strategy.profile import Profile


@pytest.fixture
def root(tmp_path: Path) -> Path:
    DataDir.open_or_create(tmp_path)
    (tmp_path / "strategies").mkdir(exist_ok=True)
    ProfileStore(tmp_path).save(Profile(name="mine"))
    strategy_file(tmp_path / "strategies" / "buyer.py")
    (tmp_path / "strategies" / "broken.py").write_text("def (")
    return tmp_path


def wrong(order: BacktestOrder | SweepOrder, root: Path) -> dict[str, str]:
    with pytest.raises(WrongParametersError) as caught:
        check_order(order, root)
    return caught.value.fields


def test_choices_are_everything_that_can_be_named(root: Path) -> None:
    found = {choice.word: choice for choice in choices(root)}
    assert found["mine"].kind == "profile"
    assert found["fixed_baseline"].kind == "preset"
    assert found["momentum"].kind == "built-in"
    assert found["momentum"].params["lookback"] == "20"
    assert "hold_ticks" in found["momentum"].axes
    assert "bet_size" in found["mine"].axes
    assert (found["buyer"].kind, found["buyer"].problem) == ("file", "")
    assert found["broken"].problem.startswith("line 1")


def test_listing_runs_nobodys_code(root: Path) -> None:
    (root / "strategies" / "trap.py").write_text(
        f"open({str(root / 'sprung')!r}, 'w').close()\n"
        "from vectra_player.strategy import Strategy\n"
        "class Trap(Strategy):\n    'Never run.'\n"
    )
    assert any(choice.word == "trap" for choice in choices(root))
    assert not (root / "sprung").exists()


@pytest.mark.parametrize("word", ["mine", "fixed_baseline", "momentum", "buyer"])
def test_what_is_listed_may_play(root: Path, word: str) -> None:
    check_order(BacktestOrder(profile=word), root)


@pytest.mark.parametrize("word", ["nobody", "/etc/passwd", "strategies/buyer.py", "../x.json"])
def test_only_what_is_listed_may_play(root: Path, word: str) -> None:
    assert wrong(BacktestOrder(profile=word), root) == {"profile": "Choose one of the list."}


def test_a_broken_strategy_is_told_with_its_line(root: Path) -> None:
    assert "line 1" in wrong(BacktestOrder(profile="broken"), root)["profile"]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"games": "generated:"}, "games"),
        ({"games": "generated:0"}, "games"),
        ({"games": "generated:1000001"}, "games"),
        ({"games": "generated:10,abc"}, "games"),
        ({"games": "generated:10", "max_loss_day": 1.0}, "max_loss_day"),
    ],
)
def test_games_that_cannot_be_made_are_named(root: Path, fields: dict[str, Any], name: str) -> None:
    assert set(wrong(BacktestOrder(profile="momentum", **fields), root)) == {name}


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        (["hold_ticks"], "is no axis"),
        (["hold_ticks=5:1"], "has no values"),
        (["hold_ticks=1", "hold_ticks=2"], "given twice"),
        (["wings=1,2"], "no parameter 'wings'"),
        (["hold_ticks=1:4960", "lookback=1:500"], "too many"),
    ],
)
def test_a_grid_that_cannot_be_is_told(root: Path, grid: list[str], words: str) -> None:
    assert words in wrong(SweepOrder(profile="momentum", grid=grid), root)["grid"]


def test_a_grid_that_can_be_is_taken(root: Path) -> None:
    check_order(SweepOrder(profile="momentum", grid=["hold_ticks=10:30:10"]), root)
    check_order(SweepOrder(profile="mine", grid=["execution.entry_tick=0:100:50"]), root)
    check_order(SweepOrder(profile="buyer", grid=["tick=1:3"]), root)  # known when it is run
