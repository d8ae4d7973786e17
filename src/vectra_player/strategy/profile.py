"""A strategy profile: saved parameters of a strategy, checked, in the layout of schema 2.0.0.

Pure: text in, frozen record out. Files and older formats are `analysis.profiles`' business; the
engine, the backtest, the simulation and the pages all take this record. What a field does to a
stake is defined in `strategy.sizing`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from vectra_player.errors import UsageError
from vectra_player.game.price_path import V3
from vectra_player.game.sidebet import (
    BREAK_EVEN_CHANCE,
    FAIR_WIN_CHANCE,
    MAX_STAKE_SOL,
    MIN_STAKE_SOL,
    WINDOW_TICKS,
)
from vectra_player.model.units import to_sol

SCHEMA_VERSION = "2.0.0"
NAME_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
LAST_ENTRY_TICK = V3.max_ticks - WINDOW_TICKS  # a window that begins later is cut by the tick limit
MAX_BETS = LAST_ENTRY_TICK // WINDOW_TICKS + 1
MAX_BALANCE_SOL = 1_000_000  # up to here nine decimals survive a JSON number
DEFAULT_STRATEGY = "sidebet"

ScalingMode = Literal[
    "fixed",
    "progressive",
    "kelly",
    "anti_martingale",
    "theta_bayesian",
    "volatility_adjusted",
    "drawdown_adjusted",
]
"""How stakes follow results; `fractional_kelly` is read as `kelly`."""

SolNumber = Annotated[
    Decimal, AfterValidator(to_sol), PlainSerializer(float, return_type=float, when_used="json")
]
"""SOL, exact to a lamport; a JSON number in the file."""

Mode = Annotated[
    ScalingMode, BeforeValidator(lambda mode: "kelly" if mode == "fractional_kelly" else mode)
]


class ProfileError(UsageError):
    """A profile that cannot be used. `problems` has one line for each wrong field."""

    def __init__(self, problems: tuple[str, ...], *, name: str = "") -> None:
        subject = f"The profile {name!r}" if name else "The profile"
        super().__init__(
            f"{subject} is not valid: {'; '.join(problems)}.", advice="Mend it and try again."
        )
        self.problems = problems

    @property
    def fields(self) -> dict[str, str]:
        """Return what is wrong by dotted path; what is about no single field is under `profile`."""
        found: dict[str, str] = {}
        for problem in self.problems:
            told = _PROBLEM.fullmatch(problem)
            path, words = told.groups() if told else ("profile", problem)
            found[path] = f"{found[path]}; {words}" if path in found else words
        return found


_PROBLEM = re.compile(r"([a-z_]\w*(?:\.\w+)*): (.+)", re.DOTALL)


class _Part(BaseModel):
    """Frozen; numbers are numbers, unknown keys are kept."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="allow", allow_inf_nan=False, validate_default=True
    )


class Execution(_Part):
    """What is bet when: `num_bets` sidebets a game from `entry_tick` on, each once the last lost.

    `bet_sizes` are SOL, one for each position; scaling multiplies them.
    """

    entry_tick: int = Field(default=0, ge=0, le=LAST_ENTRY_TICK)
    num_bets: int = Field(default=1, ge=1, le=MAX_BETS)
    bet_sizes: tuple[Annotated[SolNumber, Field(ge=MIN_STAKE_SOL, le=MAX_STAKE_SOL)], ...] = (
        MIN_STAKE_SOL,
    )
    initial_balance: SolNumber = Field(default=Decimal("0.1"), ge=MIN_STAKE_SOL, le=MAX_BALANCE_SOL)

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if len(self.bet_sizes) != self.num_bets:
            raise ValueError(
                f"bet_sizes: must be one for each of the {self.num_bets} bets, "
                f"are {len(self.bet_sizes)}"
            )
        last = self.entry_tick + WINDOW_TICKS * (self.num_bets - 1)
        if last > LAST_ENTRY_TICK:
            raise ValueError(
                f"num_bets: the last of {self.num_bets} bets would begin at tick {last}, "
                f"beyond {LAST_ENTRY_TICK}"
            )
        return self


