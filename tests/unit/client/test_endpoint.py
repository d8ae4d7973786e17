"""The feed is found where the running instance says, and a token never leaves this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from vectra_player.client import Backoff
from vectra_player.client.endpoint import Endpoint, Finder, with_query
from vectra_player.errors import UsageError


def write_instance(root: Path, text: str) -> None:
    (root / "run").mkdir(exist_ok=True)
    (root / "run" / "instance.json").write_text(text)


def test_the_running_instance_is_found_in_the_data_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_instance(tmp_path, '{"pid":1,"token":"t","feed":9012,"monitor":9013,"dashboard":null}')
    there = Endpoint("ws://127.0.0.1:9012/feed", "t")
    assert Finder(None, None, tmp_path).find() == there
    monkeypatch.setenv("RUGS_DATA_DIR", str(tmp_path))
    assert Finder(None, None, None).find() == there
    assert Finder(None, "mine", None).find() == Endpoint(there.url, "mine")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"token":"t"}', '{"token":"t","feed":"x"}'])
def test_half_a_file_means_that_nobody_runs_yet(tmp_path: Path, text: str) -> None:
    write_instance(tmp_path, text)
    assert Finder(None, None, tmp_path).find() is None


def test_without_a_file_nobody_runs(tmp_path: Path) -> None:
    assert Finder(None, None, tmp_path).find() is None


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "run" / "instance.json").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"instance\.json cannot be read"):
        Finder(None, None, tmp_path).find()


@pytest.mark.parametrize(
    "url",
    [
        "ws://10.0.0.1:9000/feed",
        "ws://127.0.0.1.example.org/feed",
        "ws://127.0.0.1@example.org/feed",
        "wss://example.org/feed",
        "http://127.0.0.1:9000/feed",
        "127.0.0.1:9000",
    ],
)
def test_an_address_that_would_carry_the_token_away_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="no address of a feed on this machine"):
        Finder(url, "t", None)


def test_a_query_joins_what_is_there() -> None:
    assert with_query("ws://h/feed", types=None) == "ws://h/feed"
    assert with_query("ws://h/feed", types="a,b", since=4) == "ws://h/feed?types=a,b&since=4"
    assert with_query("ws://h/feed?replay=r", feed="f&x") == "ws://h/feed?replay=r&feed=f%26x"


def test_waits_grow_to_a_cap_and_are_shortened_at_random() -> None:
    backoff = Backoff(first_s=1, cap_s=8)
    for attempt, most in enumerate((1, 2, 4, 8, 8, 8)):
        waits = {backoff.wait_s(attempt) for _ in range(20)}
        assert all(most / 2 <= wait <= most for wait in waits)
        assert len(waits) > 1
    assert backoff.wait_s(10_000) <= 8
