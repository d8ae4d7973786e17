"""The audit: every test over all games, corrected for their number, with its conclusions.

Order of docs/fairness.md section 6: the exact replay first, then completeness, then statistics.
Used by the commands, the pages and `mcp`. The same games and the same seed give the same record.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np

from vectra_player.analysis import survival
from vectra_player.analysis.games import Games, load_games
from vectra_player.analysis.jobs_pool import IN_PROCESS, ChunkEngine
from vectra_player.analysis.manifest import versions
from vectra_player.analysis.play import Progress, unheard
from vectra_player.analysis.steps import steps_of
from vectra_player.fairness import exposure as exposures
from vectra_player.fairness.checks import Verification
from vectra_player.fairness.correction import corrected
from vectra_player.fairness.covariates import Covariates, read_covariates, unknown
from vectra_player.fairness.exposure import Exposure, score_test
from vectra_player.fairness.lengths import bin_counts, length_pits, length_tests
from vectra_player.fairness.null import (
    NULL_SEED,
    FairNull,
    extreme_tests,
    fair_null,
    null_size,
    wrong_rug_prices,
)
from vectra_player.fairness.power import power_of
from vectra_player.fairness.results import Audit, Finding, Replay
from vectra_player.fairness.serial import serial_tests
from vectra_player.fairness.steps import impossible, step_tests
from vectra_player.fairness.timing import Watched, adjacent_of, residuals_of, timing_of
from vectra_player.fairness.verify import verify_store
from vectra_player.fairness.words import CANNOT_SHOW, conclusions_of, verdict_of
from vectra_player.store import observations
from vectra_player.store.reads import GameFilter, Origins, StoreReader

METHOD = "1"
"""Raised whenever the same games and seed would give other numbers."""

DEFAULT_SEED = 1


@dataclass(frozen=True)
class Recorded:
    """What an audit looks at besides the games themselves; None where nothing is recorded."""

    covariates: Covariates | None = None
    watched: Watched | None = None
    verification: Verification | None = None
    origin: str = "generated"


def audit(
    games: Games,
    recorded: Recorded = Recorded(),
    *,
    seed: int = DEFAULT_SEED,
    null: FairNull | None = None,
) -> Audit:
    """Audit games in order of time; pure but for the simulated null, kept for the process."""
    random = np.random.default_rng(seed)
    exposure = exposures.exposure_of(games)
    pits = length_pits(exposure, random)
    residuals = residuals_of(games)
    complete = int(games.complete.sum())
    if null is None:
        null = fair_null(null_size(complete))
    covariates = recorded.covariates or unknown(games)
    seen = survival.exposure(games)
    bins = exposures.age_bins(seen)
    steps = steps_of(games)
    findings = corrected(
        (
            exposures.hazard_test(exposure),
            *length_tests(pits),
            exposures.age_test(exposure, bins),
            *extreme_tests(games, null, random),
            *step_tests(steps),
            *serial_tests(exposure, pits, adjacent_of(residuals)),
            *_dependence_tests(exposure, games, covariates),
        )
    )
    hazard = exposures.hazard_of(exposure)
    facts: dict[str, Any] = {
        "origin": recorded.origin,
        "games": len(games),
        "complete": complete,
        "replay": _replay(recorded.verification),
        "timing": timing_of(games, residuals, recorded.watched),
        "hazard": hazard,
        "findings": findings,
        "impossible_steps": impossible(steps),
        "wrong_rug_prices": wrong_rug_prices(games),
        "power": power_of(hazard),
    }
    return Audit(
        **facts,
        verdict=verdict_of(facts),
        conclusions=conclusions_of(facts),
        cannot_show=CANNOT_SHOW,
        hazard_by_age=bins,
        length_bins=tuple(bin_counts(pits).tolist()) if len(pits) else (),
        survival=exposures.survival_of(seen),
        manifest=_manifest(games, seed, len(null)),
    )


def audit_store(
    reader: StoreReader,
    origins: Origins = "real",
    *,
    seed: int = DEFAULT_SEED,
    engine: ChunkEngine = IN_PROCESS,
    progress: Progress = unheard,
) -> Audit:
    """Audit every game of a store, those that were not seen to their end included.

    The engine verifies and simulates; `progress` is told how many games are verified, of how many.
    """
    games = load_games(reader, GameFilter(origins=origins), unfinished=True)
    recorded = Recorded(
        covariates=read_covariates(reader, games, origins),
        watched=_watched(reader, games, origins),
        verification=verify_store(reader, origins, engine=engine, progress=progress),
        origin=origins,
    )
    null = fair_null(null_size(int(games.complete.sum())), engine=engine)
    return audit(games, recorded, seed=seed, null=null)


def _dependence_tests(
    exposure: Exposure, games: Games, covariates: Covariates
) -> tuple[Finding, ...]:
    with np.errstate(divide="ignore"):
        log_price = np.where(games.prices > 0, np.log(games.prices), np.nan)
    return (
        score_test(exposures.BY_PRICE, exposure, games, log_price),
        score_test(exposures.BY_TRADES, exposure, games, covariates.trades),
        score_test(exposures.BY_STAKES, exposure, games, covariates.stakes),
    )


def _replay(verification: Verification | None) -> Replay | None:
    if verification is None:
        return None
    return Replay(
        verified=len(verification.of("verified")),
        failed=tuple(game.game_id for game in verification.of("failed")),
        incomplete=len(verification.of("incomplete")),
        rebuilt=verification.rebuilt,
        compared=verification.compared,
        unrevealed=verification.unrevealed,
        commitment={str(name): count for name, count in verification.commitments().items()},
    )


def _manifest(games: Games, seed: int, null_games: int) -> dict[str, Any]:
    """Say all that is needed to repeat the audit; the time is left out, so that it repeats."""
    known = games.ended_at[games.ended_at >= 0]
    return {
        "data_sha256": games.digest,
        "method": METHOD,
        "seed": seed,
        "null_games": null_games,
        "null_seed": NULL_SEED,
        "first_ended_at": _iso(int(known.min())) if len(known) else None,
        "last_ended_at": _iso(int(known.max())) if len(known) else None,
        "versions": versions(),
    }


def _iso(micros: int) -> str:
    return f"{datetime.fromtimestamp(micros // 1_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _watched(reader: StoreReader, games: Games, origins: Origins) -> Watched:
    """Tell for each game and the next whether one session was there all the time between.

    It was when it heard both while they ran and lost nothing in between, or when one frame listed
    both in the server's own history.
    """
    seen = _seen_by_session(observations.sightings(reader, origins))
    lost = _lost(observations.interruptions(reader))
    pairs, ended = pairwise(games.game_ids), games.ended_at.tolist()
    between = [
        any(
            seq == other_seq or (live and other_live and not _any_between(lost, session, *times))
            for session, (seq, live) in seen.get(one, {}).items()
            if session in seen.get(other, {})
            for other_seq, other_live in (seen[other][session],)
        )
        for (one, other), times in zip(pairs, pairwise(ended), strict=True)
    ]
    return Watched(np.asarray(between, np.bool_))


def _seen_by_session(table: Any) -> dict[str, dict[str, tuple[int, bool]]]:
    seen: dict[str, dict[str, tuple[int, bool]]] = {}
    columns = (table.column(name).to_pylist() for name in ("game_id", "session_id", "seq", "live"))
    for game_id, session, seq, live in zip(*columns, strict=True):
        seen.setdefault(game_id, {})[session] = (seq, live)
    return seen


def _lost(table: Any) -> dict[str, list[int]]:
    """Return the times at which each session lost its connection, in order."""
    lost: dict[str, list[int]] = {}
    names, times = table.column("session_id").to_pylist(), table.column("ts").to_pylist()
    for session, time in zip(names, times, strict=True):
        lost.setdefault(session, []).append(time)
    return lost


def _any_between(lost: dict[str, list[int]], session: str, begin: int, end: int) -> bool:
    times = lost.get(session, [])
    return bisect_left(times, begin) < bisect_right(times, end)