class Scaling(_Part):
    """How stakes follow results; each rule is defined in `strategy.sizing`."""

    mode: Mode = "fixed"
    kelly_fraction: float = Field(default=0.25, gt=0, le=1)
    win_rate_assumption: float = Field(default=FAIR_WIN_CHANCE, gt=0, lt=1)
    win_streak_multiplier: float = Field(default=1.3, ge=1, le=10)
    loss_streak_multiplier: float = Field(default=1.25, ge=1, le=10)
    max_streak_multiplier: float = Field(default=2.0, ge=1, le=1000)
    theta_base: float = Field(default=0.5, gt=0, le=100)
    theta_max: float = Field(default=2.0, gt=0, le=100)
    use_volatility_scaling: bool = False

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.theta_max < self.theta_base:
            raise ValueError(
                f"theta_max: must be at least theta_base ({self.theta_base:g}), "
                f"is {self.theta_max:g}"
            )
        return self


class RiskControls(_Part):
    """When a run stops or pauses; null is no limit.

    `max_drawdown_pct` is a fraction of the highest balance so far, `take_profit_target` a multiple
    of the initial balance; both end the run. `daily_loss_limit` is SOL and pauses until the next
    day.
    """

    max_drawdown_pct: float | None = Field(default=None, gt=0, le=1)
    take_profit_target: float | None = Field(default=None, gt=1, le=1_000_000)
    reduce_on_drawdown: bool = False
    daily_loss_limit: SolNumber | None = Field(default=None, gt=0, le=MAX_BALANCE_SOL)


class MonteCarloMetrics(_Part):
    """What the last simulation of the profile found; null is unknown."""

    computed_at: datetime | None = None
    iterations: int | None = Field(default=None, ge=1)
    win_rate_assumption: float | None = Field(default=None, ge=0, le=1)
    mean_final_bankroll: float | None = None
    median_final_bankroll: float | None = None
    probability_profit: float | None = Field(default=None, ge=0, le=1)
    probability_2x: float | None = Field(default=None, ge=0, le=1)
    mean_max_drawdown: float | None = None
    sortino_ratio: float | None = None
    sharpe_ratio: float | None = None
    calmar_ratio: float | None = None
    var_95: float | None = None
    cvar_95: float | None = None
    risk_level: str | None = None


class Profile(_Part):
    """A named strategy with its parameters.

    `strategy` names what plays; `params` are the parameters of one that is not `sidebet`.
    """

    schema_version: Literal["2.0.0"] = "2.0.0"
    name: str = Field(pattern=NAME_PATTERN)
    created: datetime | None = None
    source: str = "manual"
    strategy: str = Field(default=DEFAULT_STRATEGY, min_length=1, max_length=256)
    params: dict[str, Any] = Field(default_factory=dict)
    execution: Execution = Execution()
    scaling: Scaling = Scaling()
    risk_controls: RiskControls = RiskControls()
    monte_carlo_metrics: MonteCarloMetrics | None = None

    @property
    def unknown_keys(self) -> tuple[str, ...]:
        """Return the keys that are kept though nothing here reads them, as dotted paths."""
        return tuple(_unknown(self, ""))

    def to_json(self) -> str:
        """Return the profile as the text of its file."""
        return json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def parse_profile(text: str | bytes, *, name: str = "") -> Profile:
    """Read a profile of schema 2.0.0; `name` says in messages which one.

    Raises ProfileError with a line a person understands for each wrong field.
    """
    try:
        return Profile.model_validate_json(text)
    except ValidationError as error:
        raise ProfileError(tuple(_problems(error)), name=name) from None


def changed(profile: Profile, changes: Mapping[str, Any]) -> Profile:
    """Return a profile with fields replaced by dotted path: {"execution.entry_tick": 100}.

    `num_bets` alone repeats or cuts `bet_sizes`. Raises ProfileError as `parse_profile`, and for a
    path that no profile has.
    """
    tree = profile.model_dump(mode="json")
    for path, value in changes.items():
        *parents, last = path.split(".")
        place: Any = tree
        for key in parents:
            place = place.get(key) if isinstance(place, dict) else None
        if not isinstance(place, dict) or (last not in place and parents != ["params"]):
            raise ProfileError((f"{path}: no profile has this field",), name=profile.name)
        place[last] = value
    if "execution.num_bets" in changes and "execution.bet_sizes" not in changes:
        tree["execution"]["bet_sizes"] = _as_many(tree["execution"])
    return parse_profile(json.dumps(tree, default=str), name=profile.name)


