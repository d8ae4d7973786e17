"""`manifests/vector_index_checkpoint.json`: what the index holds, written once it is in place.

It lists what the build that wrote it put into the collections, no more. It is a shortcut: the
collections name the build they came from, and without it they are read instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from vectra_player.store.fsops import FileOps, replace_file
from vectra_player.store.layout import DataDir
from vectra_player.store.reads import Origins

FORMAT: Final = 1
"""Raised with every change of passages' ids, of the collections or of the files beside them."""

FILE: Final = "vector_index_checkpoint.json"


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """How far the index reaches. `passages`: content hash by id, for each collection.

    `sessions`: the last seq of each session that was looked at, so equal times do not matter.
    """

    format: int = FORMAT
    build_id: str
    built_at: int
    model_id: str
    origins: Origins
    product: str
    pages: str
    sessions: dict[str, int]
    passages: dict[str, dict[str, str]]


def path_of(data_dir: DataDir) -> Path:
    """Return where the checkpoint lies."""
    return data_dir.manifests / FILE


def read(data_dir: DataDir) -> Checkpoint | None:
    """Return the checkpoint; None where there is none that this version can read."""
    try:
        found = msgspec.json.decode(path_of(data_dir).read_bytes(), type=Checkpoint)
    except (OSError, msgspec.DecodeError, msgspec.ValidationError):
        return None
    return found if found.format == FORMAT else None


def write(data_dir: DataDir, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint in one durable step."""
    text = msgspec.json.encode(checkpoint)
    staged = data_dir.staging / f"file-{FILE}"
    replace_file(FileOps(), path_of(data_dir), text, staged)


def remove(data_dir: DataDir) -> None:
    """Forget the checkpoint."""
    path_of(data_dir).unlink(missing_ok=True)
