"""What the monitor asks of the running service. Implemented by `foundation.service` and `app`."""

from __future__ import annotations

from typing import Any, Literal, Protocol

import msgspec

from vectra_player.foundation.monitor.answers import (
    Health,
    RecordingAnswer,
    ReplayAction,
    ReplayRequest,
    State,
)
from vectra_player.foundation.paper_records import (
    Actor,
    PracticeRequest,
    TradeAnswer,
    TradeState,
    WalletRequest,
)
from vectra_player.foundation.store_worker import Question
from vectra_player.model.run import RunEnding, RunGame, RunPlan
from vectra_player.replay.line import ReplayLine
from vectra_player.strategy.actions import Action


class Backend(Protocol):
    """State and control of the service."""

    def health(self) -> Health:
        """Return whether it runs."""
        ...

    def state(self) -> State:
        """Return everything the monitor page shows."""
        ...

    def recording(self) -> RecordingAnswer:
        """Return whether and what is recorded."""
        ...

    async def record(self, action: Literal["start", "stop"], source: str | None) -> RecordingAnswer:
        """Start or stop recording.

        Raises:
            UsageError: it is so already, or another source was asked for.
            CaptureHaltedError: the disk refuses.
        """
        ...

    async def ask(self, question: Question) -> msgspec.Raw:
        """Ask the store, in the worker process. Raises VectraError."""
        ...

    def metrics(self) -> bytes:
        """Return the metrics in Prometheus text format."""
        ...


class ReplayControl(Protocol):
    """Opens replays and drives them; `app` hands in the one of the replay package."""

    def list(self) -> list[dict[str, Any]]:
        """Return the status of every open replay."""
        ...

    async def open(self, request: ReplayRequest) -> dict[str, Any]:
        """Open a replay; return its status with `id`. Raises UsageError."""
        ...

    async def act(self, replay_id: str, action: ReplayAction) -> dict[str, Any]:
        """Drive a replay; return its status. Raises KeyError for an unknown id, UsageError."""
        ...

    async def line(self, replay_id: str) -> ReplayLine:
        """Return what lies where in a replay. Raises KeyError."""
        ...

    def practice(self, replay_id: str) -> TradeState:
        """Return the practice account of a replay. Raises KeyError."""
        ...

    def trade(self, replay_id: str, request: PracticeRequest, actor: Actor) -> TradeAnswer:
        """Trade in a replay, for practice. Raises KeyError, UsageError."""
        ...

    async def close(self) -> None:
        """End every replay."""
        ...


class RunControl(Protocol):
    """Knows the strategy runs, and records what they tell of themselves."""

    def begin(self, plan: RunPlan) -> str:
        """Take in a run; return its id."""
        ...

    def go_on(self, run_id: str, plan: RunPlan) -> bool:
        """Take in a run of an earlier service; tell whether it was not known. Raises UsageError."""
        ...

    def require(self, run_id: str | None) -> None:
        """Make sure that a run is known; None is none. Raises UsageError."""
        ...

    def played(self, run_id: str, game: RunGame) -> None:
        """Take down a game of a run. Raises UsageError for an unknown run."""
        ...

    def end(self, run_id: str, ending: RunEnding) -> None:
        """End a run. Raises UsageError for an unknown run."""
        ...


class TradeControl(Protocol):
    """Keeps the account that is traded with."""

    @property
    def runs(self) -> RunControl:
        """Return who knows the strategy runs that act here."""
        ...

    @property
    def measured_ms(self) -> float | None:
        """Return how long orders through the page took, in the middle; None: too few to say."""
        ...

    def state(self, mode: str) -> TradeState:
        """Return everything of the account of a mode. Raises UsageError: it is not possible."""
        ...

    def act(self, action: Action, actor: Actor, mode: str, run: str | None) -> TradeAnswer:
        """Take in an action, of a strategy run or not.

        Raises UsageError: no game is known, the mode is not possible, no such run.
        """
        ...

    def reset(self, wallet: WalletRequest, actor: Actor) -> TradeAnswer:
        """Begin anew with another wallet. Raises UsageError as `act`."""
        ...


class Artifacts(Protocol):
    """Knows the tools: built-in ones and the user's."""

    def list(self) -> list[dict[str, Any]]:
        """Return every tool, broken ones with their reason."""
        ...
