"""Steps of a game made of the feed's messages, as `strategy.market.LiveSteps` makes them of states.

For programs that follow the feed from another process. Used by `app.strategy_run`.
"""

from __future__ import annotations

from vectra_player.client.events import GameTick, Snapshot
from vectra_player.game.price_path import V3
from vectra_player.model.units import Tick
from vectra_player.protocol.phases import GamePhase
from vectra_player.strategy.market import Market

_RUNNING = (GamePhase.LIVE, GamePhase.RUGGED)


class FeedSteps:
    """Makes a step of each message that moves the game on."""

    def __init__(self) -> None:
        self._game_id: str | None = None
        self._known: set[Tick] = set()

    def of_snapshot(self, event: Snapshot) -> Market | None:
        """Return the step a snapshot stands for; prices told before it come as late ones."""
        told = [(tick, price) for tick, price in enumerate(event.prices or ()) if price is not None]
        return self._step(
            event.game_id, event.phase, event.tick, event.price, event.cooldown_ms, told, event.ts
        )

    def of_tick(self, event: GameTick) -> Market | None:
        """Return the step of a tick; ticks that were merged into it come as late ones."""
        values = event.data.get("partialPrices") or {}
        told = list(event.merged)
        for tick, price in (values.get("values") or {}).items():
            if tick.isdecimal() and isinstance(price, int | float):
                told.append((int(tick), float(price)))
        return self._step(
            event.game_id, event.phase, event.tick, event.price, event.cooldown_ms, told, event.ts
        )

    def _step(
        self,
        game_id: str | None,
        name: str | None,
        tick: Tick | None,
        price: float | None,
        timer_ms: int | None,
        told: list[tuple[Tick, float]],
        ts_ms: int,
    ) -> Market | None:
        phase = GamePhase.__members__.get(name or "", GamePhase.UNKNOWN)
        if game_id is None or phase is GamePhase.UNKNOWN:
            return None
        if game_id != self._game_id:
            self._game_id, self._known = game_id, set()
        time_us = ts_ms * 1000
        if phase not in _RUNNING:
            return Market(game_id, phase, 0, V3.start_price, timer_ms=timer_ms, time_us=time_us)
        if tick is None or price is None:
            return None
        late = tuple(sorted((t, p) for t, p in told if t < tick and t not in self._known))
        self._known.update(t for t, _ in late)
        self._known.add(tick)
        return Market(game_id, phase, tick, price, None, late, time_us)
