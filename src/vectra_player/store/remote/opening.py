"""A file system for Arrow that knows one thing: how to open a file for reading.

Everything else is refused, so nothing can be listed, written or removed through it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.fs as pafs


class OpeningFiles(pafs.FileSystemHandler):
    """Opens a file by its name; how, the opener knows."""

    def __init__(self, opener: Callable[[str], pa.NativeFile]) -> None:
        self._opener = opener

    def as_filesystem(self) -> pafs.FileSystem:
        """Return the file system."""
        return pafs.PyFileSystem(self)

    def open_input_file(self, path: str) -> pa.NativeFile:
        """Open a file."""
        return self._opener(path)

    def open_input_stream(self, path: str) -> pa.NativeFile:
        """Open a file."""
        return self._opener(path)

    def get_type_name(self) -> str:
        """Return what Arrow calls this file system."""
        return "vectra"

    def normalize_path(self, path: str) -> str:
        """Return the path as it stands."""
        return path

    def get_file_info(self, paths: str | list[str]) -> list[pafs.FileInfo]:
        """Say that every file that is asked about is one."""
        named = [paths] if isinstance(paths, str) else paths
        return [pafs.FileInfo(path, pafs.FileType.File) for path in named]

    def _refuse(self, *arguments: Any, **options: Any) -> NoReturn:
        raise PermissionError("Recordings in a bucket are read, nothing else.")

    get_file_info_selector = create_dir = delete_dir = delete_dir_contents = _refuse
    delete_root_dir_contents = delete_file = move = copy_file = _refuse
    open_output_stream = open_append_stream = _refuse
