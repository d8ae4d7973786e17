"""Builders of records for the protocol tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from vectra_player.model.frame import Frame, StoredFrame
from vectra_player.model.rows import WsEvent
from vectra_player.protocol.describe import describe


def _make_ws(raw: str, **fields: Any) -> WsEvent:
    known = {"socket_id": "s1", "origin": "127.0.0.1:1", **fields}
    frame = Frame(ts=1_700_000_000_000_000, raw=raw, **known)
    return describe(StoredFrame("session", 7, frame))


@pytest.fixture(scope="session")
def make_ws() -> Callable[..., WsEvent]:
    """Describe one raw record."""
    return _make_ws


@pytest.fixture(scope="session")
def make_event() -> Callable[..., WsEvent]:
    """Describe one event packet with these arguments."""

    def make(name: str, *args: Any, head: str = "42", **fields: Any) -> WsEvent:
        return _make_ws(head + json.dumps([name, *args]), **fields)

    return make
