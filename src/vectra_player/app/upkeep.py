"""Keep what is made from the recordings current: CONTEXT.md and the profile of events."""

from __future__ import annotations

from pathlib import Path

import structlog

from vectra_player.errors import VectraError
from vectra_player.store.context import write_context
from vectra_player.store.layout import DataDir
from vectra_player.store.profile import update_profile

log = structlog.get_logger(__name__)

PROFILE_BUDGET_S = 5.0
"""A longer backlog is worked off over the next runs; the profile says how far it has come."""


def refresh(root: Path, *, anew: bool = False) -> None:
    """Bring the derived pages up to date. A failure is logged: the recordings do not need them.

    `anew`: rows were deleted, so what was counted of them must go as well.
    """
    data_dir = DataDir(root)
    if not data_dir.events.is_dir():
        return
    try:
        write_context(data_dir)
        update_profile(data_dir, PROFILE_BUDGET_S, rebuild=anew)
    except (VectraError, OSError) as error:
        log.warning("upkeep failed", error=str(error))
