"""The engine for decisions made outside a strategy: by a person at a page, by a program over HTTP.

Paper trading and practice use it. The same broker, limits and book-keeping as for any strategy;
only who decides is another one.
"""

from __future__ import annotations

from decimal import Decimal

from vectra_player.errors import UsageError
from vectra_player.protocol.phases import GamePhase
from vectra_player.strategy.actions import Action
from vectra_player.strategy.api import Strategy
from vectra_player.strategy.engine import Broker, Engine, Submission
from vectra_player.strategy.limits import NO_LIMITS, Limits, Marks


class ByHand(Strategy):
    """Decide nothing: somebody outside does, between the steps."""


class HandEngine(Engine):
    """An engine that takes actions at any moment, at the step it was last shown."""

    def __init__(
        self,
        broker: Broker,
        *,
        limits: Limits = NO_LIMITS,
        start_cash: Decimal | None = None,
        marks: Marks | None = None,
    ) -> None:
        super().__init__(ByHand(), broker, limits=limits, start_cash=start_cash, marks=marks)

    def act(self, action: Action) -> Submission:
        """Take in an action as `Engine.act`. Raises UsageError before the first step."""
        if self.context.phase is GamePhase.UNKNOWN:
            raise UsageError("No game is known yet.", advice="Wait for the feed's next frame.")
        return super().act(action)
