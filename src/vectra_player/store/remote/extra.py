"""The package that speaks S3: whether it is there, and what to type when it is not."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from vectra_player.errors import UsageError

_LOCK: Final = Path(__file__).resolve().parents[4] / "requirements" / "cluster.txt"


def needed(*names: str) -> None:
    """Make sure that packages of the extra are installed.

    Raises:
        UsageError: one is not; the advice is the line that installs them.
    """
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"Object storage needs packages that are not installed: {', '.join(missing)}.",
            advice=f"Install them with: {install_line()}",
        )


def install_line() -> str:
    """Return what to type to install the extra, from the lock where this is a checkout."""
    if _LOCK.is_file():
        return f"{sys.executable} -m pip install --require-hashes -r {_LOCK}"
    return f"{sys.executable} -m pip install 'vectra-player[cluster]'"
