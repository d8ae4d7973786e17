"""The strategy runs that act through this service: who they are, and what they tell of themselves.

What they tell becomes facts of the recording; while nothing is recorded it is lost. Built by
`app`, asked by the monitor's trade routes. One event loop.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog

from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import CaptureHaltedError, UsageError
from vectra_player.model.run import (
    STRATEGY_RUN,
    RunContinued,
    RunEnded,
    RunEnding,
    RunFact,
    RunGame,
    RunPlan,
    RunPlayed,
    RunStarted,
)

log = structlog.get_logger(__name__)

Note = Callable[[str, object], int]
"""Stores a fact and returns its seq, 0 while nothing is recorded."""

MOST_OPEN = 64
"""Runs that are known at a time; the oldest, whose program is long gone, is forgotten."""

_RUN_ID = re.compile(r"run-[0-9]{8}T[0-9]{6}-[0-9a-f]{6}")


def unrecorded(kind: str, detail: object) -> int:
    """Take no note."""
    return 0


def noted(note: Note, kind: str, detail: object) -> int:
    """Note a fact whose loss must not disturb what goes on; return its seq, 0: it was not kept."""
    try:
        return note(kind, msgspec.to_builtins(detail))
    except CaptureHaltedError as error:
        log.warning("fact not kept", fact=kind, error=str(error))
        return 0


class RunBook:
    """Every run that began and did not end."""

    def __init__(self, note: Note = unrecorded, clock: Clock | None = None) -> None:
        self._note = note
        self._clock = clock or SystemClock()
        self._open: dict[str, RunPlan] = {}
        self._restarted: set[str] = set()

    def begin(self, plan: RunPlan) -> str:
        """Take in a run; return its id."""
        moment = datetime.fromtimestamp(self._clock.now_us() / 1e6, UTC)
        run_id = f"run-{moment:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        self._keep(run_id, plan)
        self._tell(RunStarted(run_id=run_id, **_fields(plan)))
        return run_id

    def go_on(self, run_id: str, plan: RunPlan) -> bool:
        """Take in a run of an earlier service; one that is known goes on as it is.

        Tells whether it was not known.

        Raises UsageError for an id that is none.
        """
        if not _RUN_ID.fullmatch(run_id):
            raise UsageError(f"{run_id!r} is no id of a run.")
        if run_id in self._open:
            return False
        self._keep(run_id, plan)
        self._restarted.add(run_id)
        self._go_on(run_id, plan)
        return True

    def played(self, run_id: str, game: RunGame) -> None:
        """Take down a game of a run. Raises UsageError for an unknown run."""
        self.require(run_id)
        self._tell(RunPlayed(run_id=run_id, game_id=game.game_id, game=game))

    def end(self, run_id: str, ending: RunEnding) -> None:
        """End a run. Raises UsageError for an unknown run."""
        self.require(run_id)
        plan = self._open.pop(run_id)
        self._tell(
            RunEnded(
                run_id=run_id,
                strategy=plan.strategy,
                mode=plan.mode,
                reason=ending.reason,
                result=ending.result,
            )
        )

    def require(self, run_id: str | None) -> None:
        """Make sure that a run is known; None is none. Raises UsageError."""
        if run_id is not None and run_id not in self._open:
            raise UsageError(
                f"No run {run_id!r} is known here.",
                advice="Begin it with POST /api/trade/runs.",
            )

    def tell_again(self) -> None:
        """Tell of every open run: a new recording knows none of them."""
        for run_id, plan in self._open.items():
            self._go_on(run_id, plan)

    def _go_on(self, run_id: str, plan: RunPlan) -> None:
        """Tell that a run goes on; that it is after a restart until that is recorded."""
        restart = run_id in self._restarted
        if self._tell(RunContinued(run_id=run_id, restart=restart, **_fields(plan))):
            self._restarted.discard(run_id)

    def _keep(self, run_id: str, plan: RunPlan) -> None:
        while len(self._open) >= MOST_OPEN:
            self._open.pop(next(iter(self._open)))
        self._open[run_id] = plan

    def _tell(self, fact: RunFact) -> int:
        return noted(self._note, STRATEGY_RUN, fact)


def _fields(plan: RunPlan) -> dict[str, Any]:
    return msgspec.structs.asdict(plan)
