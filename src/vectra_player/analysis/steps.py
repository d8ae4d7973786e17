"""Price steps that were seen, and what kind each is: the one place that takes games apart.

Pure. Used by `analysis.volatility` and `fairness.steps`; the sizes are the published ones of
`game.price_path`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vectra_player.analysis.games import Games
from vectra_player.game.price_path import V3

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_BIG = (V3.drift_max + V3.noise * V3.noise_cap + V3.big_min) / 2
"""Between the largest small move, 0.08, and the smallest big one, 0.15."""

_GOD = (V3.god_factor - 1) / 2
"""Between the largest big move, 0.25, and a god candle, 9."""


@dataclass(frozen=True)
class Steps:
    """Steps between two known neighbouring prices, the fall at the rug left out; all (n_steps,).

    price: before the step. change: relative. game, tick: index of the game and tick it led to.
    """

    price: Floats
    change: Floats
    game: Whole
    tick: Whole

    def __len__(self) -> int:
        return len(self.change)

    def take(self, chosen: Flags) -> Steps:
        """Return some of the steps."""
        return Steps(self.price[chosen], self.change[chosen], self.game[chosen], self.tick[chosen])

    @property
    def god(self) -> Flags:
        """Tell which steps multiplied the price."""
        jumped: Flags = self.change > _GOD
        return jumped

    @property
    def big(self) -> Flags:
        """Tell which steps are big moves."""
        return (np.abs(self.change) > _BIG) & ~self.god


def steps_of(games: Games) -> Steps:
    """Take the steps between neighbouring ticks whose prices are known."""
    lengths = np.diff(games.offsets)
    game = np.repeat(np.arange(len(games)), lengths)
    tick = np.arange(len(games.prices)) - np.repeat(games.offsets[:-1], lengths)
    before, after = games.prices[:-1], games.prices[1:]
    used = (tick[1:] > 0) & (tick[1:] != games.rug_ticks[game[1:]])
    used &= ~np.isnan(before) & ~np.isnan(after) & (before > 0)
    price, change = before[used], after[used] / before[used] - 1
    return Steps(price, change, game[1:][used], tick[1:][used])
