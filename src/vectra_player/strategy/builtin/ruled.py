"""The strategy that follows a `Rule`: what playbooks derive from, and what can be vectorised.

The decision bodies are in `strategy.rules`; here they are called tick by tick. While a buy or a
sell is under way no other one is decided, and no sidebet while one is open or under way.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from vectra_player.game.price_path import V3
from vectra_player.game.sidebet import MAX_STAKE_SOL, MIN_STAKE_SOL
from vectra_player.model.units import SOL_DECIMALS, Tick, to_sol
from vectra_player.protocol.phases import GamePhase
from vectra_player.strategy.actions import Action, Buy, PlaceSidebet, Sell
from vectra_player.strategy.api import Params, Strategy
from vectra_player.strategy.context import Context
from vectra_player.strategy.rules import NEVER, PRESALE, Rule, bets, enters, exits

BuySol = Annotated[float, Meta(gt=0, le=1000, description="SOL spent on each buy")]
BetSol = Annotated[
    float,
    Meta(
        ge=float(MIN_STAKE_SOL), le=float(MAX_STAKE_SOL), description="SOL staked on each sidebet"
    ),
]
TakeProfit = Annotated[
    float, Meta(gt=1, le=10_000, description="sell at this multiple of the entry price")
]
StopLoss = Annotated[
    float, Meta(ge=0, lt=1, description="sell at this multiple of the entry price; 0 is none")
]
Trailing = Annotated[
    float,
    Meta(ge=0, lt=1, description="sell at this multiple of the highest price held; 0 is none"),
]
HoldTicks = Annotated[int, Meta(ge=1, le=V3.max_ticks, description="sell after so many ticks")]
AtTick = Annotated[int, Meta(ge=0, le=V3.max_ticks, description="first tick at which to act")]
LastTick = Annotated[int, Meta(ge=0, le=V3.max_ticks, description="last tick at which to act")]
Entries = Annotated[int, Meta(ge=1, le=1000, description="buys a game at most")]
MaxBets = Annotated[int, Meta(ge=1, le=125, description="sidebets a game at most")]
Lookback = Annotated[int, Meta(ge=1, le=500, description="ticks that are looked back on")]
Threshold = Annotated[
    float, Meta(ge=0, lt=1, description="how far the price must have moved, as a fraction")
]


class RuleStrategy(Strategy):
    """Plays a rule. Derive from it and override `rule`."""

    _held_since: Tick
    _high: float

    def __init__(self, params: Params | None = None) -> None:
        super().__init__(params)
        self._rule = self.rule()
        self._bought = _sol(self._rule.buy)
        self._staked = _sol(self._rule.bet)
        self._new_game()

    def rule(self) -> Rule:
        """Return the rule that the parameters stand for."""
        raise NotImplementedError

    def on_game_start(self, context: Context) -> None:
        """Forget the last game."""
        self._new_game()

    def on_tick(self, context: Context) -> list[Action]:
        """Follow the rule."""
        rule = self._rule
        if context.phase is GamePhase.BETTING:
            return self._presale(rule)
        tick = context.tick
        actions: list[Action] = []
        if rule.entry != NEVER and (trade := self._trade(context, rule, tick)) is not None:
            actions.append(trade)
        if bets(rule, tick, self._bets) and context.can_bet:
            self._bets += 1
            actions.append(PlaceSidebet(self._staked))
        return actions

    def _presale(self, rule: Rule) -> list[Action]:
        actions: list[Action] = []
        if rule.entry == PRESALE:
            self._entries = rule.max_entries
            actions.append(Buy(self._bought))
        if bets(rule, -1, 0):
            self._bets = 1
            actions.append(PlaceSidebet(self._staked))
        return actions

    def _trade(self, context: Context, rule: Rule, tick: int) -> Action | None:
        if context.pending and context.trade_pending:
            return None
        entry_tick, entry_price = context.entry_tick, context.entry_price
        if entry_tick is not None and entry_price is not None:
            price = context.price
            if self._held_since != entry_tick:
                self._held_since, self._high = entry_tick, entry_price
            self._high = max(self._high, price)
            held = exits(rule, price, entry_price, self._high, tick - entry_tick)
            return Sell() if held else None
        if self._entries < rule.max_entries and enters(rule, context.prices, tick):
            self._entries += 1
            return Buy(self._bought)
        return None

    def _new_game(self) -> None:
        self._entries = 0
        self._bets = 0
        self._held_since = -1
        self._high = 0.0


def lamports(sol: float) -> int:
    """Return an amount of SOL in lamports."""
    return int(to_sol(sol).scaleb(SOL_DECIMALS))


def _sol(lamports: int) -> str:
    return f"{lamports}e-{SOL_DECIMALS}"
