"""How much prices move, game by game and age by age."""

from __future__ import annotations

import numpy as np
import pytest
from tests.analysis_support import game_of_length, games_of_paths

from vectra_player.analysis.games import Games, generate_games
from vectra_player.analysis.volatility import volatility


@pytest.fixture(scope="module")
def many() -> Games:
    return generate_games(20_000, 78, threads=2)


def test_generated_games_have_the_published_share_of_big_moves(many: Games) -> None:
    found = volatility(many)
    assert found.big_moves.value == pytest.approx(0.125, abs=4 * 0.33 / found.steps**0.5)
    assert found.big_moves.fair == 0.125
    assert found.big_moves_up.value == pytest.approx(
        0.5, abs=4 * 0.5 / (0.125 * found.steps) ** 0.5
    )
    assert found.god_candles == pytest.approx(found.fair_god_candles, abs=30)
    assert found.step_volatility == pytest.approx(found.fair_step_volatility, abs=5e-4)


def test_fair_games_fit_and_wilder_ones_do_not(many: Games) -> None:
    fit = volatility(many).fit
    assert fit is not None
    assert fit > 0.001
    wilder = Games(**{**vars(many), "prices": many.prices**1.1})
    assert volatility(wilder).fit == pytest.approx(0.0, abs=1e-12)


def test_the_volatility_of_a_game_is_the_deviation_of_its_log_steps(many: Games) -> None:
    some = many.take(np.arange(200))
    expected = [
        np.log(path[1:-1] / path[:-2]).std(ddof=1)
        for path in map(some.prices_of, range(200))
        if len(path) - 2 >= 20
    ]
    found = volatility(some)
    assert found.games_measured == len(expected)
    for quantile in found.by_game:
        assert quantile.volatility.value == pytest.approx(np.quantile(expected, quantile.chance))


def test_blocks_of_ticks_hold_the_games_watched_all_through_them(many: Games) -> None:
    some = many.take(np.arange(300))
    blocks = volatility(some, 25).by_age
    assert [(block.first, block.last) for block in blocks[:2]] == [(1, 25), (26, 50)]
    assert blocks[1].median.n == int((some.rug_ticks > 50).sum())
    paths = [some.prices_of(k) for k in range(300) if some.rug_ticks[k] > 50]
    expected = np.median([np.log(p[26:51] / p[25:50]).std(ddof=1) for p in paths])
    assert blocks[1].median.value == pytest.approx(expected)
    assert blocks[1].median.fair == pytest.approx(0.073, abs=0.002)


def test_a_god_candle_is_no_big_move() -> None:
    prices = [1.0, 10.0, 10.1, 12.0, 0.02]
    found = volatility(games_of_paths(prices))
    assert (found.god_candles, found.big_moves.n, found.big_moves.value) == (1, 2, 0.5)


def test_no_steps_give_no_figures() -> None:
    for games in (games_of_paths(), games_of_paths(game_of_length(1))):
        found = volatility(games)
        assert (found.steps, found.step_volatility, found.fit) == (0, None, None)
        assert found.big_moves.value is None
        assert found.by_age == ()
