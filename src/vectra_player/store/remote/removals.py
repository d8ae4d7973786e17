"""What a copy has and the directory has no more: deleted here, or lost?

Events are what nothing can make again, and each is in the store once: of a day it is asked which
sessions have none left, and whether there are fewer. A derived table that is gone leaves the copy
too: `rebuild` makes it again.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Final

import msgspec

from vectra_player.store.check_rows import read_deletions
from vectra_player.store.layout import DataDir
from vectra_player.store.remote.manifest import DayManifest, RemoteFile

_NAMED: Final = 3


def deleted_sessions(data_dir: DataDir) -> frozenset[str]:
    """Return the sessions of which something was deleted on request; a damaged list tells none."""
    try:
        return frozenset(one.session_id for one in read_deletions(data_dir))
    except msgspec.DecodeError:
        return frozenset()


def lost(had: DayManifest, now: DayManifest, deleted: Set[str]) -> str:
    """Say which events of a day are gone here though nobody deleted them; empty if none are."""
    before, after = _events(had), _events(now)
    gone = sorted(_sessions(before) - _sessions(after) - deleted)
    fewer = 0 if _sessions(before) & deleted else _rows(before) - _rows(after)
    if gone:
        named = ", ".join(gone[:_NAMED]) + (", ..." if len(gone) > _NAMED else "")
        what = f"All its events of {len(gone):,} sessions ({named})"
    elif fewer > 0:
        what = f"{fewer:,} of its events"
    else:
        return ""
    return (
        f"{what} are gone here, and nobody deleted them. "
        "Restore them from a backup, or add --allow-removals if they are to go."
    )


def _events(manifest: DayManifest) -> list[RemoteFile]:
    return [file for file in manifest.files if file.doc_type == "ws_event"]


def _sessions(files: list[RemoteFile]) -> set[str]:
    return {session for file in files for session in file.sessions}


def _rows(files: list[RemoteFile]) -> int:
    return sum(file.rows for file in files)
