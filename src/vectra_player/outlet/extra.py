"""The package of the `cluster` extra that talks to a broker; what to type when it is missing."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from vectra_player.errors import UsageError

_LOCK = Path(__file__).resolve().parents[3] / "requirements" / "cluster.txt"


def needed() -> None:
    """Make sure that nats-py is installed.

    Raises:
        UsageError: it is not; the advice is the line that installs it.
    """
    if find_spec("nats") is None:
        raise UsageError(
            "The outlet needs a package that is not installed: nats-py.",
            advice=f"Install it with: {install_line()}",
        )


def install_line() -> str:
    """Return what to type to install the extra, from the lock where this is a checkout."""
    if _LOCK.is_file():
        return f"{sys.executable} -m pip install --require-hashes -r {_LOCK}"
    return f"{sys.executable} -m pip install 'vectra-player[cluster]'"
