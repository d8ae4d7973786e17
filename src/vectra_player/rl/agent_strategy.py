"""A trained agent as a strategy: in backtests, replays, on paper and through the page alike.

An agent is played by a strategy of the user's that names its file, so it runs in a process of its
own like any other, and a backtest knows the agent by the SHA-256 that the strategy names. Such a
strategy is written by `write_strategy`. Nothing but numpy and numba is needed to play.
"""

from __future__ import annotations

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
    """An agent trained in {env_id} for {steps:,} steps from seed {seed}."""

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


def check_name(name: str) -> None:
    """Raise UsageError for a name that no agent can have."""
    if not NAME.fullmatch(name) or name in BUILT_IN:
        raise UsageError(
            f"{name!r} is no name for an agent.",
            advice="Use a-z, 0-9, _ and -, 64 at most, and no name of a built-in strategy.",
        )


def write_strategy(agent: Agent, folder: Path, name: str) -> Path:
    """Write an agent and the strategy that plays it; return the strategy's file.

    They are folder/name.agent and folder/name.py; the folder `strategies` of a data directory
    makes it known by its name. Those of an earlier agent of that name are replaced. Raises
    UsageError for a bad name, a strategy that is none of an agent, or a folder that cannot be used.
    """
    check_name(name)
    target = folder / f"{name}.py"
    if target.exists() and "(AgentStrategy)" not in target.read_text("utf-8", "replace"):
        raise UsageError(f"{target} is another strategy.", advice="Choose another name.")
    sha256 = write_agent(agent, folder / f"{name}{SUFFIX}")
    text = _TEMPLATE.format(
        name=name,
        kind="Agent" + "".join(part.capitalize() for part in name.replace("_", "-").split("-")),
        file=f"{name}{SUFFIX}",
        env_id=agent.env_id,
        steps=agent.training.steps,
        seed=agent.training.seed,
        sha256=sha256,
    )
    replace_file(FileOps(), target, text.encode())
    return target


def file_of(word: str, folder: Path) -> Path:
    """Return the file of an agent that is named, or is itself a path to its file.

    folder: the strategies of the data directory.
    """
    return Path(word) if word.endswith(SUFFIX) else folder / f"{word}{SUFFIX}"


def strategy_of(path: Path, *, by_chance: bool = False) -> AgentStrategy:
    """Return what plays an agent's file. Raises UsageError or DamageError as `read_agent`."""
    kind: type[AgentStrategy] = type(path.stem, (AgentStrategy,), {"name": path.stem, "file": path})
    return kind(AgentParams(by_chance=by_chance))
