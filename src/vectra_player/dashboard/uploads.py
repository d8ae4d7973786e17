"""Files a page sends for import: pieces of them, kept until the job that reads them has ended.

They lie in `staging/upload-<id>/` under their own names, cut down to what a file name may be.
"""

from __future__ import annotations

import re
import secrets
import shutil
import unicodedata
from pathlib import Path

from vectra_player.dashboard.faults import MissingError
from vectra_player.dashboard.jobs import Job
from vectra_player.errors import DiskError, UsageError
from vectra_player.store.layout import DataDir

MAX_FILES = 200
MAX_FILE_BYTES = 4 << 30
PREFIX = "upload-"

_ID = re.compile(r"[0-9a-f]{16}")
_ODD = re.compile(r"[^\w.\- ()+]")


class Uploads:
    """The uploads of one data directory."""

    def __init__(self, data_dir: Path) -> None:
        self._staging = DataDir(data_dir).staging

    def begin(self) -> str:
        """Make room for one import and return its id. Raises DiskError."""
        upload_id = secrets.token_hex(8)
        try:
            (self._staging / f"{PREFIX}{upload_id}").mkdir(mode=0o700)
        except OSError as error:
            raise _refused(error) from None
        return upload_id

    def add(self, upload_id: str, name: str, offset: int, piece: bytes) -> int:
        """Append a piece at `offset` and return the size of the file so far.

        Raises:
            MissingError: there is no such upload.
            UsageError: the piece does not follow the last one, or there is too much.
            DiskError: the disk refused.
        """
        folder = self.folder(upload_id)
        path = folder / safe_name(name)
        try:
            size = path.stat().st_size if path.exists() else 0
            if offset != size:
                raise UsageError(f"The next piece of {path.name} begins at {size}, not {offset}.")
            if size + len(piece) > MAX_FILE_BYTES:
                raise UsageError(
                    f"{path.name} is larger than {MAX_FILE_BYTES >> 30} GiB.",
                    advice="Import it with `vectra-player import`.",
                )
            if not path.exists() and sum(1 for _ in folder.iterdir()) >= MAX_FILES:
                raise UsageError(f"More than {MAX_FILES} files.", advice="Import them in parts.")
            with path.open("ab") as file:
                file.write(piece)
        except OSError as error:
            raise _refused(error) from None
        return size + len(piece)

    def folder(self, upload_id: str) -> Path:
        """Return where the files of an upload lie. Raises MissingError."""
        folder = self._staging / f"{PREFIX}{upload_id}"
        if not _ID.fullmatch(upload_id) or not folder.is_dir():
            raise MissingError("There is no such upload.", advice="Choose the files again.")
        return folder


def safe_name(name: str) -> str:
    """Return a plain file name for what a browser calls a file.

    Raises:
        UsageError: nothing of it can be a name.
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    plain = _ODD.sub("_", last).strip(" .")
    if not plain:
        raise UsageError("A file has no name.", advice="Name it and choose it again.")
    stem, dot, ending = plain.rpartition(".")
    return f"{stem[:100]}{dot}{ending[:20]}" if stem else plain[:100]


def forget(job: Job) -> None:
    """Remove the files of an import that has ended."""
    folder = Path(str(job.request.get("folder", "")))
    if job.kind == "import" and folder.name.startswith(PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def _refused(error: OSError) -> DiskError:
    return DiskError(f"The disk refused the file: {error.strerror}.", advice="Free some space.")
