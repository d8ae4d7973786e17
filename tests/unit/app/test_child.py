"""A child that ends is started again: ever later where it ends at once, else soon."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from vectra_player.app import child as module
from vectra_player.app.child import keep_running


async def waits_of(endings: list[int | Exception]) -> list[tuple[object, float]]:
    """Let a child end in these ways; return how each was told, and how long was waited then."""
    left = iter(endings)

    async def run() -> int:
        ended = next(left, None)
        if ended is None:
            raise LookupError
        if isinstance(ended, Exception):
            raise ended
        return ended

    with capture_logs() as logged, pytest.raises(LookupError):
        await keep_running("child", run)
    return [(line["code"], line["wait_s"]) for line in logged]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a thousandth of the time."""
    monkeypatch.setattr(module, "FIRST_RETRY_S", 0.001)
    monkeypatch.setattr(module, "LONGEST_RETRY_S", 0.003)


async def test_one_that_ends_at_once_is_waited_for_ever_longer() -> None:
    found = await waits_of([1, OSError("no memory"), -9, -9])
    assert found == [(1, 0.001), ("no memory", 0.002), (-9, 0.003), (-9, 0.003)]


async def test_one_that_ran_long_is_soon_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEALTHY_S", 0.0)
    assert await waits_of([-9, -9, -9]) == [(-9, 0.001)] * 3
