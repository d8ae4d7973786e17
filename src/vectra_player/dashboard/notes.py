"""Notes the user keeps on own games: one small file in the data directory, replaced in one step.

Used by `routes.play`. The file is the user's: one that cannot be read is set aside in `quarantine/`
and told on the page, one of a newer version is left where it is; neither is ever written over.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Annotated

import msgspec
import structlog
from msgspec import Meta

from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import DamageError, DiskError, StoreVersionError, UsageError
from vectra_player.store.fsops import FileOps, make_directories, replace_file
from vectra_player.store.layout import DataDir

log = structlog.get_logger(__name__)

NOTES_FILE = "play.json"
"""In `notes/` of the data directory, made with the first note; a backup holds it."""

ASIDE = "notes-*.json"
"""In `quarantine/`: files of notes that could not be read."""

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


class Kept(msgspec.Struct, frozen=True):
    """The notes by game. `trouble`: what is to be known of their file, empty when all is well."""

    games: dict[str, Note]
    trouble: str = ""


class _File(msgspec.Struct):
    version: int = VERSION
    games: dict[str, Note] = {}


class Notes:
    """The notes of one data directory; safe to share between threads."""

    def __init__(
        self, data_dir: Path, *, clock: Clock | None = None, ops: FileOps | None = None
    ) -> None:
        home = DataDir(data_dir)
        self._path = home.notes / NOTES_FILE
        self._quarantine = home.quarantine
        self._clock = clock or SystemClock()
        self._ops = ops or FileOps()
        self._lock = threading.Lock()

    def look(self) -> Kept:
        """Return every note; a page shows what else it has when the file of notes is no use."""
        with self._lock:
            try:
                games = self._read().games
            except (DamageError, StoreVersionError) as error:
                return Kept({}, f"{error.message} {error.advice}")
        return Kept(games, self._set_aside_before())

    def write(self, game_id: str, order: NoteOrder) -> Note | None:
        """Replace the note of a game; it is on the disk when this returns.

        Raises:
            UsageError: another window wrote it meanwhile, or there are too many notes.
            DamageError: the file can be neither read nor set aside; StoreVersionError: it is of a
                newer version.
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
        """Read the file; one that is damaged is set aside. Held: the lock."""
        where = f"The notes in {self._path.parent.name}/{NOTES_FILE}"
        try:
            file = msgspec.json.decode(self._path.read_bytes(), type=_File)
        except FileNotFoundError:
            return _File()
        except msgspec.DecodeError as error:
            self._set_aside(where, error)
            return _File()
        except OSError as error:
            raise DamageError(
                f"{where} cannot be read: {error.strerror or error}.",
                advice="Mend that; nothing is written over them.",
            ) from None
        if file.version > VERSION:
            raise StoreVersionError(
                f"{where} are of a newer version, {file.version}.",
                advice="Use that version; nothing is written over them.",
            )
        return file

    def _set_aside(self, where: str, damage: msgspec.DecodeError) -> None:
        target = self._quarantine / ASIDE.replace("*", str(self._clock.now_us()))
        try:
            make_directories(self._ops, self._quarantine)
            self._ops.rename(self._path, target)
            self._ops.fsync_dir(self._quarantine)
            self._ops.fsync_dir(self._path.parent)
        except OSError as error:
            raise DamageError(
                f"{where} cannot be read ({damage}), nor set aside: {error.strerror or error}.",
                advice="Mend the file or move it away; nothing is written over it.",
            ) from None
        log.warning("notes set aside", file=target.name, error=str(damage))

    def _set_aside_before(self) -> str:
        """Tell of files that were set aside, as long as the user has not dealt with them."""
        files = sorted(self._quarantine.glob(ASIDE))
        if not files:
            return ""
        names = " and ".join(f"{self._quarantine.name}/{path.name}" for path in files)
        return (
            f"Earlier notes could not be read. Nothing was lost: they were set aside as {names} in "
            "the data directory. Mend that file and put its notes back, or move it away, and this "
            "message goes."
        )

    def _replace(self, text: bytes) -> None:
        try:
            make_directories(self._ops, self._path.parent)
            replace_file(self._ops, self._path, text)
        except OSError as error:
            raise DiskError(
                f"The note was not kept: {error.strerror or error}.",
                advice="Make room or mend the disk, then save it again.",
            ) from error
