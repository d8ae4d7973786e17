"""The long work of the page of profiles: simulations, run as `simulate --save` runs them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from vectra_player.analysis.games import load_games
from vectra_player.analysis.manifest import make_manifest
from vectra_player.analysis.monte_carlo import (
    Plan,
    Pool,
    Simulation,
    generated_pool,
    metrics_of,
    recorded_pool,
    simulate,
)
from vectra_player.analysis.profiles import ProfileStore
from vectra_player.analysis.simulation_page import COMPARED, compared_row, simulation_page
from vectra_player.analysis.wording import interval, percent
from vectra_player.dashboard.data import simulations
from vectra_player.dashboard.data.laid_out import laid_out
from vectra_player.dashboard.data.profiles import Profiles
from vectra_player.store.reads import GameFilter, Origins, StoreReader
from vectra_player.strategy.profile import Profile

Tell = Callable[[int, int, str], None]
_ORIGINS: dict[str, Origins] = {"real": "real", "demo": "demo"}


def simulate_profiles(data_dir: Path, request: dict[str, Any], tell: Tell) -> Any:
    """Simulate profiles one after the other, keep what each came to, and say it in a sentence.

    `games`: generated, or the recorded ones of the real site or of the demo server.
    """
    plan = Plan(runs=request["runs"], games=request["games_per_run"], seed=request["seed"])
    origin = _ORIGINS.get(request["games"])
    pool = generated_pool() if origin is None else _recorded(data_dir, origin)
    profiles = [Profiles(data_dir).find(name)[1] for name in request["names"]]
    done = []
    for before, profile in enumerate(profiles):

        def progress(runs: int, of: int, name: str = profile.name, at: int = before) -> None:
            tell(at * plan.runs + runs, plan.runs * len(profiles), name)

        progress(0, plan.runs)
        result = simulate(profile, pool, plan, progress=progress)
        summary = _keep(data_dir, profile, result, origin)
        done.append({"name": profile.name, "summary": summary})
    return {"profiles": done}


def _recorded(data_dir: Path, origin: Origins) -> Pool:
    with StoreReader(data_dir) as reader:
        return recorded_pool(load_games(reader, GameFilter(origins=origin)))


def _keep(data_dir: Path, profile: Profile, result: Simulation, origin: Origins | None) -> str:
    """Keep the report, and the figures in the profile's file where that is still the same."""
    store = ProfileStore(data_dir)
    now = store.now()
    page = simulation_page(result)
    kept = simulations.Kept(
        found=_found(result, now), report=laid_out(page.report(_manifest(result, now, origin)))
    )
    simulations.keep(data_dir, kept)
    store.keep_figures(profile, metrics_of(result, now))
    return page.summary[0]


def _found(result: Simulation, now: datetime) -> simulations.Found:
    return simulations.Found(
        profile=result.profile,
        made_at=int(now.timestamp() * 1000),
        settings=result.settings,
        runs=result.plan.runs,
        games=result.plan.games,
        seed=result.plan.seed,
        pool=result.pool,
        pool_games=result.pool_games,
        cells=dict(zip(COMPARED[1:], compared_row(result)[1:], strict=True)),
        profit_interval=interval(result.probability_profit, percent),
    )


def _manifest(result: Simulation, now: datetime, origin: Origins | None) -> dict[str, str]:
    """Say how to repeat it, as the report of the command does."""
    plan = result.plan
    manifest = make_manifest(
        "simulate",
        made_at=now.replace(tzinfo=None).isoformat(),
        data=result.data_digest,
        question={
            "plan": msgspec.structs.asdict(plan),
            "games": result.pool,
            "profiles": [result.settings],
        },
        seed=plan.seed,
    )
    games = "" if origin is None else f" --games recorded --origin {origin}"
    command = (
        f"vectra-player simulate {result.profile} --runs {plan.runs} "
        f"--games-per-run {plan.games} --seed {plan.seed}{games}"
    )
    return {**manifest.lines(), "repeat it": command}
