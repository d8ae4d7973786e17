"""A request that fails is repeated, but nobody waits for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from vectra_player.errors import RemoteError
from vectra_player.store.remote import objects as module
from vectra_player.store.remote.objects import ObjectStore


class Clock:
    """A clock that a request moves on by the seconds it takes."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.mark.parametrize(
    ("takes_s", "requests", "in_all_s"), [(0.0, 6, 15.5), (20.0, 2, 40.5), (60.0, 2, 120.5)]
)
def test_a_request_is_repeated_for_a_bounded_time(
    tmp_path: Path, clock: Clock, takes_s: float, requests: int, in_all_s: float
) -> None:
    objects = ObjectStore(f"file://{tmp_path}")

    def hang() -> None:
        clock.now += takes_s
        raise TimeoutError

    with pytest.raises(RemoteError, match="cannot be reached"):
        objects._ask("get", hang)
    assert (objects.requests["get"], clock.now) == (requests, in_all_s)


def test_a_server_that_takes_a_request_and_never_answers_is_given_up_within_a_minute() -> None:
    timeouts = module._S3_OPTIONS["config_kwargs"]
    assert 2 * timeouts["read_timeout"] >= module._PATIENCE_S
    assert 2 * (timeouts["connect_timeout"] + timeouts["read_timeout"]) <= 60


def test_what_a_disk_refuses_is_told_with_its_own_words_and_advice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RemoteError, match=r"file/x: Not a directory\. Check the address"):
        ObjectStore(f"file://{tmp_path}/file/x").write("name", b"data")
