"""What an agent sees: what the page says, of the past alone, the same wherever it plays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.rl_support import equal, games_of

from vectra_player.analysis.games import generate_games
from vectra_player.game.expectation import typical_step
from vectra_player.game.sidebet import WINDOW_TICKS
from vectra_player.rl import kernels
from vectra_player.rl.actions import CASH
from vectra_player.rl.envs import GameEnv
from vectra_player.rl.features import NAMES, Observer, View

BUY, SIDEBET = 1, 8
LONG = games_of([*np.linspace(1.0, 2.0, 90), 0.02])


@pytest.mark.parametrize("env", ["sidebet", "trading"])
def test_another_future_changes_nothing_that_was_seen(env: Any) -> None:
    random = np.random.default_rng(2)
    games = generate_games(60, 3)
    for game in range(0, 60, 2):
        path, other = games.prices_of(game), games.prices_of(game + 1)
        cut = int(random.integers(0, len(path) - 1))
        tail = other * random.uniform(0.1, 3.0)
        here = GameEnv(env, games=games_of(path))
        there = GameEnv(env, games=games_of([*path[: cut + 1], *tail]))
        assert equal(here.reset(seed=1)[0], there.reset(seed=1)[0])
        for _ in range(cut + 1):  # the last of these steps comes to the tick of the cut
            action = int(random.integers(0, len(here.setting.table)))
            assert all(map(equal, here.step(action), there.step(action)))


def test_features_are_what_the_page_says_of_them() -> None:
    env = GameEnv("trading", games=LONG)
    seen = dict(zip(NAMES, env.reset()[0].tolist(), strict=True))
    assert {name for name, value in seen.items() if value} == {"presale", "free"}
    for tick in range(60):
        vector, *_ = env.step(BUY if tick == 10 else SIDEBET if tick == 21 else 0)
    seen = dict(zip(NAMES, vector.tolist(), strict=True))
    price, bought = LONG.prices[59], LONG.prices[9]
    assert seen["price"] == pytest.approx(np.log(price) / np.log(100))
    assert seen["change_10"] == pytest.approx(
        np.log(price / LONG.prices[49]) / (4 * 0.073 * np.sqrt(10))
    )
    assert seen["from_high"] == 0
    assert seen["gain"] == pytest.approx(np.log(price / bought) / 2, rel=1e-5)
    assert seen["bet"] == 1
    assert seen["bet_left"] == pytest.approx(1 / 40)
    assert seen["bet_stake"] == pytest.approx(1 / 5)
    assert seen["held"] == pytest.approx(np.log1p(50) / np.log(5001))
    assert seen["holding"] == 1
    after = dict(zip(NAMES, env.step(0)[0].tolist(), strict=True))
    assert (after["bet"], after["result"]) == (0, pytest.approx(seen["result"] - 1 / 20, abs=0.01))


def market_features(prices: Any) -> list[float]:
    """Say once more, from all prices so far, what the first 14 features are."""
    logs = np.log(prices)
    tick = len(logs) - 1
    squares = np.diff(logs) ** 2
    spread = 0.073 * np.sqrt([1, 5, 10, 20, 40])
    before = logs[[max(0, tick - ticks) for ticks in (1, 5, 10, 20, 40)]]
    rough = [np.sqrt(squares[-ticks:].mean()) if tick else 0.0 for ticks in (10, 40)]
    found = [0.0, np.log1p(tick) / np.log(5001), logs[-1] / np.log(100)]
    found += [*(logs[-1] - before) / (4 * spread), *np.array(rough) / (2 * 0.073)]
    found += [(logs[-1] - logs.max()) / 2, (logs[-1] - logs.min()) / 2]
    found += [logs.max() / np.log(100), logs.min() / np.log(100)]
    return np.clip(found, -1, 1).tolist()


def test_features_of_the_game_are_those_of_all_prices_so_far() -> None:
    games = generate_games(12, 21)
    for game in range(len(games)):
        prices = games.prices_of(game)
        env = GameEnv("sidebet", games=games_of(prices))
        env.reset()
        for tick in range(len(prices)):
            seen = env.step(0)[0][:14]
            assert seen == pytest.approx(market_features(prices[: tick + 1]), abs=1e-5), tick


def test_an_order_under_way_is_seen() -> None:
    env = GameEnv("trading", games=LONG, latency_ticks=2)
    env.reset()
    env.step(0)
    names = ("trade_under_way", "bet_under_way", "holding", "bet")
    shown = []
    for action in (BUY, SIDEBET, 0, 0):
        seen = dict(zip(NAMES, env.step(action)[0].tolist(), strict=True))
        shown.append(tuple(seen[name] for name in names))
    assert shown == [(1, 0, 0, 0), (0, 1, 1, 0), (0, 0, 1, 1), (0, 0, 1, 1)]


def test_a_tick_that_was_missed_counts_as_the_one_before() -> None:
    def seen(prices: list[float]) -> list[float]:
        observer = Observer()
        observer.start(CASH)
        for tick in range(len(prices)):
            observer.see(np.array(prices[: tick + 1]))
        return observer.observe(View(cash=10**9)).tolist()

    missed = float("nan")
    assert seen([1.0, 1.1, missed, 1.3]) == seen([1.0, 1.1, 1.1, 1.3])
    assert seen([missed, missed, 1.3]) == seen([1.0, 1.0, 1.3])


def test_a_typical_step_is_that_of_the_published_rules() -> None:
    assert pytest.approx(typical_step(), rel=0.01) == kernels.STEP
    assert kernels.WINDOW == WINDOW_TICKS
    with pytest.raises(ValueError, match="24 features"):
        Observer(24)
