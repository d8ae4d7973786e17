"""The safety page says what is: limits and their defaults, odds, and files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.docs_support import PROJECT, text_of
from tests.gate_support import Clock, make_gate

from vectra_player.config import FIELDS, TradeSettings
from vectra_player.game.sidebet import FAIR_EXPECTED_VALUE, FAIR_WIN_CHANCE, MIN_STAKE_SOL
from vectra_player.trading import gate_records, limits, permit
from vectra_player.trading.records import SHARES

PAGE = "docs/how-to/safety.md"
TEXT = " ".join(text_of(PAGE).split())


def test_the_table_lists_every_setting_with_its_default() -> None:
    rows = re.findall(r"^\| `(trade\.\w+)` \| `([^`]+)` \|", text_of(PAGE), re.MULTILINE)
    settings = TradeSettings()
    wanted = {
        name: str(getattr(settings, name.partition(".")[2])) for name in FIELDS if "." in name
    }
    assert dict(rows) == wanted


def test_the_odds_are_those_of_the_rules() -> None:
    assert f"wins {FAIR_WIN_CHANCE:.2%} of the time".replace("%", " %") in TEXT
    assert f"loses {-FAIR_EXPECTED_VALUE:.2%} of the stake".replace("%", " %") in TEXT


def test_the_phrase_is_the_one_that_has_to_be_typed(tmp_path: Path) -> None:
    assert f"`{make_gate(tmp_path, Clock()).phrase}`" in TEXT


@pytest.mark.parametrize(
    "said",
    [
        f"for {gate_records.ARM_MINUTES:g} minutes",
        f"{gate_records.MAX_ARM_MINUTES:g} at most",
        f"good for {permit.VALID_S:g} seconds",
        f"older than {limits.STALE_S:g} seconds",
        f"below {MIN_STAKE_SOL} SOL",
        "than 10, 25, 50 and 100 %",
    ],
)
def test_its_figures_are_those_of_the_code(said: str) -> None:
    assert said in TEXT
    assert SHARES == (10, 25, 50, 100)


def test_the_tests_it_names_exist() -> None:
    for path in re.findall(r"`(tests/[\w/]+\.py)`", TEXT):
        assert (PROJECT / path).is_file(), path
    for module in re.findall(r"`python -m ([\w.]+)", TEXT):
        assert (PROJECT / f"{module.replace('.', '/')}.py").is_file(), module
