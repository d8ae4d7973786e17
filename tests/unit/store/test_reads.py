"""Typed questions to a store."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vectra_player.model.rows import GameTick, Sidebet, WsEvent
from vectra_player.store import reads
from vectra_player.store.reads import GameFilter, Span, StoreReader, rows_of
from vectra_player.store.schema import to_table


def test_sessions_say_when_what_and_how_they_ended(recorded: Any) -> None:
    recorded.add(recorded.ws(1, "2", "s3", ts=recorded.T0 + 10**12, source="public_ws"))
    recorded.add(recorded.game())
    with StoreReader(recorded.root) as reader:
        newest, *others = reader.sessions()
    assert (newest.session_id, newest.ended, newest.source) == ("s3", "open", "public_ws")
    first = {info.session_id: info for info in others}["s1"]
    assert (first.events, first.first_seq, first.last_seq) == (42, 1, 42)
    assert (first.games, first.ended, first.origin) == (1, "stopped", recorded.ORIGIN)


def test_games_are_listed_once_and_filtered(tree: Any) -> None:
    tree.add(
        tree.game("a", started_at=tree.T0),
        tree.game("a", "s2", completeness="partial"),
        tree.game("b", seq=2, started_at=tree.T0 + 5, origin="127.0.0.1:9"),
    )
    with StoreReader(tree.root) as reader:
        assert [game.game_id for game in reader.games()] == ["b", "a"]
        assert [g.game_id for g in reader.games(GameFilter(origins="real"))] == ["a"]
        assert [g.game_id for g in reader.games(GameFilter(origins="demo"))] == ["b"]
        assert [g.game_id for g in reader.games(GameFilter(since=tree.T0 + 1))] == ["b"]
        assert [g.game_id for g in reader.games(GameFilter(until=tree.T0 + 1))] == ["a"]
        assert [g.game_id for g in reader.games(GameFilter(limit=1))] == ["b"]
        assert reader.games(GameFilter(completeness=("partial",))) == []


def test_events_of_a_session_come_in_seq_order_across_files_and_chunks(
    recorded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "CHUNK_EVENTS", 7)
    with StoreReader(recorded.root) as reader:
        events = list(reader.read_ws_events("s1"))
        assert [event.seq for event in events] == list(range(1, 43))
        assert all(isinstance(event, WsEvent) for event in events)
        assert [event.seq for event in reader.read_ws_events("s1", 40)] == [40, 41, 42]
        assert list(reader.read_ws_events("absent")) == []


def test_rows_of_a_table_are_the_rows_it_was_made_from(tree: Any) -> None:
    for rows in ([tree.tick(3, 1.1)], [tree.sidebet(settled_at=123)], [tree.ws(1, "2")]):
        assert list(rows_of(type(rows[0]), to_table(rows, type(rows[0])))) == rows
    assert list(rows_of(Sidebet, to_table([], Sidebet))) == []


def test_rows_read_from_the_store_are_the_rows_that_were_filed(tree: Any) -> None:
    stamps = {"placed_at": 1_765_000_000_123, "settled_at": 1_765_000_009_999}
    tree.add(bet := tree.sidebet(**stamps))
    with StoreReader(tree.root) as reader:
        (found,) = rows_of(Sidebet, reader.read_span("sidebet", Span((bet.session_id,), 0, 99)))
    assert found == bet


def test_a_tick_seen_live_wins_over_a_recovered_one(tree: Any) -> None:
    tree.add(tree.tick(0, 1.0, price_source="recomputed"), tree.tick(1, 2.0))
    tree.add(tree.tick(0, 1.5, session="s2"))
    with StoreReader(tree.root) as reader:
        ticks = reader.game_ticks("g1")
        assert ticks.column("price").to_pylist() == [1.5, 2.0]
        assert reader.game_ticks("absent").num_rows == 0


def test_prices_are_the_revealed_ones_or_the_recorded_with_holes(tree: Any) -> None:
    tree.add(tree.tick(0, 1.0), tree.tick(2, 3.0))
    with StoreReader(tree.root) as reader:
        np.testing.assert_array_equal(reader.game_prices("g1"), [1.0, np.nan, 3.0])
        tree.add(tree.game(prices=[1.0, 2.0, 3.0, 0.02]))
        np.testing.assert_array_equal(reader.game_prices("g1"), [1.0, 2.0, 3.0, 0.02])
        assert reader.game_prices("absent").shape == (0,)


def test_small_sessions_share_a_part_and_large_ones_are_split(
    tree: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "CHUNK_ROWS", 10)
    for session, count in (("a", 3), ("b", 4), ("c", 25), ("d", 2)):
        tree.add(*(tree.tick(i, 1.0, session=session) for i in range(count)))
    with StoreReader(tree.root) as reader:
        parts = reader.spans("game_tick")
        tables = [reader.read_span("game_tick", part) for part in parts]
    assert [part.sessions for part in parts] == [("a", "b"), ("c",), ("c",), ("c",), ("d",)]
    got = [row for table in tables for row in rows_of(GameTick, table)]
    assert [(row.session_id, row.seq) for row in got] == [
        (name, seq) for name, n in (("a", 3), ("b", 4), ("c", 25), ("d", 2))
        for seq in range(1, n + 1)
    ]  # fmt: skip


def test_stats_count_rows_files_and_events(recorded: Any) -> None:
    with StoreReader(recorded.root) as reader:
        totals = reader.stats()
    assert totals.sessions == 2
    assert totals.rows["ws_event"] == 84
    assert totals.rows["game_tick"] == 80
    assert totals.files["ws_event"] == 4
    assert totals.events["gameStateUpdate"] == 80
    assert totals.first_ts == recorded.T0
    assert sum(totals.bytes.values()) > 0
