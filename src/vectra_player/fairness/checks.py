"""What a check of revealed games says: results as values, and as the commands' JSON.

Filled by `fairness.verify`, read by the audit, the proof page, the commands and the pages.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Status = Literal["verified", "failed", "incomplete"]
Commitment = Literal["seen", "not seen", "late"]
Check = Literal["record", "hash", "commitment", "length", "path", "rug_price", "peak", "tick"]
Value = float | int | str | None


class Mismatch(msgspec.Struct, frozen=True, kw_only=True):
    """What differs: the value recorded, the value recomputed, and the first tick if it has one."""

    check: Check
    reason: str
    tick: int | None = None
    recorded: Value = None
    recomputed: Value = None


class GameCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The result for one game.

    rebuilt: the history entry had no prices, so hash, peak and ticks heard live are the evidence.
    compared: recorded prices that were compared bit by bit. seconds_before: from the commitment
    being seen to the rug or the reveal. reason: why it is incomplete, or the first mismatch.
    """

    game_id: str
    status: Status
    version: str | None
    rebuilt: bool
    commitment: Commitment
    compared: int
    seconds_before: float | None = None
    reason: str = ""
    mismatches: tuple[Mismatch, ...] = ()


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """Results of many games. `unrevealed`: finished games whose seed was never recorded."""

    games: tuple[GameCheck, ...]
    unrevealed: int = 0

    def of(self, status: Status) -> tuple[GameCheck, ...]:
        """Return the games with this result."""
        return tuple(game for game in self.games if game.status == status)

    @property
    def rebuilt(self) -> int:
        """Count the verified games whose history entry had no prices."""
        return sum(game.rebuilt for game in self.of("verified"))

    @property
    def compared(self) -> int:
        """Count the recorded prices that were compared."""
        return sum(game.compared for game in self.games)

    def document(self) -> dict[str, Any]:
        """Return the result as the commands' JSON has it."""
        return {
            "verified": len(self.of("verified")),
            "failed": self.of("failed"),
            "incomplete": self.of("incomplete"),
            "rebuilt": self.rebuilt,
            "compared": self.compared,
            "commitment": self.commitments(),
            "unrevealed": self.unrevealed,
            "games": self.games,
        }

    def commitments(self) -> dict[Commitment, int]:
        """Count the games by whether the commitment was captured before the outcome."""
        counts: dict[Commitment, int] = {"seen": 0, "not seen": 0, "late": 0}
        for game in self.games:
            counts[game.commitment] += 1
        return counts
