"""One key for one question over the same games by the same code, and another for any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vectra_player.analysis import manifest as module
from vectra_player.analysis.games import generate_games
from vectra_player.analysis.manifest import code_digest, digest, make_manifest

GAMES = generate_games(5, seed=1).digest


def made(**changes: Any) -> module.Manifest:
    """Describe a run."""
    values: dict[str, Any] = {
        "made_at": "2026-01-01T00:00:00.000+00:00",
        "data": GAMES,
        "question": {"entry_tick": 200, "folds": 5},
        "seed": 1,
    }
    return make_manifest("backtest", **{**values, **changes})


def test_the_time_of_a_run_is_not_part_of_its_identity() -> None:
    assert made().run_id == made(made_at="2027-01-01T00:00:00.000+00:00").run_id
    assert made().run_id.startswith("backtest-")


@pytest.mark.parametrize(
    "changes",
    [
        {"data": generate_games(5, seed=2).digest},
        {"question": {"entry_tick": 201, "folds": 5}},
        {"seed": 2},
    ],
)
def test_anything_that_decides_the_result_changes_the_key(changes: dict[str, Any]) -> None:
    assert made(**changes).key != made().key


def test_the_order_of_names_does_not_matter() -> None:
    assert digest({"a": 1, "b": {"c": 2, "d": 3}}) == digest({"b": {"d": 3, "c": 2}, "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})


def test_a_users_file_is_read_again_each_time(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("x = 1\n")
    before = code_digest([file])
    assert code_digest([file]) == before != code_digest()
    file.write_text("x = 2\n")
    assert code_digest([file]) != before


def test_a_change_of_deciding_code_changes_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "game").mkdir()
    monkeypatch.setattr(module, "PACKAGE", tmp_path)
    keys = set()
    for text in ("a = 1\n", "a = 2\n"):
        (tmp_path / "game" / "rules.py").write_text(text)
        module._own_digest.cache_clear()
        keys.add(code_digest())
    module._own_digest.cache_clear()
    assert len(keys) == 2


def test_every_module_named_as_deciding_exists() -> None:
    folder = module.PACKAGE / "analysis"
    assert all((folder / f"{name}.py").is_file() for name in module.DECIDING_MODULES)


def test_the_manifest_names_what_a_third_party_needs() -> None:
    lines = made().lines()
    assert lines["games (SHA-256)"] == GAMES
    assert lines["seed"] == "1"
    assert "numpy" in lines["versions"]
    assert "vectra-player" in lines["versions"]
