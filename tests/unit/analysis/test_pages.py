"""How analyses read: the same words and figures for terminal, page and plot."""

from __future__ import annotations

import pytest
from tests.analysis_support import game_of_length, games_of_paths

from vectra_player.analysis.answers import Source, games_of_source, ground_of
from vectra_player.analysis.games import generate_games
from vectra_player.analysis.intervals import Estimate, proportion
from vectra_player.analysis.movement_page import Movement, movement_page
from vectra_player.analysis.page import Block, Page
from vectra_player.analysis.peaks import peaks
from vectra_player.analysis.plots import estimates_plot
from vectra_player.analysis.report import Prose, Table
from vectra_player.analysis.sidebets import sidebets
from vectra_player.analysis.sidebets_page import sidebets_page
from vectra_player.analysis.survival import survival
from vectra_player.analysis.survival_page import curve_figure, hazard_figure, survival_page
from vectra_player.analysis.volatility import volatility
from vectra_player.analysis.wording import (
    cells,
    counted,
    interval,
    multiplier,
    percent,
    signed_percent,
    verdict,
)
from vectra_player.errors import UsageError

NOBODY = Estimate(value=None, low=None, high=None, n=0, fair=0.18)


def pages(count: int) -> list[Page]:
    """Lay out every analysis of so many generated games."""
    games = generate_games(count, 3) if count else games_of_paths()
    return [
        survival_page(survival(games)),
        sidebets_page(sidebets(games)),
        movement_page(Movement(volatility=volatility(games), peaks=peaks(games))),
    ]


def test_an_estimate_is_written_in_four_cells() -> None:
    assert cells(proportion(12, 77, 0.1817), percent) == (
        "15.58 %",
        "8.32 to 25.64 %",
        "77",
        "18.17 %",
    )
    assert cells(NOBODY, percent) == ("unknown", "unknown", "0", "18.00 %")


def test_a_limit_nobody_knows_is_a_question_mark() -> None:
    found = Estimate(value=55.3, low=7.4, high=None, n=74)
    assert interval(found, multiplier) == "7.4000x to ?"
    assert interval(proportion(1, 2).scaled(5, -1), signed_percent) == "-93.71 to +393.71 %"


def test_a_verdict_never_says_more_than_the_interval() -> None:
    assert "no proof" in verdict(proportion(18, 100, 0.18))
    assert "audit" in verdict(proportion(40, 100, 0.18))
    assert "too little" in verdict(NOBODY)


def test_things_are_counted_in_words() -> None:
    assert [counted(n, "game") for n in (0, 1, 1200)] == ["0 games", "1 game", "1,200 games"]


@pytest.mark.parametrize("count", [0, 1, 60])
def test_every_table_has_a_cell_for_each_column(count: int) -> None:
    for page in pages(count):
        tables = [part for block in page.blocks for part in block.parts if isinstance(part, Table)]
        assert tables
        for table in tables:
            assert {len(row) for row in table.rows} <= {len(table.columns)}


@pytest.mark.parametrize("count", [0, 60])
def test_every_page_can_be_written_with_its_figures(count: int) -> None:
    for page in pages(count):
        html = page.report({"seed": "3"}).html()
        assert page.title in html
        assert html.count("<svg") == sum(block.draw is not None for block in page.blocks)


def test_every_number_of_a_sentence_is_one_of_the_record() -> None:
    games = games_of_paths(*map(game_of_length, [12, 45, 90]))
    (sentence,) = survival_page(survival(games)).summary
    assert sentence.startswith("A rug came in 2.041 % of 147 rug checks of 3 games")
    assert "in a fair game it is 0.500 %" in sentence


def test_a_table_without_rows_leaves_its_note() -> None:
    page = Page("Title", (), (Block("Empty", (Table(("a",), (), "nothing yet"),)),))
    (section,) = page.report({}).sections
    assert section.parts == (Prose(("nothing yet",)),)
    assert page.figure() is None


def test_a_plot_leaves_out_what_is_not_known() -> None:
    spec = estimates_plot([("a", proportion(1, 9, 0.2)), ("b", NOBODY)], "x", "y").to_dict()
    (rows,) = [data["values"] for data in [spec["data"]]]
    assert [row["x"] for row in rows] == ["a"]


def test_windows_of_bets_are_drawn_where_they_lie() -> None:
    found = survival(generate_games(60, seed=3))
    windows = [(200, 240), (240, 280)]
    for plain, banded in (
        (curve_figure(found.curve), curve_figure(found.curve, windows)),
        (hazard_figure(found), hazard_figure(found, windows)),
    ):
        spec = banded.spec()
        assert spec["layer"][0]["mark"]["type"] == "rect"
        drawn = spec["layer"][0]["data"]["values"]
        assert [(row["from"], row["to"]) for row in drawn] == windows
        assert len(banded.svg()) > len(plain.svg())
        assert "windows" in banded.caption
        assert "windows" not in plain.caption


def test_the_hazard_is_drawn_over_the_ages_it_stands_for() -> None:
    found = survival(generate_games(60, seed=3))
    rows = hazard_figure(found).spec()["data"]["values"]
    assert [(row["from"], row["to"]) for row in rows] == [
        (band.first - 1, band.last) for band in found.bands
    ]


def test_generated_games_are_named_with_their_seed() -> None:
    source = Source(generated=5, seed=8)
    games = games_of_source(source, None)
    assert source.words == "5 generated games, seed 8"
    ground = ground_of(source, games)
    assert (ground.games, ground.complete, ground.digest) == (5, 5, games.digest)
    with pytest.raises(UsageError, match="500,000"):
        games_of_source(Source(generated=500_001), None)
