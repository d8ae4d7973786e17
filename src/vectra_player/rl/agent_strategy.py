"""A trained agent as a strategy: in backtests, replays, on paper and through the page alike.

An agent is played by a strategy of the user's that names its file, so it runs in a process of its
own like any other, and a backtest knows the agent by the SHA-256 that the strategy names. Such a
strategy is written by `write_strategy`. Nothing but numpy and numba is needed to play.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta

from vectra_player.errors import UsageError
from vectra_player.rl.agent import SUFFIX, Agent, Policy, read_agent, write_agent
from vectra_player.rl.features import View
from vectra_player.store.fsops import FileOps, replace_file
from vectra_player.strategy.actions import Action
from vectra_player.strategy.api import Params, Strategy
from vectra_player.strategy.context import Context
from vectra_player.strategy.loading import BUILT_IN, NAME

_TEMPLATE = '''\
"""A trained agent. Its numbers are in {file}, beside this file.

Try it with: vectra-player backtest {name} --games generated:1000 --cash 1
"""

from pathlib import Path

from vectra_player.rl.agent_strategy import AgentStrategy


class {kind}(AgentStrategy):
    """An agent trained in {env_id} for {steps} steps from seed {seed}."""

    name = "{name}"
    file = Path(__file__).with_name("{file}")
    sha256 = "{sha256}"
'''


class AgentParams(Params, frozen=True):
    """How an agent decides."""

    by_chance: Annotated[
        bool, Meta(description="draw actions by their scores, as in training; else the best one")
    ] = False


class AgentStrategy(Strategy):
    """Plays a trained agent. Derive from it, and name its file and the SHA-256 of the agent."""

    Params = AgentParams
    file: ClassVar[Path]
    sha256: ClassVar[str | None] = None

    def __init__(self, params: AgentParams | None = None) -> None:
        """Raises UsageError or DamageError as `read_agent`."""
        super().__init__(params)
        self._agent = read_agent(self.file, self.sha256)
        self._policy = Policy(self._agent)
        self._table = self._agent.table()
        self._warm_up()

    def on_game_start(self, context: Context) -> None:
        """Forget the last game."""
        self._observer = self._agent.observer()
        self._observer.start(context.cash)

    def on_tick(self, context: Context) -> Iterable[Action]:
        """Do what the agent does."""
        seen = self._observer.of_context(context)
        if self.params.by_chance:
            number = self._policy.draw(seen, context.random)
        else:
            number = self._policy.best(seen)
        action = self._table.action(number)
        return () if action is None else (action,)

    def _warm_up(self) -> None:
        """Have everything compiled now: a tick has less time than that may take."""
        self._observer = self._agent.observer()
        self._observer.see(np.ones(1))
        self._policy.best(self._observer.observe(View(cash=1)))


def check_free(folder: Path, name: str) -> None:
    """Make sure that an agent of a name can be written without losing what somebody wrote.

    Raises UsageError for a bad name, or a strategy that is not as `write_strategy` left it.
    """
    if not NAME.fullmatch(name) or name in BUILT_IN:
        raise UsageError(
            f"{name!r} is no name for an agent.",
            advice="Use a-z, 0-9, _ and -, 64 at most, and no name of a built-in strategy.",
        )
    target = folder / f"{name}.py"
    any_agent = re.escape(_text(name, *"@@@@")).replace("@", r"[\w/,-]+")
    try:
        text = target.read_text("utf-8", "replace")
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"{target} cannot be read: {error.strerror}.") from None
    if not re.fullmatch(any_agent, text):
        raise UsageError(
            f"{target} is another strategy, or an agent's that was changed.",
            advice="Choose another name, or move the file away.",
        )


def write_strategy(agent: Agent, folder: Path, name: str) -> Path:
    """Write an agent and the strategy that plays it; return the strategy's file.

    They are folder/name.agent and folder/name.py; the folder `strategies` of a data directory
    makes it known by its name. Those of an earlier agent of that name are replaced. Raises
    UsageError as `check_free`, or for a folder that cannot be used.
    """
    check_free(folder, name)
    sha256 = write_agent(agent, folder / f"{name}{SUFFIX}")
    training = agent.training
    text = _text(name, agent.env_id, f"{training.steps:,}", str(training.seed), sha256)
    target = folder / f"{name}.py"
    replace_file(FileOps(), target, text.encode())
    return target


def _text(name: str, env_id: str, steps: str, seed: str, sha256: str) -> str:
    return _TEMPLATE.format(
        name=name,
        kind="Agent" + "".join(part.capitalize() for part in name.replace("_", "-").split("-")),
        file=f"{name}{SUFFIX}",
        env_id=env_id,
        steps=steps,
        seed=seed,
        sha256=sha256,
    )


def file_of(word: str, folder: Path) -> Path:
    """Return the file of an agent that is named, or is itself a path to its file.

    folder: the strategies of the data directory.
    """
    return Path(word) if word.endswith(SUFFIX) else folder / f"{word}{SUFFIX}"


def strategy_of(path: Path, *, by_chance: bool = False) -> AgentStrategy:
    """Return what plays an agent's file. Raises UsageError or DamageError as `read_agent`."""
    kind: type[AgentStrategy] = type(path.stem, (AgentStrategy,), {"name": path.stem, "file": path})
    return kind(AgentParams(by_chance=by_chance))
