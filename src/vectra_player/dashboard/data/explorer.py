"""What the strategy explorer asks and is told: parameters to a profile, and the answers' shapes.

A profile is a preset or a stored one with some fields set otherwise, so an address names both. The
limits of fields are those of `strategy.profile`. Nothing here computes: `work.explorer` does, in a
process of its own. Used by `routes.explorer`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from vectra_player.analysis.answers import Ground
from vectra_player.analysis.intervals import Estimate
from vectra_player.analysis.manifest import Manifest
from vectra_player.analysis.monte_carlo import DEFAULT_GAMES, DEFAULT_RUNS, DEFAULT_SEED, Simulation
from vectra_player.analysis.profiles import ProfileStore
from vectra_player.analysis.sidebets import BetsInARow, StartOdds
from vectra_player.dashboard.params import WrongParametersError, read_params
from vectra_player.errors import UsageError
from vectra_player.strategy.profile import (
    DEFAULT_STRATEGY,
    MAX_BETS,
    NAME_PATTERN,
    Profile,
    ProfileError,
    ScalingMode,
    changed,
)

FIRST_PROFILE = "fixed_baseline"
NO_LIMIT = "none"
EXPLORED = "this-strategy"

FIELDS = {
    "entry_tick": "execution",
    "num_bets": "execution",
    "bet_sizes": "execution",
    "initial_balance": "execution",
    "mode": "scaling",
    "kelly_fraction": "scaling",
    "win_rate_assumption": "scaling",
    "win_streak_multiplier": "scaling",
    "loss_streak_multiplier": "scaling",
    "max_streak_multiplier": "scaling",
    "theta_base": "scaling",
    "theta_max": "scaling",
    "use_volatility_scaling": "scaling",
    "max_drawdown_pct": "risk_controls",
    "take_profit_target": "risk_controls",
    "daily_loss_limit": "risk_controls",
    "reduce_on_drawdown": "risk_controls",
}
"""Parameters that set a field of the profile, and the part of the profile that has it."""

Whole = Annotated[int | None, Meta(description="a whole number")]
Number = Annotated[float | None, Meta(description="a number")]
Limit = Annotated[float | Literal["none"] | None, Meta(description="a number, or none")]
YesNo = Annotated[bool | None, Meta(description="true or false")]


class ExplorerWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A strategy and what decides its bets. A field left out is the profile's own."""

    profile: Annotated[
        str, Meta(max_length=64, description="the name of a preset or of a profile")
    ] = FIRST_PROFILE
    entry_tick: Whole = None
    num_bets: Annotated[
        Annotated[int, Meta(ge=1, le=MAX_BETS)] | None, Meta(description=f"1 to {MAX_BETS} bets")
    ] = None
    bet_sizes: Annotated[
        str, Meta(max_length=2000, description="SOL: one for all bets, or one each with commas")
    ] = ""
    initial_balance: Number = None
    mode: ScalingMode | None = None
    kelly_fraction: Number = None
    win_rate_assumption: Number = None
    win_streak_multiplier: Number = None
    loss_streak_multiplier: Number = None
    max_streak_multiplier: Number = None
    theta_base: Number = None
    theta_max: Number = None
    use_volatility_scaling: YesNo = None
    max_drawdown_pct: Limit = None
    take_profit_target: Limit = None
    daily_loss_limit: Limit = None
    reduce_on_drawdown: YesNo = None
    games: Annotated[
        Literal["generated", "recorded", "win-rate"],
        Meta(description="generated, recorded or win-rate"),
    ] = "generated"
    origin: Annotated[Literal["real", "demo", "all"], Meta(description="real, demo or all")] = (
        "real"
    )
    runs: Annotated[int, Meta(ge=1, le=2_000_000, description="1 to 2,000,000 runs")] = DEFAULT_RUNS
    games_per_run: Annotated[
        int, Meta(ge=1, le=100_000, description="1 to 100,000 games a run")
    ] = DEFAULT_GAMES
    seed: Annotated[int, Meta(ge=0, le=2**53, description="a whole number from 0")] = DEFAULT_SEED


