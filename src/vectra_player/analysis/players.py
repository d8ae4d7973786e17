"""Who did well, and whether that is more than luck.

Trades are broadcast as a sample, leaderboards show the ten best of a game only, sidebets are told
in full when a game is revealed: what each can tell is computed, not assumed. Nothing here adds up
volume from the sample. Pure but for `read_crowd`. docs/statistics.md explains each figure.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from vectra_player.analysis.columns import codes, flags, floats, game_keys, integers, places
from vectra_player.analysis.games import Games
from vectra_player.analysis.intervals import (
    Estimate,
    clustered_proportion,
    clustered_ratio,
    proportion,
)
from vectra_player.analysis.peaks import fair_profit_chance
from vectra_player.game.sidebet import FAIR_WIN_CHANCE, WINDOW_TICKS
from vectra_player.store import crowd
from vectra_player.store.reads import GameFilter, StoreReader

FEWEST = 5
"""Tries a player needs to be tested; set before anybody was looked at."""

SHOWN = 10

Whole = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class CrowdTables(NamedTuple):
    """What recordings have of players: tables of `store.crowd`."""

    trades: Any
    coverage: Any
    boards: Any
    bets: Any


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the trades that were made were broadcast, in games that were watched.

    lowest, highest: share of a single game. widening: an interval drawn from the sample is about
    so many times as wide as one drawn from all trades would be: 1 / sqrt(share).
    """

    games: int
    sampled: int
    made: int
    share: Estimate
    lowest: float
    highest: float
    widening: float | None


class LuckTest(msgspec.Struct, frozen=True, kw_only=True):
    """How surprising a player's record is in a fair game.

    p_value: chance of doing at least as well by luck alone. by_chance: how many of the players who
    were tested are expected to look at least this good by luck. adjusted: bound on the chance that
    any of them does.
    """

    p_value: float
    by_chance: float
    adjusted: float


class PlayerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A player's successes among tries. games: those in which the tries were made."""

    player_id: str
    username: str | None
    games: int
    rate: Estimate
    luck: LuckTest


class PlayerField(msgspec.Struct, frozen=True, kw_only=True):
    """All players with tries of one kind. tested: those with FEWEST tries or more.

    together: success of all tries, its interval by game. best: the least probable records first.
    """

    players: int
    tested: int
    together: Estimate
    best: tuple[PlayerRecord, ...]


class BoardRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A player's final places on leaderboards. result: profit a SOL put in, by game."""

    player_id: str
    username: str | None
    boards: int
    best_place: int
    invested: float
    profit: float
    result: Estimate


class Boards(msgspec.Struct, frozen=True, kw_only=True):
    """Final leaderboards, players in practice coins left out.

    full: boards with all places taken, which hide everybody below. There is no test: who lost is
    not on the board, so those on it look good without being so.
    """

    games: int
    full: int
    players: int
    best: tuple[BoardRecord, ...]


class Players(msgspec.Struct, frozen=True, kw_only=True):
    """Exceptional players, with what luck alone would show.

    buys: a try is a player's first sampled buy in a game; it succeeds when the game stands higher
    `horizon_ticks` later. bets: a try is a settled sidebet; it succeeds when it wins.
    """

    horizon_ticks: int
    trades_sampled: int
    coverage: Coverage | None
    buys: PlayerField
    bets: PlayerField
    boards: Boards


class _Tries(NamedTuple):
    """Tries: number of the player and of the game, success; ids and names of the players."""

    player: Whole
    game: Whole
    success: npt.NDArray[np.bool_]
    player_ids: list[Any]
    names: dict[str, str]


def read_crowd(reader: StoreReader, chosen: GameFilter) -> CrowdTables:
    """Read what recordings have of players; whoever was logged in here is no other player."""
    return CrowdTables(
        crowd.sampled_trades(reader, chosen),
        crowd.trade_coverage(reader, chosen),
        crowd.final_boards(reader, chosen),
        crowd.settled_sidebets(reader, chosen),
    )


def players(games: Games, tables: CrowdTables, horizon_ticks: int = WINDOW_TICKS) -> Players:
    """Judge players by their sampled buys in `games`, their sidebets and the leaderboards."""
    return Players(
        horizon_ticks=horizon_ticks,
        trades_sampled=int(tables.trades.num_rows),
        coverage=_coverage(tables.coverage),
        buys=_field(_buys(games, tables.trades, horizon_ticks), fair_profit_chance(horizon_ticks)),
        bets=_field(_bets(tables.bets), FAIR_WIN_CHANCE),
        boards=_boards(tables.boards),
    )


def luck(successes: Whole, tries: Whole, fair: float) -> list[LuckTest]:
    """Test each player's successes among tries against a fair chance: (n_players,) each.

    `by_chance` adds up, over all players, the chance to reach a p-value at least as small with
    their own number of tries: the p-values of few tries come in steps.
    """
    from scipy.stats import binom

    numbers, players_with = np.unique(tries, return_counts=True)
    tests = []
    for p_value in binom.sf(successes - 1, tries, fair):
        # isf: the most successes that are not yet this surprising; the margin is for rounding.
        most = binom.isf(p_value * (1 + 1e-9), numbers, fair)
        by_chance = max(float(players_with @ binom.sf(most, numbers, fair)), float(p_value))
        tests.append(
            LuckTest(p_value=float(p_value), by_chance=by_chance, adjusted=min(1.0, by_chance))
        )
    return tests


