"""Where a sync may ship to: nowhere that its files are rows of a store, or are lost at once."""

from __future__ import annotations

from pathlib import Path

from vectra_player.errors import UsageError
from vectra_player.store.layout import DataDir, enclosing, is_marked
from vectra_player.store.remote.objects import ObjectStore

_ADVICE = "Name a folder of its own: a new one, or one that `store sync` made."


def check_place(data_dir: DataDir, objects: ObjectStore) -> None:
    """Refuse a place that is no place for a copy, before anything is asked of it.

    In a data directory the objects would be files of its tables: each row would be there twice.

    Raises:
        UsageError: it is, lies inside, or contains a data directory, or is this process's memory.
    """
    if objects.url.startswith("memory:"):
        raise UsageError(f"{objects.url} ends with this command.", advice=_ADVICE)
    if "::" in objects.url:
        raise UsageError(f"{objects.url} names several places.", advice=_ADVICE)
    folder = objects.folder
    if folder is None:
        return
    if around := enclosing(folder, data_dir):
        lies = "is" if around == folder.resolve() else "lies inside"
        raise UsageError(f"{objects.url} {lies} the data directory {around}.", advice=_ADVICE)
    if inside := _inside(folder.resolve(), data_dir.root.resolve()):
        raise UsageError(f"{objects.url} contains the data directory {inside}.", advice=_ADVICE)


def _inside(folder: Path, ours: Path) -> Path | None:
    if folder in ours.parents:
        return ours
    return next((child for child in sorted(folder.glob("*")) if is_marked(child)), None)
