"""Is it skill or chance? Intervals, deflated scores and the one rule that calls a winner.

Used by backtests, sweeps and the pages that show them. The unit is always the game: bets of one
game share its rug, games are independent of each other. docs/how-to/backtest.md explains every
figure. Sources of the score: Bailey and Lopez de Prado, "The Deflated Sharpe Ratio" (2014).
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from vectra_player.errors import UsageError

CONFIDENCE = 0.95
RESAMPLES = 4_000
FEWEST_GAMES = 30
"""Games with money at risk below which nothing is called a winner."""

LAMPORTS = 1e9

_EULER = 0.5772156649015329
_BATCH = 500

Amounts = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


class Moments(msgspec.Struct, frozen=True):
    """Mean, spread and shape of the profit of a game, one entry a variant: (n_variants,)."""

    games: int
    mean: Numbers
    sd: Numbers
    skew: Numbers
    kurtosis: Numbers

    @property
    def sharpe(self) -> Numbers:
        """Return mean / sd of a game's profit; nan where every game ended alike."""
        none = np.full(len(self.mean), np.nan)
        ratio: Numbers = np.divide(self.mean, self.sd, out=none, where=self.sd > 0)
        return ratio


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of games says about a strategy. Amounts are SOL a game.

    low, high: bootstrap interval of the mean, by game.
    sharpe: mean / sd of a game's profit. hurdle: the sharpe that the best of `variants`
    worthless ones is expected to show. deflated: chance, from 0 to 1, that the true sharpe is
    above zero once that hurdle is allowed for. All three None where every game ended alike.
    cautious_mean: the mean of the games at risk if the worst loss were as frequent as it can be
    without having been seen. without_best: the mean without the best game.
    winner: beyond chance better than not playing; else `why_not` says what speaks against it.
    """

    games: int
    games_at_risk: int
    mean: float
    low: float
    high: float
    confidence: float
    sharpe: float | None
    variants: int
    hurdle: float | None
    deflated: float | None
    cautious_mean: float
    without_best: float
    winner: bool
    why_not: tuple[str, ...]


def moments(pnl: Amounts) -> Moments:
    """Compute the moments of profits in lamports, (n_variants, n_games) or (n_games,)."""
    table = np.atleast_2d(pnl) / LAMPORTS
    games = table.shape[1]
    if games < 2:
        nothing = np.zeros(len(table))
        mean = table.mean(axis=1) if games else nothing
        return Moments(games, mean, nothing, nothing, nothing + 3.0)
    mean = table.mean(axis=1)
    apart = table - mean[:, None]
    squares = apart * apart  # no `**`: it rounds differently from one processor to another
    square = squares.mean(axis=1)
    spread = np.where(square > 0, square, 1.0)
    return Moments(
        games=games,
        mean=mean,
        sd=np.sqrt(square * games / (games - 1)),
        skew=(squares * apart).mean(axis=1) / (spread * np.sqrt(spread)),
        kurtosis=np.where(square > 0, (squares * squares).mean(axis=1) / (spread * spread), 3.0),
    )


def expected_best(variants: int, variance: float) -> float:
    """Return the sharpe the best of so many worthless variants is expected to show.

    `variance` is that of the variants' own sharpes.
    """
    from scipy.special import ndtri

    if variants < 2:
        return 0.0
    highest = (1 - _EULER) * ndtri(1 - 1 / variants) + _EULER * ndtri(1 - 1 / (variants * math.e))
    return math.sqrt(variance) * float(highest)


def hurdle_of(sharpes: Numbers, games: int, variants: int) -> float:
    """Return the hurdle for `variants` tried on `games` games, of which `sharpes` are known.

    The variance is never taken below 1 / (games - 1), that of one worthless variant: variants
    that resemble each other make the hurdle no lower.
    """
    known = sharpes[np.isfinite(sharpes)]
    seen = float(known.var(ddof=1)) if len(known) > 1 else 0.0
    return expected_best(variants, max(seen, 1 / max(games - 1, 1)))


def deflated_scores(found: Moments, hurdle: float) -> Numbers:
    """Return the chance of each variant that its true sharpe is above the hurdle: (n_variants,).

    Not a number where every game ended alike, as there is nothing to judge by.
    """
    from scipy.special import ndtr

    sharpe = found.sharpe
    spread = 1 - found.skew * sharpe + (found.kurtosis - 1) / 4 * sharpe**2
    with np.errstate(invalid="ignore"):
        excess = (sharpe - hurdle) * math.sqrt(max(found.games - 1, 0)) / np.sqrt(spread)
    scores: Numbers = ndtr(excess)
    return scores


def bootstrap_interval(
    pnl: Amounts, seed: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Return the interval of the mean profit of a game in SOL, by drawing whole games (BCa)."""
    values = pnl / LAMPORTS
    if len(values) < 2 or np.ptp(pnl) == 0:
        mean = float(values.mean()) if len(values) else 0.0
        return mean, mean
    from scipy.stats import bootstrap

    found: Any = bootstrap(
        (values,),
        np.mean,
        confidence_level=confidence,
        n_resamples=RESAMPLES,
        batch=max(1, _BATCH * 1000 // len(values)),
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)


def cautious_mean(pnl: Amounts, at_risk: Amounts) -> float:
    """Return the mean profit of the games at risk, in SOL, with a loss that was not seen yet.

    In n games a loss that never came may still have a chance of 1 - 0.05^(1/n), about 3/n: the
    mean is taken as if the most that was at risk in one game were lost with that chance.
    """
    played = at_risk > 0
    count = int(played.sum())
    if not count:
        return 0.0
    unseen: float = 1 - (1 - CONFIDENCE) ** (1 / count)
    mean, worst = float(pnl[played].mean()), float(at_risk[played].max())
    return ((1 - unseen) * mean - unseen * worst) / LAMPORTS


def weigh(
    pnl: Amounts,
    at_risk: Amounts,
    *,
    seed: int,
    variants: int = 1,
    other_sharpes: Numbers | None = None,
) -> Evidence:
    """Judge one strategy by its games.

    pnl, at_risk: (n_games,) int64 lamports; at_risk is the most that could be lost in a game.
    variants: how many were tried before this one was shown, itself included.
    other_sharpes: what those showed, where that is known.
    Raises UsageError for less than one variant.
    """
    if variants < 1:
        raise UsageError(f"{variants} variants cannot have been tried.", advice="One is the least.")
    found = moments(pnl)
    known = other_sharpes if other_sharpes is not None else np.empty(0)
    hurdle = hurdle_of(known, found.games, variants)
    sharpe, score = float(found.sharpe[0]), float(deflated_scores(found, hurdle)[0])
    low, high = bootstrap_interval(pnl, seed)
    best = int(pnl.max(initial=0))
    facts: dict[str, Any] = {
        "games": found.games,
        "games_at_risk": int((at_risk > 0).sum()),
        "mean": float(found.mean[0]),
        "low": low,
        "high": high,
        "confidence": CONFIDENCE,
        "sharpe": None if math.isnan(sharpe) else sharpe,
        "variants": variants,
        "hurdle": None if math.isnan(sharpe) else hurdle,
        "deflated": None if math.isnan(score) else score,
        "cautious_mean": cautious_mean(pnl, at_risk),
        "without_best": (int(pnl.sum()) - best) / LAMPORTS / max(len(pnl) - 1, 1),
    }
    against = _against(facts)
    return Evidence(**facts, winner=not against, why_not=against)


def _against(facts: dict[str, Any]) -> tuple[str, ...]:
    """List what speaks against calling this a winner; the one place that decides it."""
    deflated = facts["deflated"]
    if facts["mean"] <= 0:
        return ("it won nothing",) if facts["mean"] == 0 else ("it lost",)
    rules = (
        (facts["games_at_risk"] < FEWEST_GAMES, f"it played fewer than {FEWEST_GAMES} games"),
        (facts["low"] <= 0, "its interval reaches zero or below"),
        (
            deflated is None or deflated < CONFIDENCE,
            f"its deflated score is below {CONFIDENCE:.2f}",
        ),
        (facts["cautious_mean"] <= 0, "a loss as rare as not to have come yet would undo it"),
        (facts["without_best"] <= 0, "one game made all the profit"),
    )
    return tuple(reason for holds, reason in rules if holds)
