"""What is left of the best variants of a sweep: on games they were not chosen on.

Used by `analysis.sweep` alone. The best of many worthless variants looks good on the games it was
chosen on; these are the two ways to see that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vectra_player.analysis.contestant import Contestant
from vectra_player.analysis.games import Games
from vectra_player.analysis.measures import Measures, measure
from vectra_player.analysis.play import Columns, columns_of
from vectra_player.analysis.significance import LAMPORTS, Numbers
from vectra_player.analysis.splits import Part, walk_forward
from vectra_player.errors import VectraError
from vectra_player.strategy.sizing import from_lamports, to_lamports


class Best(msgspec.Struct, frozen=True, kw_only=True):
    """A variant that did well on the train games, and what it did on the later ones."""

    rank: int
    variant: int
    params: dict[str, Any]
    train: Measures
    validation: Measures


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the walk forward: the variant that was best before, on games first to last - 1.

    Means are SOL a game: `before` on all games before, `after` on these.
    """

    first: int
    last: int
    variant: int
    params: dict[str, Any]
    before: float
    after: float
    profit: Decimal


def pieces_of(n_games: int, folds: int) -> tuple[Part, ...]:
    """Return the stretches of a walk forward in order; the first is only chosen on."""
    steps = walk_forward(n_games, folds)
    return (steps[0].train, *(step.validation for step in steps)) if steps else ()


def walk(table: pa.Table, pieces: Sequence[Part]) -> Iterator[tuple[int, Part, float, float, int]]:
    """Yield (variant, stretch, mean before, mean after, profit in lamports) of each step.

    Before each stretch the variant with the highest sharpe on all games so far is chosen.
    """
    sums, squares = (_lists(table, name, len(pieces)) for name in ("sums", "squares"))
    for step in range(1, len(pieces)):
        games = pieces[step].first
        mean = sums[:, :step].sum(axis=1) / LAMPORTS / games
        variance = squares[:, :step].sum(axis=1) / games - mean**2
        spread = np.sqrt(np.maximum(variance, 0.0))
        sharpe = np.divide(mean, spread, out=np.full(len(mean), -np.inf), where=spread > 0)
        best = int(np.argmax(sharpe))
        after = sums[best, step]
        length = max(len(pieces[step]), 1)
        yield best, pieces[step], float(mean[best]), float(after / LAMPORTS / length), int(after)


def steps_of(
    table: pa.Table, pieces: Sequence[Part], params: Callable[[int], dict[str, Any]]
) -> tuple[Step, ...]:
    """Return the walk forward over the variants' tables."""
    return tuple(
        Step(
            first=part.first,
            last=part.last,
            variant=variant,
            params=params(variant),
            before=before,
            after=after,
            profit=from_lamports(profit),
        )
        for variant, part, before, after, profit in walk(table, pieces)
    )


def best_rows(table: pa.Table, scores: Numbers, top: int) -> list[int]:
    """Return the variants with the highest scores, then means; those that failed left out."""
    failed = table.column("error").is_valid().to_numpy()
    mean = table.column("mean").to_numpy()
    score = np.where(failed | np.isnan(scores), -1.0, scores)
    order = np.lexsort((np.arange(len(score)), -mean, -score))
    return [int(row) for row in order[:top] if not failed[row]]


class Judge(msgspec.Struct, frozen=True):
    """Plays variants again on the event engine: on the games they were chosen on, and later ones.

    sharpes: of all variants, (n_variants,). tried: all that were ever tried on these games.
    """

    contestant: Contestant
    train: Games
    validation: Games
    sharpes: Numbers
    tried: int
    shown: int
    seed: int

    def judge(self, rank: int, row: dict[str, Any], params: dict[str, Any]) -> Best:
        """Return a variant's figures on both parts.

        Raises VectraError where the event engine does not confirm the figures of the sweep.
        """
        contestant = self.contestant.with_params(params)
        cash = to_lamports(contestant.conditions.cash)
        train = self._play(contestant, self.train)
        found = (int(train.profit.sum()), int(train.at_risk.sum()))
        if found != (to_lamports(row["profit"]), to_lamports(row["put_in"])):
            raise VectraError(
                f"Both paths of the backtest disagree about variant {row['variant']}.",
                advice="Nothing of this sweep can be trusted; please report its command.",
            )
        later = self._play(contestant, self.validation)
        return Best(
            rank=rank,
            variant=row["variant"],
            params=params,
            train=measure(
                "train",
                train,
                cash,
                seed=self.seed,
                variants=self.tried,
                other_sharpes=self.sharpes,
            ),
            validation=measure("validation", later, cash, seed=self.seed, variants=self.shown),
        )

    def _play(self, contestant: Contestant, games: Games) -> Columns:
        return columns_of(contestant.play(games, seed=self.seed).games, len(games))


def _lists(table: pa.Table, name: str, width: int) -> npt.NDArray[np.float64]:
    values = table.column(name).to_pylist()
    return np.array(values, np.float64).reshape(len(values), width)
