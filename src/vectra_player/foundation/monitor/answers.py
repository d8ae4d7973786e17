"""What the HTTP API takes and gives; `/openapi.json` is made of these types."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Fault(msgspec.Struct, frozen=True):
    """What went wrong, and what to do about it."""

    message: str
    advice: str = ""


class ErrorAnswer(msgspec.Struct, frozen=True):
    """The body of every answer above 399."""

    error: Fault


class FeedHealth(msgspec.Struct, frozen=True):
    """The feed in three numbers."""

    port: int
    clients: int
    last_seq: int


class Health(msgspec.Struct, frozen=True):
    """Whether it runs; told to anybody on this machine, so it holds nothing of the game.

    `dashboard`: the port of the dashboard that runs beside it.
    """

    status: Literal["ok", "halted"]
    version: str
    uptime_s: float
    recording: bool
    feed: FeedHealth
    dashboard: int | None = None


class RecordingAnswer(msgspec.Struct, frozen=True):
    """Whether and what is recorded. `halted`: why nothing can be stored, if so."""

    recording: bool
    source: str
    session_id: str | None
    sessions: int
    events: int
    games: int
    gaps: int
    durable_seq: int
    halted: str | None


class RecordingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Start or stop recording; `source` must be the running one, if given."""

    action: Literal["start", "stop"]
    source: str | None = None


class State(msgspec.Struct, frozen=True):
    """Everything the monitor page shows; `state` is the content of a feed snapshot."""

    mode: Literal["LIVE", "DEMO", "REPLAY"]
    trading: Literal["PAPER", "PRACTICE", "ARMED"]
    recording: RecordingAnswer
    feed: dict[str, Any]
    recorder: dict[str, Any]
    state: dict[str, Any]
    gaps: list[dict[str, Any]]
    log: list[dict[str, Any]]


class ReplayRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Open a replay of a game, a session or a file; exactly one is named.

    `paused`: it stands at its start until it is driven.
    """

    game_id: str | None = None
    session_id: str | None = None
    file: str | None = None
    speed: float = 1.0
    paused: bool = False


class ReplayAction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Drive a replay; `tick` or `at_ms` belong to seek, `speed` to speed."""

    action: Literal["play", "pause", "step", "back", "seek", "speed", "close"]
    tick: int | None = None
    at_ms: int | None = None
    speed: float | None = None


class ReplayOpened(msgspec.Struct, frozen=True):
    """A replay that was opened, and the path of its feed."""

    id: str
    feed: str


class AlertRule(msgspec.Struct, frozen=True):
    """One alert rule. rule: its table; seen: whether its events are known from real traffic."""

    type: str
    text: str
    origin: str
    seen: str
    rule: dict[str, Any]


class AlertLog(msgspec.Struct, frozen=True):
    """The last alerts, newest first, and the rules in force; `faults` of the user's file.

    measured_at: when `alerts test --save` last measured what signals state.
    """

    alerts: list[dict[str, Any]]
    told: int
    rules: list[AlertRule]
    file: str
    faults: list[str]
    measured_at: str | None
