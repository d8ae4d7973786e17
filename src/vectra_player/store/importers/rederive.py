"""Sessions whose derived rows an import must make anew, noted before the first of them changes.

A session that grows after its games were finished has rows from both before and after until it is
rebuilt; should the import be killed in between, the next one finds the note and rebuilds. So it is
with a session of which only the first part has become visible.
Used by `store.importers.job` only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from vectra_player.store.fsops import FileOps, replace_file
from vectra_player.store.importers.known import KnownRecords
from vectra_player.store.layout import DataDir
from vectra_player.store.reads import StoreReader
from vectra_player.store.rebuild import rebuild_held

NOTE = "import_rederive.json"


class Rederive:
    """The note of one data directory and what this import adds to it. Methods raise OSError."""

    def __init__(self, data_dir: DataDir, known: KnownRecords) -> None:
        self._data_dir = data_dir
        self._note = data_dir.manifests / NOTE
        self._ops = FileOps()
        self._sessions = _read(self._note)
        self._parts: frozenset[str] = frozenset()
        self._known = known

    def add(self, session_id: str) -> None:
        """Note a session before its first new record is stored; a new session needs no note."""
        if session_id in self._known.sessions and session_id not in self._sessions:
            self.force(session_id)

    def force(self, session_id: str) -> None:
        """Note a session, known or not."""
        if session_id not in self._sessions:
            self._sessions.add(session_id)
            self._write()

    def in_parts(self, sessions: Iterable[str]) -> None:
        """Note which sessions are visible, or about to be, without their end."""
        parts = frozenset(sessions) - self._sessions
        if parts != self._parts:
            self._parts = parts
            self._write()

    def carry_out(self, hold: Callable[[], AbstractContextManager[object]]) -> None:
        """Rebuild what has grown, everything being filed; then only parts stay noted.

        `hold` gives the right to change filed rows. Raises VectraError as `rebuild_held`.
        """
        if self._sessions:
            with StoreReader(self._data_dir.root) as reader:
                present = self._sessions & {item.session_id for item in reader.sessions()}
            if present:
                with hold():
                    rebuild_held(self._data_dir, sorted(present))
            self._sessions = set()
            self._write()

    def _write(self) -> None:
        noted = sorted(self._sessions | self._parts)
        if noted:
            replace_file(self._ops, self._note, msgspec.json.encode(noted))
        elif self._note.exists():
            self._ops.unlink(self._note)
            self._ops.fsync_dir(self._note.parent)


def _read(note: Path) -> set[str]:
    try:
        return set(msgspec.json.decode(note.read_bytes(), type=list[str]))
    except (FileNotFoundError, msgspec.DecodeError):
        return set()
