"""Whether games agree with their seeds, in the words of `fairness.verify`, a few at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from vectra_player.dashboard.data.store import Store

MOST = 24
"""So many are computed in plain Python; the compiler is for the fairness page."""


def verified(store: Store, game_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the check of each game, as `vectra-player verify GAME_ID...` has it.

    Raises:
        StoreBusyError: the store does not answer in time.
    """
    from vectra_player.fairness.verify import verify_store

    names = tuple(game_ids[:MOST])

    def read(reader: Any) -> list[dict[str, Any]]:
        return [msgspec.to_builtins(game) for game in verify_store(reader, "all", names).games]

    return store.kept(("verified", names), ("game", "game_tick"), read)
