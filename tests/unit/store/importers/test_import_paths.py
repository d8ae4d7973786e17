"""Importing from files to rows: idempotence, growth, bad lines, stopping."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from vectra_player.errors import UsageError
from vectra_player.model.frame import Frame
from vectra_player.store.delete import delete_player
from vectra_player.store.export import export
from vectra_player.store.importers import ImportReport, import_paths
from vectra_player.store.importers import job as job_module
from vectra_player.store.layout import DataDir
from vectra_player.store.reads import StoreReader
from vectra_player.store.writer import EventStore

GAME = "20251101-b4fa8372d37f4871"
SEED = "a" * 64


def legacy(*ticks: int, game: str = GAME, rugged: bool = False) -> list[str]:
    rows: list[dict[str, Any]] = [
        {
            "type": "tick",
            "timestamp": f"2025-11-01T12:00:{number // 4:02}.{number % 4 * 25:02}0000",
            "game_id": game,
            "tick": number,
            "price": 1.0 + number / 7,
            "phase": "ACTIVE_GAMEPLAY",
            "active": True,
            "rugged": False,
            "cooldown_timer": 0,
            "trade_count": number,
        }
        for number in ticks
    ]
    if rugged:
        rows[-1].update(rugged=True, price=0.01, phase="RUG_EVENT_1")
    return [json.dumps(row) for row in rows]


def capture(number: int, event: str = "gameStateUpdate", data: object = None) -> str:
    stamp = f"2025-12-14T20:17:{number % 60:02}.142710"
    return json.dumps({"seq": number, "ts": stamp, "event": event, "data": data})


def write(path: Path, lines: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def rows(root: Path, sql: str) -> list[dict[str, Any]]:
    with StoreReader(root) as reader:
        return reader.fetch(sql).to_pylist()


def raws(root: Path) -> list[str]:
    found = rows(root, "SELECT raw FROM ws_event_rows ORDER BY session_id, seq")
    return [row["raw"] for row in found]


def assert_unique(root: Path) -> None:
    for doc_type in ("ws_event_rows", "game_tick", "game_all", "system_event"):
        sql = f"SELECT count(*) n, count(DISTINCT (session_id, seq, sub)) u FROM {doc_type}"
        (row,) = rows(root, sql)
        assert row["n"] == row["u"], doc_type
    sql = "SELECT count(*) n, count(DISTINCT (session_id, game_id)) u FROM game_all"
    (row,) = rows(root, sql)
    assert row["n"] == row["u"]
    sql = "SELECT count(*) n, count(DISTINCT (session_id, game_id, tick)) u FROM game_tick"
    (row,) = rows(root, sql)
    assert row["n"] == row["u"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_every_record_becomes_one_row_with_its_exact_text(tmp_path: Path, root: Path) -> None:
    lines = legacy(0, 1, 2, rugged=True)
    report = import_paths([write(tmp_path / "a.jsonl", lines)], root)
    assert (report.files, report.events, report.games, report.bad_lines) == (1, 3, 1, 0)
    assert raws(root) == lines
    found = rows(root, "SELECT * FROM ws_event_rows ORDER BY seq")
    assert [row["seq"] for row in found] == [1, 2, 3]
    assert {row["source"] for row in found} == {"import"}
    assert {row["origin"] for row in found} == {"backend.rugs.fun"}
    assert {row["event_name"] for row in found} == {"legacy.tick"}
    ticks = rows(root, "SELECT tick, price FROM game_tick ORDER BY tick")
    assert [row["price"] for row in ticks] == [json.loads(line)["price"] for line in lines]


def test_importing_again_adds_nothing_and_counts_every_record(tmp_path: Path, root: Path) -> None:
    folder = tmp_path / "in"
    write(folder / "a.jsonl", legacy(0, 1, 2, rugged=True))
    write(folder / "b.jsonl", [capture(1), capture(1), capture(2)])
    first = import_paths([folder], root)
    before = raws(root)
    second = import_paths([folder], root)
    assert (first.events, first.duplicates) == (6, 0)
    assert (second.events, second.games, second.duplicates) == (0, 0, 6)
    assert raws(root) == before
    assert_unique(root)


def test_a_grown_file_adds_its_new_records_and_its_game_keeps_one_row(
    tmp_path: Path, root: Path
) -> None:
    path = tmp_path / "a.jsonl"
    lines = legacy(*range(6), rugged=True)
    write(path, lines[:3])
    import_paths([path], root)
    write(path, lines)
    report = import_paths([path], root)
    assert (report.events, report.duplicates) == (3, 3)
    assert raws(root) == lines
    assert_unique(root)
    (game,) = rows(root, "SELECT rug_tick, ticks_live FROM game_all")
    assert game == {"rug_tick": 5, "ticks_live": 6}


def test_a_line_that_was_cut_off_is_taken_whole_when_the_file_has_grown(
    tmp_path: Path, root: Path
) -> None:
    path = tmp_path / "a.jsonl"
    lines = legacy(0, 1, 2)
    path.write_text("\n".join(lines)[:-30])
    first = import_paths([path], root)
    assert (first.events, first.bad_lines) == (2, 1)
    write(path, lines)
    second = import_paths([path], root)
    assert (second.events, second.duplicates, second.bad_lines) == (1, 2, 0)
    assert raws(root) == lines


def test_a_game_split_over_two_files_is_one_session_whichever_comes_first(
    tmp_path: Path, root: Path
) -> None:
    lines = legacy(*range(8), rugged=True)
    write(tmp_path / "in" / "a_second_half.jsonl", lines[4:])
    write(tmp_path / "in" / "b_first_half.jsonl", lines[:4])
    report = import_paths([tmp_path / "in"], root)
    assert (report.files, report.sessions, report.games) == (2, 1, 1)
    assert raws(root) == lines
    (game,) = rows(root, "SELECT rug_tick, ticks_live FROM game_all")
    assert game == {"rug_tick": 7, "ticks_live": 8}


def test_the_same_file_twice_in_one_import_enters_once(tmp_path: Path, root: Path) -> None:
    lines = [capture(1), capture(1), capture(2)]
    write(tmp_path / "in" / "a.jsonl", lines)
    write(tmp_path / "in" / "copy" / "a.jsonl", lines)
    report = import_paths([tmp_path / "in"], root)
    assert (report.events, report.duplicates) == (3, 3)


def test_bad_lines_are_quarantined_and_the_rest_is_imported(tmp_path: Path, root: Path) -> None:
    path = tmp_path / "a.jsonl"
    good = legacy(0, 1)
    path.write_bytes(f"{good[0]}\n".encode() + b"\xff\xfe garbage\n{half\n" + good[1].encode())
    report = import_paths([path], root)
    assert (report.events, report.bad_lines) == (2, 2)
    assert report.quarantine is not None
    listed = (Path(report.quarantine) / "bad.jsonl").read_text().splitlines()
    kept = [json.loads(line) for line in listed]
    assert [(item["line"], item["file"]) for item in kept] == [(2, str(path)), (3, str(path))]
    assert kept[1]["text"] == "{half"
    assert kept[1]["offset"] == len(good[0]) + 1 + 11
    assert kept[0]["base64"]
    mode = (Path(report.quarantine) / "bad.jsonl").stat().st_mode
    assert mode & 0o077 == 0
    with path.open("ab") as file:
        file.write(b"\n{more\n")
    grown = import_paths([path], root)
    again = import_paths([path], root)
    assert (grown.bad_lines, again.bad_lines) == (3, 3)
    assert again.quarantine in (report.quarantine, grown.quarantine)
    folders = sorted((root / "quarantine").iterdir())
    texts = [(folder / "bad.jsonl").read_text() for folder in folders]
    assert sorted(text.count("\n") for text in texts) == [1, 2]


def test_secrets_reach_neither_the_store_nor_the_quarantine(tmp_path: Path, root: Path) -> None:
    token = "canary-5f2b9c1de0a84471"
    login = capture(1, "authenticate", {"accessToken": token})
    path = tmp_path / "a.jsonl"
    path.write_text(f'{login}\n{{"accessToken": "{token}", broken\n')
    report = import_paths([path], root)
    assert (report.events, report.bad_lines) == (1, 1)
    assert not any(token in raw for raw in raws(root))
    for file in root.rglob("*"):
        assert not file.is_file() or token.encode() not in file.read_bytes()


def test_files_that_are_no_recording_are_skipped_with_a_reason(tmp_path: Path, root: Path) -> None:
    folder = tmp_path / "in"
    write(folder / "a.jsonl", [capture(1)])
    (folder / "empty").write_bytes(b"")
    (folder / "notes.md").write_text("hello")
    (folder / "broken.parquet").write_bytes(b"PAR1 nonsense PAR1")
    report = import_paths([folder], root)
    assert (report.files, report.skipped) == (1, 3)
    assert all(item.reason for item in report.skipped_files)


def test_a_path_that_does_not_exist_is_refused_and_nothing_is_made(
    tmp_path: Path, root: Path
) -> None:
    with pytest.raises(UsageError, match="no such"):
        import_paths([tmp_path / "nowhere"], root)
    with pytest.raises(UsageError, match="zone"):
        import_paths([tmp_path], root, tz="Mars/Olympus")
    assert not root.exists()


def test_naive_times_follow_the_zone_that_is_given(tmp_path: Path, root: Path) -> None:
    path = write(tmp_path / "a.jsonl", [capture(1)])
    report = import_paths([path], root, tz="America/New_York")
    (row,) = rows(root, "SELECT epoch_us(ts) AS ts FROM ws_event_rows")
    assert row["ts"] == 1765761421142710  # 01:17:01.142710 UTC on the next day
    assert report.warnings == []


def test_a_zone_that_had_to_be_assumed_is_said(tmp_path: Path, root: Path) -> None:
    report = import_paths([write(tmp_path / "a.jsonl", [capture(1)])], root)
    assert len(report.warnings) == 1
    assert "a.jsonl" in report.warnings[0]


def make_store(root: Path) -> list[Frame]:
    frames = [
        Frame(ts=1765761431142710 + number, raw=f'42["x",{number}]', source="demo",
              origin="127.0.0.1", socket_id="1", transport="websocket")
        for number in range(5)
    ]  # fmt: skip
    with EventStore.open(root) as store:
        store.start_session("demo", "127.0.0.1")
        for frame in frames:
            store.append(frame)
        store.stop_session("test")
    return frames


EVENTS = "SELECT * EXCLUDE (date) FROM ws_event_rows ORDER BY session_id, seq"


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_our_own_exports_come_back_row_for_row(tmp_path: Path, root: Path, kind: str) -> None:
    make_store(root)
    out = tmp_path / "out"
    export(root, "ws_event", kind, out)
    report = import_paths([out], tmp_path / "other")
    assert (report.events, report.bad_lines, report.skipped) == (7, 0, 0)
    assert rows(tmp_path / "other", EVENTS) == rows(root, EVENTS)
    again = import_paths([out], root)
    assert (again.events, again.duplicates) == (0, 7)
    derived = "SELECT * EXCLUDE (date) FROM system_event ORDER BY seq, sub"
    assert rows(tmp_path / "other", derived) == rows(root, derived)


def test_an_export_put_back_in_parts_ends_whole(tmp_path: Path, root: Path) -> None:
    make_store(root)
    out = tmp_path / "out"
    export(root, "ws_event", "jsonl", out)
    lines = out.read_text().splitlines()
    write(tmp_path / "late", lines[3:])
    write(tmp_path / "early", lines[:4])
    other = tmp_path / "other"
    import_paths([tmp_path / "late"], other)
    report = import_paths([tmp_path / "early"], other)
    assert (report.events, report.duplicates) == (3, 1)
    assert rows(other, EVENTS) == rows(root, EVENTS)
    assert_unique(other)


def test_a_row_whose_place_holds_something_else_is_quarantined(tmp_path: Path, root: Path) -> None:
    make_store(root)
    out = tmp_path / "out"
    export(root, "ws_event", "jsonl", out)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    lines[2]["raw"] = '42["forged"]'
    before = rows(root, EVENTS)
    report = import_paths([write(tmp_path / "f", [json.dumps(line) for line in lines])], root)
    assert (report.events, report.duplicates, report.bad_lines) == (0, 6, 1)
    assert rows(root, EVENTS) == before


def test_exports_of_derived_rows_are_skipped(tmp_path: Path, root: Path) -> None:
    make_store(root)
    out = tmp_path / "out"
    export(root, "system_event", "jsonl", out)
    report = import_paths([out], root)
    assert (report.files, report.skipped) == (0, 1)
    assert "derived" in report.skipped_files[0].reason


def test_the_earlier_systems_tree_is_imported_in_order(tmp_path: Path, root: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    tree = tmp_path / "events_parquet"

    def part(doc_type: str, name: str, seqs: list[int]) -> None:
        folder = tree / f"doc_type={doc_type}" / "date=2025-12-15"
        folder.mkdir(parents=True, exist_ok=True)
        columns = {
            "session_id": ["old-session"] * len(seqs),
            "seq": seqs,
            "ts": pa.array([1765761431000000 + seq for seq in seqs], pa.timestamp("us", "UTC")),
            "source": ["public_ws"] * len(seqs),
            "event_name": ["newChatMessage"] * len(seqs),
            "raw_json": [json.dumps({"n": seq}) for seq in seqs],
        }
        pq.write_table(pa.table(columns), folder / name)

    part("ws_event", "zz.parquet", [1, 2])
    part("ws_event", "aa.parquet", [3, 4])
    part("game_tick", "aa.parquet", [3, 4])
    report = import_paths([tree], root)
    assert (report.files, report.events, report.skipped, report.sessions) == (2, 4, 1, 1)
    assert [json.loads(raw)["data"]["n"] for raw in raws(root)] == [1, 2, 3, 4]
    again = import_paths([tree], root)
    assert (again.events, again.duplicates) == (0, 4)


@pytest.mark.parametrize("number_of_signal", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_import_cleanly_and_the_next_one_goes_on(
    tmp_path: Path, root: Path, number_of_signal: int
) -> None:
    folder = tmp_path / "in"
    for number in range(6):
        game = f"20251101-b4fa8372d37f487{number}"
        write(folder / f"{number}.jsonl", legacy(*range(5), game=game, rugged=True))
    seen: list[Path] = []

    def progress(done: int, total: int, path: Path) -> None:
        assert 0 <= done <= total
        if path.name == "2.jsonl" and not seen:
            seen.append(path)
            os.kill(os.getpid(), number_of_signal)

    first = import_paths([folder], root, progress=progress)
    assert first.stopped
    assert 0 < first.events < 30
    assert len(raws(root)) == first.events
    second = import_paths([folder], root)
    assert not second.stopped
    assert first.events + second.events == 30
    assert_unique(root)
    assert len(rows(root, "SELECT game_id FROM game")) == 6


def test_what_was_deleted_of_a_player_does_not_come_back(tmp_path: Path, root: Path) -> None:
    lines = [
        capture(1, "x", {"n": 1}),
        capture(2, "newChatMessage", {"playerId": "did:privy:eve", "username": "Eve"}),
        capture(3, "board", [{"leaderboard": [{"id": "did:privy:eve", "username": "Eve"}]}]),
    ]
    file = write(tmp_path / "in.jsonl", lines)
    import_paths([file], root)
    delete_player(DataDir(root), player_id="did:privy:eve")
    again = import_paths([write(file, [*lines, capture(4)])], root)
    assert (again.events, again.duplicates) == (1, 3)
    assert "Eve" not in "".join(raws(root))


def test_a_stamp_no_zone_explains_says_nothing_about_the_zone(tmp_path: Path, root: Path) -> None:
    lines = [capture(number, "newChatMessage", {"timestamp": number}) for number in (1, 2)]
    report = import_paths([write(tmp_path / "chat.jsonl", lines)], root)
    assert (report.events, report.imported[0].zone) == (2, "UTC (assumed)")


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems take UTF-8 names only")
@pytest.mark.parametrize("content", [legacy(0, 1), ["{}"], ["PAR1"], [*legacy(0), "{"]])
def test_a_name_that_is_no_utf8_is_shown_with_escapes(
    tmp_path: Path, root: Path, content: list[str]
) -> None:
    folder = tmp_path / os.fsdecode(b"in-\xff")
    write(folder / os.fsdecode(b"\xfe.jsonl"), content)
    report = import_paths([folder], root)
    assert b"in-\\\\xff/\\\\xfe.jsonl" in msgspec.json.encode(report)
    assert (report.files, report.skipped) in ((1, 0), (0, 1))


def test_progress_ends_at_the_total(tmp_path: Path, root: Path) -> None:
    told: list[tuple[int, int]] = []
    path = write(tmp_path / "a.jsonl", legacy(*range(20)))
    import_paths([path], root, progress=lambda done, total, _: told.append((done, total)))
    assert told[-1] == (path.stat().st_size, path.stat().st_size)


def test_a_large_import_is_filed_in_parts(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_module, "FILE_FRAMES", 4)
    lines = [capture(number) for number in range(11)]
    report: ImportReport = import_paths([write(tmp_path / "a.jsonl", lines)], root)
    assert report.events == 11
    assert raws(root) == lines


def test_an_import_that_died_before_its_rebuild_is_mended_by_the_next(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.jsonl"
    lines = legacy(*range(8), rugged=True)
    write(path, [*lines[:3], lines[-1]])
    import_paths([path], root)
    write(path, [*lines[:3], lines[-1], *lines[3:7]])

    def die(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("vectra_player.store.importers.rederive.rebuild_held", die)
        with pytest.raises(KeyboardInterrupt):
            import_paths([path], root)
    report = import_paths([path], root)
    assert (report.events, report.duplicates) == (0, 8)
    assert_unique(root)
    import_paths([path], tmp_path / "once")
    games = "SELECT * EXCLUDE (date) FROM game_all"
    assert rows(root, games) == rows(tmp_path / "once", games)


def test_a_line_of_many_megabytes_is_kept_whole(tmp_path: Path, root: Path) -> None:
    big = capture(2, "newChatMessage", {"message": "x" * (9 << 20)})
    lines = [capture(1), big, capture(3)]
    report = import_paths([write(tmp_path / "a.jsonl", lines)], root)
    assert (report.events, report.bad_lines) == (3, 0)
    assert raws(root) == lines
