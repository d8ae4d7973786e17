"""Files made elsewhere move into the dataset together: all of them, whatever dies meanwhile.

An import beside a recorder makes its Parquet files in a folder of its own below `staging/`. What is
to move is noted on disk before the first rename; whoever writes next finishes what a kill cut
short. Used by `store.writer`, `store.recovery`, `store.importers` and `store.episodes`; callers
have the right to change filed rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import msgspec

from vectra_player.store.fsops import FileOps, Staged, move, replace_file
from vectra_player.store.layout import DataDir
from vectra_player.store.settings import Step, no_step

NOTE = "arriving_files.json"


def take_in(data_dir: DataDir, files: Sequence[Staged], ops: FileOps, step: Step = no_step) -> None:
    """Move synced files below `staging/` to their places in the dataset, after what waits.

    Raises:
        OSError: the disk refused; `finish_arrivals` goes on from there.
    """
    finish_arrivals(data_dir, ops, step)
    if not files:
        return
    root = data_dir.root
    # ws_event becomes visible first: whoever sees a derived row finds its event.
    ordered = sorted(files, key=lambda file: not _is_event(file))
    pairs = [[str(path.relative_to(root)) for path in file] for file in ordered]
    replace_file(ops, data_dir.manifests / NOTE, msgspec.json.encode(pairs))
    step("arrivals.noted")
    finish_arrivals(data_dir, ops, step)


def finish_arrivals(data_dir: DataDir, ops: FileOps, step: Step = no_step) -> None:
    """Move what is noted and still waits; does nothing when nothing is noted.

    Raises:
        OSError: the disk refused; the note stays.
    """
    note = data_dir.manifests / NOTE
    try:
        pairs = msgspec.json.decode(note.read_bytes(), type=list[tuple[str, str]])
    except FileNotFoundError:
        return
    except msgspec.DecodeError:
        pairs = []  # it is replaced in one step: this one is none of ours
    files = [Staged(data_dir.root / source, data_dir.root / target) for source, target in pairs]
    move(ops, [file for file in files if file.staged.exists()], step)
    # Those that were in place already may not be on disk yet.
    for directory in {file.target.parent for file in files}:
        with suppress(FileNotFoundError):
            ops.fsync_dir(directory)
    ops.unlink(note)
    ops.fsync_dir(note.parent)


def arrivals_wait(data_dir: DataDir) -> bool:
    """Say whether noted files could not be moved yet: what they lie in must stay."""
    return (data_dir.manifests / NOTE).exists()


def _is_event(file: Staged) -> bool:
    return file.target.parent.parent.name == "doc_type=ws_event"
