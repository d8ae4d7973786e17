"""Nothing acknowledged is lost, doubled or reordered when the process dies (D1, D6, D7)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.crash.kill_rig import run


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_thirty_kills_lose_nothing_and_readers_are_never_wrong(tmp_path: Path) -> None:
    counts = run(kills=30, seed=20251124, base=tmp_path)
    assert counts["kills"] == 30
    assert counts["acknowledged"] > 1_000
    assert counts["plans redone"] > 0, "no kill hit a filing: the test does not bite"
    assert counts["sessions recovered"] > 0
    assert counts["reads"] > 100
