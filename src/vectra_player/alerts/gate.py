"""What a rule has told already: its cool-down and its dedupe keys. Used by `engine`; bounded."""

from __future__ import annotations

from vectra_player.alerts.rules import Cooldown
from vectra_player.model.units import Micros

KEYS_KEPT = 256
"""Dedupe keys a rule remembers; a game raises a handful."""


class Gate:
    """Lets a rule speak, or not."""

    def __init__(self) -> None:
        self._keys: dict[str, None] = {}
        self._spoke_at: Micros | None = None
        self._game: str | None = None
        self._tick: int | None = None

    def lets(
        self, cooldown: Cooldown, key: str, now: Micros, game_id: str | None, tick: int | None
    ) -> bool:
        """Tell whether the rule may speak now; it is then taken to have spoken."""
        if key and key in self._keys:
            return False
        if self._spoke_at is not None and self._cools(cooldown, now, game_id, tick):
            return False
        if key:
            self._keys[key] = None
            if len(self._keys) > KEYS_KEPT:
                del self._keys[next(iter(self._keys))]
        self._spoke_at, self._game, self._tick = now, game_id, tick
        return True

    def _cools(
        self, cooldown: Cooldown, now: Micros, game_id: str | None, tick: int | None
    ) -> bool:
        if cooldown.kind == "none":
            return False
        if cooldown.kind == "seconds":
            return now - (self._spoke_at or 0) < cooldown.amount * 1e6
        if game_id != self._game:
            return False
        if cooldown.kind == "game" or tick is None or self._tick is None:
            return True
        return tick - self._tick < cooldown.amount
