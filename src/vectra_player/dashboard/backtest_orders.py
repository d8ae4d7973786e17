"""What the page may order of backtests and sweeps: the options of the commands, with their limits.

Made by the routes of `/backtest`, carried out by `dashboard.work.backtest` in another process.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from vectra_player.dashboard.params import WrongParametersError
from vectra_player.errors import UsageError

Word = Annotated[str, Meta(min_length=1, max_length=128)]
Sol = Annotated[str, Meta(pattern=r"^\d{1,9}(\.\d{1,9})?$", description="SOL such as 2.5")]
Above0 = Annotated[float, Meta(gt=0, le=1e9)]


class PlayOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What plays, over which games, how. games: as `--games` takes them."""

    profile: Word
    games: Annotated[str, Meta(min_length=1, max_length=50_000)] = "all"
    origin: Literal["real", "demo", "all"] = "real"
    include_incomplete: bool = False
    cash: Sol | None = None
    latency_ms: Annotated[float, Meta(ge=0, le=60_000)] = 0.0
    rug_payout: Literal["price", "nothing"] = "price"
    train_share: Annotated[float, Meta(gt=0, lt=1)] = 0.7
    folds: Annotated[int, Meta(ge=1, le=100)] = 5
    seed: Annotated[int, Meta(ge=0, le=2**53)] = 1
    fresh: bool = False


class BacktestOrder(PlayOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One strategy over games."""

    max_loss_day: Above0 | None = None
    stop_drawdown: Annotated[float, Meta(gt=0, le=1)] | None = None
    variants: Annotated[int, Meta(ge=1, le=10**9)] = 1
    check_lookahead: bool = False


class SweepOrder(PlayOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Many variants of a strategy. grid: axes as `--grid` takes them. random: how many of them."""

    grid: Annotated[list[Annotated[str, Meta(max_length=2000)]], Meta(min_length=1, max_length=32)]
    random: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    top: Annotated[int, Meta(ge=1, le=100)] = 10


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can play. params: as they stand. axes: names a sweep may vary."""

    word: str
    kind: Literal["profile", "preset", "built-in", "file"]
    summary: str
    problem: str
    params: dict[str, str]
    axes: list[str]


_GENERATED = re.compile(r"generated:([1-9]\d{0,6})")


def choices(data_dir: Path) -> list[Choice]:
    """List what can play: own profiles, presets, built-in strategies, own strategies."""
    from vectra_player.analysis.presets import PRESETS
    from vectra_player.analysis.profiles import ProfileStore
    from vectra_player.strategy import loading

    found = [
        _choice(data_dir, listed.name, "profile", problem="; ".join(listed.problems))
        for listed in ProfileStore(data_dir).all()
    ]
    own = {choice.word for choice in found}
    found += [_choice(data_dir, name, "preset") for name in PRESETS if name not in own]
    for listed in loading.listed(data_dir / loading.FOLDER):
        if listed.name in own or listed.name in PRESETS:
            continue  # the word stands for the profile
        kind: Literal["built-in", "file"] = listed.origin
        found.append(_choice(data_dir, listed.name, kind, listed.summary, listed.problem))
    return found


def _choice(
    data_dir: Path,
    word: str,
    kind: Literal["profile", "preset", "built-in", "file"],
    summary: str = "",
    problem: str = "",
) -> Choice:
    """Describe one; a user's file is not run for it."""
    params: dict[str, str] = {}
    axes: list[str] = []
    if kind != "file" and not problem:
        from vectra_player.analysis.contestant import find_contestant

        try:
            contestant = find_contestant(word, data_dir)
        except UsageError as error:
            problem = error.message
        else:
            if not contestant.own:
                params = dict(_flat("", contestant.identity()["params"]))
                axes = [*contestant.param_names()]
            summary = summary or f"plays {contestant.plays}"
    return Choice(word=word, kind=kind, summary=summary, problem=problem, params=params, axes=axes)


def _flat(prefix: str, values: dict[str, Any]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, dict):
            rows += _flat(f"{prefix}{name}.", value)
        elif value is not None:
            text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            rows.append((f"{prefix}{name}", text))
    return rows


def check_order(order: PlayOrder, data_dir: Path) -> None:
    """Refuse what can be seen to be wrong at once. Raises WrongParametersError.

    Only what is listed may play: a page names no file of this machine.
    """
    wrong: dict[str, str] = {}
    chosen = next((each for each in choices(data_dir) if each.word == order.profile), None)
    if chosen is None:
        wrong["profile"] = "Choose one of the list."
    elif chosen.problem:
        wrong["profile"] = f"It cannot play: {chosen.problem}."
    if "generated:" in order.games:
        count = _GENERATED.fullmatch(order.games)
        if count is None or int(count[1]) > 1_000_000:
            wrong["games"] = "Write generated:1000, from 1 to 1000000 games."
        elif isinstance(order, BacktestOrder) and order.max_loss_day is not None:
            wrong["max_loss_day"] = "Generated games have no date, so no day's loss can be told."
    if isinstance(order, SweepOrder):
        wrong |= _wrong_grid(order, [] if chosen is None else chosen.axes)
    if wrong:
        raise WrongParametersError(wrong)


def _wrong_grid(order: SweepOrder, axes: list[str]) -> dict[str, str]:
    from vectra_player.analysis.grid import parse_grid

    try:
        grid = parse_grid(order.grid)
        grid.choose(order.random, order.seed)
    except UsageError as error:
        return {"grid": f"{error.message} {error.advice or ''}".strip()}
    unknown = [axis.name for axis in grid.axes if axis.name.rpartition(".")[2] not in axes]
    if axes and unknown:
        return {"grid": f"{order.profile} has no parameter {unknown[0]!r}."}
    return {}
