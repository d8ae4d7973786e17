"""Monte Carlo of a sidebet profile: many runs over drawn games, each bet sized as it would be.

Games decide: a run draws whole games, recorded or generated, and their rug ticks say which bets
win. Only where asked does a coin with an assumed win rate take their place. Every run has a stream
of draws of its own, so that a seed gives the same result whatever the number of threads. Used by
the commands and the dashboard; `analysis.simulation_page` draws what is computed here.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from vectra_player.analysis.games import Games
from vectra_player.analysis.intervals import Estimate, around, nothing, proportion
from vectra_player.analysis.risk import Risk, risk_of
from vectra_player.errors import UsageError
from vectra_player.game import timing
from vectra_player.game.price_path import V3
from vectra_player.game.sidebet import FAIR_EXPECTED_VALUE, PAYOUT_MULTIPLE, expected_value
from vectra_player.strategy import sizing
from vectra_player.strategy.profile import DEFAULT_STRATEGY, MonteCarloMetrics, Profile, remarks
from vectra_player.strategy.sizing import FACTS, HALTS, from_lamports

Kind = Literal["recorded", "generated", "win-rate"]
Progress = Callable[[int, int], None]

DEFAULT_RUNS = 10_000
DEFAULT_GAMES = 500
DEFAULT_SEED = 1
MAX_RUNS = 2_000_000  # 128 MB of facts
MAX_GAMES = 100_000

GENERATED_POOL = 1_000_000
"""Rug ticks that stand for all generated games: fine enough that what a stake brings is exact."""

FAN_RUNS = 20_000
"""Runs whose bankroll is kept on the way; the fan's quantiles are those of the first so many."""

FAN_POINTS = 101
FAN_SAMPLES = 12  # single runs that are shown whole
FAN_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
FEW_GAMES = 200
"""Recorded games below which a result says more about them than about the strategy."""

_DECIDING = {"name", "execution", "scaling", "risk_controls"}
"""Parts of a profile that change a result."""

DAY_MS = 24 * 60 * 60 * 1000
_CHUNK_BETS = 2_000_000
"""Bets a thread plays before it looks up: well under a second."""


def default_games_per_day() -> int:
    """Return how many games a day has: 24 hours over the mean round."""
    return DAY_MS // timing.round_ms(round(1 / V3.rug_chance))


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How much is simulated. `games` a run, `games_per_day` until a daily limit begins anew."""

    runs: int = DEFAULT_RUNS
    games: int = DEFAULT_GAMES
    seed: int = DEFAULT_SEED
    games_per_day: int = msgspec.field(default_factory=default_games_per_day)

    def __post_init__(self) -> None:
        for name, low, high in (
            ("runs", 1, MAX_RUNS),
            ("games", 1, MAX_GAMES),
            ("seed", 0, 2**63 - 1),
            ("games_per_day", 1, MAX_GAMES),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise UsageError(f"{name}: must be {low} to {high}, is {value}.")


@dataclass(frozen=True)
class Pool:
    """What runs draw from: the rug ticks of games, or a coin with an assumed win rate.

    rug_ticks: (n_games,) int64, empty for a coin. left_out: games that were not whole.
    """

    kind: Kind
    rug_ticks: npt.NDArray[np.int64]
    win_rate: float | None = None
    left_out: int = 0

    @property
    def digest(self) -> str:
        """Return the SHA-256 of what is drawn from: equal ones are the same data."""
        told = f"{self.kind} {self.win_rate}".encode()
        return hashlib.sha256(told + self.rug_ticks.tobytes()).hexdigest()


def recorded_pool(games: Games) -> Pool:
    """Draw from games known at every tick, those included whose beginning was only revealed.

    Raises UsageError where there is none.
    """
    whole = games.rug_ticks[games.complete]
    if not len(whole):
        raise UsageError(
            "No complete game is recorded here.",
            advice="Record or import some, or simulate with --games generated.",
        )
    return Pool("recorded", whole, left_out=len(games) - len(whole))


def generated_pool(count: int = GENERATED_POOL) -> Pool:
    """Draw from rug ticks as the published rule spreads them: one check a tick, all alike.

    The quantiles of that law, each as likely: unlike games drawn once, they have no luck of their
    own that every run would share.
    """
    chances = (np.arange(count) + 0.5) / count
    ticks = np.ceil(np.log1p(-chances) / math.log1p(-V3.rug_chance))
    return Pool("generated", ticks.astype(np.int64))


def coin_pool(win_rate: float) -> Pool:
    """Let every bet win with an assumed rate. Raises UsageError unless it is between 0 and 1."""
    if not 0 < win_rate < 1:
        raise UsageError(f"A win rate is between 0 and 1, not {win_rate:g}.")
    return Pool("win-rate", np.empty(0, np.int64), win_rate)


class Fan(msgspec.Struct, frozen=True):
    """Bankroll in SOL on the way: `quantiles[q][k]` and each sample's [k], after `games[k]`."""

    runs: int
    games: list[int]
    quantiles: dict[str, list[float]]
    samples: list[list[float]]


