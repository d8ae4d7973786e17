"""The environments keep Gymnasium's contract, tell nothing of the future, and reward no betting."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, VectorEnv
from tests.rl_support import equal, games_of

from vectra_player.analysis.games import Games
from vectra_player.errors import UsageError
from vectra_player.game.expectation import holding
from vectra_player.game.sidebet import FAIR_EXPECTED_VALUE
from vectra_player.rl.actions import REFUSALS, SIDEBET, TRADING
from vectra_player.rl.envs import GameEnv, GameVectorEnv
from vectra_player.rl.features import NAMES
from vectra_player.rl.registration import SIDEBET_ID, TRADING_ID

IDS = (SIDEBET_ID, TRADING_ID)
BET = 1
BUY, SELL_ALL = 1, 7
SHORT = games_of([1.0, 1.1, 0.9, 1.2, 0.018])
LONG = games_of([*np.linspace(1.0, 2.0, 90), 0.02])


def make_vec(env_id: str, count: int, way: str, mode: AutoresetMode) -> VectorEnv[Any, Any, Any]:
    if way == "sync":
        options = {"autoreset_mode": mode}
        return gymnasium.make_vec(env_id, count, vectorization_mode=way, vector_kwargs=options)
    return gymnasium.make_vec(env_id, count, vectorization_mode=way, autoreset_mode=mode)


# Gymnasium's contract --------------------------------------------------------------------------


@pytest.mark.parametrize("env_id", IDS)
def test_gymnasium_finds_nothing_to_object_to(env_id: str) -> None:
    made = gymnasium.make(env_id)
    check_env(made.unwrapped)
    assert made.unwrapped.spec is not None
    again = made.unwrapped.spec.make()
    assert again.observation_space == made.observation_space


def test_an_id_can_name_the_package_that_knows_it() -> None:
    made = gymnasium.make(f"vectra_player.rl:{TRADING_ID}")
    assert made.observation_space.shape == (len(NAMES),)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("env_id", IDS)
def test_many_rows_are_as_many_single_environments(env_id: str, mode: AutoresetMode) -> None:
    ours = make_vec(env_id, 4, "vector_entry_point", mode)
    theirs = make_vec(env_id, 4, "sync", mode)
    assert ours.metadata["autoreset_mode"] is mode
    assert ours.action_space == theirs.action_space
    assert ours.observation_space == theirs.observation_space
    ours.action_space.seed(5)
    for seed in (7, [None, 3, 4, 5], None):
        if seed is None:  # without a seed both go on where they are
            reset, expected = ours.reset(), theirs.reset()
        elif isinstance(seed, list):
            reset, expected = ours.reset(seed=[9, 3, 4, 5]), theirs.reset(seed=[9, 3, 4, 5])
        else:
            reset, expected = ours.reset(seed=seed), theirs.reset(seed=seed)
        assert all(map(equal, reset, expected))
        for _ in range(400):
            actions = ours.action_space.sample()
            assert all(map(equal, ours.step(actions), theirs.step(actions)))


def test_what_was_returned_is_not_written_over() -> None:
    env = GameVectorEnv("trading", 3)
    kept = [env.reset(seed=1)[0], *(env.step([1, 2, 8])[0] for _ in range(3))]
    assert len({id(seen.base if seen.base is not None else seen) for seen in kept}) == 4
    assert not any(np.shares_memory(one, other) for one, other in pairwise(kept))


@pytest.mark.parametrize("env", ["sidebet", "trading"])
def test_a_seed_fixes_everything(env: Any) -> None:
    def play(made: GameEnv, seed: int | None) -> list[Any]:
        told = [made.reset(seed=seed)]
        while len(told) < 30 and not (len(told) > 1 and told[-1][2]):
            told.append(made.step(len(told) % 4))
        return [[part.tolist() if isinstance(part, np.ndarray) else part for part in one]
                for one in told]  # fmt: skip

    one, other = GameEnv(env), GameEnv(env)
    first = play(one, 4)
    assert play(other, 4) == first
    assert play(one, None) == play(other, None)
    assert play(one, 4) == first
    assert play(one, 5) != first


# What is told ----------------------------------------------------------------------------------


def test_nothing_is_told_of_the_end_before_it() -> None:
    env = GameEnv("trading", games=SHORT)
    _, info = env.reset()
    assert info == {"refused": 0, "equity_lamports": 10**9, "game_id": "game-0"}
    for _ in range(4):
        _, _, over, _, info = env.step(0)
        assert not over
        assert info.keys() == {"refused", "equity_lamports"}
    _, _, over, truncated, info = env.step(0)
    assert (over, truncated) == (True, False)
    assert info == {
        "refused": 0,
        "equity_lamports": 10**9,
        "outcome": "timeout",
        "profit_sol": 0.0,
        "max_drawdown_sol": 0.0,
        "rug_tick": 4,
    }


# Actions ---------------------------------------------------------------------------------------


def refusals(env: GameEnv, actions: list[int]) -> list[str]:
    env.reset()
    return [REFUSALS[env.step(action)[4]["refused"]] for action in actions]


def test_what_cannot_be_done_does_nothing_and_says_why() -> None:
    trading = GameEnv("trading", games=LONG)
    assert refusals(trading, [SELL_ALL, SELL_ALL, 8, 8, BUY, SELL_ALL]) == [
        *("closed", "no_position", "", "open_bet", "", ""),
    ]
    poor = GameEnv("sidebet", games=LONG, cash="0.015")
    assert refusals(poor, [2, BET, BET, 0]) == ["cash", "", "cash", ""]
    assert refusals(GameEnv("trading", games=games_of([0.0, 1.0, 0.02])), [0, BUY]) == ["", "price"]


def test_one_sidebet_won_pays_four_units_and_one_lost_costs_one() -> None:
    env = GameEnv("sidebet", games=SHORT)
    env.reset()
    rewards = [env.step(action)[1] for action in (BET, 0, 0, 0, 0)]
    assert rewards == [0, 0, 0, 0, 4]
    longer = GameEnv("sidebet", games=LONG)
    longer.reset()
    rewards = [longer.step(2 if step == 1 else 0)[1] for step in range(42)]
    assert rewards == [0.0] * 40 + [-2.0, 0.0]


@pytest.mark.parametrize("action", [-1, 4, 1.0, "1", None, np.array([1, 2])])
def test_an_action_outside_of_the_space_is_an_error(action: Any) -> None:
    env = GameEnv("sidebet", games=SHORT)
    env.reset()
    with pytest.raises(UsageError, match="0 to 3"):
        env.step(action)
    assert env.account.tick == -1
    many = GameVectorEnv("sidebet", 2, games=SHORT)
    many.reset()
    with pytest.raises(UsageError, match="whole numbers"):
        many.step([0, action])


def test_there_is_no_step_before_a_game_or_after_it() -> None:
    env = GameEnv("sidebet", games=SHORT)
    with pytest.raises(ResetNeeded):
        env.step(0)
    env.reset()
    for _ in range(5):
        env.step(0)
    with pytest.raises(ResetNeeded):
        env.step(0)
    with pytest.raises(ResetNeeded):
        GameVectorEnv("sidebet", 2).step([0, 0])


# Rewards ---------------------------------------------------------------------------------------


def rewarded(env: GameVectorEnv, decide: Any, steps: int) -> Any:
    """Return what the first game of each row brings in so many steps: (num_envs,)."""
    seen, _ = env.reset(seed=1)
    first, total = np.ones(env.num_envs, bool), np.zeros(env.num_envs)
    for step in range(steps):
        seen, rewards, over, _, _ = env.step(np.where(first, decide(seen, step), 0))
        total += rewards * first
        first &= ~over
    return total


def test_who_never_bets_gets_exactly_nothing() -> None:
    env = GameVectorEnv("trading", 200)
    assert not rewarded(env, lambda seen, step: np.zeros(200, int), 300).any()


@pytest.mark.parametrize("last", [0, 160])
def test_sidebets_bring_on_average_what_the_odds_say(last: int) -> None:
    """In the presale alone, and one after another: each brings the same."""
    env = GameVectorEnv("sidebet", 2000)
    bets = 0
    seen, _ = env.reset(seed=1)
    first, total = np.ones(2000, bool), 0.0
    for step in range(last + 42):
        bet = first & (seen[:, NAMES.index("bet")] == 0) & (step <= last)
        seen, rewards, over, _, infos = env.step(np.where(bet, BET, 0))
        assert not infos["refused"].any()
        bets += int(bet.sum())
        total += float(rewards[first].sum())
        first &= ~over
    assert bets >= 2000
    assert total == pytest.approx(FAIR_EXPECTED_VALUE * bets, abs=4 * 1.93 * np.sqrt(bets))
    assert total < 0


@pytest.mark.parametrize("ticks", [1, 30])
def test_a_holding_brings_on_average_what_the_game_takes(ticks: int) -> None:
    def decide(seen: Any, step: int) -> Any:
        return BUY if step == 0 else SELL_ALL if step == ticks + 1 else 0

    rewards = rewarded(GameVectorEnv("trading", 5000, rug_payout="nothing"), decide, ticks + 2)
    error = rewards.std() / np.sqrt(len(rewards))
    assert rewards.mean() == pytest.approx(holding(ticks), abs=4 * error)
    assert error < 0.02


# Options ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"env": "chess"}, "sidebet"),
        ({"stakes": ()}, "1 to 16"),
        ({"stakes": "0.01"}, "1 to 16"),
        ({"stakes": 0.01}, "1 to 16"),
        ({"stakes": ("0.02", "0.01")}, "smallest first"),
        ({"stakes": ("0.0001",)}, "0.001"),
        ({"stakes": ("six",)}, "no possible stake"),
        ({"cash": 0}, "cash"),
        ({"cash": "nan"}, "cash"),
        ({"latency_ticks": 39}, "0 to 38"),
        ({"latency_ticks": 0.5}, "whole ticks"),
        ({"rug_payout": "double"}, "rug_price"),
        ({"version": "v9"}, "v1, v2, v3"),
        ({"games": "mine"}, "generated"),
        ({"origin": "mars"}, "real"),
        ({"part": "test"}, "evaluate"),
        ({"part": "train"}, "no parts"),
        ({"games": SHORT, "part": "train", "train_share": 1.5}, "share"),
        ({"games": SHORT, "part": "train", "train_share": "half"}, "no number"),
        ({"games": games_of()}, "no complete game"),
        ({"games": games_of([1.0, np.nan, 0.02])}, "gaps"),
        ({"games": games_of([1.0, -2.0, 0.02])}, "cannot be"),
        ({"games": games_of([1.0, np.inf, 0.02])}, "cannot be"),
        ({"games": games_of([1.0, 0.02], [1.0, 0.02], ended_at=[5, 4])}, "order of time"),
    ],
)
def test_what_cannot_be_is_refused_in_words(options: dict[str, Any], said: str) -> None:
    given = {"env": "sidebet"} | options
    with pytest.raises(UsageError, match=said):
        GameEnv(**given)
    with pytest.raises(UsageError, match=said):
        GameVectorEnv(num_envs=2, **given)


def test_rows_and_ways_to_go_on_that_cannot_be_are_refused() -> None:
    with pytest.raises(UsageError, match="num_envs"):
        GameVectorEnv("sidebet", 0)
    with pytest.raises(UsageError, match="NextStep"):
        GameVectorEnv("sidebet", 2, autoreset_mode=AutoresetMode.DISABLED)
    with pytest.raises(UsageError, match="2 environments"):
        GameVectorEnv("sidebet", 2).reset(seed=[1, 2, 3])
    with pytest.raises(UsageError, match="'game_id'"):
        GameVectorEnv("sidebet", 2).reset(options={"game_id": "game-0"})


def test_a_recorded_game_can_be_asked_for_by_name() -> None:
    games: Games = games_of([1.0, 0.02], [1.0, 1.1, 0.02])
    env = GameEnv("sidebet", games=games)
    _, info = env.reset(options={"game_id": "game-1"})
    assert info["game_id"] == "game-1"
    with pytest.raises(UsageError, match="game-7"):
        env.reset(options={"game_id": "game-7"})
    with pytest.raises(UsageError, match="'tick'"):
        env.reset(options={"tick": 3})
    with pytest.raises(UsageError, match="seed"):
        GameEnv("sidebet").reset(options={"game_id": "generated-0"})


def test_the_tables_name_their_actions() -> None:
    assert SIDEBET.names[BET] == "sidebet of 0.01 SOL"
    assert TRADING.names[BUY] == "buy for 0.01 SOL"
    assert TRADING.names[SELL_ALL] == "sell 100 %"
    for table in (SIDEBET, TRADING):
        assert [table.nearest(table.action(number)) for number in range(len(table))] == [
            *range(len(table))
        ]
        with pytest.raises(IndexError):
            table.action(len(table))


def test_without_gymnasium_the_rest_of_the_package_works() -> None:
    """Its name is taken away from the import system in a process of its own."""
    code = (
        "import sys, importlib.util as util\n"
        "real = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name == 'gymnasium' else real(name, *more)\n"
        "import vectra_player.rl.features, vectra_player.rl.sources, vectra_player.rl.rounds\n"
        "assert 'gymnasium' not in sys.modules\n"
        "print('the rest works')\n"
        "import vectra_player.rl.envs\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "the rest works\n", done.stderr
    assert "UsageError" in done.stderr
    assert "requirements/rl.txt" in done.stderr
