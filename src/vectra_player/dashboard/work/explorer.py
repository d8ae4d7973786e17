"""The figures of the strategy explorer: every one by the functions that the commands call.

`outlook`, `compare` and `figure` are questions of `compute`, `explore` is a job. Games and
simulations are kept between questions, so that an answer while a control moves takes no longer
than what changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import msgspec
import numpy as np

from vectra_player.analysis.answers import Source, ground_of
from vectra_player.analysis.charts import Figure
from vectra_player.analysis.games import Games, load_games
from vectra_player.analysis.monte_carlo import (
    DEFAULT_RUNS,
    Plan,
    Pool,
    Progress,
    Simulation,
    coin_pool,
    generated_pool,
    recorded_pool,
    simulate,
    value_of_games,
)
from vectra_player.analysis.presets import PRESETS
from vectra_player.analysis.sidebets import Sidebets, sidebets
from vectra_player.analysis.sidebets_page import row_figure
from vectra_player.analysis.simulation_page import FIGURES, by_risk, compared, sol
from vectra_player.analysis.simulation_record import SimulationRecord, record_of
from vectra_player.analysis.survival import survival
from vectra_player.analysis.survival_page import curve_figure, hazard_figure
from vectra_player.analysis.wording import verdict
from vectra_player.dashboard.data.explorer import (
    ComparedRow,
    Comparison,
    Drawing,
    KeptRun,
    Outlook,
    Question,
    WindowOutlook,
    run_path,
    settings_of,
)
from vectra_player.errors import UsageError
from vectra_player.game.sidebet import (
    FAIR_WIN_CHANCE,
    PAYOUT_MULTIPLE,
    WINDOW_TICKS,
    end_of,
)
from vectra_player.store.fsops import FileOps, make_directories, replace_file
from vectra_player.store.reads import StoreReader
from vectra_player.strategy import sizing
from vectra_player.strategy.profile import Profile, parse_profile, remarks

QUICK_BETS = 40_000_000
"""Bets that are simulated while a page waits: about a third of a second. More is a job."""

RUN_COSTS = 100
"""Bets that take as long as counting up a run."""

KEPT_SIMULATIONS = 48
RELOAD_TIMES = 10.0
"""Recorded games are read anew when files came, but not more of the time than one in ten."""

Tell = Callable[[int, int, str], None]


class _Sample(NamedTuple):
    version: str
    read_at: float
    took_s: float
    games: Games


_samples: dict[str, _Sample] = {}


class KeptSimulations(SimulationRecord, frozen=True, kw_only=True):
    """What `explore` writes: as `simulate --json` tells it, and the address that asked."""

    query: dict[str, Any]


def warm(data_dir: Path, request: object) -> None:
    """Load what the first question needs; this module's imports are most of it."""
    simulate(PRESETS["fixed_baseline"], _generated(), Plan(runs=1, games=1))


def outlook(data_dir: Path, request: dict[str, Any]) -> Outlook:
    """Tell what a strategy comes to, from recorded games and from a simulation."""
    asked = msgspec.convert(request, Question)
    profile, games = _profile(asked), _games(data_dir, asked)
    found = _sidebets(games, profile)
    value = value_of_games(sizing.ladders(profile, games.rug_ticks[games.complete]))
    source = Source(origins=asked.origin)
    sizes = [float(size) for size in profile.execution.bet_sizes]
    simulation, refusal, is_long = _quick(data_dir, asked)
    return Outlook(
        settings=settings_of(profile),
        remarks=remarks(profile),
        ground=ground_of(source, games) if len(games) else None,
        words=source.words,
        row=found.in_a_row,
        windows=_windows(found, sizes),
        all_lost=found.in_a_row.outcomes[-1].chance,
        loss=-sum(sizes),
        value=value,
        hazard=survival(games).hazard,
        verdict=verdict(value),
        break_even_chance=found.break_even_chance,
        fair_chance=found.fair_chance,
        fair_value=found.fair_value,
        simulation=simulation,
        fair=_fair(profile, asked),
        reason="" if refusal is None else refusal.message,
        advice="" if refusal is None else refusal.advice,
        is_long=is_long,
    )


