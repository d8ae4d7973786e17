"""Does a strategy know more than it could? Its future is exchanged, and its games are renamed.

The engine shows a strategy nothing later than its tick, but a user's strategy may read a file or
remember what it was tuned on. Used by `analysis.backtest`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import zip_longest
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from vectra_player.analysis.games import Games, generate_games
from vectra_player.protocol.phases import GamePhase
from vectra_player.strategy.records import Decision, RunResult

SAMPLE = 12
"""Games whose future is exchanged; each is played twice."""

Play = Callable[[Games], RunResult]


class LookAhead(msgspec.Struct, frozen=True, kw_only=True):
    """What the check found: games whose future was exchanged, and what was wrong, if anything."""

    games: int
    problem: str | None


def check_lookahead(play: Play, games: Games, played: RunResult, *, seed: int) -> LookAhead:
    """Play games with another future and under other names: decisions must stay the same.

    `play` plays games from a fresh start; `played` is what it made of these.
    """
    random = np.random.default_rng(seed)
    chosen = random.permutation(len(games))[:SAMPLE]
    others = generate_games(len(chosen), seed=int(random.integers(2**32)))
    for number, game in enumerate(chosen.tolist()):
        length = int(games.last_ticks[game])
        tick = int(random.integers(0, max(length, 1)))
        one = games.take([game])
        other = with_other_future(one, tick, others.prices_of(number))
        before = _up_to(play(one).decisions, tick)
        after = _up_to(play(other).decisions, tick)
        if before != after:
            where = _first_difference(before, after)
            return LookAhead(
                games=number + 1,
                problem=f"In game {games.game_ids[game]} the decision at tick {where} depends on "
                f"what came after tick {tick}.",
            )
    renamed = replace(games, game_ids=tuple(f"game-{number}" for number in range(len(games))))
    if _plain(play(renamed).decisions) != _plain(played.decisions):
        return LookAhead(
            games=len(chosen),
            problem="Under other names the same games are played differently: "
            "the strategy recognises them.",
        )
    return LookAhead(games=len(chosen), problem=None)


def with_other_future(one: Games, tick: int, other: npt.NDArray[np.float64]) -> Games:
    """Return a single game that goes on after `tick` as another game did from its start."""
    past = one.prices_of(0)[: tick + 1]
    known = past[~np.isnan(past)]
    scale = float(known[-1]) if len(known) else 1.0
    prices = np.concatenate([past, other[1:] * scale])
    last = len(prices) - 1
    return replace(
        one,
        prices=prices,
        offsets=np.array([0, len(prices)], np.int64),
        rug_ticks=np.array([last], np.int64),
    )


class _Seen(NamedTuple):
    phase: GamePhase
    tick: int
    action: str
    value: Decimal


def _up_to(decisions: Sequence[Decision], tick: int) -> list[_Seen]:
    return _plain([decision for decision in decisions if decision.tick <= tick])


def _plain(decisions: Sequence[Decision]) -> list[_Seen]:
    return [_Seen(each.phase, each.tick, each.action, each.value) for each in decisions]


def _first_difference(before: Sequence[_Seen], after: Sequence[_Seen]) -> int:
    """Return the tick of the first decision that only one of the two has."""
    pairs = zip_longest(before, after)
    differing = next((ours, theirs) for ours, theirs in pairs if ours != theirs)
    return min(seen.tick for seen in differing if seen is not None)
