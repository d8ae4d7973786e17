"""What plays in a backtest or sweep: a profile, a preset, a built-in strategy or a user's file.

Resolves the one word a user types, carries everything that decides how it plays, and travels to
other processes. Used by `analysis` and the commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from vectra_player.analysis.games import Games, generate_games
from vectra_player.analysis.play import Conditions, Progress, play, play_apart, unheard
from vectra_player.analysis.presets import PRESETS
from vectra_player.analysis.profiles import SUFFIX, ProfileStore
from vectra_player.errors import UsageError
from vectra_player.game.positions import RUG_PAYOUT, RugPayout
from vectra_player.game.sidebet import MIN_STAKE_SOL
from vectra_player.model.units import to_sol
from vectra_player.strategy import loading
from vectra_player.strategy.api import Strategy, checked_params
from vectra_player.strategy.limits import NO_LIMITS, Limits
from vectra_player.strategy.profile import DEFAULT_STRATEGY, MAX_BALANCE_SOL, Profile, changed
from vectra_player.strategy.records import RunResult

Source = Literal["profile", "preset", "built-in", "file"]

DEFAULT_CASH = Decimal(10)
"""SOL a strategy starts with where nothing says otherwise; a profile has its own balance."""

BET_SIZE = "bet_size"
_PARTS = ("execution", "scaling", "risk_controls")


@dataclass(frozen=True)
class Contestant:
    """A strategy with its parameters and the conditions it plays under.

    plays: name or path of its strategy; DEFAULT_STRATEGY with a profile means its sidebets.
    folder: where strategies of the user lie. profile: None unless it is one.
    """

    name: str
    source: Source
    plays: str
    params: dict[str, Any]
    conditions: Conditions
    profile: Profile | None = None
    folder: Path | None = None

    @property
    def by_profile(self) -> bool:
        """Tell whether the sidebets of a profile are played."""
        return self.profile is not None and self.plays == DEFAULT_STRATEGY

    @property
    def own(self) -> bool:
        """Tell whether a user's file decides: it is kept in a process of its own."""
        return not self.by_profile and self.plays not in loading.BUILT_IN

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the user's file, where there is one."""
        if not self.own:
            return ()
        path = Path(self.plays.partition(".py:")[0] + ".py") if ".py:" in self.plays else None
        if path is None and (self.plays.endswith(".py") or "/" in self.plays):
            path = Path(self.plays)
        if path is None and self.folder is not None:
            path = self.folder / f"{self.plays}.py"
        return (path,) if path is not None else ()

    def make(self) -> Strategy:
        """Make the strategy, ready for its first game. Raises UsageError where it cannot be."""
        if self.profile is not None and self.by_profile:
            return loading.of_profile(self.profile, self.folder)
        return loading.make(self.plays, self.params, self.folder)

    def play(self, games: Games, *, seed: int, progress: Progress = unheard) -> RunResult:
        """Play all games on the event engine. Raises UsageError where it cannot be made."""
        how = self.conditions
        if self.own:
            plays, params, folder = self.plays, self.params, self.folder
            return play_apart(plays, params, folder, games, how, seed=seed, progress=progress)
        return play(self.make(), games, how, seed=seed, progress=progress)

    def identity(self) -> dict[str, Any]:
        """Return all that decides how it plays, as plain values."""
        told: dict[str, Any] = {
            "name": self.name,
            "source": self.source,
            "plays": self.plays,
            "params": self.params,
            "conditions": msgspec.to_builtins(self.conditions, str_keys=True),
        }
        if self.profile is not None and self.by_profile:
            told["params"] = self.profile.model_dump(mode="json", include=set(_PARTS))
        return told

    def with_params(self, values: Mapping[str, Any]) -> Contestant:
        """Return it with parameters replaced; a profile's by dotted path or by their last name.

        Raises UsageError for a name it does not have or a value that cannot be.
        """
        if self.profile is None or not self.by_profile:
            return replace(self, params=self._checked({**self.params, **values}))
        profile = changed(self.profile, _changes(self.profile, values))
        cash = profile.execution.initial_balance
        conditions = msgspec.structs.replace(self.conditions, cash=cash)
        return replace(self, profile=profile, conditions=conditions)

    def param_names(self) -> tuple[str, ...]:
        """List the names a sweep may vary."""
        return (*_fields(), BET_SIZE) if self.by_profile else tuple(self.params)

    def _checked(self, params: dict[str, Any]) -> dict[str, Any]:
        if self.own:  # its values are checked where it is made, in a process of its own
            unknown = [name for name in params if name not in self.params]
            if unknown:
                raise UsageError(
                    f"{self.name} has no parameter {unknown[0]!r}.",
                    advice=f"It has: {', '.join(self.params) or 'none'}.",
                )
            return params
        kind = loading.BUILT_IN[self.plays].Params
        checked: dict[str, Any] = msgspec.to_builtins(checked_params(kind, params, self.name))
        return checked


