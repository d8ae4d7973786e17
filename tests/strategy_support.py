"""Builders for tests of strategies: games from prices, brokers in a game, scripted strategies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from vectra_player.game.price_path import rug_price
from vectra_player.protocol.phases import GamePhase
from vectra_player.strategy import Action, Context, Strategy
from vectra_player.strategy.engine import Engine
from vectra_player.strategy.latency import NO_LATENCY, Latency
from vectra_player.strategy.limits import NO_LIMITS, Limits
from vectra_player.strategy.market import Market, game_steps
from vectra_player.strategy.paper import PaperBroker
from vectra_player.strategy.records import Outcome, RunResult

CASH = Decimal(10)


def presale(timer_ms: int = 10_000, *, game: str = "g1") -> Market:
    """Return a step of the presale."""
    return Market(game, GamePhase.BETTING, 0, 1.0, timer_ms)


def cooldown(*, game: str = "g1") -> Market:
    """Return a step before the presale."""
    return Market(game, GamePhase.COOLDOWN, 0, 1.0, 15_000)


def live(tick: int, price: float, *, game: str = "g1") -> Market:
    """Return a step of the running game."""
    return Market(game, GamePhase.LIVE, tick, price)


def rug(tick: int, price: float = 0.02, *, game: str = "g1") -> Market:
    """Return the rug."""
    return Market(game, GamePhase.RUGGED, tick, price)


def with_rug(path: Sequence[float]) -> list[float]:
    """Return prices as published: the rug price by the rule at their end."""
    return [*path, rug_price(path)]


def steps_of(path: Sequence[float], *, game: str = "g1") -> list[Market]:
    """Return the steps of a game that rugs after these prices."""
    return list(game_steps(game, with_rug(path), len(path)))


class Scripted(Strategy):
    """Does at a tick what a table says; -1 is the presale. Remembers what it was called with."""

    def __init__(self, script: dict[int, Sequence[Action]] | None = None) -> None:
        super().__init__()
        self.script = script or {}
        self.seen: list[Any] = []

    def on_game_start(self, context: Context) -> None:
        self.seen.append(("start", context.game_id))

    def on_tick(self, context: Context) -> Iterable[Action]:
        at = -1 if context.phase is GamePhase.BETTING else context.tick
        self.seen.append(at)
        return self.script.get(at, ())

    def on_game_end(self, result: Any) -> None:
        self.seen.append(("end", result.game_id))


class Deciding(Strategy):
    """Decides by a function."""

    def __init__(self, decide: Callable[[Context], Iterable[Action] | None]) -> None:
        super().__init__()
        self._decide = decide

    def on_tick(self, context: Context) -> Iterable[Action] | None:
        return self._decide(context)


def play(
    strategy: Strategy,
    games: Iterable[Sequence[float]],
    *,
    cash: Decimal = CASH,
    latency: Latency = NO_LATENCY,
    limits: Limits = NO_LIMITS,
    seed: int = 0,
) -> RunResult:
    """Run a strategy over games that rug after the prices given."""
    engine = Engine(strategy, PaperBroker(cash, latency=latency), limits=limits, seed=seed)
    steps = (
        step for number, path in enumerate(games, 1) for step in steps_of(path, game=f"g{number}")
    )
    return engine.run(steps)


def kinds(outcomes: Iterable[Outcome]) -> list[str]:
    """Return the kinds of outcomes in order."""
    return [outcome.kind for outcome in outcomes]
