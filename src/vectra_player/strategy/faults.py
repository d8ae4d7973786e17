"""The error of a strategy that failed, with the facts. Raised by `strategy`, caught above it."""

from __future__ import annotations

from vectra_player.errors import UsageError


class StrategyError(UsageError):
    """A strategy raised, returned nonsense or took too long. `game_id` and `tick` say where."""

    def __init__(
        self,
        message: str,
        *,
        strategy: str,
        game_id: str | None = None,
        tick: int | None = None,
        advice: str = "",
    ) -> None:
        super().__init__(message, advice=advice)
        self.strategy = strategy
        self.game_id = game_id
        self.tick = tick