def remarks(profile: Profile) -> tuple[str, ...]:
    """Say what a reader of the profile should know before believing in it."""
    found = []
    chance = profile.scaling.win_rate_assumption
    if profile.scaling.mode == "kelly":
        if chance <= BREAK_EVEN_CHANCE:
            found.append(
                f"Kelly stakes nothing at a win rate of {100 * chance:.2f} %: below "
                f"{100 * BREAK_EVEN_CHANCE:.0f} % a sidebet loses on average, and Kelly says not "
                "to play."
            )
        else:
            found.append(
                f"Kelly is told a win rate of {100 * chance:.2f} %. That is an assumption: the "
                f"rule of the game gives {100 * FAIR_WIN_CHANCE:.2f} %, at every tick."
            )
    found += [f"{path}: kept, but nothing reads it" for path in profile.unknown_keys]
    return tuple(found)


def _as_many(execution: dict[str, Any]) -> list[Any]:
    sizes, wanted = execution["bet_sizes"], execution["num_bets"]
    if not isinstance(wanted, int) or not sizes:
        return list(sizes)
    return [*sizes, *[sizes[-1]] * (wanted - len(sizes))][: max(wanted, 0)]


def _unknown(part: BaseModel, prefix: str) -> Iterator[str]:
    yield from (f"{prefix}{key}" for key in part.model_extra or {})
    for key in type(part).model_fields:
        value = getattr(part, key)
        if isinstance(value, BaseModel):
            yield from _unknown(value, f"{prefix}{key}.")


_MUST_BE = {
    "int_type": "a whole number",
    "float_type": "a number",
    "decimal_type": "a number",
    "decimal_parsing": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "string_type": "a text",
    "tuple_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "datetime_type": "a time such as 2026-01-13T02:00:16Z",
    "datetime_from_date_parsing": "a time such as 2026-01-13T02:00:16Z",
    "datetime_parsing": "a time such as 2026-01-13T02:00:16Z",
    "string_pattern_mismatch": "1 to 64 letters, digits, - or _",
}


def _problems(error: ValidationError) -> Iterator[str]:
    for found in error.errors(include_url=False):
        path = ".".join(str(key) for key in found["loc"])
        kind, given = found["type"], found["input"]
        if kind == "value_error":  # ours: it names the field itself
            yield ".".join(filter(None, (path, str(found["ctx"]["error"]))))
        elif kind == "json_invalid":
            yield f"no JSON ({found['ctx']['error']})"
        elif kind == "missing":
            yield f"{path}: is missing"
        elif kind == "literal_error":
            yield f"{path}: must be {found['ctx']['expected']}, is {_shown(given)}"
        elif (limits := limits_of(found["loc"])) and kind not in _MUST_BE:
            yield f"{path}: must be {limits}, is {_shown(given)}"
        else:
            wanted = _MUST_BE.get(kind)
            words = f"must be {wanted}" if wanted else found["msg"]
            yield f"{path or 'profile'}: {words}, is {_shown(given)}"


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def limits_of(path: Sequence[int | str]) -> str:
    """Say in words which numbers the field at a path takes; empty when it has no limits."""
    if "bet_sizes" in path:
        return f"{MIN_STAKE_SOL} to {MAX_STAKE_SOL} SOL"
    part: type[BaseModel] | None = Profile
    for key in path[:-1]:
        part = _part_type(part.model_fields[str(key)].annotation) if part else None
    field = part.model_fields.get(str(path[-1])) if part and path else None
    return _in_words(
        {
            name: getattr(limit, name)
            for limit in (field.metadata if field else ())
            for name in ("ge", "gt", "le", "lt")
            if hasattr(limit, name)
        }
    )


def _part_type(annotation: Any) -> type[BaseModel] | None:
    """Return the part of a profile that a field holds, also where it may be null."""
    kinds = (annotation, *get_args(annotation))
    return next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)


def _in_words(bounds: Mapping[str, Any]) -> str:
    if "ge" in bounds and "le" in bounds:
        return f"{bounds['ge']} to {bounds['le']}"
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    return " and ".join(f"{words[name]} {bounds[name]}" for name in words if name in bounds)
