"""The file that describes the page's buttons: whole, the user's own to correct, never half."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from vectra_player.errors import ConfigError
from vectra_player.model.selectors import Selectors
from vectra_player.trading import selectors
from vectra_player.trading.selectors import KINDS, SHIPPED, load, problems

TEXT = SHIPPED.read_text("utf-8")


def own(root: Path, text: str) -> Path:
    """Write the user's copy into a data directory."""
    (root / "rules").mkdir()
    (root / "rules" / selectors.NAME).write_text(text, "utf-8")
    return root


def test_the_shipped_file_describes_every_button() -> None:
    shipped = load()
    assert {button.name: button.kind for button in shipped.button} == KINDS
    assert problems(shipped) == []


def test_a_data_directory_without_a_copy_uses_the_shipped_file(tmp_path: Path) -> None:
    assert load(tmp_path) == load()


def test_the_users_copy_counts_alone(tmp_path: Path) -> None:
    corrected = TEXT.replace('"_controlBtn_"', '"_amountBtn_"')
    assert load(own(tmp_path, corrected)).named("+0.01").classes == ("_amountBtn_",)


def test_a_copy_made_for_another_version_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"version is 7.*set version = 1"):
        load(own(tmp_path, TEXT.replace("version = 1", "version = 7")))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('name = "SELL"', 'name = "SALE"', "button 'SELL' is missing"),
        ('word = "SELL"', 'word = "SHORT"', "does something else"),
        ('word = "SELL"', 'word = "BUY"', "word 'BUY' occurs twice"),
        ('word = "X2"', 'word = "X"', "word 'X' occurs twice"),
        ('word = "BUY"', 'word = " BUY"', "spaces around it"),
        ('word = "BUY"', 'word = ""', "its word is empty"),
        ('name = "+1"', 'name = "+0.1"', "occurs twice"),
        ('classes = ["_clearButton_"]', "classes = []", "classes of its own"),
        ('"_clearButton_"', '"a > b"', "'a > b' is no class"),
        ('chosen = "_active_"', 'chosen = "a b"', "is no class"),
        ('path = "/" ', 'path = "game"', "path must begin with /"),
        ("dimmed_below = 0.75", "dimmed_below = 7", "an opacity"),
        ("dimmed_below = 0.75", 'dimmed_below = "x"', "Expected"),
        ('kind = "money"\nword = "BUY"', 'kind = "amount"\nword = "BUY"', "its kind is money"),
        ('amount = "+" ', 'amount = "*"', "Invalid enum value"),
        ('unit = "SOL"', 'unitt = "SOL"', "unknown field"),
        ("version = 1", "version", "selectors.toml"),
        ('tags = ["input"]\nwithin', "tags = []\nwithin", "at least one tag"),
        ('word = "Connect"', 'word = ""', "has no word"),
    ],
)
def test_a_copy_that_is_not_whole_is_refused_and_says_why(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    assert old in TEXT
    with pytest.raises(ConfigError, match=selectors.NAME) as caught:
        load(own(tmp_path, TEXT.replace(old, new, 1)))
    assert words in str(caught.value)


def test_a_button_without_an_amount_cannot_state_one() -> None:
    shipped = load()
    changed = replace(shipped.named("X2"), states_order=True)
    rest = tuple(button for button in shipped.button if button.name != "X2")
    wrong = problems(replace(shipped, button=(*rest, changed)))
    assert wrong == ["button 'X2': states_order needs amount"]


def test_an_unreadable_copy_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rules" / selectors.NAME).mkdir(parents=True)
    with pytest.raises(ConfigError, match="directory"):
        load(tmp_path)


def test_a_name_that_is_not_there_is_an_error() -> None:
    shipped: Selectors = load()
    with pytest.raises(KeyError):
        shipped.named("SHORT")