class FigureWanted(ExplorerWanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plot of a strategy; `run`: of one that was kept. `width` of the plot itself in CSS px."""

    width: Annotated[int, Meta(ge=120, le=2400, description="120 to 2400 px")] = 640
    run: Annotated[str, Meta(max_length=64, description="the name of a kept run")] = ""


class SaveStrategy(ExplorerWanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keep the strategy as a profile of that name."""

    name: Annotated[str, Meta(max_length=64)]
    replace: bool = False


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is asked. profile: as its file has it. version: changes with the files."""

    profile: dict[str, Any]
    games: Literal["generated", "recorded", "win-rate"]
    origin: Literal["real", "demo", "all"]
    runs: int
    games_per_run: int
    seed: int
    version: str = ""
    figure: str = ""
    width: int = 640
    run: str = ""
    query: dict[str, Any] = {}


class ComparedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A simulation as a row of the comparison; SOL amounts as text."""

    profile: str
    preset: bool
    mode: str
    bets: int
    probability_profit: Estimate
    probability_2x: Estimate
    probability_ruin: Estimate
    median_final: str
    ev_per_stake: Estimate
    mean_max_drawdown: float | None
    var_95: float | None
    risk_level: str | None


class WindowOutlook(msgspec.Struct, frozen=True, kw_only=True):
    """One bet of the row. profit: SOL in all when it is this one that wins, before sizing.

    odds: of those who get there. ends: the chance that the row ends with this one winning.
    """

    bet: int
    start: int
    end: int
    stake: float
    profit: float
    odds: StartOdds
    ends: Estimate


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy comes to. Estimates stand beside the same figure of a fair game.

    ground: the recorded games asked, None where there are none. value: profit of one equal stake
    on every window that complete games offer. simulation: None, then `reason` says why, and
    `is_long` that it has to run as a job. fair: the strategy over generated games, where the
    simulation is of others.
    """

    settings: dict[str, Any]
    remarks: tuple[str, ...]
    ground: Ground | None
    words: str
    row: BetsInARow
    windows: list[WindowOutlook]
    all_lost: Estimate
    loss: float
    value: Estimate
    hazard: Estimate
    verdict: str
    break_even_chance: float
    fair_chance: float
    fair_value: float
    simulation: Simulation | None
    fair: ComparedRow | None
    reason: str = ""
    advice: str = ""
    is_long: bool = False


class Comparison(msgspec.Struct, frozen=True):
    """Simulations over the same draws, the least risky first."""

    rows: list[ComparedRow]


class Drawing(msgspec.Struct, frozen=True):
    """A plot as SVG in the colours of the page, with how to read it."""

    name: str
    title: str
    caption: str
    svg: str


class KeptRun(msgspec.Struct, frozen=True, kw_only=True):
    """A long simulation that was kept: the strategy first, then the presets beside it."""

    run: str
    query: dict[str, Any]
    manifest: Manifest
    simulation: Simulation
    rows: list[ComparedRow]


class Saved(msgspec.Struct, frozen=True):
    """A profile that was written."""

    name: str
    remarks: tuple[str, ...]


FIGURES = ("outcomes", "survival", "hazard", "fan", "curves", "finals", "drawdown", "compared")
"""Names of the plots."""


def profile_of(wanted: ExplorerWanted, profiles: ProfileStore) -> Profile:
    """Return the profile asked for; one with fields set otherwise is called EXPLORED.

    Raises:
        WrongParametersError: there is no such profile, or a field has a wrong value.
    """
    base = base_of(wanted.profile, profiles)
    changes = changes_of(wanted, base)
    try:
        return changed(base.model_copy(update={"name": EXPLORED} if changes else {}), changes)
    except ProfileError as error:
        raise WrongParametersError(_by_parameter(error.fields)) from None


def base_of(name: str, profiles: ProfileStore) -> Profile:
    """Return a preset or stored profile that plays sidebets. Raises WrongParametersError."""
    if not re.fullmatch(NAME_PATTERN, name):
        raise WrongParametersError({"profile": "The name of a preset or of a profile."})
    try:
        base = profiles.find(name)[1]
    except UsageError as error:
        raise WrongParametersError({"profile": f"{error.message} {error.advice}"}) from None
    if base.strategy != DEFAULT_STRATEGY:
        raise WrongParametersError(
            {"profile": f"{name} plays {base.strategy}, not sidebets: backtest it."}
        )
    return base


def changes_of(wanted: ExplorerWanted, base: Profile) -> dict[str, Any]:
    """Return what `strategy.profile.changed` takes, by dotted path. Raises WrongParametersError."""
    found: dict[str, Any] = {}
    for name, part in FIELDS.items():
        value = getattr(wanted, name)
        if name == "bet_sizes":
            count = base.execution.num_bets if wanted.num_bets is None else wanted.num_bets
            value = _sizes(value, count) if value else None
        if value is not None:
            found[f"{part}.{name}"] = None if value == NO_LIMIT else value
    return found


def _sizes(text: str, count: int) -> list[float]:
    try:
        sizes = [float(size) for size in text.split(",")]
    except ValueError:
        raise WrongParametersError({"bet_sizes": "SOL, such as 0.001 or 0.001, 0.002."}) from None
    return sizes * count if len(sizes) == 1 else sizes


def _by_parameter(fields: Mapping[str, str]) -> dict[str, str]:
    """Name the parameters instead of the fields of the profile."""
    found: dict[str, str] = {}
    for path, words in fields.items():
        name = next((part for part in path.split(".") if part in FIELDS), "profile")
        found.setdefault(name, f"{words[:1].upper()}{words[1:]}.")
    return found


def settings_of(profile: Profile) -> dict[str, Any]:
    """Return what the controls show of a profile."""
    shown = {"name", "execution", "scaling", "risk_controls"}
    return profile.model_dump(mode="json", include=shown)


def settings_at_first(
    given: Mapping[str, list[str]], profiles: ProfileStore
) -> dict[str, Any] | None:
    """Return what the controls show before the first answer; None where the address is wrong."""
    names = ExplorerWanted.__struct_fields__
    known = {name: texts for name, texts in given.items() if name in names}
    try:
        return settings_of(profile_of(read_params(ExplorerWanted, known), profiles))
    except WrongParametersError:
        return None


def question_of(wanted: ExplorerWanted, profile: Profile, version: str) -> dict[str, Any]:
    """Return what a worker is asked."""
    settings = profile.model_dump(mode="json", exclude={"created", "monte_carlo_metrics"})
    return {
        "profile": settings,
        "games": wanted.games,
        "origin": wanted.origin,
        "runs": wanted.runs,
        "games_per_run": wanted.games_per_run,
        "seed": wanted.seed,
        "version": version,
    }


def query_of(wanted: ExplorerWanted) -> dict[str, Any]:
    """Return the parameters that differ from their defaults, as an address has them."""
    names = ExplorerWanted.__struct_fields__
    defaults = ExplorerWanted()
    return {
        name: getattr(wanted, name)
        for name in names
        if getattr(wanted, name) != getattr(defaults, name)
    }


def run_path(data_dir: Path, run: str) -> Path | None:
    """Return where a kept run lies; None for what cannot be its name."""
    from vectra_player.store.layout import DataDir

    if not re.fullmatch(r"simulate-[0-9a-f]{12}", run):
        return None
    return DataDir(data_dir).results / "explorer" / f"{run}.json"
