"""An evaluation compares game by game, and never calls a winner what is none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.agent_support import make_agent, one_minded
from tests.rl_support import games_of

from vectra_player.analysis.games import Games, generate_games
from vectra_player.analysis.selection import Selected
from vectra_player.errors import UsageError
from vectra_player.rl.agent import Agent, Layer, write_agent
from vectra_player.rl.evaluate import (
    AGENT,
    AS_OFTEN,
    BY_CHANCE,
    COIN,
    NEVER,
    Trial,
    one_by_one,
    try_out,
    verdict,
)
from vectra_player.rl.evaluation_report import markdown, report_of, write_report
from vectra_player.rl.features import NAMES
from vectra_player.strategy import Strategy

GAMES = generate_games(40, 123)
NOTHING, LARGEST_BET = 0, 3


def selected(games: Games, asked: str = "generated:40") -> Selected:
    return Selected(games, asked, "generated", {})


def tried(agent: Agent, folder: Path, games: Games = GAMES, **options: Any) -> Trial:
    write_agent(agent, folder / "one.agent")
    return try_out(folder / "one.agent", selected(games), seed=5, **options)


def test_an_agent_that_never_bets_is_no_better_than_never_betting(tmp_path: Path) -> None:
    trial = tried(one_minded("sidebet", NOTHING), tmp_path)
    assert [line.name for line in trial.lines] == [AGENT, BY_CHANCE, NEVER, COIN]
    assert trial.agent.evidence.mean == 0.0
    assert trial.line(NEVER).ahead == (0.0, 0.0, 0.0)
    told = verdict(trial)
    assert told.startswith("It does not beat never betting: it never bets.")
    assert "Nor does it bet when it draws its actions by chance" in told


def test_every_game_has_a_purse_of_its_own_and_is_compared_with_itself(tmp_path: Path) -> None:
    trial = tried(one_minded("sidebet", LARGEST_BET), tmp_path)
    agent, never, coin = trial.agent, trial.line(NEVER), trial.line(COIN)
    assert agent.played == 40
    assert agent.bets > 100  # 0.05 SOL each: more than one purse of 1 SOL could have lost
    assert never.ahead is not None
    assert never.ahead[0] == pytest.approx(agent.evidence.mean)
    assert coin.ahead is not None
    assert coin.ahead[0] == pytest.approx(agent.evidence.mean - coin.evidence.mean)
    low, high = never.ahead[1:]
    assert low <= agent.evidence.mean <= high
    assert agent.expected == pytest.approx(-0.0916 * agent.put_in / 40, rel=0.02)
    assert 0 < trial.line(AS_OFTEN).bets <= agent.bets  # a coin does not find every moment


@pytest.mark.parametrize(("env", "buys"), [("sidebet", False), ("trading", True)])
def test_the_coin_makes_the_bets_of_its_environment(env: Any, buys: bool, tmp_path: Path) -> None:
    coin = tried(one_minded(env, NOTHING), tmp_path, GAMES.take(range(10))).line(COIN)
    assert (coin.buys > 0, coin.bets > 0) == (buys, True)


def test_a_loss_beyond_chance_is_called_one(tmp_path: Path) -> None:
    long = games_of(*([*np.ones(241), 0.02] for _ in range(40)))  # six bets lose, one wins
    told = verdict(tried(one_minded("sidebet", 1), tmp_path, long))
    assert "it does worse, beyond chance: -0.020000 SOL a game" in told


def test_a_winner_is_called_one_where_every_bet_wins(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    short = games_of(*([*np.ones(random.integers(3, 30)), 0.02] for _ in range(60)))
    stakes = tried(make_agent("sidebet", layers=waiting()), tmp_path, short)
    assert stakes.agent.evidence.winner
    told = verdict(stakes)
    assert told.startswith("It did better than never betting, beyond chance")
    assert re.search(r"By the published odds its bets bring -0\.\d+ SOL a game", told)


def waiting() -> tuple[Layer, ...]:
    """Return layers that bet once the game is some ticks old: a profit that differs by game."""
    weights = np.zeros((20, 4))
    weights[NAMES.index("tick"), 3] = 100.0
    return (Layer.of(weights, [20.0, 0.0, 0.0, 0.0]),)


def test_progress_is_told_of_everybody(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    few = GAMES.take([0, 1, 2])
    tried(make_agent(), tmp_path, few, progress=lambda *one: told.append(one))
    assert {total for _, total, _ in told} == {3}
    assert {who for _, _, who in told} >= {AGENT, BY_CHANCE, NEVER, COIN}


def test_without_games_it_says_how_to_get_some(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no game to play\. Get games with"):
        tried(make_agent(), tmp_path, generate_games(0, 1))


class Failing(Strategy):
    """Fails in its second game."""

    games = 0

    def on_tick(self, context: Any) -> None:
        self.games += context.tick == 0
        if self.games > 2:
            raise ValueError("enough")


def test_a_strategy_that_fails_gives_no_figures() -> None:
    with pytest.raises(UsageError, match="failing failed: ValueError: enough"):
        one_by_one(Failing(), GAMES, seed=1)


def test_the_same_seed_gives_the_same_trial(tmp_path: Path) -> None:
    few = GAMES.take(range(8))
    agent = make_agent("trading", seed=2)
    assert tried(agent, tmp_path, few) == tried(agent, tmp_path, few)


# The report ------------------------------------------------------------------------------------


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return tried(make_agent(seed=4), tmp_path, GAMES.take(range(8)))


def test_the_report_has_what_is_needed_to_repeat_it(trial: Trial) -> None:
    agent = make_agent(seed=4)
    training = msgspec.structs.replace(agent.training, seed=17, versions={"skrl": "2.1.1"})
    told = msgspec.structs.replace(agent, training=training)
    text = markdown(report_of(told, "ab" * 32, [trial], ["the command"], made_at="2026-01-02"))
    for needed in ("seed 17", "| skrl | 2.1.1 |", trial.digest, "ab" * 32, "the command"):
        assert needed in text
    assert verdict(trial) in text
    for line in trial.lines:
        assert f"| {line.name} | {line.evidence.mean:+.6f} |" in text


def test_a_report_is_written_as_markdown_or_as_a_page(trial: Trial, tmp_path: Path) -> None:
    report = report_of(make_agent(), "ab" * 32, [trial], ["a < b"], made_at="2026-01-02")
    write_report(report, tmp_path / "one.md")
    write_report(report, tmp_path / "one.html")
    assert (tmp_path / "one.md").read_text("utf-8") == markdown(report)
    assert "a &lt; b" in (tmp_path / "one.html").read_text("utf-8")
    with pytest.raises(UsageError, match=r"as \.md or \.html, not as '\.pdf'"):
        write_report(report, tmp_path / "one.pdf")
    with pytest.raises(UsageError, match="There is no folder"):
        write_report(report, tmp_path / "none" / "one.md")
