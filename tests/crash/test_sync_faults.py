"""Whatever meets a sync on its way: the bucket is equal in the end, and readers are never wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.crash.sync_rig import run


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_recorders_ship_through_faults_and_kills_and_readers_are_never_wrong(
    tmp_path: Path,
) -> None:
    counts = run(faults=20, seed=20261128, base=tmp_path)
    assert counts["faults"] >= 20
    assert counts["killed"] > 0, "no sync was killed: the test does not bite"
    assert counts["looks"] > 30
    assert counts["verified"] > 0
