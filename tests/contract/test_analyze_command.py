"""`analyze` as programs and people see it: one record behind terminal, JSON, plot and page."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.analysis_support import Tree, game_of_length, recorded_game
from tests.command_support import Ended
from tests.command_support import run_warm as run

from vectra_player.model.units import to_sol

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

KINDS = ("survival", "sidebet", "volatility", "players")
LENGTHS = [12, 45, 41, 90, 7, 200, 33, 150, 61, 28]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with ten real games, their sidebets, and one game of the demo server."""
    tree = Tree(tmp_path_factory.mktemp("analyze") / "data")
    tree.add(*(recorded_game(f"g{n}", game_of_length(rug), n) for n, rug in enumerate(LENGTHS)))
    tree.add(
        tree.game("demo", "s9", rug_tick=3, prices=[1.0, 1.1, 1.2, 0.02], origin="127.0.0.1:9")
    )
    bets = [
        tree.sidebet(
            seq=100 + n, game_id=f"g{n}", start_tick=5, end_tick=45, player_id=f"p{n % 2}",
            username="[bold]odd[/bold]" if n % 2 else "even", bet_amount=to_sol(1),
            payout=to_sol(5 if rug <= 45 else 0), outcome="won" if rug <= 45 else "lost",
            coin_address="So1",
        )
        for n, rug in enumerate(LENGTHS)
    ]  # fmt: skip
    tree.add(*bets)
    return tree.root


def ask(root: Path, *words: str | Path) -> Any:
    """Ask for JSON, which must be one document with nothing on standard error."""
    ended = run("--data-dir", root, "--json", "analyze", *words)
    assert (ended.code, ended.err) == (0, ""), ended
    return ended.json


def show(root: Path, *words: str | Path) -> str:
    """Ask for text."""
    ended = run("--data-dir", root, "analyze", *words)
    assert (ended.code, ended.err) == (0, ""), ended
    return ended.out


def refused(*words: str | Path) -> Ended:
    """Ask for what cannot be done: one line, exit code 2, nothing on standard output."""
    ended = run(*words)
    assert (ended.code, ended.out) == (2, ""), ended
    assert ended.error_line.startswith("vectra-player: ")
    return ended


def text_of(page: Path) -> str:
    """Return the text a reader of a page sees, its figures left out."""
    body = re.sub(r"(?s)<(style|svg)\b.*?</\1>", "", page.read_text("utf-8"))
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def cells(text: str, first: str) -> list[str]:
    """Return the cells of the first row of a table that starts with `first`."""
    rows = [re.split(r"\s{2,}", line.strip()) for line in text.splitlines()]
    return next(row for row in rows if row[0] == first)


@pytest.mark.parametrize("kind", KINDS)
def test_every_analysis_has_text_a_document_a_plot_and_a_page(
    kind: str, root: Path, tmp_path: Path
) -> None:
    page, plot = tmp_path / "page.html", tmp_path / "plot.svg"
    text = show(root, kind, "--report", page, "--plot", plot)
    answer = ask(root, kind)
    assert answer["analysis"] == kind
    assert answer["ground"]["games"] == len(LENGTHS)
    assert plot.read_text("utf-8").startswith("<svg")
    shown = text_of(page)
    assert answer["ground"]["digest"] in shown
    assert "<script" not in page.read_text("utf-8")
    for line in text.splitlines():  # every row of the terminal stands in the page too
        if line.startswith("  ") and line.strip():
            assert " ".join(line.split()) in shown, line


