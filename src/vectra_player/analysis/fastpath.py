"""The fast path of a backtest: many variants over many games, compiled, exact to the lamport.

It decides by the bodies of `strategy.rules` and `strategy.sizing`, the very ones the event engine
calls, and never guesses: a game that float64 or an empty purse leaves open is played again on the
event engine. What it cannot play at all it refuses, and the caller takes the event engine. Used
by `analysis.sweep`. docs/decisions/0015-two-paths-of-a-backtest.md says why both agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from vectra_player.analysis.games import UNKNOWN, Games
from vectra_player.analysis.play import Columns, Conditions, columns_of, play
from vectra_player.game.sidebet import MAX_STAKE_SOL, MIN_STAKE_SOL
from vectra_player.strategy import rules, sizing
from vectra_player.strategy.api import Strategy
from vectra_player.strategy.builtin.ruled import RuleStrategy
from vectra_player.strategy.builtin.sidebets import ProfileSidebet
from vectra_player.strategy.engine import DAY_US
from vectra_player.strategy.latency import Latency
from vectra_player.strategy.limits import NO_LIMITS
from vectra_player.strategy.profile import Profile
from vectra_player.strategy.rules import MAX_LATENCY_TICKS, Rule
from vectra_player.strategy.sizing import from_lamports, to_lamports

Amounts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Brief:
    """What games brought a variant, one entry a game; amounts in lamports, the rest counts."""

    profit: Amounts
    at_risk: Amounts
    buys: Amounts
    bets: Amounts
    bets_won: Amounts

    @classmethod
    def of(cls, columns: Columns) -> Brief:
        """Return the brief form of what the event engine brought."""
        return cls(columns.profit, columns.at_risk, columns.buys, columns.bets, columns.bets_won)


class Maker(Protocol):
    """Makes a fresh strategy to play from the first game on."""

    def __call__(self) -> Strategy:
        """Return it."""
        ...


def why_not(strategy: Strategy, games: Games, conditions: Conditions) -> str | None:
    """Say why the fast path cannot play this; None where it can."""
    if conditions.limits != NO_LIMITS:
        return "limits of a run are kept by the event engine alone"
    if not games.complete.all():
        return "a game has gaps or an unseen end"
    if isinstance(strategy, ProfileSidebet):
        if type(strategy) is not ProfileSidebet:
            return "the strategy decides in a way of its own"
        if conditions.latency_ms > 0:
            return "the bets of a profile are exact only without latency"
        if conditions.cash != strategy.profile.execution.initial_balance:
            return "the cash is not the profile's initial balance"
        return None
    if not isinstance(strategy, RuleStrategy) or not _follows_its_rule(strategy):
        return "the strategy decides tick by tick"
    ticks = Latency.ms(conditions.latency_ms).fixed_ticks
    if ticks is None or ticks > MAX_LATENCY_TICKS:
        return "the latency is too long"
    bet = strategy.rule().bet
    if bet and not to_lamports(MIN_STAKE_SOL) <= bet <= to_lamports(MAX_STAKE_SOL):
        return "the sidebet is outside the limits of the game"
    return None


def play_fast(
    makers: Sequence[Maker], games: Games, conditions: Sequence[Conditions], *, seed: int
) -> list[Brief]:
    """Play variants that `why_not` has nothing against, each from the first game on.

    All are of one kind: profiles, or rules under the same conditions but for their cash.
    """
    strategies = [make() for make in makers]
    profiles = [each.profile for each in strategies if isinstance(each, ProfileSidebet)]
    if len(profiles) == len(strategies):
        return play_profiles(profiles, games)
    return _play_rules(strategies, makers, games, conditions, seed)


# Profiles --------------------------------------------------------------------------------------


def new_days(games: Games) -> npt.NDArray[np.bool_]:
    """Tell which games are the first of a later UTC day than those before: (n_games,).

    A game without a time belongs to the day of the game before it.
    """
    fresh = np.zeros(len(games), np.bool_)
    today = None
    for game, ended in enumerate(games.ended_at.tolist()):
        if ended != UNKNOWN:
            fresh[game] = today is not None and ended // DAY_US != today
            today = ended // DAY_US
    return fresh


def play_profiles(profiles: Sequence[Profile], games: Games) -> list[Brief]:
    """Play the sidebets of profiles that `why_not` has nothing against."""
    play_order = sizing.compiled(sizing.play_order)
    fresh, no_buys = new_days(games), np.zeros(len(games), np.int64)
    offered: dict[tuple[int, int], Any] = {}
    briefs = []
    for profile in profiles:
        place = (profile.execution.entry_tick, profile.execution.num_bets)
        if place not in offered:
            offered[place] = sizing.ladders(profile, games.rug_ticks)
        out = np.zeros((len(games), 4), np.int64)
        terms, sizes = sizing.rules_of(profile), sizing.bet_sizes_of(profile)
        play_order(terms, sizes, *offered[place], fresh, out)
        profit, staked, bets, bets_won = out.T
        briefs.append(Brief(profit, staked, no_buys, bets, bets_won))
    return briefs


# Rules -----------------------------------------------------------------------------------------


def _follows_its_rule(strategy: RuleStrategy) -> bool:
    kind = type(strategy)
    return all(
        getattr(kind, name) is getattr(RuleStrategy, name)
        for name in ("on_game_start", "on_tick", "on_game_end")
    )


def _play_rules(
    strategies: Sequence[Any],
    makers: Sequence[Maker],
    games: Games,
    conditions: Sequence[Conditions],
    seed: int,
) -> list[Brief]:
    chosen: list[Rule] = [strategy.rule() for strategy in strategies]
    found = rules.play_rules(
        chosen,
        games.prices,
        games.offsets,
        games.rug_ticks,
        latency_ticks=Latency.ms(conditions[0].latency_ms).fixed_ticks or 0,
        rug_payout=conditions[0].rug_payout,
    )
    profit = (found.trade_profit + found.sidebet_profit).astype(np.int64)
    buys, bets = found.buys.astype(np.int64), found.bets.astype(np.int64)
    briefs = []
    for row, rule in enumerate(chosen):
        brief = Brief(
            profit[row],
            buys[row] * rule.buy + bets[row] * rule.bet,
            buys[row],
            bets[row],
            found.bets_won[row].astype(np.int64),
        )
        open_games = np.flatnonzero(found.doubtful[row])
        one = _OneGame(makers[row], games, conditions[row], seed)
        for game in open_games.tolist():
            one.play_into(brief, game, conditions[row].cash + _PLENTY)
        _keep_to_the_purse(brief, rule, one)
        briefs.append(brief)
    return briefs


_PLENTY = from_lamports(10**15)
"""A million SOL: what no rule spends in one game."""


@dataclass(frozen=True)
class _OneGame:
    """Plays single games on the event engine."""

    make: Maker
    games: Games
    conditions: Conditions
    seed: int

    def play_into(self, brief: Brief, game: int, cash: Any) -> None:
        """Replace what a game brought by what the event engine says, begun with so much cash."""
        conditions = msgspec.structs.replace(self.conditions, cash=cash)
        result = play(
            self.make(), self.games, conditions, seed=self.seed, first=game, last=game + 1
        )
        exact = Brief.of(columns_of(result.games, 1))
        for name in Brief.__dataclass_fields__:
            getattr(brief, name)[game] = getattr(exact, name)[0]


def _keep_to_the_purse(brief: Brief, rule: Rule, one: _OneGame) -> None:
    """Play again, with the cash there is, the games for which it might not have been enough."""
    start = to_lamports(one.conditions.cash)
    least = min((amount for amount in (rule.buy, rule.bet) if amount), default=0)
    game = 0
    while True:
        before = start + np.cumsum(brief.profit[game:]) - brief.profit[game:]
        # With at least all that a game takes in its course, nothing is refused in it.
        short = np.flatnonzero(before < brief.at_risk[game:])
        if not len(short):
            return
        game += int(short[0])
        start = int(before[short[0]])
        if start < least:  # nothing can be bought or bet any more
            for name in Brief.__dataclass_fields__:
                getattr(brief, name)[game:] = 0
            return
        one.play_into(brief, game, from_lamports(start))
        start += int(brief.profit[game])
        game += 1
