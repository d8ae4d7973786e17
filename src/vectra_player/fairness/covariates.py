"""What was known before each rug check besides the price: trades so far and money on sidebets.

Read from a store, laid out as the games' prices. Used by `fairness.audit`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from vectra_player.analysis.games import Games
from vectra_player.store import observations
from vectra_player.store.reads import Origins, StoreReader

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Covariates:
    """Values at each tick, NaN where not known: (n_prices,), laid out as `Games.prices`.

    trades: logarithm of 1 + trades of the game so far. stakes: logarithm of 1 + SOL on sidebets
    whose window holds the next tick.
    """

    trades: Numbers
    stakes: Numbers


def unknown(games: Games) -> Covariates:
    """Return covariates of which nothing is known."""
    nothing = np.full(len(games.prices), np.nan)
    return Covariates(nothing, nothing)


def read_covariates(reader: StoreReader, games: Games, origins: Origins) -> Covariates:
    """Read what the recordings say of trades and sidebets of these games."""
    ids = pa.array(games.game_ids, pa.string())
    return Covariates(_trades(reader, games, ids, origins), _stakes(reader, games, ids, origins))


def _trades(reader: StoreReader, games: Games, ids: Any, origins: Origins) -> Numbers:
    table: Any = observations.trade_counts(reader, games.game_ids, origins)
    values = np.full(len(games.prices), np.nan)
    game = _index(table, ids)
    tick = table.column("tick").to_numpy().astype(np.int64)
    inside = tick < np.diff(games.offsets)[game]
    places = games.offsets[game[inside]] + tick[inside]
    values[places] = np.log1p(table.column("trade_count").to_numpy()[inside])
    return values


def _stakes(reader: StoreReader, games: Games, ids: Any, origins: Origins) -> Numbers:
    told = set(observations.games_with_sidebets(reader, games.game_ids, origins))
    known = np.asarray([name in told for name in games.game_ids], np.bool_)
    table: Any = observations.open_stakes(reader, games.game_ids, origins)
    game = _index(table, ids)
    lengths = np.diff(games.offsets)[game]
    start = np.clip(table.column("start_tick").to_numpy(), 0, lengths)
    end = np.clip(table.column("end_tick").to_numpy(), 0, lengths)
    stake = table.column("stake").to_numpy()
    change = np.zeros(len(games.prices) + 1)
    np.add.at(change, games.offsets[game] + start, stake)
    np.add.at(change, games.offsets[game] + end, -stake)
    open_now = np.cumsum(change)[:-1]
    covered = np.repeat(known, np.diff(games.offsets))
    return np.where(covered, np.log1p(np.maximum(open_now, 0.0)), np.nan)


def _index(table: Any, ids: Any) -> npt.NDArray[np.int64]:
    found = pc.index_in(table.column("game_id"), value_set=ids)
    return np.asarray(found, np.int64)
