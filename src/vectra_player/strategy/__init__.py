"""One strategy, every mode: what is decided at a tick, how much is staked, and what it would pay.

Strategies import from here. The engine plays a strategy over the rules of `game`, a broker keeps
its account; profiles say what to play, `sizing` says how much. Imports only what stands below it;
analysis, replay, paper trading and RL call it.
"""

from vectra_player.protocol.phases import GamePhase
from vectra_player.strategy.actions import Action, Buy, PlaceSidebet, Sell
from vectra_player.strategy.api import Params, Strategy
from vectra_player.strategy.context import Context
from vectra_player.strategy.records import GameResult

__all__ = [
    "Action",
    "Buy",
    "Context",
    "GamePhase",
    "GameResult",
    "Params",
    "PlaceSidebet",
    "Sell",
    "Strategy",
]
