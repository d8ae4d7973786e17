"""The engine for decisions made outside a strategy: by a person at a page, by a program over HTTP.

Paper trading and practice use it. The same broker, limits and book-keeping as for any strategy;
only who decides is another one.
"""

from __future__ import annotations

from decimal import Decimal

from vectra_player.errors import UsageError
from vectra_player.strategy.actions import Action
from vectra_player.strategy.api import Strategy
from vectra_player.strategy.engine import Broker, Engine, Submission
from vectra_player.strategy.limits import NO_LIMITS, Limits
from vectra_player.strategy.market import Market


class ByHand(Strategy):
    """Decide nothing: somebody outside does, between the steps."""


class HandEngine(Engine):
    """An engine that takes actions at any moment, at the step it was last shown."""

    def __init__(
        self,
        broker: Broker,
        *,
        limits: Limits = NO_LIMITS,
        seed: int = 0,
        start_cash: Decimal | None = None,
    ) -> None:
        """`start_cash`: what the run began with, where the broker's account has a past."""
        super().__init__(ByHand(), broker, limits=limits, seed=seed)
        if start_cash is not None:
            self._start_cash = start_cash
            self._highest = max(self._highest, start_cash)
        self.market: Market | None = None

    @property
    def game_over(self) -> bool:
        """Tell whether the books of the last game are closed."""
        return self._game is None

    def step(self, market: Market) -> None:
        """Play one step, as `Engine.step`."""
        self.market = market
        super().step(market)

    def act(self, action: Action) -> Submission:
        """Take in an action under the limits of the run; what becomes of it is in `outcomes`.

        Raises UsageError before the first step.
        """
        if self.market is None:
            raise UsageError("No game is known yet.", advice="Wait for the feed's next frame.")
        forbidden = self._forbidden_now(action, self.market)
        if forbidden is None:
            done = self._broker.submit(action)
        else:
            done = self._broker.refuse(action, "limit", forbidden)
        self.decisions.append(done.decision)
        if done.outcome is not None:
            self._note((done.outcome,))
        return done

    def _forbidden_now(self, action: Action, market: Market) -> str | None:
        if self.stopped is not None:
            return f"the run has ended: {self.stopped.message}"
        return self._forbidden(action, market)
