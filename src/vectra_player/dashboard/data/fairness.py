"""The numbers of the fairness page: the kept verification, by origin and in pages."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from vectra_player.dashboard.data import verification_kept as kept
from vectra_player.dashboard.data.paging import Page, Size, pages_of, rows_of
from vectra_player.dashboard.data.store import Store
from vectra_player.fairness.checks import GameCheck

Origins = Literal["real", "demo", "all"]


class FairnessWanted(msgspec.Struct, frozen=True):
    """Which games."""

    origin: Annotated[Origins, Meta(description="real, demo or all")] = "real"
    status: Annotated[
        Literal["", "failed", "incomplete"], Meta(description="failed or incomplete")
    ] = ""
    page: Page = 1
    size: Size = 25


class DoubtfulGame(msgspec.Struct, frozen=True):
    """A game that is not verified: where it was played, why, and what differs."""

    game_id: str
    origin: kept.Origin
    status: str
    version: str | None
    commitment: str
    reason: str
    mismatches: list[str]


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """The last verification of one origin. `counts` None: there was none yet.

    state: of the files now. current: nothing was filed since. cancelled: the user stopped the pass
    over what was filed since, and none is under way. others: finished games of the other origin.
    total: doubtful games that fit, of which `games` is one page.
    """

    counts: kept.Counts | None
    state: str
    current: bool
    cancelled: bool
    made_at: int | None
    others: int
    games: list[DoubtfulGame]
    total: int
    page: int
    size: int
    pages: int


class Verifications:
    """Reads the kept verification; safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._read: tuple[tuple[int, int], kept.Summary] | None = None

    def read(self, wanted: FairnessWanted, *, cancelled: bool = False) -> Verified:
        """Return the numbers and one page of the games that are not verified.

        `cancelled`: the last pass was.
        """
        summary = self._summary()
        state = kept.state_of(self._store.state(kept.DOC_TYPES))
        if summary is None:
            return Verified(
                counts=None, state=state, current=False, cancelled=cancelled, made_at=None,
                others=0, games=[], total=0, page=1, size=wanted.size, pages=1,
            )  # fmt: skip
        fits = [
            one
            for one in summary.doubtful
            if wanted.origin in ("all", one.origin) and wanted.status in ("", one.check.status)
        ]
        return Verified(
            counts=_counts(summary, wanted.origin),
            state=state,
            current=summary.state == state,
            cancelled=cancelled and summary.state != state,
            made_at=summary.made_at,
            others=_others(summary, wanted.origin),
            games=[_game(one) for one in fits[rows_of(wanted.page, wanted.size)]],
            total=len(fits),
            page=wanted.page,
            size=wanted.size,
            pages=pages_of(len(fits), wanted.size),
        )

    def _summary(self) -> kept.Summary | None:
        """Return the summary, read anew only when a pass has replaced it."""
        stamp = _stamp(kept.summary_path(self._store.data_dir))
        if stamp is None:
            return None
        with self._lock:
            if self._read is not None and self._read[0] == stamp:
                return self._read[1]
            summary = kept.read_summary(self._store.data_dir)
            if summary is not None:
                self._read = (stamp, summary)
            return summary


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def _counts(summary: kept.Summary, origin: Origins) -> kept.Counts:
    if origin == "all":
        return summary.real.plus(summary.demo)
    return summary.real if origin == "real" else summary.demo


def _others(summary: kept.Summary, origin: Origins) -> int:
    """Count the finished games that the chosen origin leaves out."""
    if origin == "all":
        return 0
    other = summary.demo if origin == "real" else summary.real
    return other.verified + other.failed + other.incomplete + other.unrevealed


def _game(one: kept.Doubtful) -> DoubtfulGame:
    check: GameCheck = one.check
    return DoubtfulGame(
        game_id=check.game_id,
        origin=one.origin,
        status=check.status,
        version=check.version,
        commitment=check.commitment,
        reason=check.reason,
        mismatches=[f"{found.check}: {found.reason}" for found in check.mismatches],
    )
