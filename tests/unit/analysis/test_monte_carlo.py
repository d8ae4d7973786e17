"""A simulation plays the game's own rules, repeats exactly, and shows the house's edge."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.unit.strategy.test_profile import make_profile

from vectra_player.analysis.games import Games, games_of, generate_games
from vectra_player.analysis.intervals import clustered_ratio
from vectra_player.analysis.monte_carlo import (
    FAN_SAMPLES,
    Plan,
    Pool,
    coin_pool,
    default_games_per_day,
    generated_pool,
    metrics_of,
    play,
    recorded_pool,
    return_of,
    simulate,
    value_of_games,
)
from vectra_player.analysis.presets import PRESETS
from vectra_player.analysis.simulation_page import comparison_page, simulation_page
from vectra_player.errors import UsageError
from vectra_player.game.price_path import price_paths
from vectra_player.game.sidebet import FAIR_EXPECTED_VALUE
from vectra_player.strategy import sizing
from vectra_player.strategy.profile import Profile
from vectra_player.strategy.sizing import FACTS, RUINED

POOL = generated_pool(20_000)
COLUMN = {name: index for index, name in enumerate(FACTS)}


def free(**changes: Any) -> Profile:
    """Build a profile that plays on whatever happens."""
    return make_profile(
        **{
            "execution.entry_tick": 0,
            "execution.bet_sizes": [0.001] * 4,
            "execution.initial_balance": 50,
            "scaling.mode": "fixed",
            "scaling.use_volatility_scaling": False,
            "risk_controls.max_drawdown_pct": None,
            "risk_controls.take_profit_target": None,
            **changes,
        }
    )


def column(facts: Any, name: str) -> Any:
    """Return one fact of all runs."""
    return facts[:, COLUMN[name]]


# The same again ----------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_result_whatever_the_threads() -> None:
    profile, plan = PRESETS["ultra_aggressive"], Plan(runs=700, games=400, seed=3)
    one, other = (simulate(profile, POOL, plan, threads=threads) for threads in (1, 5))
    assert msgspec.json.encode(one, enc_hook=str) == msgspec.json.encode(other, enc_hook=str)
    again = simulate(profile, POOL, msgspec.structs.replace(plan, seed=4))
    assert again.mean_final != one.mean_final


def test_a_run_depends_on_the_seed_and_its_number_alone() -> None:
    profile = PRESETS["anti_martingale"]
    few, many = (play(profile, POOL, Plan(runs=runs, seed=9))[0] for runs in (20, 300))
    assert (few == many[:20]).all()


@pytest.mark.parametrize("mode", list(sizing.MODES))
@pytest.mark.parametrize("coin", [0.0, 0.23])
def test_compiled_runs_equal_plain_python_to_the_lamport(mode: str, coin: float) -> None:
    profile = free(
        **{
            "scaling.mode": mode,
            "scaling.use_volatility_scaling": True,
            "scaling.win_rate_assumption": 0.22,
            "execution.initial_balance": 0.1,
            "risk_controls.daily_loss_limit": 0.02,
            "risk_controls.take_profit_target": 4.0,
        }
    )
    pool = coin_pool(coin) if coin else POOL
    plan = Plan(runs=12, games=90, seed=2, games_per_day=25)
    facts, path, _ = play(profile, pool, plan)
    plain, plain_path = np.zeros_like(facts), np.zeros_like(path)
    keys = np.random.default_rng([plan.seed, 0]).integers(0, 2**64, plan.runs, np.uint64)
    sizing.play_drawn(
        sizing.rules_of(profile),
        sizing.bet_sizes_of(profile),
        sizing.packed(*sizing.ladders(profile, pool.rug_ticks)).tolist(),
        len(pool.rug_ticks),
        sizing.coin_of(coin) if coin else 0,
        *(plan.games, plan.games_per_day, keys.tolist(), 0, plan.runs, plain, plain_path),
    )
    assert (plain == facts).all()
    assert (plain_path == path).all()


# What it rests on --------------------------------------------------------------------------------


def test_a_stake_brings_the_houses_edge_whatever_the_sizing() -> None:
    for mode in ("fixed", "progressive", "theta_bayesian", "volatility_adjusted"):
        found = simulate(free(**{"scaling.mode": mode}), POOL, Plan(runs=1500, games=200))
        error = found.ev_per_stake.high - found.ev_per_stake.value
        assert abs(found.ev_per_stake.value - FAIR_EXPECTED_VALUE) < 1.5 * error < 0.03
        assert found.ev_of_games is None


def test_generated_games_have_no_luck_of_their_own() -> None:
    for entry in (0, 219, 800):
        profile = free(**{"execution.entry_tick": entry})
        found = value_of_games(sizing.ladders(profile, generated_pool().rug_ticks))
        assert found.value == pytest.approx(FAIR_EXPECTED_VALUE, abs=1e-3)


def test_a_return_is_that_of_the_shared_estimate_with_every_row_a_cluster() -> None:
    random = np.random.default_rng(3)
    stakes = random.integers(0, 4, 500).astype(float)
    profits = stakes * random.normal(-0.1, 2.0, 500)
    expected = clustered_ratio(profits, stakes, np.arange(500), fair=FAIR_EXPECTED_VALUE)
    found = return_of(profits, stakes)
    for name in ("value", "low", "high", "n", "fair"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name))


def test_games_of_the_published_algorithm_bring_the_same_edge() -> None:
    made = generate_games(4000, 11, threads=2)
    found = value_of_games(sizing.ladders(free(), recorded_pool(made).rug_ticks))
    assert found.low < FAIR_EXPECTED_VALUE < found.high


def test_generated_rug_ticks_follow_the_law_of_the_published_algorithm() -> None:
    from scipy.stats import ks_2samp

    made = generate_games(4000, 12, threads=2).rug_ticks
    assert ks_2samp(made, POOL.rug_ticks).pvalue > 0.01


def test_a_win_pays_five_times_in_all_and_the_sizer_hears_of_it() -> None:
    certain = Pool("recorded", np.array([1]))
    facts, _, _ = play(free(), certain, Plan(runs=3, games=10))
    assert (column(facts, "bets") == 10).all()
    assert (column(facts, "wins") == 10).all()
    assert (column(facts, "bankroll") == 50 * 10**9 + 10 * 4 * 10**6).all()


def test_a_long_game_takes_every_bet_and_one_over_by_the_entry_none() -> None:
    facts, _, _ = play(free(), Pool("recorded", np.array([4000])), Plan(runs=2, games=10))
    assert (column(facts, "bets") == 40).all()
    late = free(**{"execution.entry_tick": 100})
    facts, _, _ = play(late, Pool("recorded", np.array([100])), Plan(runs=2, games=10))
    assert (column(facts, "bets") == 0).all()


def test_recorded_games_tell_how_far_off_they_may_be() -> None:
    found = simulate(free(), recorded_pool(generate_games(400, 5)), Plan(runs=300, games=100))
    assert found.ev_of_games == value_of_games(
        sizing.ladders(free(), generate_games(400, 5).rug_ticks)
    )
    assert found.ev_of_games.high - found.ev_of_games.low > 0.1


def test_ruined_runs_are_counted_and_play_no_further() -> None:
    poor = free(**{"execution.initial_balance": 0.01})
    lost = Pool("recorded", np.array([4000]))
    found = simulate(poor, lost, Plan(runs=50, games=500))
    assert found.probability_ruin.value == 1.0
    assert found.halts["ruined"] == 50
    assert found.mean_games_played == 3  # ten stakes of 0.001, four a game
    mixed = simulate(poor, POOL, Plan(runs=400, games=500))
    facts, _, _ = play(poor, POOL, Plan(runs=400, games=500))
    assert mixed.halts["ruined"] == int((column(facts, "halt") == RUINED).sum()) > 0
    assert mixed.halts["ruined"] == int((column(facts, "bankroll") < 10**6).sum())


def test_a_daily_loss_limit_pauses_each_day_anew_and_ends_no_run() -> None:
    profile = free(**{"risk_controls.daily_loss_limit": 0.005})
    lost = Pool("recorded", np.array([4000]))
    facts, path, _ = play(profile, lost, Plan(runs=2, games=100, games_per_day=10))
    assert (column(facts, "bets") == 5 * 10).all()
    assert (column(facts, "games") == 100).all()
    assert (column(facts, "halt") == 0).all()
    days = path[0, ::10]
    assert (days[:-1] - days[1:] == 5 * 10**6).all()


def test_a_target_and_a_drawdown_end_a_run_at_once() -> None:
    profile = PRESETS["fixed_baseline"]
    facts, _, _ = play(profile, POOL, Plan(runs=500, games=500))
    halts, bankroll = column(facts, "halt"), column(facts, "bankroll")
    assert (bankroll[halts == sizing.TOOK_PROFIT] >= 150 * 10**6).all()
    assert (bankroll[halts == sizing.TOOK_PROFIT] < 154 * 10**6).all()
    assert (column(facts, "deepest") <= 0.15 + 10**6 / column(facts, "peak")).all()
    assert set(halts) == {sizing.TOOK_PROFIT, sizing.DREW_DOWN}


def test_an_assumed_win_rate_takes_the_place_of_games_and_is_remarked() -> None:
    found = simulate(free(), coin_pool(0.3), Plan(runs=500, games=300))
    assert found.wins / found.bets == pytest.approx(0.3, abs=0.005)
    assert found.ev_of_games is None
    assert any("no game was played" in remark for remark in found.remarks)


def test_a_day_has_as_many_games_as_rounds_of_mean_length_fit() -> None:
    assert default_games_per_day() == 24 * 60 * 60 * 1000 // (15_000 + 200 * 250 + 1300)


# What it tells -----------------------------------------------------------------------------------


def test_the_fan_begins_with_the_balance_and_ends_with_the_finals() -> None:
    found = simulate(PRESETS["volatility_focused"], POOL, Plan(runs=300, games=250))
    assert found.fan.games[0] == 0
    assert found.fan.games[-1] == 250
    assert len(found.fan.samples) == FAN_SAMPLES
    assert all(len(line) == len(found.fan.games) for line in found.fan.samples)
    assert {line[0] for line in found.fan.samples} == {0.1}
    assert {line[0] for line in found.fan.quantiles.values()} == {0.1}
    assert found.fan.quantiles["0.5"][-1] == pytest.approx(float(found.median_final))
    for low, high in (("0.05", "0.25"), ("0.25", "0.5"), ("0.5", "0.75"), ("0.75", "0.95")):
        assert np.all(np.array(found.fan.quantiles[low]) <= found.fan.quantiles[high])
    assert sum(found.finals.counts) == sum(found.drawdowns.counts) == 300


def test_halts_and_chances_add_up_to_the_runs() -> None:
    found = simulate(PRESETS["ultra_aggressive"], POOL, Plan(runs=400))
    assert sum(found.halts.values()) == 400
    assert found.probability_profit.value >= found.probability_2x.value
    metrics = metrics_of(found, PRESETS["ultra_aggressive"].created)
    assert metrics.mean_final_bankroll == float(found.mean_final)
    assert (metrics.iterations, metrics.win_rate_assumption) == (400, None)


def test_a_profile_that_never_bets_is_told_so_without_a_made_up_return() -> None:
    found = simulate(PRESETS["quarter_kelly"], POOL, Plan(runs=20))
    assert (found.bets, found.ev_per_stake.value, found.risk.sharpe_ratio) == (0, None, None)
    assert "Not one bet was placed." in found.remarks
    assert "placed no bet" in simulation_page(found).summary[0]


def test_the_result_is_one_plain_document() -> None:
    found = simulate(PRESETS["fixed_baseline"], POOL, Plan(runs=50))
    told = json.loads(msgspec.json.encode(found, enc_hook=str))
    assert told["plan"]["seed"] == 1
    assert told["initial_balance"] == "0.100000000"
    assert len(told["data_digest"]) == 64


def test_the_page_shows_the_figures_of_the_record() -> None:
    found = simulate(PRESETS["fixed_baseline"], POOL, Plan(runs=200))
    page = simulation_page(found)
    html = page.report({"seed": "1"}).html()
    for text in (f"{found.median_final:.4f}", f"{100 * found.ev_per_stake.value:+.2f} %"):
        assert text in html
    assert html.count("<svg") == 4
    both = comparison_page([found, simulate(PRESETS["quarter_kelly"], POOL, Plan(runs=20))])
    assert "quarter_kelly" in both.report({}).html()


# What it refuses ---------------------------------------------------------------------------------


def test_games_heard_in_part_are_left_out_and_counted() -> None:
    paths = price_paths(["a", "b"], ["1", "2"])
    whole = games_of(paths, ["1", "2"])
    part = Games(**{**vars(whole), "prices": whole.prices.copy()})
    part.prices[3] = np.nan
    pool = recorded_pool(part)
    assert (len(pool.rug_ticks), pool.left_out) == (1, 1)


def test_no_complete_game_is_refused_with_advice() -> None:
    with pytest.raises(UsageError, match="--games generated"):
        recorded_pool(generate_games(1, 1).take([]))


@pytest.mark.parametrize("wrong", [{"runs": 0}, {"games": -1}, {"seed": -1}, {"games_per_day": 0}])
def test_an_impossible_plan_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        Plan(**wrong)


@pytest.mark.parametrize("rate", [0.0, 1.0, -1.0, float("nan")])
def test_an_impossible_win_rate_is_refused(rate: float) -> None:
    with pytest.raises(UsageError, match="win rate"):
        coin_pool(rate)


def test_a_profile_of_another_strategy_is_sent_to_the_backtest() -> None:
    with pytest.raises(UsageError, match="backtest"):
        simulate(make_profile(strategy="momentum"), POOL, Plan(runs=1))
