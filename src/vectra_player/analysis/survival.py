"""How long games last: hazard by age, survival, and the chance of a rug within the next ticks.

Games met midway count from where they were met, games not seen to rug up to where they were last
seen: left truncation and right censoring. Pure. Used by the commands, pages and sidebet odds; the
fair values are those of `game.sidebet`. docs/statistics.md explains each figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import msgspec
import numpy as np
import numpy.typing as npt

from vectra_player.analysis.games import Games
from vectra_player.analysis.intervals import Estimate, Floats, beta_limits, nothing, proportion
from vectra_player.game.price_path import V3
from vectra_player.game.sidebet import WINDOW_TICKS, win_chance

Counts = npt.NDArray[np.int64]

BAND_EDGES = (0, 10, 20, 40, 80, 160, 320, 640, 1280, 5000)
"""Ages in ticks between which the hazard is given: each band about twice as wide as the last."""

START_TICKS = (0, 40, 80, 160, 320)
"""Where the chance of a rug is asked for unless told otherwise."""


class HazardBand(msgspec.Struct, frozen=True, kw_only=True):
    """Hazard of the rug checks at ticks `first` to `last`. at_risk: games watched into the band."""

    first: int
    last: int
    at_risk: int
    checks: int
    rugs: int
    hazard: Estimate


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True):
    """Share of games still alive after `tick`. at_risk: games whose check at this tick was seen."""

    tick: int
    at_risk: int
    rugs: int
    alive: float
    low: float
    high: float
    fair: float


class WindowChance(msgspec.Struct, frozen=True, kw_only=True):
    """Chance of a rug within `within` ticks of a game that is alive at tick `at`.

    at_risk: games watched alive at that tick; rugs: those of them seen to rug within it.
    """

    at: int
    within: int
    at_risk: int
    rugs: int
    chance: Estimate


class Survival(msgspec.Struct, frozen=True, kw_only=True):
    """What games say about how long games last. `curve` has a point at each tick with a rug."""

    games: int
    rugs: int
    met_midway: int
    unfinished: int
    checks: int
    hazard: Estimate
    bands: tuple[HazardBand, ...]
    curve: tuple[CurvePoint, ...]
    windows: tuple[WindowChance, ...]


@dataclass(frozen=True)
class Exposure:
    """Rug checks that were seen, by tick: both (n_ticks + 1,) int64; the first check is tick 1."""

    at_risk: Counts
    rugs: Counts

    @cached_property
    def checks(self) -> int:
        """Return how many checks were seen in all."""
        return int(self.at_risk.sum())

    def window(self, at: int, within: int) -> WindowChance:
        """Estimate the chance of a rug within the ticks after `at`, given alive at `at`.

        Product limit. The interval is Clopper-Pearson on the effective number of games that
        Greenwood's variance tells: exact where every game was watched through the window. The
        chance is not known where nobody watched a tick of the window that games lived to.
        """
        fair = win_chance(window_ticks=within)
        risk = self.at_risk[at + 1 : at + 1 + within]
        rugs = self.rugs[at + 1 : at + 1 + within]
        watched = int(risk[0]) if len(risk) else 0
        chance = nothing(watched, fair)
        alive, size = product_limit(risk, rugs)
        lived = int(np.count_nonzero(alive > 0))
        if np.all(risk[:lived] > 0) and (lived < len(risk) or len(risk) == within):
            low, high = beta_limits(size[-1] * (1 - alive[-1]), size[-1])
            chance = Estimate(
                value=float(1 - alive[-1]), low=float(low), high=float(high), n=watched, fair=fair
            )
        return WindowChance(
            at=at, within=within, at_risk=watched, rugs=int(rugs.sum()), chance=chance
        )


def exposure(games: Games) -> Exposure:
    """Count the rug checks that were seen: of each game from where it was met to its last tick."""
    first, last = games.first_ticks, games.last_ticks
    watched = last > first
    rugged = watched & (games.rug_ticks >= 0)
    size = int(last.max(initial=0)) + 2
    entered = np.bincount(first[watched] + 1, minlength=size)
    left = np.bincount(last[watched] + 1, minlength=size)
    rugs = np.bincount(games.rug_ticks[rugged], minlength=size)
    return Exposure(at_risk=np.cumsum(entered - left)[:-1], rugs=rugs[:-1])


def product_limit(at_risk: Counts, rugs: Counts) -> tuple[Floats, Floats]:
    """Return the share alive after each tick and the effective number of games it rests on.

    The effective number n is the one whose binomial variance s(1 - s)/n is Greenwood's: the number
    that entered while nobody is lost from sight. It stays as it was once nobody is alive.
    """
    risk, dead = at_risk.astype(np.float64), rugs.astype(np.float64)
    lost = np.divide(dead, risk, out=np.zeros(len(risk)), where=risk > 0)
    alive = np.cumprod(1.0 - lost, dtype=np.float64)
    room = risk * (risk - dead)
    spread = np.cumsum(np.divide(dead, room, out=np.zeros(len(risk)), where=room > 0))
    size = np.minimum.accumulate(np.where(risk > 0, risk, np.inf))
    np.divide(1.0 - alive, alive * spread, out=size, where=alive * spread > 0)
    over = int(np.count_nonzero(alive > 0))
    if over:
        size[over:] = size[over - 1]
    return alive, np.where(np.isfinite(size), size, 0.0)


def survival(
    games: Games, starts: Sequence[int] = START_TICKS, within: int = WINDOW_TICKS
) -> Survival:
    """Estimate hazard, survival and the chances of a rug within `within` ticks of `starts`."""
    seen = exposure(games)
    rugs = int(seen.rugs.sum())
    return Survival(
        games=len(games),
        rugs=rugs,
        met_midway=int((games.first_ticks > 0).sum()),
        unfinished=int((games.rug_ticks < 0).sum()),
        checks=seen.checks,
        hazard=proportion(rugs, seen.checks, V3.rug_chance),
        bands=_bands(seen),
        curve=_curve(seen),
        windows=tuple(seen.window(at, within) for at in starts),
    )


def _bands(seen: Exposure) -> tuple[HazardBand, ...]:
    bands = []
    for before, last in pairwise(BAND_EDGES):
        risk = seen.at_risk[before + 1 : last + 1]
        checks, rugs = int(risk.sum()), int(seen.rugs[before + 1 : last + 1].sum())
        if checks:
            hazard = proportion(rugs, checks, V3.rug_chance)
            bands.append(
                HazardBand(
                    first=before + 1, last=last, at_risk=int(risk[0]), checks=checks, rugs=rugs,
                    hazard=hazard,
                )
            )  # fmt: skip
    return tuple(bands)


def _curve(seen: Exposure) -> tuple[CurvePoint, ...]:
    """Return the product-limit curve where it steps, up to the first tick nobody watched."""
    risk, rugs = seen.at_risk[1:], seen.rugs[1:]
    watched = int(np.argmin(np.append(risk, 0) > 0))
    alive, size = product_limit(risk[:watched], rugs[:watched])
    low, high = beta_limits(size * alive, size)
    return tuple(
        CurvePoint(
            tick=int(step) + 1, at_risk=int(risk[step]), rugs=int(rugs[step]),
            alive=float(alive[step]), low=float(low[step]), high=float(high[step]),
            fair=1.0 - win_chance(window_ticks=int(step) + 1),
        )
        for step in np.flatnonzero(rugs[:watched])
    )  # fmt: skip
