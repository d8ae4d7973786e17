"""The seal of an index: which build made it, and what its files were when it was done.

A file that changed since is found before Chroma, which trusts its files, reads it. Pure but for
reading the folder; called by `build`, `retrieve` and `status`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from vectra_player.errors import DamageError
from vectra_player.rag.checkpoint import FORMAT

FILE: Final = "vectra.json"
_CHUNK: Final = 1 << 20
_ADVICE: Final = "Run 'vectra-player index build'; it makes what is damaged anew."


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """What a folder was when its build ended. `files`: hash of the content by relative path."""

    format: int = FORMAT
    build_id: str
    model_id: str
    built_at: int
    files: dict[str, str]


def write(folder: Path, build_id: str, model_id: str, built_at: int) -> Seal:
    """Seal a folder whose files are final."""
    files = {name: _hash(folder / name) for name in _names(folder)}
    seal = Seal(build_id=build_id, model_id=model_id, built_at=built_at, files=files)
    (folder / FILE).write_bytes(msgspec.json.encode(seal))
    return seal


def read(folder: Path) -> Seal | None:
    """Return the seal of a folder; None where there is none, or one of another version."""
    try:
        seal = msgspec.json.decode((folder / FILE).read_bytes(), type=Seal)
    except (OSError, msgspec.DecodeError, msgspec.ValidationError):
        return None
    return seal if seal.format == FORMAT else None


def check(folder: Path, seal: Seal) -> None:
    """Compare a folder with its seal.

    Raises:
        DamageError: a file is missing or has another content.
    """
    for name, expected in seal.files.items():
        try:
            same = _hash(folder / name) == expected
        except OSError as error:
            raise DamageError(
                f"{folder / name} cannot be read: {error.strerror}.", advice=_ADVICE
            ) from error
        if not same:
            raise DamageError(f"{folder / name} is not what was written.", advice=_ADVICE)


def _names(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != FILE:
            yield path.relative_to(folder).as_posix()


def _hash(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
