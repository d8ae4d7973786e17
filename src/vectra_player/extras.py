"""Packages that only some commands need: whether they are there, and what to type if not.

An extra has the same name in `pyproject.toml` and as `requirements/<name>.txt`, but for those that
`run.sh` installs for everybody: they are in `requirements/user.txt`. Any layer may ask.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from vectra_player.errors import UsageError

_LOCKS = Path(__file__).resolve().parents[2] / "requirements"
_FOR_EVERYBODY = ("analysis", "dashboard", "mcp")


def needed(extra: str, what: str, *packages: str) -> None:
    """Make sure that packages of an extra are installed; `what` is what needs them.

    Raises:
        UsageError: one is not; the advice is the line that installs them.
    """
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"{what} needs packages that are not installed: {', '.join(missing)}.",
            advice=f"Install them with: {install_line(extra)}",
        )


def install_line(extra: str) -> str:
    """Return what to type to install an extra, from the lock where this is a checkout."""
    lock = _LOCKS / f"{'user' if extra in _FOR_EVERYBODY else extra}.txt"
    if lock.is_file():
        return f"{sys.executable} -m pip install --require-hashes -r {lock}"
    return f"{sys.executable} -m pip install 'vectra-player[{extra}]'"
