"""What sidebets are worth: by start tick, in a row, and as players really made them.

Odds come twice: from how games went (`survival.Exposure`) and from the bets that were recorded. The
rule and the fair values are `game.sidebet`'s. Pure. docs/statistics.md explains each figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from vectra_player.analysis.columns import UNKNOWN, codes, flags, floats, game_keys, integers
from vectra_player.analysis.games import Games
from vectra_player.analysis.intervals import (
    LEVEL,
    Estimate,
    beta_limits,
    clustered_proportion,
    clustered_ratio,
    nothing,
)
from vectra_player.analysis.survival import Exposure, WindowChance, exposure, product_limit
from vectra_player.game.sidebet import (
    BREAK_EVEN_CHANCE,
    FAIR_EXPECTED_VALUE,
    FAIR_WIN_CHANCE,
    PAYOUT_MULTIPLE,
    PRESALE_START_TICK,
    WINDOW_TICKS,
    expected_value,
    win_chance,
    wins,
)

Flags = npt.NDArray[np.bool_]

_DRAWS = 10_000
_SEED = 40

START_TICKS = (0, 20, 40, 80, 120, 160, 240, 320, 480)
"""Start ticks of the table of odds unless told otherwise."""

BETS_IN_A_ROW = 4
START_GROUPS = ((PRESALE_START_TICK, 0), (1, 40), (41, 80), (81, 160), (161, 320), (321, 5000))
OTHER_CHECKS = (WINDOW_TICKS - 1, WINDOW_TICKS, WINDOW_TICKS + 1)


class StartOdds(msgspec.Struct, frozen=True, kw_only=True):
    """A bet placed at tick `start`, from how games went. value: mean profit of a stake of 1."""

    start: int
    at_risk: int
    wins: int
    chance: Estimate
    value: Estimate


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One end of bets in a row. bet: which one won, from 1; None where all were lost."""

    bet: int | None
    profit: int
    chance: Estimate


class BetsInARow(msgspec.Struct, frozen=True, kw_only=True):
    """Up to `bets` bets one after another from tick `start`, each a stake of 1, until one wins.

    value: mean profit of the whole row; staked: mean number of bets it takes.
    """

    start: int
    bets: int
    any_win: Estimate
    value: Estimate
    staked: float | None
    fair_staked: float
    outcomes: tuple[Outcome, ...]


class WindowRule(msgspec.Struct, frozen=True, kw_only=True):
    """What a window of so many rug checks would be worth, and how recorded bets would have ended.

    wins, disagree: recorded bets that would have won, and that would have ended otherwise.
    """

    checks: int
    chance: float
    value: float
    wins: int | None
    disagree: int | None


class StartGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Recorded bets that started at ticks `first` to `last`."""

    first: int
    last: int
    games: int
    win_rate: Estimate


class RecordedBets(msgspec.Struct, frozen=True, kw_only=True):
    """Settled bets of players. Intervals are by game: bets on one rug win and lose together.

    equal_stakes: mean profit of a bet had all stakes been alike. sol_return: profit a SOL staked;
    bets in practice coins are left out of it. against_rule: bets that ended otherwise than
    `game.sidebet` says. last_tick_wins: won at the very last tick of their window.
    """

    bets: int
    games: int
    players: int
    wins: int
    own: int
    practice: int
    against_rule: int
    last_tick_wins: int
    one_late_losses: int
    win_rate: Estimate
    equal_stakes: Estimate
    sol_staked: float
    sol_return: Estimate
    by_start: tuple[StartGroup, ...]


class Sidebets(msgspec.Struct, frozen=True, kw_only=True):
    """All about sidebets. recorded: None where the games have none."""

    games: int
    break_even_chance: float
    fair_chance: float
    fair_value: float
    by_start: tuple[StartOdds, ...]
    in_a_row: BetsInARow
    rules: tuple[WindowRule, ...]
    recorded: RecordedBets | None


def sidebets(
    games: Games,
    bets: Any = None,
    starts: Sequence[int] = START_TICKS,
    row: tuple[int, int] = (PRESALE_START_TICK, BETS_IN_A_ROW),
) -> Sidebets:
    """Value sidebets. bets: table of `crowd.settled_sidebets`; row: start tick, number of bets."""
    seen = exposure(games)
    some = bets if bets is not None and bets.num_rows else None
    return Sidebets(
        games=len(games),
        break_even_chance=BREAK_EVEN_CHANCE,
        fair_chance=FAIR_WIN_CHANCE,
        fair_value=FAIR_EXPECTED_VALUE,
        by_start=tuple(_at(seen, start) for start in starts),
        in_a_row=bets_in_a_row(seen, *row),
        rules=tuple(_rule(checks, some) for checks in OTHER_CHECKS),
        recorded=None if some is None else _recorded(some),
    )


def bets_in_a_row(seen: Exposure, start: int, bets: int) -> BetsInARow:
    """Value up to `bets` bets in a row from tick `start`, the next placed where the last ends."""
    windows = [seen.window(start + k * WINDOW_TICKS, WINDOW_TICKS) for k in range(bets)]
    whole = seen.window(start, bets * WINDOW_TICKS)
    known = whole.chance.value is not None
    chances = np.asarray([window.chance.value or 0.0 for window in windows])  # 0: nobody got there
    found = _outcome_estimates(seen, start, bets) if known else [None] * (bets + 1)
    fair_chances = np.full(bets, FAIR_WIN_CHANCE)
    return BetsInARow(
        start=start,
        bets=bets,
        any_win=whole.chance,
        value=_row_estimate(whole, chances, [window.at_risk for window in windows]),
        staked=float(_alive(chances).sum()) if known else None,
        fair_staked=float(_alive(fair_chances).sum()),
        outcomes=tuple(
            Outcome(
                bet=k + 1 if k < bets else None,
                profit=profit,
                chance=_with_fair(limits, float(fair), whole.at_risk),
            )
            for k, (profit, limits, fair) in enumerate(
                zip(_profits(bets), found, _row_chances(fair_chances), strict=True)
            )
        ),
    )


def _row_estimate(whole: WindowChance, chances: Any, watched: Sequence[int]) -> Estimate:
    """Estimate the value of a row of bets.

    The value rises with the chance of each window, so its limits are quantiles of what windows at
    their Clopper-Pearson limits give together, each on its own (the beta product of Fay, Brittain
    and Proschan, 2013), drawn from a fixed seed. One bet has exactly the limits of its chance.
    """
    bets = len(chances)
    if bets == 1:
        return value_of(whole.chance)
    fair = float(_row_value(np.full(bets, FAIR_WIN_CHANCE)))
    if whole.chance.value is None:
        return nothing(whole.at_risk, fair)
    random = np.random.default_rng(_SEED)
    hits, misses = chances * watched, (1.0 - chances) * watched

    def drawn(more_hits: int, more_misses: int) -> Any:
        good = random.standard_gamma(hits + more_hits, (_DRAWS, bets))
        bad = random.standard_gamma(misses + more_misses, (_DRAWS, bets))
        return _row_value(good / (good + bad))

    tail = (1.0 - LEVEL) / 2.0
    return Estimate(
        value=float(_row_value(chances)),
        low=float(np.quantile(drawn(0, 1), tail)),
        high=float(np.quantile(drawn(1, 0), 1.0 - tail)),
        n=whole.at_risk,
        fair=fair,
    )


def _profits(bets: int) -> list[int]:
    """Return the profit of each end of a row: the first bet wins, ..., the last wins, none does."""
    return [PAYOUT_MULTIPLE - 1 - k for k in range(bets)] + [-bets]


def _with_fair(found: tuple[float, float, float] | None, fair: float, n: int) -> Estimate:
    if found is None:
        return nothing(n, fair)
    return Estimate(value=found[0], low=found[1], high=found[2], n=n, fair=fair)


def _alive(chances: Any) -> Any:
    """Return the chance that each bet of a row is placed at all: (..., bets), as `chances`."""
    lost = np.cumprod(1.0 - chances, axis=-1)
    return np.concatenate([np.ones_like(lost[..., :1]), lost[..., :-1]], axis=-1)


def _row_chances(chances: Any) -> Any:
    """Return the chance that each bet of a row is the one that wins, and last that none does."""
    none = np.prod(1.0 - chances, axis=-1, keepdims=True)
    return np.concatenate([_alive(chances) * chances, none], axis=-1)


def _row_value(chances: Any) -> Any:
    """Return the mean profit of a row with these chances: (..., bets) to (...)."""
    return _row_chances(chances) @ np.asarray(_profits(chances.shape[-1]), np.float64)


def _outcome_estimates(
    seen: Exposure, start: int, bets: int
) -> list[tuple[float, float, float] | None]:
    """Estimate each end of a row from the product limit, as `Exposure.window` does."""
    span = slice(start + 1, start + 1 + bets * WINDOW_TICKS)
    alive, size = product_limit(seen.at_risk[span], seen.rugs[span])
    last = np.minimum(np.arange(1, bets + 1) * WINDOW_TICKS, len(alive)) - 1
    after, sizes = alive[last], size[last]
    chances = np.append(-np.diff(after, prepend=1.0), after[-1])
    sizes = np.append(sizes, sizes[-1])
    low, high = beta_limits(chances * sizes, sizes)
    return [(float(c), float(a), float(b)) for c, a, b in zip(chances, low, high, strict=True)]


def _at(seen: Exposure, start: int) -> StartOdds:
    window = seen.window(start, WINDOW_TICKS)
    return StartOdds(
        start=start,
        at_risk=window.at_risk,
        wins=window.rugs,
        chance=window.chance,
        value=value_of(window.chance),
    )


def value_of(chance: Estimate) -> Estimate:
    """Return the mean profit of a stake of 1 that has this chance to win."""
    return chance.scaled(PAYOUT_MULTIPLE, -1.0)


def _rule(checks: int, bets: Any) -> WindowRule:
    chance = win_chance(window_ticks=checks)
    won = disagree = None
    if bets is not None:
        would, known = _by_rule(bets, checks)
        won, disagree = int(would.sum()), int((would != flags(bets, "won"))[known].sum())
    return WindowRule(
        checks=checks, chance=chance, value=expected_value(chance), wins=won, disagree=disagree
    )


def _by_rule(bets: Any, checks: int) -> tuple[Flags, Flags]:
    """Tell which bets a window of so many checks would have won, and where the rug is known."""
    ends: Any = integers(bets, "start_tick") + checks
    rugs: Any = integers(bets, "rug_tick")
    known: Flags = rugs != UNKNOWN
    return wins(ends, rugs) & known, known


def _recorded(bets: Any) -> RecordedBets:
    starts, rugs, won = integers(bets, "start_tick"), integers(bets, "rug_tick"), flags(bets, "won")
    game, names = codes(game_keys(bets))
    stakes, payouts = floats(bets, "stake"), floats(bets, "payout")
    sol = ~flags(bets, "practice") & ~np.isnan(stakes) & ~np.isnan(payouts)
    rate = clustered_proportion(won, np.ones(len(won)), game, FAIR_WIN_CHANCE)
    back = clustered_ratio(payouts[sol], stakes[sol], game[sol], FAIR_EXPECTED_VALUE + 1.0)
    would, known = _by_rule(bets, WINDOW_TICKS)
    lasted = np.where(known, rugs - starts, UNKNOWN)
    return RecordedBets(
        bets=len(won),
        games=len(names),
        players=len(set(codes(bets.column("player_id"))[1]) - {None}),
        wins=int(won.sum()),
        own=int(flags(bets, "own").sum()),
        practice=int(flags(bets, "practice").sum()),
        against_rule=int((would != won)[known].sum()),
        last_tick_wins=int((won & (lasted == WINDOW_TICKS)).sum()),
        one_late_losses=int((~won & (lasted == WINDOW_TICKS + 1)).sum()),
        win_rate=rate,
        equal_stakes=value_of(rate),
        sol_staked=float(stakes[sol].sum()),
        sol_return=back.scaled(1.0, -1.0).clipped(-1.0, PAYOUT_MULTIPLE - 1.0),
        by_start=tuple(
            _group(first, last, (starts >= first) & (starts <= last), won, game)
            for first, last in START_GROUPS
        ),
    )


def _group(first: int, last: int, inside: Flags, won: Flags, game: Any) -> StartGroup:
    ones = np.ones(int(inside.sum()))
    rate = clustered_proportion(won[inside], ones, game[inside], FAIR_WIN_CHANCE)
    return StartGroup(first=first, last=last, games=len(np.unique(game[inside])), win_rate=rate)
