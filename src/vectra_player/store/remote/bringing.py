"""A store whose files are brought to this machine when a scan needs them, and not before.

Which ones that are, Arrow says: a dataset rules files out by what holds for all their rows. They
are brought before the scan begins and are plain local files in it. A file system of our own below
Arrow would do it more finely, but its calls need the interpreter, which DuckDB may hold while it
waits for Arrow's threads: neither went on (pyarrow 26, DuckDB 2.0).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow.dataset as ds

from vectra_player.store.dataset import FORMAT, DataFile, StoreRoot, bounds_of, view_schema

Bring = Callable[[Sequence[str]], None]


class BroughtDataset(ds.FileSystemDataset):
    """A dataset that has its files brought when it is scanned."""

    bring: Bring

    def scanner(self, *arguments: Any, **options: Any) -> ds.Scanner:
        """Make the scanner; the files that its filter leaves are here when this returns."""
        needed = self.get_fragments(filter=options.get("filter"))
        self.bring([fragment.path for fragment in needed])
        return super().scanner(*arguments, **options)


class BringingRoot(StoreRoot):
    """A store that brings files; a subclass says how."""

    def dataset(self, doc_type: str, files: list[DataFile] | None = None) -> ds.Dataset:
        """Open a doc type; each file says between which moments its rows lie."""
        chosen = self.files(doc_type) if files is None else files
        fragments = [
            FORMAT.make_fragment(file.path, self.filesystem, bounds_of(file)) for file in chosen
        ]
        dataset = BroughtDataset(fragments, view_schema(doc_type), FORMAT, self.filesystem)
        dataset.bring = self.bring
        return dataset

    def bring(self, paths: Sequence[str]) -> None:
        """Have files here.

        Raises:
            FileNotFoundError: one went away with a day that was exchanged: list again.
            DamageError: one is missing or not what was put there.
            VectraError: the storage refuses.
        """
        try:
            self._bring(paths)
        except Exception as error:
            self.trouble = error  # DuckDB passes on only its text
            raise

    def _bring(self, paths: Sequence[str]) -> None:
        raise NotImplementedError
