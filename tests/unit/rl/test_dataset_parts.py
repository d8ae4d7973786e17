"""Parts of an export: a cut that stays where it was, and data sets that nobody played for."""

from __future__ import annotations

import json
from pathlib import Path

import minari
import pytest
from tests.dataset_support import game_id, recorded
from tests.unit.rl.test_episodes import recording, watched

from vectra_player.cli import main
from vectra_player.rl.dataset import MANIFEST, Wanted, export_dataset
from vectra_player.rl.envs import GameEnv
from vectra_player.store.layout import DataDir


def test_older_games_that_come_later_make_nothing_of_training_a_game_to_evaluate_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = DataDir(tmp_path / "data")
    recorded(home.root, range(4, 8))
    report = export_dataset(home, tmp_path / "set", Wanted(formats="minari", train_share=0.5))
    recorded(home.root, range(4))
    monkeypatch.setenv("RUGS_DATA_DIR", str(home.root))
    data = minari.MinariDataset(tmp_path / "set" / "minari" / "vectra-sidebet-train-v1" / "data")
    later = data.recover_environment(eval_env=True).unwrapped.source.games
    assert later.game_ids == (game_id(6), game_id(7))
    assert json.loads((tmp_path / "set" / MANIFEST).read_text())["evaluate_from"] == (
        report.evaluate_from
    )
    by_share = GameEnv("sidebet", games="recorded", part="evaluate", train_share=0.5)
    assert game_id(4) in by_share.source.games.game_ids  # type: ignore[attr-defined]
    before = GameEnv("sidebet", games="recorded", part="train", evaluate_from=report.evaluate_from)
    assert len(before.source.games) == 6  # type: ignore[attr-defined]


def test_games_in_which_nobody_played_give_no_minari_set(tmp_path: Path) -> None:
    home = DataDir(tmp_path / "data")
    with recording(home.root, watched()):
        pass
    report = export_dataset(home, tmp_path / "set", Wanted())
    assert (report.minari, report.kinds) == ([], {"market": 1})


def test_a_part_in_which_nobody_played_is_told_with_what_would_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = DataDir(tmp_path / "data")
    with recording(home.root, watched()):
        pass
    recorded(home.root, [1, 2, 3])

    def export(share: str) -> str:
        line = ["--data-dir", str(home.root), "episodes", "export", "--format", "minari", "--force"]
        with pytest.raises(SystemExit) as ended:
            main([*line, "--train-share", share, "--out", str(tmp_path / "set")])
        assert not ended.value.code
        return "".join(capsys.readouterr())

    told = export("0.25")
    assert "No sidebet is recorded in the games to train on: no vectra-sidebet-train-v1" in told
    assert "No buy is recorded in the games to train on: no vectra-trading-train-v1" in told
    assert "a larger --train-share" in told
    kept = json.loads((tmp_path / "set" / MANIFEST).read_text())
    assert kept["unplayed"] == {"sidebet": ["train"], "trading": ["train"]}
    assert "No " not in export("0.5")
