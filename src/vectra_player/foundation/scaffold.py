"""Make a new HTML tool of the template. Called by `cli.artifacts`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import msgspec

from vectra_player.errors import UsageError
from vectra_player.foundation.registry import BUILT_IN, MANIFEST, NAME, RESERVED, TEMPLATE


def new_tool(user_artifacts: Path, name: str, *, built_in: Path = BUILT_IN) -> Path:
    """Copy the template under a new name and return the folder; it appears whole or not at all.

    Raises:
        UsageError: the name is bad, reserved or taken.
    """
    _refuse_bad_name(user_artifacts, name, built_in)
    user_artifacts.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = user_artifacts / name
    with tempfile.TemporaryDirectory(prefix=".new-", dir=user_artifacts) as scratch:
        made = Path(scratch) / name
        shutil.copytree(built_in / TEMPLATE, made)
        manifest = msgspec.json.decode((made / MANIFEST).read_bytes())
        manifest |= {"name": name, "title": name.replace("-", " ").strip().capitalize() or name}
        text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
        (made / MANIFEST).write_bytes(text + b"\n")
        try:
            made.rename(target)
        except OSError as error:
            raise UsageError(f"{target} could not be made: {error.strerror}.") from error
    return target


def _refuse_bad_name(user_artifacts: Path, name: str, built_in: Path) -> None:
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name of a tool.", advice="Use a-z, 0-9 and -, 64 at most."
        )
    if name in RESERVED or (built_in / name).exists():
        raise UsageError(f"The name {name!r} belongs to VECTRA.", advice="Choose another one.")
    target = user_artifacts / name
    if target.exists() or target.is_symlink():
        raise UsageError(f"{target} exists.", advice="Choose another name or remove it.")
