"""Games, sessions and files become recordings; what is none is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.live_support import GAME, ME, T0, entry
from tests.own_play_support import own_game, write_capture
from tests.replay_support import AFTER, PRICES, game_frames, lines

from vectra_player.errors import UsageError, VectraError
from vectra_player.replay import reader, worker
from vectra_player.replay.worker import Wanted
from vectra_player.store.importers import import_paths

LAST = len(PRICES) - 1
OLD = "20251101-aaaaaaaaaaaaaaaa"
SEEDED = "20251207-bbbbbbbbbbbbbbbb"


def capture_lines(frames: list[dict[str, object]], start_s: int = 0) -> list[dict[str, object]]:
    base = T0 // 1_000_000 + start_s
    me = {"seq": 1, "ts": base, "event": "usernameStatus", "data": {"id": ME, "username": "me"}}
    return [me] + [
        {"seq": n + 2, "ts": base + 1 + n * 0.25, "event": "gameStateUpdate", "data": frame}
        for n, frame in enumerate(frames)
    ]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    first = game_frames()
    second = game_frames(AFTER, [1.0, 0.9, 0.018], "20251215-cccccccccccccccc")
    (folder / "capture.jsonl").write_text(lines(*capture_lines([*first, *second])))
    part = capture_lines([frame for frame in first if (frame.get("tickCount") or 9) > 4], 7200)
    (folder / "part.jsonl").write_text(lines(*part))
    rows = [{"type": "game_start", "timestamp": "2025-11-01T10:00:00", "game_id": OLD}]
    rows += [
        {"type": "tick", "timestamp": f"2025-11-01T10:00:0{n}", "game_id": OLD, "tick": n,
         "price": price, "phase": "ACTIVE", "active": True, "rugged": n == LAST,
         "cooldown_timer": 0, "trade_count": n}
        for n, price in enumerate(PRICES)
        if n not in (2, 3)
    ]  # fmt: skip
    (folder / "legacy.jsonl").write_text(lines(*rows))
    (folder / "history.jsonl").write_text(lines(entry(PRICES, SEEDED)))
    return folder


@pytest.fixture(scope="module")
def store(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("store")
    import_paths([files], root)
    return root


def test_a_game_is_loaded_from_its_first_frame_to_the_one_that_reveals_its_seed(
    store: Path,
) -> None:
    one = reader.load_game(store, GAME)
    frames = [event for event in one.events if event.name == "gameStateUpdate"]
    assert len(frames) == len(game_frames())
    assert one.state_at(len(one.events)).settled_game_id == GAME
    assert [mark.kind for mark in one.marks] == ["start", "rug", "settled"]
    assert (one.game_id, one.synthetic, one.gaps) == (GAME, False, ())


def test_the_session_that_saw_most_of_a_game_is_taken(store: Path) -> None:
    assert reader.load_game(store, GAME).games[0].last_tick == LAST
    assert len(reader.load_game(store, GAME).sessions) == 1


def test_who_the_account_is_leads_in(store: Path) -> None:
    one = reader.load_game(store, AFTER)
    assert one.events[0].name == "usernameStatus"
    assert one.times[0] == 0
    assert one.state_at(1).player_id == ME


def test_a_game_of_the_earlier_recorder_is_played_as_frames_with_its_gaps(store: Path) -> None:
    one = reader.load_game(store, OLD)
    assert one.synthetic
    assert [(gap.from_tick, gap.to_tick) for gap in one.gaps] == [(2, 3)]
    assert one.state_at(len(one.events)).tick == LAST


def test_a_game_known_from_its_history_entry_alone_is_played_from_its_prices(store: Path) -> None:
    one = reader.load_game(store, SEEDED)
    assert one.synthetic
    end = one.state_at(len(one.events))
    assert end.prices == tuple(PRICES)
    assert end.settled_game_id == SEEDED


def test_a_session_is_loaded_whole(store: Path) -> None:
    session = reader.load_game(store, AFTER).sessions[0]
    one = reader.load_session(store, session)
    assert [game.game_id for game in one.games[:2]] == [GAME, AFTER]


def test_a_game_that_is_not_there_is_refused_with_advice(store: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="vectra-player games"):
        reader.load_game(store, "20990101-0000000000000000")
    with pytest.raises(UsageError, match="vectra-player sessions"):
        reader.load_session(store, "nope")
    with pytest.raises(UsageError, match="no data directory"):
        reader.load_game(tmp_path / "nowhere", GAME)


@pytest.mark.parametrize("name", ["capture.jsonl", "part.jsonl", "legacy.jsonl", "history.jsonl"])
def test_a_file_is_played_without_being_stored(files: Path, name: str) -> None:
    before = sorted(files.iterdir())
    one = reader.load_file(files / name)
    assert one.state_at(len(one.events)).game_id is not None
    assert one.title == name
    assert sorted(files.iterdir()) == before


def test_a_file_gives_what_the_stored_game_gives(store: Path, files: Path) -> None:
    from_file, stored = reader.load_file(files / "legacy.jsonl"), reader.load_game(store, OLD)
    assert [event.data for event in from_file.events] == [event.data for event in stored.events]
    assert from_file.times == stored.times
    assert from_file.sessions == stored.sessions


@pytest.mark.parametrize(
    "content",
    [b"", b"hello\n", b'{"a": 1}\n', b"[1, 2, 3]", b"\0\1\2\3" * 100, b"PAR1 not really"],
)
def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"x\.jsonl cannot be replayed"):
        reader.load_file(path)


def test_a_folder_or_a_missing_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UsageError, match="is no file"):
            reader.load_file(path)


def test_bad_lines_are_passed_over(files: Path, tmp_path: Path) -> None:
    text = (files / "capture.jsonl").read_text().splitlines()
    text[3] = text[3][:50]
    path = tmp_path / "hurt.jsonl"
    path.write_text("\n".join(text))
    whole, hurt = reader.load_file(files / "capture.jsonl"), reader.load_file(path)
    assert len(hurt.events) == len(whole.events) - 1


def test_what_is_too_long_for_memory_is_refused(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "MAX_EVENTS", 10)
    with pytest.raises(UsageError, match="Replay one of its games"):
        reader.load_file(files / "capture.jsonl")


async def test_the_worker_gives_the_same_recording(store: Path, files: Path) -> None:
    for wanted, here in (
        (Wanted("game", GAME, str(store)), reader.load_game(store, GAME)),
        (Wanted("file", str(files / "history.jsonl")), reader.load_file(files / "history.jsonl")),
    ):
        assert await worker.load(wanted) == here


async def test_the_worker_hands_refusals_on(store: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="vectra-player games"):
        await worker.load(Wanted("game", "nope", str(store)))
    with pytest.raises(UsageError, match="is no file"):
        await worker.load(Wanted("file", str(tmp_path)))


async def test_a_worker_that_takes_too_long_is_given_up(store: Path) -> None:
    with pytest.raises(VectraError, match="given up"):
        await worker.load(Wanted("game", GAME, str(store)), timeout_s=0.001)


def test_an_answer_comes_in_parts(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "PART_ROWS", 7)
    parts = list(worker.answer(Wanted("file", str(files / "capture.jsonl"))))
    assert len(parts) > 3


def test_of_sessions_that_heard_the_same_the_one_that_was_logged_in_is_played(
    tmp_path: Path,
) -> None:
    mine = list(own_game())
    public = [record for record in mine if record[0] == "gameStateUpdate"]
    paths = [write_capture(tmp_path / "mine.jsonl", iter(mine))]
    for number in range(4):
        path = tmp_path / f"public{number}.jsonl"
        paths.append(write_capture(path, iter(public), late_us=number))
    import_paths(paths, tmp_path / "data")
    played = reader.load_game(tmp_path / "data", GAME)
    assert {mark.name for mark in played.marks if mark.kind == "own"} == {
        "standard/newTrade", "currentSidebet",
    }  # fmt: skip
