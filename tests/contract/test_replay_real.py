"""Real recordings, imported and replayed: what a replay shows is what was live."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from vectra_player.errors import DecodeError
from vectra_player.live.derive import derive, finish, new_state
from vectra_player.live.provider import LiveStateProvider
from vectra_player.model.rows import GameTick, Row, WsEvent
from vectra_player.protocol import rugs
from vectra_player.replay import reader
from vectra_player.replay.recording import Recording
from vectra_player.store.importers import import_paths
from vectra_player.store.reads import StoreReader

pytestmark = pytest.mark.real_data

CAPTURES = ("2025-12-14_20-17-10_raw.jsonl", "websocket_raw_samples.part1.jsonl")
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
    return found.column(0).to_pylist()


def rows_of_session(store: Path, session_id: str) -> list[WsEvent]:
    with StoreReader(store) as stored:
        return list(stored.read_ws_events(session_id))


def derived(rows: list[WsEvent]) -> list[Row]:
    state, made = new_state(rows[0].session_id), []
    for row in rows:
        state, more = derive(state, row)
        made += more
    return made + finish(state)[1]


def packed(value: object) -> bytes:
    return msgspec.json.encode(value, enc_hook=str, order="deterministic")


def test_a_replayed_capture_goes_through_the_states_of_the_live_one(store: Path) -> None:
    for session_id in sessions(store, "capture"):
        live = LiveStateProvider()
        states = []
        for row in rows_of_session(store, session_id):
            try:
                event = rugs.decode(row)
            except DecodeError as error:
                event = rugs.undecodable(row, error)
            if event is not None:
                states.append(packed(live.apply(event)))
        one = reader.load_session(store, session_id)
        assert [packed(one.state_at(n)) for n in range(1, len(one.events) + 1)] == states


def test_rows_derived_from_a_replayed_capture_are_those_of_the_store(store: Path) -> None:
    for session_id in sessions(store, "capture"):
        again = derived(reader.find_session(store, session_id).rows)
        with StoreReader(store) as stored:
            kept = stored.fetch(
                "SELECT seq, sub, game_id, tick, price FROM game_tick WHERE session_id = ?"
                " ORDER BY seq, sub",
                [session_id],
            ).to_pylist()
        ticks = sorted(
            (row.seq, row.sub, row.game_id, row.tick, row.price)
            for row in again
            if isinstance(row, GameTick)
        )
        assert ticks == [tuple(row.values()) for row in kept]


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
