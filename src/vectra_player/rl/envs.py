"""The environments for Gymnasium: one game at a time, or many side by side.

Made by `gymnasium.make` and `gymnasium.make_vec` with the ids that `vectra_player.rl` registers;
needs the extra `rl`. docs/how-to/train.md tells what is observed, done and rewarded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from vectra_player import extras
from vectra_player.analysis.games import Games
from vectra_player.errors import UsageError
from vectra_player.game.positions import RUG_PAYOUT, RugPayout
from vectra_player.rl import kernels
from vectra_player.rl.actions import CASH, STAKES, EnvName
from vectra_player.rl.rounds import Account, Flags, Rounds, Setting, setting_of
from vectra_player.rl.sources import Part, Round, Source, source_of
from vectra_player.store.reads import Origins
from vectra_player.strategy.actions import Number

extras.needed("rl", "An environment", "gymnasium")
import gymnasium  # noqa: E402 -- after the check, which says what to install
from gymnasium import spaces  # noqa: E402
from gymnasium.error import ResetNeeded  # noqa: E402
from gymnasium.utils import seeding  # noqa: E402
from gymnasium.vector import AutoresetMode, VectorEnv  # noqa: E402
from gymnasium.vector.utils import batch_space  # noqa: E402

Observation = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
Rewards = npt.NDArray[np.float64]
Info = dict[str, Any]


class Where(TypedDict, total=False):
    """Which games are played: the options of `rl.sources.source_of`."""

    games: str | Games
    data_dir: str | Path | None
    origin: Origins
    part: Part
    train_share: float
    evaluate_from: str | None
    version: str


def observation_space(setting: Setting) -> spaces.Space[Observation]:
    """Return the space of one observation."""
    box: Any = spaces.Box(-1.0, 1.0, (setting.n_features,), np.float32)
    space: spaces.Space[Observation] = box
    return space


def action_space(setting: Setting) -> spaces.Discrete:
    """Return the space of one action."""
    return spaces.Discrete(len(setting.table))


class GameEnv(gymnasium.Env[Observation, np.int64]):
    """One account in one game at a time."""

    def __init__(
        self,
        env: EnvName,
        *,
        stakes: Sequence[Number] = STAKES,
        cash: Number = CASH,
        latency_ticks: int = 0,
        rug_payout: RugPayout = RUG_PAYOUT,
        render_mode: None = None,
        **where: Unpack[Where],
    ) -> None:
        """`stakes`, `cash`: SOL. `latency_ticks`: ticks until an order arrives.

        Raises UsageError for what cannot be, an empty store, or a part without games.
        """
        self.setting = setting_of(
            env, stakes=stakes, cash=cash, latency_ticks=latency_ticks, rug_payout=rug_payout
        )
        self.source = source_of(**where)
        self.observation_space = observation_space(self.setting)
        self.action_space = action_space(self.setting)
        self._rounds = Rounds(1, self.setting, self.source.longest)
        self._action = np.zeros(1, np.int64)
        self._idle = np.zeros(1, np.bool_)
        self._dealt: Iterator[Round] | None = None
        self._playing = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, Info]:
        """Begin a game; `options={"game_id": ...}` chooses a recorded one.

        Raises UsageError for another option, or a game that is not there.
        """
        super().reset(seed=seed)
        if seed is not None or self._dealt is None:
            self._dealt = self.source.deal(self.np_random)
        game = _asked(self.source, options) or next(self._dealt)
        self._rounds.begin(0, game.prices, game.rug_tick)
        self._playing = True
        return self._rounds.observe()[0], _told(self._rounds, 0) | {"game_id": game.game_id}

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, Info]:
        """Act at this tick and move on to the next one; the episode ends with the rug.

        Raises UsageError for an action outside of the space, ResetNeeded after the end.
        """
        if not self._playing:
            raise ResetNeeded("The game is over or has not begun: call reset().")
        if not self.action_space.contains(action):
            raise _not_in(action, len(self.setting.table))
        self._action[0] = action
        rewards, over = self._rounds.advance(self._action, self._idle)
        info = _told(self._rounds, 0)
        if over[0]:
            self._playing = False
            info |= _end(self._rounds, 0)
        return self._rounds.observe()[0], float(rewards[0]), bool(over[0]), False, info

    @property
    def account(self) -> Account:
        """Return the account as it stands, exact to a lamport."""
        return self._rounds.account(0)


class GameVectorEnv(VectorEnv[Observation, Numbers, npt.NDArray[Any]]):
    """Many accounts, each in a game of its own; row k plays what `GameEnv` plays from seed + k."""

    def __init__(
        self,
        env: EnvName,
        num_envs: int = 1,
        *,
        stakes: Sequence[Number] = STAKES,
        cash: Number = CASH,
        latency_ticks: int = 0,
        rug_payout: RugPayout = RUG_PAYOUT,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        render_mode: None = None,
        **where: Unpack[Where],
    ) -> None:
        """As `GameEnv`; a game that is over is followed by another in the next or the same step."""
        if not isinstance(num_envs, int) or num_envs < 1:
            raise UsageError(f"num_envs={num_envs!r} cannot be.", advice="Give 1 or more.")
        self._mode = _autoreset(autoreset_mode)
        self.metadata = {"render_modes": [], "autoreset_mode": self._mode}
        self.num_envs = num_envs
        self.setting = setting_of(
            env, stakes=stakes, cash=cash, latency_ticks=latency_ticks, rug_payout=rug_payout
        )
        self.source = source_of(**where)
        self.single_observation_space = observation_space(self.setting)
        self.single_action_space = action_space(self.setting)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._rounds = Rounds(num_envs, self.setting, self.source.longest)
        self._dealt: list[Iterator[Round]] = []
        self._over = np.zeros(num_envs, np.bool_)
        self._none = np.zeros(num_envs, np.bool_)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Observation, Info]:
        """Begin a game in each row. seed: row k takes seed + k; or one seed a row.

        Raises UsageError for options, of which there are none, or another number of seeds.
        """
        if options:
            raise UsageError(f"reset knows no option {next(iter(options))!r}.")
        super().reset(seed=seed if isinstance(seed, int) else None)
        self._deal(_seeds(seed, self.num_envs))
        self._over = self._none
        infos = self._begin(np.arange(self.num_envs), {})
        return self._rounds.observe(), infos | self._told()

    def step(self, actions: Any) -> tuple[Observation, Rewards, Flags, Flags, Info]:
        """Act in each row and move on. Raises UsageError for actions outside of the space."""
        if not self._dealt:
            raise ResetNeeded("No game has begun: call reset().")
        numbers = self._checked(actions)
        idle = self._over if self._mode is AutoresetMode.NEXT_STEP else self._none
        rewards, ended = self._rounds.advance(numbers, idle)
        over = ended & ~idle
        infos: Info = {}
        for row in np.flatnonzero(over).tolist():
            infos = self._add_info(infos, self._ended(row), row)
        fresh = np.flatnonzero(idle if self._mode is AutoresetMode.NEXT_STEP else over)
        infos = self._begin(fresh, infos) | self._told()
        self._over = over
        return self._rounds.observe(), rewards, over.copy(), self._none.copy(), infos

    def _ended(self, row: int) -> Info:
        """Return what is told of a game that is over."""
        if self._mode is AutoresetMode.NEXT_STEP:
            return _end(self._rounds, row)
        told = _told(self._rounds, row) | _end(self._rounds, row)
        return {"final_obs": self._rounds.observe(np.array([row]))[0], "final_info": told}

    def _begin(self, rows: Numbers, infos: Info) -> Info:
        for row in rows.tolist():
            game = next(self._dealt[row])
            self._rounds.begin(row, game.prices, game.rug_tick)
            infos = self._add_info(infos, {"game_id": game.game_id}, row)
        return infos

    def _deal(self, seeds: Sequence[int | None]) -> None:
        for row, seed in enumerate(seeds):
            if row == len(self._dealt):
                self._dealt.append(self.source.deal(seeding.np_random(seed)[0]))
            elif seed is not None:
                self._dealt[row] = self.source.deal(seeding.np_random(seed)[0])

    def _checked(self, actions: Any) -> Numbers:
        count = len(self.setting.table)
        try:
            numbers = np.asarray(actions)
        except ValueError:  # rows of different lengths
            numbers = np.empty(0)
        if numbers.shape != (self.num_envs,) or numbers.dtype.kind not in "iu":
            raise UsageError(
                f"{actions!r} are no actions of these environments.",
                advice=f"Give {self.num_envs} whole numbers from 0 to {count - 1}.",
            )
        if numbers.min() < 0 or numbers.max() >= count:
            raise _not_in(numbers[(numbers < 0) | (numbers >= count)][0], count)
        return np.ascontiguousarray(numbers, np.int64)

    def _told(self) -> Info:
        columns, everywhere = self._rounds.accounts, np.ones(self.num_envs, np.bool_)
        return {
            "refused": columns[:, kernels.REFUSED].copy(),
            "_refused": everywhere,
            "equity_lamports": columns[:, kernels.EQUITY].copy(),
            "_equity_lamports": everywhere.copy(),
        }


def _told(rounds: Rounds, row: int) -> Info:
    """Return what is told at every step."""
    columns = rounds.accounts[row]
    return {
        "refused": int(columns[kernels.REFUSED]),
        "equity_lamports": int(columns[kernels.EQUITY]),
    }


def _end(rounds: Rounds, row: int) -> Info:
    """Return what is told at the end of a game and not before."""
    totals = rounds.totals(row)
    return {
        "outcome": totals.outcome,
        "profit_sol": float(totals.total_reward),
        "max_drawdown_sol": float(totals.max_drawdown),
        "rug_tick": int(rounds.accounts[row, kernels.RUG]),
    }


def _asked(source: Source, options: dict[str, Any] | None) -> Round | None:
    asked = dict(options or {})
    game_id = asked.pop("game_id", None)
    if asked:
        raise UsageError(
            f"reset knows no option {next(iter(asked))!r}.", advice="It knows 'game_id'."
        )
    return None if game_id is None else source.named(game_id)


def _seeds(seed: int | Sequence[int | None] | None, count: int) -> Sequence[int | None]:
    if seed is None:
        return [None] * count
    if isinstance(seed, int):
        return [seed + row for row in range(count)]
    if len(seed) != count:
        raise UsageError(f"{len(seed)} seeds were given for {count} environments.")
    return seed


def _autoreset(mode: str | AutoresetMode) -> AutoresetMode:
    known = (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP)
    for each in known:
        if mode in (each, each.value):
            return each
    raise UsageError(
        f"autoreset_mode={mode!r} is not known here.",
        advice=f"Known are {', '.join(repr(each.value) for each in known)}.",
    )


def _not_in(action: Any, count: int) -> UsageError:
    return UsageError(
        f"{action!r} is no action of this environment.",
        advice=f"Actions are the whole numbers 0 to {count - 1}.",
    )
