"""Was a game kept from us? The time between two games against the time the second one took.

Used by `fairness.audit`. Source: docs/fairness.md section 6; the largest residual of 51 pairs in a
row was 2.1 s. A game nobody was shown takes 15.25 s at least, which leaves a hole in time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vectra_player.analysis.games import UNKNOWN, Games
from vectra_player.fairness.results import Timing, Unaccounted
from vectra_player.game.timing import COUNTDOWN_MS, SETTLING_TYPICAL_MS, TICK_MS

WIRE_TICK_S = 0.2506  # 51 pairs of games; the server's own tick is 0.25 s
BETWEEN_S = (COUNTDOWN_MS + SETTLING_TYPICAL_MS) / 1000
HIDDEN_S = (COUNTDOWN_MS + TICK_MS) / 1000
"""The shortest time a hidden game needs: its countdown and one tick."""

RESIDUAL_S = 2.1  # the largest of the same 51 pairs
ROOM_S = HIDDEN_S - RESIDUAL_S
EARLIEST_S = -HIDDEN_S / 2
"""A pair that seems closer than this has a wrong clock or a wrong order."""


@dataclass(frozen=True)
class Watched:
    """Whether somebody was there between a game and the next: (n_games - 1,)."""

    between: npt.NDArray[np.bool_]


def residuals_of(games: Games) -> npt.NDArray[np.float64]:
    """Return seconds beyond what the next game took, NaN where not known: (n_games - 1,)."""
    ended, rug = games.ended_at, games.rug_ticks
    known = (ended[:-1] != UNKNOWN) & (ended[1:] != UNKNOWN) & (rug[1:] >= 0)
    apart = (ended[1:] - ended[:-1]) / 1e6
    return np.where(known, apart - rug[1:] * WIRE_TICK_S - BETWEEN_S, np.nan)


def adjacent_of(residuals: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Tell which neighbours have no room for a game between them: (n_games - 1,)."""
    return (residuals > EARLIEST_S) & (residuals < ROOM_S)


def timing_of(games: Games, residuals: npt.NDArray[np.float64], watched: Watched | None) -> Timing:
    """Sum the completeness check up."""
    adjacent = adjacent_of(residuals)
    room = residuals >= ROOM_S
    seen = room & watched.between if watched is not None else np.zeros(len(room), np.bool_)
    close = residuals[adjacent]
    known = int((~np.isnan(residuals)).sum())
    return Timing(
        pairs=known,
        adjacent=int(adjacent.sum()),
        breaks=int((room & ~seen).sum()),
        unaccounted=tuple(
            Unaccounted(
                before=games.game_ids[pair],
                after=games.game_ids[pair + 1],
                seconds=float(residuals[pair]),
            )
            for pair in np.flatnonzero(seen)
        ),
        largest_residual=float(np.abs(close).max()) if len(close) else None,
        residuals=tuple(np.round(close, 3).tolist()),
        note=_note(residuals, known),
    )


def _note(residuals: npt.NDArray[np.float64], known: int) -> str:
    early = int((residuals <= EARLIEST_S).sum())
    if not known:
        return "No two neighbouring games have known times."
    if early * 2 > known:
        return "These games were played faster than the real site plays: their times say nothing."
    return ""
