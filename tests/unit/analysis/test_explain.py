"""Why a strategy did what it did: in the terms of the conditions that decided."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.backtest_support import backtest, games_of, generated, recorded, strategy_file

from vectra_player.analysis.backtest import Run
from vectra_player.analysis.explain import Event, explained
from vectra_player.analysis.games import Games

RISING = [1.0 + 0.02 * tick for tick in range(60)]
FALLING = [1.0 - 0.01 * tick for tick in range(60)]
EXITS = ("takes profit", "stops the loss", "trails", "holds for")


def told(run: Run, games: Games, game: int = 0) -> list[Event]:
    name = games.game_ids[game]
    rows = [row for row in run.trades.to_pylist() if row["game_id"] == name]
    return explained(run.record.contestant, rows, games.prices_of(game))


def only(events: list[Event], kind: str) -> Event:
    return next(event for event in events if event.kind == kind)


def play(root: Path, word: str | Path, *paths: list[float], **question: Any) -> list[Event]:
    games = games_of(*paths)
    return told(backtest(root, word, recorded(games), **question), games)


def test_a_sale_names_the_condition_that_held_and_no_other(tmp_path: Path) -> None:
    profit = only(play(tmp_path, "conservative", RISING), "sold").why
    assert "takes profit at 1.1" in profit
    assert not any(words in profit for words in EXITS if words != "takes profit")
    loss = only(play(tmp_path, "conservative", FALLING), "sold").why
    assert "stops the loss at 0.9" in loss
    assert "takes profit" not in loss
    flat = only(play(tmp_path, "conservative", [1.0] * 60), "sold").why
    assert "holds for 20 ticks at most" in flat
    assert "1.000 times the entry after 20 ticks" in flat


@pytest.mark.parametrize(
    ("word", "path", "words"),
    [
        ("momentum", RISING, "above that of 20 ticks before; it asks for 10.0%"),
        ("breakout", [1.0] * 25 + [1.2] * 30, "20.0% above the highest of 20 ticks"),
        ("mean-reversion", [1.0] * 25 + [0.8] * 30, "20.0% below the mean of 20 ticks"),
        ("aggressive", RISING, "in the presale"),
        ("conservative", RISING, "between ticks 10 and 50"),
    ],
)
def test_a_buy_tells_what_its_signal_measured(
    tmp_path: Path, word: str, path: list[float], words: str
) -> None:
    assert words in only(play(tmp_path, word, path), "bought").why


def test_a_pullback_tells_how_deep_the_dip_was(tmp_path: Path) -> None:
    path = [*[1.0] * 15, *[2.0] * 8, *[1.5] * 30]
    assert (
        "25.0% below the highest of 20 ticks"
        in only(play(tmp_path, "pullback", path), "bought").why
    )


def test_bets_of_a_ladder_are_counted_and_their_ends_told(tmp_path: Path) -> None:
    events = play(tmp_path, "fixed_baseline", [1.0] * 100)
    placed = [event.why for event in events if event.kind == "placed"]
    assert placed[0].startswith("bet 1 of 4, from the presale on")
    assert placed[1].startswith("bet 2 of 4, the one before was lost")
    assert "40 ticks passed" in only(events, "lost").why
    assert "within the 40 ticks" in only(events, "won").why
    assert [event.staked for event in events if event.kind == "placed"] == [Decimal("0.001")] * 3
    assert events[-1].staked == 0


def test_every_decision_of_every_rule_has_a_reason_and_the_books_close(tmp_path: Path) -> None:
    chosen = generated(25)
    words = ("momentum", "breakout", "pullback", "mean-reversion", "sidebet", "coin-flip")
    for word in words:
        run = backtest(tmp_path, word, chosen)
        for game in range(len(chosen.games)):
            events = told(run, chosen.games, game)
            assert all(event.why or event.message for event in events), word
            if events:
                assert (events[-1].qty_held, events[-1].staked) == (0, 0), word
            for event in events:
                if event.kind == "sold" and word != "coin-flip":
                    assert any(words in event.why for words in EXITS), (word, event)


def test_of_an_own_strategy_is_told_what_it_saw(tmp_path: Path) -> None:
    events = play(tmp_path, strategy_file(tmp_path / "buyer.py"), RISING)
    assert "it saw a price of 1.1000x and held nothing" in only(events, "bought").why
    assert "from its entry 10 ticks before" in only(events, "sold").why
    assert only(events, "sold").qty_held == 0
