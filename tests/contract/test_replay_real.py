"""Real recordings, imported and replayed: what a replay shows is what was live."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from tests.replay_equality import (
    derived_rows,
    digest,
    replayed_messages,
    replayed_states,
    stored_rows,
    wrong_seeks,
)

from vectra_player.errors import DecodeError
from vectra_player.foundation.normaliser import Normaliser
from vectra_player.live.provider import LiveStateProvider
from vectra_player.model.rows import WsEvent
from vectra_player.protocol import rugs
from vectra_player.replay import reader
from vectra_player.replay.recording import Recording
from vectra_player.store.importers import import_paths
from vectra_player.store.reads import StoreReader

pytestmark = pytest.mark.real_data

CAPTURES = (
    "2025-12-14_20-17-10_raw.jsonl",
    "websocket_raw_samples.part1.jsonl",
    "2025-12-17_16-37-52_gameStatePlayerUpdate_samples.json",
)
LEGACY = "legacy/game_20251030_111453_27be40fe.jsonl"
HISTORY = "games_with_seeds.jsonl"


@pytest.fixture(scope="module")
def store(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("store")
    import_paths([real_data / name for name in (*CAPTURES, LEGACY, HISTORY)], root)
    return root


def sessions(store: Path, raw_format: str) -> list[str]:
    with StoreReader(store) as stored:
        found = stored.fetch(
            "SELECT DISTINCT session_id FROM ws_event_rows WHERE raw_format = ? ORDER BY 1",
            [raw_format],
        )
    return [str(name) for name in found.column(0).to_pylist()]


def rows_of_session(store: Path, session_id: str) -> list[WsEvent]:
    with StoreReader(store) as stored:
        return list(stored.read_ws_events(session_id))


def test_a_replayed_capture_goes_through_the_states_of_the_live_one(store: Path) -> None:
    for session_id in sessions(store, "capture"):
        live, normaliser = LiveStateProvider(), Normaliser()
        states: list[bytes] = []
        messages: list[bytes] = []
        for row in rows_of_session(store, session_id):
            try:
                event = rugs.decode(row)
            except DecodeError as error:
                event = rugs.undecodable(row, error)
            if event is not None:
                before, after = live.snapshot(), live.apply(event)
                states.append(digest(after))
                messages += map(digest, normaliser.feed(event, before, after))
        one = reader.load_session(store, session_id)
        assert replayed_states(one) == states
        assert replayed_messages(one) == messages


def test_every_row_derived_from_a_replayed_capture_is_that_of_the_store(store: Path) -> None:
    seen: Counter[str] = Counter()
    for raw_format in ("capture", "history"):
        for session_id in sessions(store, raw_format):
            with StoreReader(store) as stored:
                events = list(stored.read_ws_events(session_id))
            kept = stored_rows(store, session_id)
            assert derived_rows(events) == kept
            seen.update({name: len(rows) for name, rows in kept.items()})
            if raw_format == "capture":  # others are shown as frames made of them
                assert reader.find_session(store, session_id).rows == events
    filled = {"ws_event", "game_tick", "game", "other_player", "sidebet"}
    assert {name for name, count in seen.items() if count} >= filled


def test_playing_on_from_any_moment_of_a_capture_equals_playing_from_its_start(store: Path) -> None:
    for session_id in sessions(store, "capture"):
        one = reader.load_session(store, session_id)
        tried, wrong = wrong_seeks(one, 12)
        assert tried > 12 or not one.games
        assert wrong == []


def test_a_legacy_game_replays_to_the_state_its_rows_gave_live(store: Path) -> None:
    (session_id,) = sessions(store, "legacy")
    live = LiveStateProvider()
    for row in rows_of_session(store, session_id):
        event = rugs.decode(row)
        assert event is not None
        live.apply(event)
    one = reader.load_session(store, session_id)
    end, was = one.state_at(len(one.events)), live.snapshot()
    assert one.synthetic
    assert (end.prices, end.price, end.game_phase) == (was.prices, was.price, was.game_phase)
    assert (end.game_id, end.trade_count) == (was.game_id, was.trade_count)


def test_every_game_of_the_history_replays_to_its_published_prices(store: Path) -> None:
    (session_id,) = sessions(store, "history")
    with StoreReader(store) as stored:
        games = stored.fetch(
            "SELECT game_id, prices FROM game_all WHERE session_id = ? AND prices IS NOT NULL",
            [session_id],
        ).to_pylist()
    assert len(games) > 20
    for game in games:
        one = reader.load_game(store, game["game_id"])
        shown = prices_shown(one, game["game_id"])
        assert shown == dict(enumerate(game["prices"])) or one.gaps, game["game_id"]


def prices_shown(one: Recording, game_id: str) -> dict[int, float | None]:
    span = next(game for game in one.games if game.game_id == game_id)
    end = one.state_at(one.position_of(span.last_tick or 0, game_id))
    return dict(enumerate(end.prices))


def test_a_capture_with_a_stall_takes_the_time_of_its_ticks(real_data: Path) -> None:
    one = reader.load_file(real_data / CAPTURES[0])
    arrived_s = (one.events[-1].ts - one.events[0].ts) / 1e6
    assert one.length_us / 1e6 == pytest.approx(arrived_s, abs=3)
    first = [
        at
        for at, event in zip(one.times, one.events, strict=True)
        if isinstance(event.payload, rugs.GameState)
        and event.payload.active
        and not event.payload.rugged
        and event.payload.game_id == one.games[0].game_id
    ]
    steps = {later - earlier for earlier, later in pairwise(first)}
    assert steps <= {0, 250_000}


@pytest.mark.parametrize("name", ["MANIFEST.json", "fairness_vectors.json"])
def test_other_files_of_the_folder_are_refused(real_data: Path, name: str) -> None:
    from vectra_player.errors import UsageError

    with pytest.raises(UsageError, match="cannot be replayed"):
        reader.load_file(real_data / name)
