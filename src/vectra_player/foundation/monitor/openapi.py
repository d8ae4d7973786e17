"""Describe the monitor's API from the very table its routes are made of. Used by `monitor.app`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vectra_player.foundation.monitor.answers import ErrorAnswer
from vectra_player.web import openapi
from vectra_player.web.openapi import Endpoint

__all__ = ["Endpoint", "document"]


def document(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a table of endpoints."""
    title = "VECTRA-PLAYER monitor and control API"
    return openapi.document(endpoints, title=title, error=ErrorAnswer)