class Histogram(msgspec.Struct, frozen=True):
    """Counts between neighbouring edges; (n + 1) edges, n counts."""

    edges: list[float]
    counts: list[int]


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the runs. Amounts in SOL; `ev_per_stake` is what one SOL staked brought.

    settings: the parts of the profile that decide, as its file has them.
    ev_per_stake: over all runs, with the error of drawing them. ev_of_games: one equal stake on
    every window of recorded games, with the error of there being only so many; None without them.
    """

    profile: str
    mode: str
    settings: dict[str, Any]
    plan: Plan
    pool: Kind
    pool_games: int
    left_out: int
    win_rate: float | None
    data_digest: str
    initial_balance: Decimal
    mean_final: Decimal
    median_final: Decimal
    lowest_final: Decimal
    highest_final: Decimal
    probability_profit: Estimate
    probability_2x: Estimate
    probability_ruin: Estimate
    halts: dict[str, int]
    bets: int
    wins: int
    staked: Decimal
    mean_games_played: float
    ev_per_stake: Estimate
    ev_of_games: Estimate | None
    risk: Risk
    fan: Fan
    finals: Histogram
    drawdowns: Histogram
    remarks: tuple[str, ...]


def simulate(
    profile: Profile,
    pool: Pool,
    plan: Plan,
    *,
    threads: int | None = None,
    progress: Progress = lambda done, total: None,
) -> Simulation:
    """Play a profile many times; the same profile, pool and plan give the same result.

    `progress` is told runs done and in all. Raises UsageError for a profile that plays something
    else than sidebets; KeyboardInterrupt passes through within a second.
    """
    facts, path, offers = play(profile, pool, plan, threads=threads, progress=progress)
    return _summary(profile, pool, plan, facts, path, offers)


Offers = tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]


def play(
    profile: Profile,
    pool: Pool,
    plan: Plan,
    *,
    threads: int | None = None,
    progress: Progress = lambda done, total: None,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], Offers]:
    """Play the runs; return facts (n_runs, 8) by `sizing.FACTS`, paths in lamports, and ladders."""
    if profile.strategy != DEFAULT_STRATEGY:
        raise UsageError(
            f"The simulation plays sidebets; {profile.name!r} plays {profile.strategy!r}.",
            advice="Use `vectra-player backtest` for it.",
        )
    offers = sizing.ladders(profile, pool.rug_ticks)
    facts = np.zeros((plan.runs, len(FACTS)), np.float64)
    path = np.zeros((min(plan.runs, FAN_RUNS), FAN_POINTS), np.int64)
    keys = np.random.default_rng([plan.seed, 0]).integers(0, 2**64, plan.runs, np.uint64)
    body = sizing.compiled(sizing.play_drawn)
    fixed: tuple[Any, ...] = (
        sizing.rules_of(profile),
        sizing.bet_sizes_of(profile),
        sizing.packed(*offers),
        np.uint64(len(pool.rug_ticks)),
        np.uint64(0 if pool.win_rate is None else sizing.coin_of(pool.win_rate)),
        *(plan.games, plan.games_per_day, keys),
    )

    def part(bounds: tuple[int, int]) -> int:
        body(*fixed, *bounds, facts, path)
        return bounds[1] - bounds[0]

    done = 0
    for count in _in_threads(part, _chunks(profile, plan), threads or os.cpu_count() or 1):
        done += count
        progress(done, plan.runs)
    return facts, path, offers


def _chunks(profile: Profile, plan: Plan) -> list[tuple[int, int]]:
    size = max(1, _CHUNK_BETS // (plan.games * profile.execution.num_bets))
    starts = range(0, plan.runs, size)
    return [(start, min(start + size, plan.runs)) for start in starts]


def _in_threads(
    work: Callable[[tuple[int, int]], int], parts: list[tuple[int, int]], threads: int
) -> Iterator[int]:
    pool = ThreadPoolExecutor(threads, thread_name_prefix="simulate")
    try:
        yield from pool.map(work, parts)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _summary(
    profile: Profile,
    pool: Pool,
    plan: Plan,
    facts: npt.NDArray[np.float64],
    path: npt.NDArray[np.int64],
    offers: Offers,
) -> Simulation:
    column = {name: facts[:, index] for index, name in enumerate(FACTS)}
    initial = sizing.to_lamports(profile.execution.initial_balance)
    final, halts = column["bankroll"], column["halt"].astype(np.int64)
    ruined = int((halts == sizing.RUINED).sum())
    return Simulation(
        profile=profile.name,
        mode=profile.scaling.mode,
        settings=profile.model_dump(mode="json", include=_DECIDING),
        plan=plan,
        pool=pool.kind,
        pool_games=len(pool.rug_ticks),
        left_out=pool.left_out,
        win_rate=pool.win_rate,
        data_digest=pool.digest,
        initial_balance=profile.execution.initial_balance,
        mean_final=from_lamports(round(float(final.mean()))),
        median_final=from_lamports(round(float(np.median(final)))),
        lowest_final=from_lamports(int(final.min())),
        highest_final=from_lamports(int(final.max())),
        probability_profit=proportion(int((final > initial).sum()), plan.runs),
        probability_2x=proportion(int((final >= 2 * initial).sum()), plan.runs),
        probability_ruin=proportion(ruined, plan.runs),
        halts={name: int((halts == code).sum()) for code, name in enumerate(HALTS)},
        bets=int(column["bets"].sum()),
        wins=int(column["wins"].sum()),
        staked=from_lamports(int(column["staked"].sum())),
        mean_games_played=float(column["games"].mean()),
        ev_per_stake=return_of(final - initial, column["staked"]),
        ev_of_games=value_of_games(offers) if pool.kind == "recorded" else None,
        risk=risk_of(final / initial - 1.0, column["deepest"], ruined),
        fan=_fan(path, plan.games),
        finals=_histogram(final / sizing.LAMPORTS),
        drawdowns=_histogram(column["deepest"], (0.0, 1.0)),
        remarks=tuple(_remarks(profile, pool, int(column["bets"].sum()))),
    )


def value_of_games(offers: Offers) -> Estimate:
    """Estimate what one equal stake on every window that the games offer brings, by game."""
    windows, won = offers
    return return_of(won * PAYOUT_MULTIPLE - windows, windows.astype(np.float64))


def return_of(profits: npt.ArrayLike, stakes: npt.NDArray[np.float64]) -> Estimate:
    """Estimate sum(profits) / sum(stakes) over independent rows, each with bets of its own.

    The interval is Student's on the linearised ratio. It is `intervals.clustered_ratio` with every
    row a cluster, without sorting ten million of them.
    """
    rows, total = len(stakes), float(stakes.sum())
    if not total:
        return nothing(rows, FAIR_EXPECTED_VALUE)
    profit = np.asarray(profits, np.float64)
    value = float(profit.sum()) / total
    apart = profit - value * stakes
    error = math.sqrt(rows / max(rows - 1, 1) * float(apart @ apart)) / total
    if error < 1e-12 * abs(value):  # one row, or all alike: they do not tell how far off they are
        return Estimate(value=value, low=None, high=None, n=rows, fair=FAIR_EXPECTED_VALUE)
    return around(value, error, rows, rows - 1, FAIR_EXPECTED_VALUE)


def metrics_of(result: Simulation, computed_at: datetime) -> MonteCarloMetrics:
    """Return the figures that a profile carries of its last simulation.

    Its win rate is null where games decided: then none was assumed.
    """
    return MonteCarloMetrics(
        computed_at=computed_at,
        iterations=result.plan.runs,
        win_rate_assumption=result.win_rate,
        mean_final_bankroll=float(result.mean_final),
        median_final_bankroll=float(result.median_final),
        probability_profit=result.probability_profit.value,
        probability_2x=result.probability_2x.value,
        mean_max_drawdown=result.risk.mean_max_drawdown,
        sortino_ratio=result.risk.sortino_ratio,
        sharpe_ratio=result.risk.sharpe_ratio,
        calmar_ratio=result.risk.calmar_ratio,
        var_95=result.risk.var_95,
        cvar_95=result.risk.cvar_95,
        risk_level=result.risk.risk_level,
    )


def _fan(path: npt.NDArray[np.int64], games: int) -> Fan:
    steps = path.shape[1] - 1
    found = np.quantile(path / sizing.LAMPORTS, FAN_QUANTILES, axis=0)
    return Fan(
        runs=len(path),
        games=[-(-point * games // steps) for point in range(steps + 1)],
        quantiles={
            f"{chance:g}": line.tolist() for chance, line in zip(FAN_QUANTILES, found, strict=True)
        },
        samples=(path[:FAN_SAMPLES] / sizing.LAMPORTS).tolist(),
    )


def _histogram(
    values: npt.NDArray[np.float64], span: tuple[float, float] | None = None, bins: int = 40
) -> Histogram:
    counts, edges = np.histogram(values, bins=bins, range=span)
    return Histogram(edges.tolist(), counts.tolist())


def _remarks(profile: Profile, pool: Pool, bets: int) -> Iterator[str]:
    yield from remarks(profile)
    if pool.kind == "recorded" and len(pool.rug_ticks) < FEW_GAMES:
        yield (
            f"Only {len(pool.rug_ticks):,} recorded games are drawn from: the result tells more "
            "about them than about the strategy."
        )
    if pool.win_rate is not None:
        yield (
            f"Every bet wins with an assumed chance of {100 * pool.win_rate:.2f} %; no game was "
            f"played. That gives {100 * expected_value(pool.win_rate):+.2f} % a stake, the rule of "
            f"the game {100 * FAIR_EXPECTED_VALUE:+.2f} %."
        )
    if not bets:
        yield "Not one bet was placed."
