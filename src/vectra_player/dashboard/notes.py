"""Notes the user keeps on own games: one small file in the data directory, replaced in one step.

Used by `routes.play`. The file is the user's: one that cannot be read is never written over.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import DamageError, DiskError, StoreVersionError, UsageError
from vectra_player.store.fsops import FileOps, make_directories, replace_file
from vectra_player.store.layout import DataDir

NOTES_FILE = "play.json"
"""In `notes/` of the data directory, made with the first note; a backup holds it."""

VERSION = 1
MAX_CHARS = 4_000
MAX_NOTES = 20_000


class Note(msgspec.Struct, frozen=True):
    """What was written on a game, and when: microseconds UTC, which is also its version."""

    text: str
    at: int


class NoteOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Write a note; empty text removes it. `before`: `at` of the note this one replaces, if any."""

    text: Annotated[str, Meta(max_length=MAX_CHARS)]
    before: int | None = None


class _File(msgspec.Struct):
    version: int = VERSION
    games: dict[str, Note] = {}


class Notes:
    """The notes of one data directory; safe to share between threads."""

    def __init__(
        self, data_dir: Path, *, clock: Clock | None = None, ops: FileOps | None = None
    ) -> None:
        self._path = DataDir(data_dir).notes / NOTES_FILE
        self._clock = clock or SystemClock()
        self._ops = ops or FileOps()
        self._lock = threading.Lock()

    def all(self) -> dict[str, Note]:
        """Return every note by game.

        Raises DamageError for a file that cannot be read, StoreVersionError for a newer one.
        """
        return self._read().games

    def of(self, game_id: str) -> Note | None:
        """Return the note of a game. Raises as `all`."""
        return self.all().get(game_id)

    def write(self, game_id: str, order: NoteOrder) -> Note | None:
        """Replace the note of a game; it is on the disk when this returns.

        Raises:
            UsageError: another window wrote it meanwhile, or there are too many notes.
            DamageError: the file cannot be read; StoreVersionError: it is of a newer version.
            DiskError: the disk refused; the notes are as they were.
        """
        with self._lock:
            file = self._read()
            known = file.games.get(game_id)
            if (known.at if known else None) != order.before:
                raise UsageError(
                    "This note was changed in another window.",
                    advice="Copy yours, load the page again and put them together.",
                )
            text = order.text.strip()
            note = Note(text, self._clock.now_us()) if text else None
            if note is not None:
                file.games[game_id] = note
            else:
                file.games.pop(game_id, None)
            if len(file.games) > MAX_NOTES:
                raise UsageError(f"There are {MAX_NOTES} notes already.", advice="Remove some.")
            self._replace(msgspec.json.format(msgspec.json.encode(file), indent=2))
            return note

    def _read(self) -> _File:
        where = f"The notes in {self._path.parent.name}/{NOTES_FILE}"
        try:
            file = msgspec.json.decode(self._path.read_bytes(), type=_File)
        except FileNotFoundError:
            return _File()
        except (OSError, msgspec.DecodeError) as error:
            raise DamageError(
                f"{where} cannot be read: {error}.",
                advice="Mend the file or move it away; nothing is written over it.",
            ) from None
        if file.version > VERSION:
            raise StoreVersionError(
                f"{where} are of a newer version, {file.version}.",
                advice="Use that version; nothing is written over them.",
            )
        return file

    def _replace(self, text: bytes) -> None:
        try:
            make_directories(self._ops, self._path.parent)
            replace_file(self._ops, self._path, text)
        except OSError as error:
            raise DiskError(
                f"The note was not kept: {error.strerror or error}.",
                advice="Make room or mend the disk, then save it again.",
            ) from error
