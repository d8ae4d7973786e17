"""Documents that a user or an assistant added: kept in a file of their own, indexed like pages.

The index is derived and may be deleted; what somebody wrote is not, so it lies in `notes/` and the
index is made of it. Called by `build` and `mcp`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from uuid import uuid4

import msgspec

from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import DiskError, UsageError
from vectra_player.rag import knowledge
from vectra_player.rag.passages import COLLECTIONS, Collection, Passage
from vectra_player.store.fsops import FileOps, make_directories
from vectra_player.store.layout import DataDir

LONGEST_NOTE: Final = 8_000
MOST_AT_ONCE: Final = 100


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One document. `added_at` in microseconds UTC."""

    id: str
    collection: Collection
    text: str
    title: str = ""
    game_id: str | None = None
    added_at: int = 0


def path_of(data_dir: DataDir) -> Path:
    """Return the file of the notes, a JSON object a line."""
    return data_dir.root / "notes" / "notes.jsonl"


def add_notes(
    data_dir: DataDir,
    collection: Collection,
    texts: Sequence[str],
    *,
    title: str = "",
    game_id: str | None = None,
    clock: Clock | None = None,
) -> list[str]:
    """Keep documents for good and return their ids; `build_index` then makes them findable.

    Raises:
        UsageError: an unknown collection, no text, too many or too long ones.
        DiskError: the disk is full.
    """
    if collection not in COLLECTIONS:
        raise UsageError(
            f"There is no collection {collection!r}.", advice=f"There are {', '.join(COLLECTIONS)}."
        )
    if not texts or len(texts) > MOST_AT_ONCE:
        raise UsageError(f"{len(texts)} documents at once.", advice=f"Add 1 to {MOST_AT_ONCE}.")
    for text in texts:
        if not text.strip() or len(text) > LONGEST_NOTE:
            raise UsageError(
                f"A document has {len(text):,} characters.",
                advice=f"Write 1 to {LONGEST_NOTE:,}, and cut longer ones.",
            )
    now = (clock or SystemClock()).now_us()
    added = [
        Note(id=uuid4().hex, collection=collection, text=text, title=title, game_id=game_id,
             added_at=now)
        for text in texts
    ]  # fmt: skip
    _append(path_of(data_dir), b"".join(msgspec.json.encode(note) + b"\n" for note in added))
    return [note.id for note in added]


def read_notes(data_dir: DataDir) -> Iterator[Note]:
    """Yield the notes; a line that cannot be read (a write cut short) is left out."""
    try:
        lines = path_of(data_dir).read_bytes().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            yield msgspec.json.decode(line, type=Note)
        except (msgspec.DecodeError, msgspec.ValidationError):
            continue


def passages_of(data_dir: DataDir, measure: knowledge.Measure) -> Iterator[Passage]:
    """Yield the passages of each note; a long one is cut as a page is."""
    for note in read_notes(data_dir):
        for part in knowledge.passages_of(f"note/{note.id}", note.text, measure):
            yield msgspec.structs.replace(
                part,
                collection=note.collection,
                kind="note",
                title=" > ".join(filter(None, (note.title or "Note", part.title))),
                game_id=note.game_id,
            )


def _append(path: Path, data: bytes) -> None:
    make_directories(FileOps(), path.parent)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        # A line that was cut short by a crash must not swallow this one.
        whole = b"\n" + data if os.fstat(descriptor).st_size else data
        if os.write(descriptor, whole) < len(whole):
            raise DiskError(
                f"{path} cannot be written to the end.", advice="Make room on the disk."
            )
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
