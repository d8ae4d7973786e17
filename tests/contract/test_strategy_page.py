"""The page on strategies: its programs play as printed, and it names all there is."""

from __future__ import annotations

import re
from pathlib import Path

from tests.strategy_support import play

from vectra_player.strategy import Context, Strategy
from vectra_player.strategy.engine import MAX_ACTIONS
from vectra_player.strategy.isolated import CALL_LIMIT_S
from vectra_player.strategy.loading import FOLDER, make

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "write-a-strategy.md"
TEXT = PAGE.read_text("utf-8")
FIRST, SECOND = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
RISE = [1.0 + tick / 100 for tick in range(300)]


def loaded(folder: Path, text: str, name: str) -> Strategy:
    """Load a program of the page as a user would."""
    (folder / f"{name}.py").write_text(text)
    return make(name, None, folder)


def test_the_first_program_is_ten_lines_and_plays(tmp_path: Path) -> None:
    assert len([text for text in FIRST.splitlines() if text.strip()]) <= 10
    result = play(loaded(tmp_path, FIRST, "patient"), [RISE, RISE[:25]])
    assert result.stopped is None
    played = [(o.game_id, o.kind, o.tick) for o in result.outcomes]
    assert played == [
        ("g1", "bought", 20),
        ("g1", "sold", 30),
        ("g2", "bought", 20),
        ("g2", "rugged", 25),
    ]


def test_the_program_with_parameters_bets_when_it_says(tmp_path: Path) -> None:
    result = play(loaded(tmp_path, SECOND, "late"), [RISE])
    assert [(o.kind, o.tick) for o in result.outcomes] == [("placed", 200), ("lost", 240)]


def test_the_page_names_everything_a_strategy_is_shown_and_asked() -> None:
    named = set(re.findall(r"`(\w+)", TEXT))
    shown = {name for name in vars(Context) if not name.startswith("_")} - {"show", "file"}
    asked = {name for name in vars(Strategy) if name.startswith("on_")}
    assert shown | asked <= named


def test_the_page_states_the_limits_in_force() -> None:
    assert CALL_LIMIT_S == 1.0
    assert f"more than {MAX_ACTIONS} actions" in TEXT
    assert f"`{FOLDER}/patient.py`" in TEXT
