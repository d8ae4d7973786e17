"""Games to tune on and games to check on: cut by time, so that nothing is judged on what made it.

Used by backtests and sweeps. A part is a run of whole games in order of time; no game is in two
parts, and every game a strategy is checked on came after the games it was chosen on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from vectra_player.analysis.games import Games
from vectra_player.errors import UsageError

DEFAULT_TRAIN_SHARE = 0.7
DEFAULT_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Part:
    """Games `first` to `last` - 1 of a run of games in order of time."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first

    @property
    def slice(self) -> slice:
        """Return the part as an index into arrays with one entry a game."""
        return slice(self.first, self.last)


@dataclass(frozen=True, slots=True)
class Fold:
    """One step of a walk forward: choose on `train`, check on `validation`, which follows it."""

    train: Part
    validation: Part


def check_order(games: Games) -> None:
    """Make sure that cutting by index is cutting by time.

    Raises UsageError where a game is there twice or ended before the one in front of it.
    """
    if len(set(games.game_ids)) != len(games):
        raise UsageError("A game is there twice.", advice="Name each game once.")
    known = games.ended_at[games.ended_at >= 0]
    if any(before > after for before, after in pairwise(known.tolist())):
        raise UsageError("The games are not in order of time.")


def split_by_time(n_games: int, train_share: float = DEFAULT_TRAIN_SHARE) -> Fold:
    """Cut games in order of time in two: the earlier ones train, the later ones validate.

    Raises UsageError for a share that is not above 0 and below 1.
    """
    if not 0 < train_share < 1:
        raise UsageError(
            f"A share of {train_share:g} of the games cannot be set apart for tuning.",
            advice="Give a number above 0 and below 1, such as 0.7.",
        )
    cut = round(n_games * train_share)
    if n_games >= 2:  # both parts have a game where that can be
        cut = min(max(cut, 1), n_games - 1)
    return Fold(Part(0, cut), Part(cut, n_games))


def evaluation_start(ended_at: Sequence[int], train_share: float) -> int | None:
    """Return the moment of the cut: games that ended then or later are to evaluate on.

    ended_at: microseconds UTC in order. Games that ended together stay together. Just after the
    last game where none is left to evaluate on, None where there is no game. Raises UsageError as
    `split_by_time`.
    """
    first = split_by_time(len(ended_at), train_share).validation.first
    if not len(ended_at):
        return None
    return int(ended_at[first]) if first < len(ended_at) else int(ended_at[-1]) + 1


def walk_forward(n_games: int, folds: int = DEFAULT_FOLDS) -> tuple[Fold, ...]:
    """Cut games in order of time into folds + 1 runs: each but the first checks all before it.

    Fewer folds where there are too few games. Raises UsageError for less than one fold.
    """
    if folds < 1:
        raise UsageError(f"{folds} folds cannot be made.", advice="Ask for one or more.")
    pieces = min(folds + 1, n_games)
    bounds = [n_games * piece // pieces for piece in range(pieces + 1)] if pieces else [0]
    return tuple(
        Fold(Part(0, first), Part(first, last)) for first, last in pairwise(bounds) if first
    )
