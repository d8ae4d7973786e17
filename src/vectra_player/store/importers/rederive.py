"""Sessions whose derived rows an import must make anew, noted before the first of them changes.

A session that grows after its games were finished has rows from both before and after until it is
rebuilt; should the import be killed in between, the next one finds the note and rebuilds.
Used by `store.importers.job` only.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from vectra_player.store.fsops import FileOps, replace_file
from vectra_player.store.importers.known import KnownRecords
from vectra_player.store.layout import DataDir
from vectra_player.store.reads import StoreReader
from vectra_player.store.rebuild import rebuild

NOTE = "import_rederive.json"


class Rederive:
    """The note of one data directory and what this import adds to it. Methods raise OSError."""

    def __init__(self, data_dir: DataDir, known: KnownRecords) -> None:
        self._data_dir = data_dir
        self._note = data_dir.manifests / NOTE
        self._ops = FileOps()
        self._sessions = _read(self._note)
        self._known = known

    def add(self, session_id: str) -> None:
        """Note a session before its first new record is stored; a new session needs no note."""
        if session_id in self._known.sessions and session_id not in self._sessions:
            self.force(session_id)

    def force(self, session_id: str) -> None:
        """Note a session, known or not."""
        if session_id not in self._sessions:
            self._sessions.add(session_id)
            data = msgspec.json.encode(sorted(self._sessions))
            replace_file(self._ops, self._note, data)

    def carry_out(self) -> None:
        """Rebuild what is noted, everything being filed and the store closed; then drop the note.

        Raises VectraError as `rebuild`.
        """
        if not self._sessions:
            return
        with StoreReader(self._data_dir.root) as reader:
            present = self._sessions & {item.session_id for item in reader.sessions()}
        if present:
            rebuild(self._data_dir, sorted(present))
        if self._note.exists():
            self._ops.unlink(self._note)
            self._ops.fsync_dir(self._note.parent)


def _read(note: Path) -> set[str]:
    try:
        return set(msgspec.json.decode(note.read_bytes(), type=list[str]))
    except (FileNotFoundError, msgspec.DecodeError):
        return set()
