"""What a run was made of: enough to repeat it, and the key under which its result is kept.

Used by backtests, sweeps and their reports. Two runs with one key have the same games, the same
question and the same code, so the second may be answered from the first.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from vectra_player import __version__

PACKAGE = Path(__file__).resolve().parent.parent
DECIDING = ("game", "model", "strategy")
"""Packages whose code can change a result; of `analysis` only the modules below can."""

DECIDING_MODULES = (
    *("backtest", "contestant", "fastpath", "games", "grid", "lookahead"),
    *("measures", "play", "risk", "significance", "splits", "sweep", "sweep_best", "sweep_work"),
)

LIBRARIES = ("numpy", "scipy", "numba", "pyarrow")
KEY_DIGITS = 12


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Digests of what went in (SHA-256), the question itself, versions and the time of the run."""

    kind: str
    made_at: str
    data: str
    config: str
    code: str
    seed: int
    question: dict[str, Any]
    versions: dict[str, str]

    @property
    def key(self) -> str:
        """Return the run's identity: everything that decides the result, the time left out."""
        deciding = (self.kind, self.data, self.config, self.code, self.seed, self.versions)
        return digest(deciding)[:KEY_DIGITS]

    @property
    def run_id(self) -> str:
        """Return the name under which the run is kept."""
        return f"{self.kind}-{self.key}"

    def lines(self) -> dict[str, str]:
        """Return the manifest as a reader wants it: names and values in order."""
        return {
            "run": self.run_id,
            "made": f"{self.made_at} UTC",
            "games (SHA-256)": self.data,
            "question (SHA-256)": self.config,
            "code (SHA-256)": self.code,
            "seed": str(self.seed),
            "versions": ", ".join(f"{name} {value}" for name, value in self.versions.items()),
        }


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON: keys in order, decimals as text."""
    text = msgspec.json.encode(value, enc_hook=str, order="deterministic")
    return hashlib.sha256(text).hexdigest()


def code_digest(files: Sequence[Path] = ()) -> str:
    """Return the SHA-256 of our deciding packages and of `files`, a user's own strategy."""
    text = hashlib.sha256(_own_digest())
    for path in files:
        text.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return text.hexdigest()


@cache
def _own_digest() -> bytes:
    text = hashlib.sha256()
    whole = [path for name in DECIDING for path in (PACKAGE / name).rglob("*.py")]
    single = [PACKAGE / "analysis" / f"{name}.py" for name in DECIDING_MODULES]
    for path in sorted([*whole, *(path for path in single if path.exists())]):
        text.update(str(path.relative_to(PACKAGE)).encode() + b"\0" + path.read_bytes() + b"\0")
    return text.digest()


def versions() -> dict[str, str]:
    """Return the versions of everything that computes."""
    found = {"vectra-player": __version__, "python": platform.python_version()}
    return found | {name: _version_of(name) for name in LIBRARIES}


@cache
def _version_of(library: str) -> str:
    return metadata.version(library)  # reads and parses a file: once in a process is enough


def make_manifest(
    kind: str,
    *,
    made_at: str,
    data: str,
    question: Mapping[str, Any],
    seed: int,
    files: Sequence[Path] = (),
) -> Manifest:
    """Describe a run. `data` is `Games.digest`; `made_at` is ISO 8601, UTC."""
    return Manifest(
        kind=kind,
        made_at=made_at,
        data=data,
        config=digest(question),
        code=code_digest(files),
        seed=seed,
        question=dict(question),
        versions=versions(),
    )
