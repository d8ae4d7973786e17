"""W3 in short; the long form is `python -m tests.contract.dropped_viewers`."""

from __future__ import annotations

from tests.contract.dropped_viewers import run


async def test_viewers_that_are_cut_off_at_random_miss_no_trade_or_result() -> None:
    found = await run(drops=40, followers=4, seed=7)
    # One that is cut before it learned that it was connected does not count it.
    assert found["reconnects"] >= 30
    assert found["compared"] > 200
    assert (found["lost"], found["doubled"], found["followers with another order"]) == (0, 0, 0)
    assert found["gaps told"] == 0
