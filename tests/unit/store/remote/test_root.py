"""A bucket is read as one store, each row once, and only what is asked for is fetched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.store.conftest import Tree

from vectra_player.errors import DamageError, UsageError
from vectra_player.store import days
from vectra_player.store.delete import delete_session
from vectra_player.store.query_process import QueryProcess
from vectra_player.store.reads import StoreReader
from vectra_player.store.remote.root import RemoteRoot

Ship = Callable[..., Any]
PARQUET = ".parquet"
DAY_US = 86_400_000_000


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(days, "RETIRE_S", 0)


def fetched(place: Any) -> int:
    return len(list((place.home / "mirror").rglob(f"*{PARQUET}")))


def test_every_row_of_two_stores_is_there_once(
    recorded: Any, place: Any, ship: Ship, tmp_path: Path
) -> None:
    other = Tree(tmp_path / "other")
    raw = '42["gameStateUpdate",{}]'
    other.add(*(other.ws(seq, raw, "s1") for seq in range(30, 60)))  # 42 is the last seq of s1
    other.add(other.ws(1, raw, "s9", ts=other.T0 + 5 * DAY_US))
    ship(recorded.data_dir)
    ship(other.data_dir)
    with StoreReader(place.url) as reader:
        keys = reader.fetch("SELECT session_id, seq FROM ws_event_rows ORDER BY ALL").to_pylist()
    assert [(key["session_id"], key["seq"]) for key in keys] == [
        *(("s1", seq) for seq in range(1, 60)),
        *(("s2", seq) for seq in range(1, 43)),
        ("s9", 1),
    ]


def test_a_session_in_two_stores_under_other_dates_is_read_once(
    tree: Any, place: Any, ship: Ship, tmp_path: Path
) -> None:
    other = Tree(tmp_path / "other")
    tree.add(tree.ws(1, "40", "s1"))
    other.add(other.ws(1, "40", "s1", ts=other.T0 + DAY_US))
    ship(tree.data_dir)
    ship(other.data_dir)
    with StoreReader(place.url) as reader:
        assert reader.stats().rows["ws_event"] == 1


@pytest.mark.parametrize(
    "condition",
    [
        "date = DATE '2026-01-02'",
        "ts >= TIMESTAMPTZ '2026-01-02 00:00:00Z'",
        "ts BETWEEN TIMESTAMPTZ '2026-01-02 00:00:00Z' AND TIMESTAMPTZ '2026-01-03 00:00:00Z'",
    ],
)
def test_a_condition_on_time_leaves_other_days_where_they_are(
    recorded: Any, place: Any, ship: Ship, condition: str
) -> None:
    ship(recorded.data_dir)
    with StoreReader(place.url) as reader, StoreReader(recorded.root) as local:
        sql = f"SELECT tick, price FROM game_tick WHERE {condition} ORDER BY ALL"
        assert reader.fetch(sql).equals(local.fetch(sql))
    assert fetched(place) == 2  # one a session


def test_what_was_fetched_is_not_fetched_again(recorded: Any, place: Any, ship: Ship) -> None:
    ship(recorded.data_dir)
    for requests in ({"list": 1, "get": 1 + 2 + 4}, {"list": 1, "get": 1}):
        root = RemoteRoot(place.url, place.home)
        with StoreReader(root) as reader:
            assert reader.fetch("SELECT count(*) AS n FROM game_tick").to_pylist() == [{"n": 80}]
        assert dict(root.objects.requests) == requests


def test_what_was_deleted_there_is_removed_here(recorded: Any, place: Any, ship: Ship) -> None:
    ship(recorded.data_dir)
    with StoreReader(place.url) as reader:
        assert len(reader.sessions()) == 2
    before = fetched(place)
    delete_session(recorded.data_dir, "s2")
    ship(recorded.data_dir)
    with StoreReader(place.url) as reader:
        assert [info.session_id for info in reader.sessions()] == ["s1"]
    assert fetched(place) < before


def test_a_reader_whose_files_went_away_lists_again(recorded: Any, place: Any, ship: Ship) -> None:
    ship(recorded.data_dir)
    with StoreReader(place.url) as reader, QueryProcess(place.url) as process:
        assert reader.fetch("SELECT count(*) AS n FROM game").to_pylist() == [{"n": 0}]
        assert process.query("SELECT count(*) FROM game").rows() == [(0,)]
        delete_session(recorded.data_dir, "s2")
        ship(recorded.data_dir, grace_s=0)
        assert reader.fetch("SELECT count(*) AS n FROM game_tick").to_pylist() == [{"n": 40}]
        assert process.query("SELECT count(*) FROM game_tick").rows() == [(40,)]


@pytest.mark.parametrize("harm", ["missing", "altered", "short"])
def test_an_object_that_is_not_what_was_put_there_is_an_error_and_never_data(
    recorded: Any, place: Any, ship: Ship, harm: str
) -> None:
    ship(recorded.data_dir)
    for path in place.folder.glob("events_parquet/doc_type=game_tick/*/*.parquet"):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        if harm == "missing":
            path.unlink()
        else:
            path.write_bytes(data if harm == "altered" else data[:-10])
    with StoreReader(place.url) as reader, pytest.raises(DamageError, match="sync --full"):
        reader.fetch("SELECT count(*) AS n FROM game_tick WHERE price > 0")
    with QueryProcess(place.url) as process, pytest.raises(DamageError, match="sync --full"):
        process.query("SELECT count(*) AS n FROM game_tick WHERE price > 0")
    with StoreReader(place.url) as reader:
        assert reader.fetch("SELECT count(*) AS n FROM ws_event_rows").to_pylist() == [{"n": 84}]


def test_an_empty_place_is_told(place: Any) -> None:
    place.folder.mkdir()
    with pytest.raises(UsageError, match="There is no recording"):
        StoreReader(place.url)
