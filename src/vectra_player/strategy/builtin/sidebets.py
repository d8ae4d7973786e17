"""Sidebets by a schedule and by a profile. Both lose 9.16 % of their stakes on average."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from vectra_player.model.units import Micros
from vectra_player.protocol.phases import GamePhase
from vectra_player.strategy import sizing
from vectra_player.strategy.actions import Action, PlaceSidebet
from vectra_player.strategy.api import Params, Strategy
from vectra_player.strategy.builtin.ruled import BetSol, LastTick, MaxBets, RuleStrategy, lamports
from vectra_player.strategy.context import Context
from vectra_player.strategy.profile import Profile
from vectra_player.strategy.records import GameResult
from vectra_player.strategy.rules import Rule

_DAY_US = 86_400_000_000


class SidebetParams(Params, frozen=True):
    """When sidebets are placed."""

    bet_sol: BetSol = 0.001
    first_tick: Annotated[
        int, Meta(ge=-1, le=4960, description="first tick of a sidebet; -1 is the presale")
    ] = 0
    last_tick: LastTick = 4960
    max_bets: MaxBets = 1


class Sidebet(RuleStrategy):
    """Place a sidebet, and after each that is lost the next one, up to `max_bets` a game.

    A rug is as likely at every tick, so no tick is better than another: 18.17 % of the bets win,
    20 % would be needed, and the mean loss is 9.16 % of the stake.
    """

    Params = SidebetParams

    def rule(self) -> Rule:
        """Return the rule."""
        p: SidebetParams = self.params
        return Rule(
            bet_first=p.first_tick,
            bet_last=p.last_tick,
            max_bets=p.max_bets,
            bet=lamports(p.bet_sol),
        )


class ProfileSidebet(Strategy):
    """Play the sidebets of a profile: its entry tick, its bets a game, its sizing, its limits.

    Sizing changes how fast money is lost and how widely results scatter, not the sign: every
    stake has the same expectation of -9.16 %.
    """

    def __init__(self, profile: Profile) -> None:
        super().__init__()
        self.profile = profile
        self._rules = sizing.rules_of(profile)
        self._sizes = sizing.bet_sizes_of(profile)
        self._state = sizing.started(self._rules)
        self._stake = 0
        self._booked = sizing.from_lamports(0)
        self._day: Micros | None = None
        self._new_game()

    @property
    def halt(self) -> str | None:
        """Return why the profile plays no more, None while it does."""
        halt = sizing.halted(self._rules, self._state)
        return None if halt == sizing.RUNNING else sizing.HALTS[halt]

    def on_game_start(self, context: Context) -> None:
        """Begin the profile's ladder anew, and a new day's loss limit with the day."""
        self._new_game()
        if context.time_us is not None:
            day = context.time_us // _DAY_US
            if self._day is not None and day != self._day:
                self._state = sizing.next_day(self._rules, self._state)
            self._day = day

    def on_tick(self, context: Context) -> Iterator[Action]:
        """Place the next bet of the ladder once the last one is lost."""
        self._settle(context)
        presale = context.phase is GamePhase.BETTING
        if presale and self.profile.execution.entry_tick > 0:
            return
        if self._over or self._stake or context.tick < self.profile.execution.entry_tick:
            return
        self._stake = self._next()
        if self._stake:
            self._position += 1
            yield PlaceSidebet(sizing.from_lamports(self._stake))

    def on_game_end(self, result: GameResult) -> None:
        """Count the bet that was open at the rug; one whose game nobody saw end does not count."""
        if self._stake and result.rug_tick is not None and self._position == result.bets:
            self._count(won=result.bets_won > 0)
        self._stake = 0

    def _next(self) -> int:
        """Return the next stake in lamports; 0 ends the game."""
        over = self._position >= len(self._sizes) or self.halt is not None
        stake = (
            0
            if over
            else sizing.next_stake(self._rules, self._state, int(self._sizes[self._position]))
        )
        self._over = stake == 0
        return stake

    def _settle(self, context: Context) -> None:
        if not self._stake or not context.can_bet:
            return
        if context.ledger.sidebet_pnl != self._booked:
            self._count(won=False)  # a won one ends the game
        else:
            self._over = True  # it was refused: nothing to go on with
        self._stake = 0

    def _count(self, *, won: bool) -> None:
        self._state = sizing.settled(self._rules, self._state, self._stake, won)
        self._booked += sizing.from_lamports(
            self._stake * (self._rules.payout - 1) if won else -self._stake
        )

    def _new_game(self) -> None:
        self._position = 0
        self._over = False
