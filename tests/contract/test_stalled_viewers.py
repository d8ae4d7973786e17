"""W1 in short; the long form is `python -m tests.contract.stalled_viewers`."""

from __future__ import annotations

import pytest
from tests.contract.stalled_viewers import Plan, run


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_viewers_that_never_read_are_cut_off_and_harm_neither_others_nor_the_recording() -> None:
    found = run(Plan(rounds=2, round_s=5.0))
    assert found["stalled closed"] == found["stalled viewers"] == 5
    assert found["stalled closed after s, longest"] <= 5.0
    # The greeting, which every viewer may have unread, is beyond the budget of 1 MiB.
    assert found["most bytes a viewer"] <= (1 << 20) + (64 << 10)
    assert found["missing on disk"] == 0
    assert found["B deliveries"] > 0
