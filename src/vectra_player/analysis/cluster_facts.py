"""What has to be alike on all machines of a cluster for their results to be alike.

Runs in every process of a cluster, so it imports little. Used by `analysis.dask_engine` alone.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from functools import cache
from importlib import metadata

from vectra_player.analysis.manifest import PACKAGE, versions
from vectra_player.errors import UsageError

Facts = Mapping[str, str]

COMPUTING = ("analysis", "fairness", "game", "model", "rl", "store", "strategy")
"""Packages whose code a worker may run."""

_CODE = "code of vectra-player"


@cache
def facts() -> Facts:
    """Return versions by name, the processor's kind, and the digest of our own code."""
    dask = {name: metadata.version(name) for name in ("dask", "distributed")}
    return versions() | dask | {"processor": platform.machine(), _CODE: _code()}


def check_alike(who: str, there: Facts, here: Facts | None = None) -> None:
    """Raise UsageError where a process of the cluster could compute something else."""
    here = facts() if here is None else here
    other = [
        f"{name} {there.get(name, 'missing')} instead of {here[name]}"
        for name in here
        if there.get(name) != here[name]
    ]
    if other:
        raise UsageError(
            f"{who} has {', '.join(other)}.",
            advice="Install the same everywhere (the same checkout, the same requirements) and "
            "start scheduler and workers again.",
        )


def _code() -> str:
    text = hashlib.sha256()
    for path in sorted(path for name in COMPUTING for path in (PACKAGE / name).rglob("*.py")):
        text.update(str(path.relative_to(PACKAGE)).encode() + b"\0" + path.read_bytes() + b"\0")
    return text.hexdigest()[:12]
