"""Bring recordings of others, and our own exports, into the store as `ws_event` rows.

Every source record becomes one frame with its exact text; what cannot be read is quarantined.
Called by `cli` through `import_paths`; nothing below the store knows of it.
"""

from __future__ import annotations

from vectra_player.store.importers.report import ImportReport
from vectra_player.store.importers.run import import_paths

__all__ = ["ImportReport", "import_paths"]
