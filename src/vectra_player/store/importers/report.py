"""What an import did: counts for `--json`, and where to look for what it could not read.

Made by `store.importers.run`, shown by `cli`.
"""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct, field


def shown(path: Path) -> str:
    """Write a path as text; bytes of a name that are no UTF-8 as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


class SkippedFile(Struct, frozen=True):
    """A file that was not imported, and why."""

    path: str
    reason: str


class QuarantinedLine(Struct, frozen=True):
    """A bad line: `salvaged` records inside it were imported all the same."""

    path: str
    line: int
    offset: int
    reason: str
    salvaged: int


class ImportedFile(Struct, frozen=True):
    """A file that was read: what it gave and how its times were understood."""

    path: str
    format: str
    session_id: str
    events: int
    duplicates: int
    bad_lines: int
    zone: str


MAX_DETAILS = 1000
"""Bad lines listed one by one; the rest is counted here and listed in the quarantine folder."""


class ImportReport(Struct):
    """Counts of one import. `games` are the different games the new records tell of."""

    files: int = 0
    events: int = 0
    games: int = 0
    duplicates: int = 0
    bad_lines: int = 0
    skipped: int = 0
    salvaged: int = 0
    sessions: int = 0
    stopped: bool = False
    quarantine: str | None = None
    warnings: list[str] = field(default_factory=list)
    skipped_files: list[SkippedFile] = field(default_factory=list)
    quarantined: list[QuarantinedLine] = field(default_factory=list)
    imported: list[ImportedFile] = field(default_factory=list)

    def skip(self, path: Path, reason: str) -> None:
        """Count a file that is no recording."""
        self.skipped += 1
        self.skipped_files.append(SkippedFile(shown(path), reason))
