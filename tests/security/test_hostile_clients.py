"""W4 in short; the long form is `python -m tests.security.hostile_clients`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.security.hostile_clients import run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_fuzzed_messages_and_half_open_handshakes_leave_a_foundation_well(tmp_path: Path) -> None:
    found = run(tmp_path / "data", messages=1_500, handshakes=700, checks=25, seed=1)
    assert found["messages"] >= 1_500
    assert (
        found.get("ended by the server", 0) + found.get("cut by the server", 0)
        == (found["connections"])
    )
    assert found["unhandled exceptions"] == 0
    assert found["recording whole"]
    # Every check was answered; how fast depends on what else the machine does here.
    assert found["feed: health check ms, median"] < 1_000
    assert found["monitor: health check ms, median"] < 1_000
