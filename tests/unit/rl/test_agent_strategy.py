"""An agent decides as a strategy, wherever it plays, what it decides in its environment."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.agent_support import make_agent

from vectra_player.analysis.contestant import find_contestant
from vectra_player.analysis.games import Games, generate_games
from vectra_player.errors import UsageError, VectraError
from vectra_player.rl.agent import Agent, Policy, read_agent
from vectra_player.rl.agent_strategy import AgentStrategy, write_strategy
from vectra_player.rl.envs import GameEnv
from vectra_player.strategy import Action, Context
from vectra_player.strategy.engine import Engine
from vectra_player.strategy.isolated import EngineProcess, Setup
from vectra_player.strategy.latency import Latency
from vectra_player.strategy.loading import find, listed, make
from vectra_player.strategy.market import game_steps
from vectra_player.strategy.paper import PaperBroker

GAMES = generate_games(12, 77)
Course = list[tuple[tuple[float, ...], int]]


def in_environment(agent: Agent, game: str, games: Games, **options: Any) -> tuple[Course, Decimal]:
    """Play a game of the environment; return what was seen and done, and the cash at its end."""
    env, policy, over, course = GameEnv(agent.env, games=games, **options), Policy(agent), False, []
    seen, _ = env.reset(seed=0, options={"game_id": game})
    while not over:
        action = policy.best(seen)
        course.append((tuple(seen.tolist()), action))
        seen, _, over, _, _ = env.step(action)
    return course, env.account.cash


def as_strategy(
    path: Path, place: int, games: Games, latency_ticks: int = 0
) -> tuple[Course, Decimal]:
    """Play a game on the event engine; return the same."""
    strategy = make(str(path))
    assert isinstance(strategy, AgentStrategy)
    course: Course = []
    policy = strategy._policy

    class Noting:
        def best(self, seen: Any) -> int:
            course.append((tuple(seen.tolist()), policy.best(seen)))
            return course[-1][1]

    strategy._policy = Noting()  # type: ignore[assignment]
    broker = PaperBroker(Decimal(1), latency=Latency.ticks(latency_ticks))
    steps = game_steps("game", games.prices_of(place), int(games.rug_ticks[place]))
    result = Engine(strategy, broker).run(steps)
    assert result.stopped is None
    assert {one.reason for one in result.outcomes if one.kind == "refused"} <= {"cash"}
    return course, result.cash


@pytest.mark.parametrize("latency_ticks", [0, 1])
@pytest.mark.parametrize("env", ["sidebet", "trading"])
def test_environment_and_strategy_see_and_do_the_same(
    env: Any, latency_ticks: int, tmp_path: Path
) -> None:
    done = set()
    for place, game in enumerate(GAMES.game_ids):
        agent = make_agent(env, seed=place)
        path = write_strategy(agent, tmp_path, "one")
        here = in_environment(agent, game, GAMES, latency_ticks=latency_ticks)
        assert here == as_strategy(path, place, GAMES, latency_ticks)
        assert len(here[0]) == GAMES.rug_ticks[place] + 1
        done |= {action for _, action in here[0]}
    assert done == set(range(len(agent.actions)))  # else little would have been compared


def test_it_is_played_in_a_process_of_its_own_without_what_trained_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = make_agent("trading", seed=3)
    write_strategy(agent, tmp_path, "my-agent")
    missing = "import sys\nfor name in ('jax', 'flax', 'optax', 'skrl', 'gymnasium', 'minari'):\n"
    (tmp_path / "sitecustomize.py").write_text(f"{missing}    sys.modules[name] = None\n", "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    setup = Setup(strategy="my-agent", params={}, folder=str(tmp_path), cash=Decimal(1))
    with EngineProcess(setup) as process:
        process.play("game", GAMES.prices_of(0), int(GAMES.rug_ticks[0]))
        result = process.finish()
    assert result.stopped is None
    assert result.cash == in_environment(agent, GAMES.game_ids[0], GAMES)[1]


def test_it_is_listed_and_found_by_its_name(tmp_path: Path) -> None:
    write_strategy(make_agent(), tmp_path, "my-agent")
    assert [(one.name, one.problem) for one in listed(tmp_path)][-1] == ("my-agent", "")
    assert find("my-agent", tmp_path).name == "my-agent"


def test_agent_and_strategy_belong_to_each_other(tmp_path: Path) -> None:
    path = write_strategy(make_agent(seed=1), tmp_path, "one")
    write_strategy(make_agent(seed=2), tmp_path, "two")
    (tmp_path / "two.agent").replace(tmp_path / "one.agent")
    with pytest.raises(UsageError, match="another agent than its strategy names"):
        make(str(path))


def test_a_damaged_agent_is_named_as_such_wherever_it_is_to_play(tmp_path: Path) -> None:
    path = write_strategy(make_agent(), tmp_path, "one")
    whole = (tmp_path / "one.agent").read_bytes()
    (tmp_path / "one.agent").write_bytes(whole[:-9] + b"x" + whole[-8:])
    for play in (lambda: make(str(path)), lambda: find_contestant(str(path), tmp_path)):
        with pytest.raises(VectraError, match=r"one\.agent is damaged\.") as told:
            play()
        assert told.value.advice == "Take it from a backup, or train anew."


def test_a_later_agent_of_a_name_replaces_the_earlier_one(tmp_path: Path) -> None:
    write_strategy(make_agent(seed=1), tmp_path, "one")
    path = write_strategy(make_agent(seed=2), tmp_path, "one")
    make(str(path))
    assert read_agent(tmp_path / "one.agent") == make_agent(seed=2)


def test_a_strategy_of_the_user_is_never_replaced(tmp_path: Path) -> None:
    own = tmp_path / "one.py"
    own.write_text("class One(Strategy): ...", "utf-8")
    with pytest.raises(UsageError, match="is another strategy"):
        write_strategy(make_agent(), tmp_path, "one")
    assert own.read_text("utf-8") == "class One(Strategy): ..."
    assert not (tmp_path / "one.agent").exists()


def test_a_strategy_of_an_agent_that_the_user_changed_is_never_replaced(tmp_path: Path) -> None:
    own = write_strategy(make_agent(seed=1), tmp_path, "one")
    changed = own.read_text("utf-8") + "\n    def on_tick(self, context): return ()\n"
    own.write_text(changed, "utf-8")
    with pytest.raises(UsageError, match="an agent's that was changed") as refused:
        write_strategy(make_agent(seed=2), tmp_path, "one")
    assert refused.value.advice == "Choose another name, or move the file away."
    assert own.read_text("utf-8") == changed
    assert read_agent(tmp_path / "one.agent") == make_agent(seed=1)


@pytest.mark.parametrize("name", ["", "One", "never-bet", "../one", "a" * 65])
def test_a_name_that_cannot_be_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no name for an agent"):
        write_strategy(make_agent(), tmp_path, name)


def test_it_decides_from_the_past_alone(tmp_path: Path) -> None:
    path = write_strategy(make_agent("trading", seed=5), tmp_path, "one")
    place = int(GAMES.rug_ticks.argmax())
    other = GAMES.prices_of(place).copy()
    cut = len(other) // 2
    other[cut:] *= 3.0
    changed = GAMES.take([place])
    changed.prices[:] = other
    before, after = as_strategy(path, place, GAMES)[0], as_strategy(path, 0, changed)[0]
    assert before[: cut + 1] == after[: cut + 1]  # the first is the presale
    assert before[cut + 1] != after[cut + 1]


def test_it_goes_on_where_ticks_were_missed(tmp_path: Path) -> None:
    path = write_strategy(make_agent(seed=6), tmp_path, "one")
    prices = GAMES.prices_of(1).copy()
    prices[3:9] = float("nan")
    broker = PaperBroker(Decimal(1))
    result = Engine(make(str(path)), broker).run(game_steps("game", prices, len(prices) - 1))
    assert result.stopped is None


class Asked(AgentStrategy):
    """Counts what it is asked, for the test below."""

    asked = 0

    def on_tick(self, context: Context) -> Iterable[Action]:
        self.asked += 1
        return super().on_tick(context)


def test_one_strategy_plays_game_after_game(tmp_path: Path) -> None:
    write_strategy(make_agent(seed=7), tmp_path, "one")
    Asked.file = tmp_path / "one.agent"
    alone = []
    for place in range(3):
        steps = game_steps("g", GAMES.prices_of(place), int(GAMES.rug_ticks[place]))
        alone += Engine(Asked(), PaperBroker(Decimal(1))).run(steps).decisions
    strategy = Asked()
    together = []
    for place in range(3):
        steps = game_steps("g", GAMES.prices_of(place), int(GAMES.rug_ticks[place]))
        together += Engine(strategy, PaperBroker(Decimal(1))).run(steps).decisions
    assert [d.tick for d in together] == [d.tick for d in alone]
    assert strategy.asked == sum(GAMES.rug_ticks[:3] + 1)