def test_a_png_is_a_picture(root: Path, tmp_path: Path) -> None:
    show(root, "survival", "--plot", tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_survival_says_what_the_document_says(root: Path) -> None:
    answer = ask(root, "survival", "--at", "30", "--within", "20")["result"]
    (window,) = answer["windows"]
    alive = [rug for rug in LENGTHS if rug > 30]
    assert (window["at"], window["within"], window["at_risk"]) == (30, 20, len(alive))
    assert window["rugs"] == sum(rug <= 50 for rug in alive)
    assert answer["checks"] == sum(LENGTHS)
    chance = window["chance"]
    row = cells(show(root, "survival", "--at", "30", "--within", "20"), "tick 30")
    assert row[1] == str(window["rugs"])
    assert row[2] == f"{100 * chance['value']:.2f} %"
    assert row[3] == f"{100 * chance['low']:.2f} to {100 * chance['high']:.2f} %"
    assert row[4:] == [str(chance["n"]), f"{100 * (1 - 0.995**20):.2f} %"]


def test_a_sidebet_command_values_recorded_and_possible_bets(root: Path) -> None:
    answer = ask(root, "sidebet", "--at", "5", "--bets", "2")
    assert answer["asked"] == {"at": [5], "bets": 2}
    bets = answer["result"]["recorded"]
    won = sum(rug <= 45 for rug in LENGTHS)
    assert (bets["bets"], bets["wins"], bets["against_rule"]) == (len(LENGTHS), won, 0)
    text = show(root, "sidebet", "--at", "5", "--bets", "2")
    assert cells(text, "win rate")[1] == f"{10 * won:.2f} %"
    assert "loses 9.16 % of the stake" in text
    assert f"Up to {2} bets in a row from tick 5" in text


def test_names_are_shown_as_they_are(root: Path) -> None:
    assert "[bold]odd[/bold]" in show(root, "players")


def test_generated_games_are_the_same_for_the_same_seed(root: Path) -> None:
    first, again, other = (
        ask(root, "survival", "--generated", "300", "--seed", seed) for seed in ("4", "4", "5")
    )
    assert first == again
    assert first["ground"]["digest"] != other["ground"]["digest"]
    assert first["ground"]["games"] == first["result"]["rugs"] == 300


def test_generated_games_need_no_recording(tmp_path: Path) -> None:
    answer = ask(tmp_path / "nowhere", "volatility", "--generated", "500")
    assert answer["result"]["volatility"]["big_moves"]["fair"] == 0.125
    assert not (tmp_path / "nowhere").exists()


def test_origins_and_times_choose_the_games(root: Path) -> None:
    counts = [
        ask(root, "survival", *words)["ground"]["games"]
        for words in (
            ["--origin", "demo"],
            ["--origin", "all"],
            ["--since", "2026-01-01T00:02:00Z"],
            ["--until", "2026-01-01T00:02:00Z"],
        )
    ]
    assert counts == [1, 11, 8, 2]


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_store_says_how_to_get_games(kind: str, tmp_path: Path) -> None:
    Tree(tmp_path / "data")
    line = refused("--data-dir", tmp_path / "data", "analyze", kind).error_line
    assert "vectra-player import" in line
    assert "./run.sh" in line
    line = refused("--data-dir", tmp_path / "nowhere", "analyze", kind).error_line
    assert "vectra-player import" in line


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["survival", "--seed", "3"], "--generated"),
        (["sidebet", "--generated", "10", "--origin", "demo"], "--origin"),
        (["sidebet", "--generated", "10", "--since", "2025-12-01"], "--since"),
        (["volatility", "--generated", "99999999"], "500,000"),
        (["survival", "--plot", "plot.pdf"], ".svg"),
        (["survival", "--report", "page.txt"], ".html"),
        (["survival", "--report", "nowhere/page.html"], "nowhere"),
        (["survival", "--since", "soon"], "soon"),
        (["survival", "--at", "-1"], "--at"),
        (["players", "--within", "0"], "--within"),
        (["players", "--within", "9" * 30], "--within"),
        (["survival", "--since", "2030-01-01"], "of that time"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_answered_is_refused_with_advice(
    words: Sequence[str], told: str, root: Path
) -> None:
    assert told in refused("--data-dir", root, "analyze", *words).error_line


def test_nothing_to_draw_is_said(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "data")
    tree.add(recorded_game("a", game_of_length(9)))
    plot = tmp_path / "plot.svg"
    line = refused("--data-dir", tree.root, "analyze", "players", "--plot", plot).error_line
    assert "nothing to draw" in line


def test_the_document_has_no_number_json_cannot_carry(root: Path) -> None:
    ended = run("--data-dir", root, "--json", "analyze", "volatility", "--within", "3")
    json.loads(ended.out, parse_constant=lambda name: pytest.fail(name))