def compare(data_dir: Path, request: dict[str, Any]) -> Comparison:
    """Simulate a strategy and the presets over the same draws."""
    asked = msgspec.convert(request, Question)
    return Comparison(rows=_rows(_compared(data_dir, asked)))


def figure(data_dir: Path, request: dict[str, Any]) -> Drawing:
    """Draw one plot, of the strategy asked for or of a kept run."""
    asked = msgspec.convert(request, Question)
    drawn = _figure(data_dir, asked)
    svg = drawn.svg(follow_theme=True, width=asked.width)
    return Drawing(drawn.name, drawn.title, drawn.caption, svg)


def explore(data_dir: Path, request: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Simulate a strategy and the presets beside it, and keep the result: the long form."""
    asked = msgspec.convert(request, Question)
    profiles = _beside(_profile(asked))
    pool, plan = _pool(data_dir, asked), _plan(asked)
    total = len(profiles) * plan.runs

    def progress(name: str, before: int) -> Progress:
        return lambda done, _: tell(before + done, total, name)

    tell(0, total, "")
    results = [
        simulate(one, pool, plan, progress=progress(one.name, k * plan.runs))
        for k, one in enumerate(profiles)
    ]
    record = record_of(results, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    kept = KeptSimulations(query=asked.query, **msgspec.structs.asdict(record))
    manifest = record.manifest
    path = run_path(data_dir, manifest.run_id)
    assert path is not None
    make_directories(FileOps(), path.parent)
    replace_file(FileOps(), path, msgspec.json.encode(kept, enc_hook=str))
    return {"run": manifest.run_id, "query": asked.query, "runs": plan.runs, "games": plan.games}


def kept_run(data_dir: Path, request: dict[str, Any]) -> KeptRun:
    """Return a kept run for the page. Raises UsageError where there is none."""
    kept = _kept(data_dir, request["run"])
    return KeptRun(
        run=kept.manifest.run_id,
        query=kept.query,
        manifest=kept.manifest,
        simulation=kept.simulations[0],
        rows=_rows(kept.simulations),
    )


def _figure(data_dir: Path, asked: Question) -> Figure:
    if asked.figure == "compared":
        kept = _kept(data_dir, asked.run).simulations if asked.run else None
        return compared(kept or _compared(data_dir, asked))
    if asked.figure in FIGURES:
        return FIGURES[asked.figure](_asked_for(data_dir, asked))
    profile, games = _profile(asked), _games(data_dir, asked)
    if not len(games):
        raise UsageError("No game is recorded here.", advice="Record or import some.")
    found = _sidebets(games, profile)
    if asked.figure == "outcomes":
        return row_figure(found.in_a_row)
    windows = [(start, end_of(start)) for start in _starts(profile)]
    lasting = survival(games)
    if asked.figure == "survival":
        return curve_figure(lasting.curve, windows)
    return hazard_figure(lasting, windows)


def _asked_for(data_dir: Path, asked: Question) -> Simulation:
    if asked.run:
        return _kept(data_dir, asked.run).simulations[0]
    return _simulated(_profile(asked), _pool(data_dir, asked), _plan(asked))


def _profile(asked: Question) -> Profile:
    return parse_profile(msgspec.json.encode(asked.profile))


def _plan(asked: Question) -> Plan:
    return Plan(runs=asked.runs, games=asked.games_per_run, seed=asked.seed)


def _starts(profile: Profile) -> list[int]:
    execution = profile.execution
    return [execution.entry_tick + k * WINDOW_TICKS for k in range(execution.num_bets)]


def _sidebets(games: Games, profile: Profile) -> Sidebets:
    starts = _starts(profile)
    return sidebets(games, None, starts, (starts[0], len(starts)))


def _windows(found: Sidebets, sizes: Sequence[float]) -> list[WindowOutlook]:
    ends = found.in_a_row.outcomes[:-1]
    return [
        WindowOutlook(
            bet=k + 1,
            start=odds.start,
            end=end_of(odds.start),
            stake=sizes[k],
            profit=PAYOUT_MULTIPLE * sizes[k] - sum(sizes[: k + 1]),
            odds=odds,
            ends=ends[k].chance,
        )
        for k, odds in enumerate(found.by_start)
    ]


def _games(data_dir: Path, asked: Question) -> Games:
    """Return the recorded games, none at all where there are none."""
    known = _samples.get(asked.origin)
    now = monotonic()
    if known is not None and (
        known.version == asked.version or now - known.read_at < RELOAD_TIMES * known.took_s
    ):
        return known.games
    with StoreReader(data_dir) as reader:
        games = load_games(reader, Source(origins=asked.origin).chosen, unfinished=True)
    ended = monotonic()
    _samples[asked.origin] = _Sample(asked.version, ended, ended - now, games)
    return games


@lru_cache(maxsize=1)
def _generated() -> Pool:
    return generated_pool()


def _pool(data_dir: Path, asked: Question) -> Pool:
    """Return what runs draw from, as `simulate --games` does. Raises UsageError for no game."""
    if asked.games == "generated":
        return _generated()
    if asked.games == "win-rate":
        return coin_pool(_profile(asked).scaling.win_rate_assumption)
    games = _games(data_dir, asked)
    return recorded_pool(games.take(np.flatnonzero(games.rug_ticks >= 0)))


def _quick(data_dir: Path, asked: Question) -> tuple[Simulation | None, UsageError | None, bool]:
    """Simulate where that is quick; else say why not, and whether it is for its length."""
    try:
        return _asked_for(data_dir, asked), None, False
    except _TooLongError as error:
        return None, error, True
    except UsageError as error:
        return None, error, False


def _fair(profile: Profile, asked: Question) -> ComparedRow | None:
    """Simulate the strategy over fair games, which is what any other result stands beside."""
    if asked.games == "generated":
        return None
    plan = msgspec.structs.replace(_plan(asked), runs=min(asked.runs, DEFAULT_RUNS))
    try:
        return _row(_simulated(profile, _generated(), plan), preset=False)
    except _TooLongError:
        return None


class _TooLongError(UsageError):
    """A simulation that a page does not wait for."""


_kept_simulations: dict[tuple[str, str, str], Simulation] = {}


def _simulated(profile: Profile, pool: Pool, plan: Plan) -> Simulation:
    """Simulate, or return what is known already. Raises UsageError where that takes too long."""
    bets = min(profile.execution.num_bets, 1 / FAIR_WIN_CHANCE)  # more a game find no window
    if plan.runs * (plan.games * bets + RUN_COSTS) > QUICK_BETS:
        raise _TooLongError(
            f"{plan.runs:,} runs of {plan.games:,} games take a while.",
            advice="Run them as a job, or choose fewer.",
        )
    key = (profile.to_json(), pool.digest, repr(plan))
    known = _kept_simulations.pop(key, None) or simulate(profile, pool, plan)
    _kept_simulations[key] = known
    while len(_kept_simulations) > KEPT_SIMULATIONS:
        del _kept_simulations[next(iter(_kept_simulations))]
    return known


def _beside(profile: Profile) -> list[Profile]:
    """Return a strategy and the presets, as `simulate --compare` takes them."""
    return [profile, *(preset for preset in PRESETS.values() if preset.name != profile.name)]


def _compared(data_dir: Path, asked: Question) -> list[Simulation]:
    pool, plan = _pool(data_dir, asked), _plan(asked)
    return [_simulated(one, pool, plan) for one in _beside(_profile(asked))]


def _rows(results: Sequence[Simulation]) -> list[ComparedRow]:
    own = results[0].profile
    return [_row(one, preset=one.profile != own) for one in by_risk(results)]


def _row(one: Simulation, *, preset: bool) -> ComparedRow:
    return ComparedRow(
        profile=one.profile,
        preset=preset,
        mode=one.mode,
        bets=one.bets,
        probability_profit=one.probability_profit,
        probability_2x=one.probability_2x,
        probability_ruin=one.probability_ruin,
        median_final=sol(one.median_final),
        ev_per_stake=one.ev_per_stake,
        mean_max_drawdown=one.risk.mean_max_drawdown,
        var_95=one.risk.var_95,
        risk_level=one.risk.risk_level,
    )


def _kept(data_dir: Path, run: str) -> KeptSimulations:
    path = run_path(data_dir, run)
    try:
        if path is not None:
            return msgspec.json.decode(path.read_bytes(), type=KeptSimulations)
    except (OSError, msgspec.DecodeError):
        pass
    raise UsageError(f"There is no kept run {run}.", advice="Run it again.")
