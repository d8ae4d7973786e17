"""Peaks and lowest prices against simulated fair games of the same length.

Given its length, how high a game climbs has nothing to do with the rug's chance: so these tests
see what the tests of lengths cannot, and games lost to a gap, which are the long ones, do not
bend them. Used by `fairness.audit`.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vectra_player.analysis.games import Games, generate_games
from vectra_player.analysis.jobs_pool import IN_PROCESS, ChunkEngine
from vectra_player.fairness.lengths import FEWEST, uniform_ks
from vectra_player.fairness.results import Finding, Question
from vectra_player.game.price_path import RUG_FRACTION

NULL_A_GAME = 50
FEWEST_NULL, MOST_NULL = 20_000, 200_000
"""Simulated games for each game ranked among them, and the limits; their own chance error, which
the tests allow for, is a seventh of the games' own."""

NULL_SEED = 20_260_101
_CHUNK = 10_000

WINDOW = 200
"""Simulated games nearest in length that a game is ranked among."""

Numbers = npt.NDArray[np.float64]

_PEAK = Question(
    "peak", "Peaks", "Do games climb as high as fair games of their length?", "complete games"
)
_LOW = Question(
    "low", "Lowest prices", "Do games fall as low as fair games of their length?", "complete games"
)


@dataclass(frozen=True)
class FairNull:
    """Simulated fair games in order of length; all arrays are (n_games,)."""

    lengths: npt.NDArray[np.int64]
    peaks: Numbers
    lows: Numbers

    def __len__(self) -> int:
        return len(self.lengths)


def null_size(complete: int) -> int:
    """Return how many games to simulate for so many complete ones; none where no test is made."""
    return min(max(NULL_A_GAME * complete, FEWEST_NULL), MOST_NULL) if complete >= FEWEST else 0


_made: dict[tuple[int, int], FairNull] = {}


def fair_null(count: int, seed: int = NULL_SEED, *, engine: ChunkEngine = IN_PROCESS) -> FairNull:
    """Simulate fair games, once a process: the same count and seed give the same games."""
    if (count, seed) not in _made:
        _made[count, seed] = _simulated(_NullWork(count, seed, engine.threads), engine)
    return _made[count, seed]


@dataclass(frozen=True)
class _NullWork:
    """Simulates a chunk of the games: (lengths, peaks, lows)."""

    count: int
    seed: int
    threads: int

    @property
    def chunks(self) -> range:
        return range(-(-self.count // _CHUNK))

    def __call__(self, chunk: int) -> tuple[npt.NDArray[np.int64], Numbers, Numbers]:
        size = min(_CHUNK, self.count - chunk * _CHUNK)
        games = generate_games(size, self.seed + chunk, threads=self.threads)
        return games.rug_ticks, *extremes(games)


def _simulated(work: _NullWork, engine: ChunkEngine) -> FairNull:
    with closing(engine.run(work, work.chunks)) as results:
        made = dict(results)
    parts = [made[chunk] for chunk in work.chunks]
    parts.insert(0, (np.empty(0, np.int64), np.empty(0), np.empty(0)))
    lengths, peaks, lows = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(lengths, kind="stable")
    return FairNull(lengths[order], peaks[order], lows[order])


def extremes(games: Games) -> tuple[Numbers, Numbers]:
    """Return the highest and the lowest price before the rug of complete games: (n_games,) each."""
    starts = games.offsets[:-1]
    before = games.prices.copy()
    ends = games.offsets[1:] - 1
    before[ends] = np.inf
    lows = np.minimum.reduceat(before, starts) if len(games) else np.empty(0)
    before[ends] = -np.inf
    peaks = np.maximum.reduceat(before, starts) if len(games) else np.empty(0)
    return peaks, lows


def wrong_rug_prices(games: Games) -> int:
    """Count the games known at every tick whose last price is not what their lowest price gives."""
    whole = games.only_complete()
    _, lows = extremes(whole)
    return int((whole.prices[whole.offsets[1:] - 1] != lows * RUG_FRACTION).sum())


def rank_pits(
    lengths: npt.NDArray[np.int64],
    values: Numbers,
    null: FairNull,
    null_values: Numbers,
    random: np.random.Generator,
) -> Numbers:
    """Rank each value among simulated games of about its length: (n_games,), uniform if fair."""
    first = np.searchsorted(null.lengths, lengths, "left")
    last = np.searchsorted(null.lengths, lengths, "right")
    middle = (first + last) // 2
    window = min(WINDOW, len(null))
    begin = np.clip(np.minimum(first, middle - window // 2), 0, len(null) - window)
    end = np.maximum(np.maximum(last, begin + window), 0)
    shares = random.random(len(values))
    pits = np.empty(len(values))
    for game, (start, stop) in enumerate(zip(begin.tolist(), end.tolist(), strict=True)):
        among = null_values[start:stop]
        less = np.count_nonzero(among < values[game])
        equal = np.count_nonzero(among == values[game])
        pits[game] = (less + shares[game] * (equal + 1)) / (len(among) + 1)
    return pits


def extreme_tests(
    games: Games, null: FairNull, random: np.random.Generator
) -> tuple[Finding, Finding]:
    """Test peaks and lowest prices of the games that are known at every tick."""
    whole = games.only_complete()
    peaks, lows = extremes(whole)
    return (
        _finding(_PEAK, rank_pits(whole.rug_ticks, peaks, null, null.peaks, random), null),
        _finding(_LOW, rank_pits(whole.rug_ticks, lows, null, null.lows, random), null),
    )


def _finding(question: Question, pits: Numbers, null: FairNull) -> Finding:
    if len(pits) < FEWEST:
        return question.unanswered(len(pits), f"needs {FEWEST} complete games")
    return question.answer(len(pits), *uniform_ks(pits, null_size=len(null)))
