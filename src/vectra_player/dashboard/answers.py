"""What every answer of the dashboard may be made of; its OpenAPI document names these types."""

from __future__ import annotations

from typing import Any

import msgspec


class Fault(msgspec.Struct, frozen=True):
    """What went wrong and what to do; `fields` names parameters that were wrong."""

    message: str
    advice: str = ""
    fields: dict[str, str] = {}


class ErrorAnswer(msgspec.Struct, frozen=True):
    """The body of every answer above 399."""

    error: Fault


class FeedPort(msgspec.Struct, frozen=True):
    """Where the live feed listens; null while foundation does not run."""

    port: int | None


class Health(msgspec.Struct, frozen=True):
    """Whether the dashboard runs, and the ports of its neighbours."""

    status: str
    version: str
    feed: FeedPort
    dashboard: int
    monitor: int | None


class Foundation(msgspec.Struct, frozen=True):
    """What foundation says; `running` false and the reason while it does not answer."""

    running: bool
    reason: str = ""
    state: dict[str, Any] | None = None
