"""The verification of the whole store, kept: what a page shows, and what a pass goes on from.

A pass (`work.fairness`) writes, the routes read. The summary is small; the result of every game
lies beside it, for the next pass alone.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from vectra_player.fairness.checks import Commitment, GameCheck, Status, Verification
from vectra_player.store.fsops import FileOps, make_directories, replace_file
from vectra_player.store.layout import DataDir

FOLDER = "verification"
DOC_TYPES = ("game", "game_tick")
"""Tables whose files decide whether a verification is current."""

Origin = Literal["real", "demo"]
ORIGINS: tuple[Origin, ...] = ("real", "demo")
Files = dict[str, int]
"""Path and size of each file a pass has read."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of `vectra-player verify --all`."""

    verified: int = 0
    failed: int = 0
    incomplete: int = 0
    rebuilt: int = 0
    compared: int = 0
    unrevealed: int = 0
    commitment: dict[Commitment, int] = {}

    def plus(self, other: Counts) -> Counts:
        """Add up the numbers of two origins."""
        names = {*self.commitment, *other.commitment}
        return Counts(
            verified=self.verified + other.verified,
            failed=self.failed + other.failed,
            incomplete=self.incomplete + other.incomplete,
            rebuilt=self.rebuilt + other.rebuilt,
            compared=self.compared + other.compared,
            unrevealed=self.unrevealed + other.unrevealed,
            commitment={
                name: self.commitment.get(name, 0) + other.commitment.get(name, 0) for name in names
            },
        )


class Doubtful(msgspec.Struct, frozen=True):
    """A game that is not verified, and where it was played."""

    origin: Origin
    check: GameCheck


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A whole verification. `state`: of the files it was made of; `made_at`: milliseconds UTC."""

    state: str
    made_at: int
    real: Counts
    demo: Counts
    doubtful: list[Doubtful]


class Checks(msgspec.Struct, kw_only=True):
    """Every game's result by origin. `rules`: digest of the code that decided."""

    rules: str = ""
    files: Files = {}
    real: dict[str, GameCheck] = {}
    demo: dict[str, GameCheck] = {}

    def of(self, origin: Origin) -> dict[str, GameCheck]:
        """Return the results of one origin."""
        return self.real if origin == "real" else self.demo


def state_of(files: Iterable[tuple[str, int]]) -> str:
    """Return what tells one set of files from another."""
    told = "\n".join(f"{size} {path}" for path, size in sorted(files))
    return hashlib.sha256(told.encode()).hexdigest()


def counts_of(checks: Iterable[GameCheck], unrevealed: int) -> Counts:
    """Count results, as the command does."""
    whole = Verification(games=tuple(checks), unrevealed=unrevealed)
    sizes: dict[Status, int] = {
        status: len(whole.of(status)) for status in ("verified", "failed", "incomplete")
    }
    return Counts(
        verified=sizes["verified"],
        failed=sizes["failed"],
        incomplete=sizes["incomplete"],
        rebuilt=whole.rebuilt,
        compared=whole.compared,
        unrevealed=unrevealed,
        commitment=whole.commitments(),
    )


def read_summary(data_dir: Path) -> Summary | None:
    """Return the last verification; None where there is none."""
    with contextlib.suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode(summary_path(data_dir).read_bytes(), type=Summary)
    return None


def read_checks(data_dir: Path, rules: str) -> Checks:
    """Return what the last pass left; nothing where other rules decided then."""
    with contextlib.suppress(OSError, msgspec.DecodeError):
        found = msgspec.json.decode(_checks_path(data_dir).read_bytes(), type=Checks)
        if found.rules == rules:
            return found
    return Checks(rules=rules)


def write(data_dir: Path, checks: Checks, summary: Summary) -> None:
    """Keep a pass: the results first, so that the summary never tells of others."""
    make_directories(FileOps(), summary_path(data_dir).parent)
    replace_file(FileOps(), _checks_path(data_dir), msgspec.json.encode(checks))
    replace_file(FileOps(), summary_path(data_dir), msgspec.json.encode(summary))


def summary_path(data_dir: Path) -> Path:
    """Return where the summary lies."""
    return DataDir(data_dir).results / FOLDER / "summary.json"


def _checks_path(data_dir: Path) -> Path:
    return DataDir(data_dir).results / FOLDER / "games.json"