def find_contestant(
    word: str,
    data_dir: Path,
    *,
    cash: Decimal | None = None,
    latency_ms: float = 0.0,
    rug_payout: RugPayout = RUG_PAYOUT,
    limits: Limits = NO_LIMITS,
) -> Contestant:
    """Return what a word stands for: a preset, a profile of the data directory or a file of one,
    a built-in strategy, or a strategy of the user by name or path.

    `cash` goes before a profile's own balance. Raises UsageError where nothing has that name, its
    file cannot be used, or an amount is impossible.
    """
    if cash is not None:
        cash = _checked_cash(cash)
    folder = data_dir / loading.FOLDER
    base = Conditions(
        cash=cash or DEFAULT_CASH, latency_ms=latency_ms, rug_payout=rug_payout, limits=limits
    )
    profiles = ProfileStore(data_dir)
    if word not in PRESETS and not word.endswith(SUFFIX) and word not in profiles.names():
        _check_strategy(word, folder, profiles)
        source: Source = "built-in" if word in loading.BUILT_IN else "file"
        return _with_defaults(Contestant(word, source, word, {}, base, folder=folder))
    kind, profile = profiles.find(word)
    if cash is not None:
        profile = changed(profile, {"execution.initial_balance": float(cash)})
    conditions = msgspec.structs.replace(base, cash=profile.execution.initial_balance)
    contestant = Contestant(
        profile.name, kind, profile.strategy, dict(profile.params), conditions, profile, folder
    )
    return contestant if contestant.by_profile else _with_defaults(contestant)


def _checked_cash(cash: Decimal) -> Decimal:
    """Return the cash to a lamport. Raises UsageError outside what a profile's balance may be."""
    if not MIN_STAKE_SOL <= cash <= MAX_BALANCE_SOL:
        raise UsageError(
            f"{cash} SOL cannot be played with.",
            advice=f"Give --cash from {MIN_STAKE_SOL} to {MAX_BALANCE_SOL}.",
        )
    return to_sol(cash)


def _check_strategy(word: str, folder: Path, profiles: ProfileStore) -> None:
    """Raise UsageError for a plain word that names nothing."""
    if word in loading.BUILT_IN or "/" in word or ".py" in word:
        return
    if not (loading.NAME.fullmatch(word) and (folder / f"{word}.py").is_file()):
        own = ", ".join(profiles.names()) or "none"
        raise UsageError(
            f"There is no profile and no strategy {word!r}.",
            advice=f"Your profiles: {own}. Presets: {', '.join(PRESETS)}. "
            f"Strategies: {', '.join(loading.BUILT_IN)}, or the path of a file.",
        )


def _with_defaults(contestant: Contestant) -> Contestant:
    """Return it with all its parameters, those not given at their defaults; made once to check."""
    if contestant.own:
        made = play_apart(
            contestant.plays,
            contestant.params,
            contestant.folder,
            generate_games(0, seed=0),
            contestant.conditions,
            seed=0,
        )
        name = made.strategy if contestant.profile is None else contestant.name
        return replace(contestant, name=name, params=made.params)
    return contestant.with_params({})


@cache
def _fields() -> dict[str, str]:
    """Return the dotted path of each field of a profile that changes how it plays."""
    return {
        field: f"{part}.{field}"
        for part in _PARTS
        for field in type(getattr(Profile(name="any"), part)).model_fields
    }


def _changes(profile: Profile, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return dotted paths with their values; `bet_size` stands for one size for all bets."""
    changes = {_path_of(name): value for name, value in values.items() if name != BET_SIZE}
    if BET_SIZE in values:
        bets = changes.get("execution.num_bets", profile.execution.num_bets)
        changes["execution.bet_sizes"] = [values[BET_SIZE]] * int(bets)
    return changes


def _path_of(name: str) -> str:
    known = _fields()
    if name in known:
        return known[name]
    if name in known.values():
        return name
    raise UsageError(f"A profile has no parameter {name!r}.", advice=f"It has: {', '.join(known)}.")