def _coverage(table: Any) -> Coverage | None:
    sampled, made = floats(table, "sampled"), floats(table, "made")
    if not len(made):
        return None
    seen, total = int(sampled.sum()), int(made.sum())
    return Coverage(
        games=len(made),
        sampled=seen,
        made=total,
        share=clustered_proportion(sampled, made, np.arange(len(made))),
        lowest=float((sampled / made).min()),
        highest=float((sampled / made).max()),
        widening=math.sqrt(total / seen) if seen else None,
    )


def _buys(games: Games, trades: Any, horizon: int) -> _Tries:
    """Take each player's first sampled buy in each game of which we know how it went on.

    Only the first: those of one player in one game stand or fall together.
    """
    game = places(trades.column("game_id").combine_chunks(), pa.array(games.game_ids, pa.string()))
    player, ids = codes(trades.column("player_id"))
    action = np.asarray(trades.column("action_type").to_pylist(), object)
    buys = (action == "BUY") & (game >= 0)
    later = np.full(len(game), np.nan)
    later[buys] = _stands_higher(games, game[buys], integers(trades, "tick")[buys], horizon)
    told = np.flatnonzero(~np.isnan(later))
    _, first = np.unique(np.stack([player[told], game[told]]), axis=1, return_index=True)
    chosen = told[first]
    return _Tries(player[chosen], game[chosen], later[chosen] == 1.0, ids, _names(trades))


def _stands_higher(games: Games, game: Whole, tick: Whole, horizon: int) -> Floats:
    """Tell whether a price is higher `horizon` ticks on: 1 yes, 0 no or rugged, NaN not known."""
    found = np.full(len(game), np.nan)
    rug = games.rug_ticks[game]
    inside = (tick >= 0) & (tick <= games.last_ticks[game])
    rugged = inside & (rug > tick) & (rug <= tick + horizon)
    found[rugged] = 0.0
    alive = inside & ~rugged & (rug != tick) & (tick + horizon <= games.last_ticks[game])
    start = games.offsets[game[alive]] + tick[alive]
    now, then = games.prices[start], games.prices[start + horizon]
    found[alive] = np.where(np.isnan(now) | np.isnan(then), np.nan, then > now)
    return found


def _bets(bets: Any) -> _Tries:
    others = bets.filter(pc.invert(bets.column("own")))
    named = others.filter(others.column("player_id").is_valid())
    player, ids = codes(named.column("player_id"))
    game, _ = codes(game_keys(named))
    return _Tries(player, game, flags(named, "won"), ids, _names(named))


def _names(table: Any) -> dict[str, str]:
    """Return the name last seen of each player."""
    named = table.filter(table.column("username").is_valid())
    ids, names = named.column("player_id").to_pylist(), named.column("username").to_pylist()
    return dict(zip(ids, names, strict=True))


def _field(tries: _Tries, fair: float) -> PlayerField:
    count = np.bincount(tries.player, minlength=len(tries.player_ids))
    good = np.bincount(tries.player[tries.success], minlength=len(tries.player_ids))
    tested = np.flatnonzero(count >= FEWEST)
    tests = luck(good[tested], count[tested], fair)
    order = sorted(range(len(tested)), key=lambda k: (tests[k].p_value, -count[tested[k]]))
    one_each = np.ones(len(tries.success))
    return PlayerField(
        players=int(np.count_nonzero(count)),
        tested=len(tested),
        together=clustered_proportion(tries.success, one_each, tries.game, fair),
        best=tuple(
            _record(tries, int(tested[k]), int(good[tested[k]]), fair, tests[k])
            for k in order[:SHOWN]
        ),
    )


def _record(tries: _Tries, player: int, good: int, fair: float, test: LuckTest) -> PlayerRecord:
    own = tries.player == player
    player_id = str(tries.player_ids[player])
    return PlayerRecord(
        player_id=player_id,
        username=tries.names.get(player_id),
        games=len(np.unique(tries.game[own])),
        rate=proportion(good, int(own.sum()), fair),
        luck=test,
    )


def _boards(boards: Any) -> Boards:
    game, names = codes(game_keys(boards))
    entries = np.zeros(len(names), np.int64)
    entries[game] = integers(boards, "entries")
    invested, profit = floats(boards, "invested"), floats(boards, "pnl")
    player, ids = codes(boards.column("player_id"))
    counted = ~flags(boards, "practice") & (invested > 0) & ~np.isnan(profit)
    total = np.bincount(player[counted], profit[counted], len(ids))
    known = _names(boards)
    place = integers(boards, "place")
    best = []
    for number in np.argsort(-total, kind="stable")[:SHOWN]:
        own = counted & (player == number)
        if own.any():
            player_id = str(ids[number])
            best.append(
                BoardRecord(
                    player_id=player_id,
                    username=known.get(player_id),
                    boards=int(own.sum()),
                    best_place=int(place[own].min()),
                    invested=float(invested[own].sum()),
                    profit=float(total[number]),
                    result=clustered_ratio(profit[own], invested[own], game[own]),
                )
            )
    return Boards(
        games=len(names),
        full=int((entries >= crowd.BOARD_SIZE).sum()),
        players=len(np.unique(player[counted])),
        best=tuple(best),
    )
