"""The real captures, imported: every count beside one made with nothing but `json`."""

from __future__ import annotations

import json
import re
import shutil
import struct
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from tests.conftest import RealStore

from vectra_player.store.importers import ImportReport, import_paths
from vectra_player.store.reads import StoreReader

pytestmark = [pytest.mark.real_data, pytest.mark.slow]

EASTERN = ZoneInfo("America/New_York")
RAW1214 = "2025-12-14_20-17-10_raw.jsonl"
SAMPLES = "2025-12-17_16-37-52_gameStatePlayerUpdate_samples.json"
WS1206 = "websocket_raw_samples.part1.jsonl"
GAMES = "games_with_seeds.jsonl"
TICK_HEAD = re.compile(
    r'\{"type": "tick", "timestamp": "([^"]*)", "game_id": "([^"]*)", "tick": (\d+), '
    r'"price": ([-\d.e+]+), "phase": "(\w+)", "active": (true|false), "rugged": (true|false), '
    r'("cooldown_timer": (\d+)(?:, |\{))?'
)


class Imported(NamedTuple):
    root: Path
    report: ImportReport
    reader: StoreReader

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        return self.reader.fetch(sql, list(values)).to_pylist()


@pytest.fixture(scope="module")
def imported(real_store: RealStore) -> Iterator[Imported]:
    with StoreReader(real_store.root) as reader:
        yield Imported(*real_store, reader)


def legacy_files(real_data: Path) -> list[Path]:
    return sorted((real_data / "legacy").glob("*.jsonl"))


def parses(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def whole_objects(line: str) -> list[dict[str, Any]]:
    """Complete objects inside a bad line: legacy rows are flat, so no brace is inside one."""
    pieces = re.findall(r'\{"type": "[a-z_]+"[^{}]*\}', line)
    return [value for value in map(parses, pieces) if value is not None]


def cut_ticks(line: str, *, terminated: bool) -> list[tuple[str, int, float]]:
    """Ticks that lost their end to the next record, but not what a tick row needs."""
    if not terminated:
        return []
    starts = [match.start() for match in re.finditer(r'\{"type": ', line)]
    found = []
    for start, end in pairwise(starts):
        piece = line[start:end]
        if re.match(r'\{"type": "[a-z_]+"[^{}]*\}', piece):
            continue
        match = TICK_HEAD.match(line, start, end + 1)
        if match and (match[6] == "true" or match[8]):
            found.append((match[1], int(match[3]), float(match[4])))
    return found


class Expected(NamedTuple):
    good: int
    bad: int
    saved: int


def expected_legacy(path: Path) -> Expected:
    """Count a file's records the plain way: good lines, bad ones, records inside bad ones."""
    text = path.read_text()
    lines = text.split("\n")
    terminated = not lines[-1]
    good = bad = saved = 0
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        value = parses(line)
        if value is not None:
            good += 1
            continue
        bad += 1
        ends = terminated or number < len(lines)
        saved += len(whole_objects(line)) + len(cut_ticks(line, terminated=ends))
    return Expected(good, bad, saved)


def test_every_legacy_record_and_every_recoverable_one_is_a_row(
    imported: Imported, real_data: Path
) -> None:
    bad_total = 0
    for path in legacy_files(real_data):
        expected = expected_legacy(path)
        done = next(item for item in imported.report.imported if item.path == str(path))
        assert done.events == expected.good + expected.saved, path.name
        assert done.bad_lines == expected.bad, path.name
        bad_total += expected.bad
    assert imported.report.bad_lines == bad_total > 0


def test_the_flagged_files_are_the_ones_with_bad_lines(imported: Imported, real_data: Path) -> None:
    manifest = json.loads((real_data / "MANIFEST.json").read_text())
    flagged = {x["file"] for x in manifest["legacy"] if "unparseable_lines" in x["flags"]}
    assert {Path(item.path).name for item in imported.report.quarantined} == flagged


def test_every_bad_line_lies_in_quarantine_with_its_bytes(
    imported: Imported, real_data: Path
) -> None:
    assert imported.report.quarantine is not None
    listed = (Path(imported.report.quarantine) / "bad.jsonl").read_text().splitlines()
    assert len(listed) == imported.report.bad_lines
    for item in map(json.loads, listed):
        data = Path(item["file"]).read_bytes()
        assert data[item["offset"] : item["offset"] + item["length"]].decode() == item["text"]
        assert data[: item["offset"]].count(b"\n") + 1 == item["line"]
        assert parses(item["text"]) is None
        assert item["reason"]


def test_raw_is_the_exact_text_of_each_line(imported: Imported, real_data: Path) -> None:
    stored = Counter(row["raw"] for row in imported.rows("SELECT raw FROM ws_event_rows"))
    for name in (RAW1214, WS1206, GAMES, *(f"legacy/{p.name}" for p in legacy_files(real_data))):
        for line in (real_data / name).read_text().split("\n"):
            if line and parses(line) is not None:
                assert stored[line] >= 1, (name, line[:80])
    text = (real_data / SAMPLES).read_text()
    samples = [raw for raw in stored if "gameStatePlayerUpdate" in raw and raw in text]
    assert len(samples) == len(json.loads(text)) == 20


def test_events_of_captures_are_counted_by_name(imported: Imported, real_data: Path) -> None:
    expected: Counter[str] = Counter()
    for name in (RAW1214, WS1206):
        for line in (real_data / name).read_text().splitlines():
            value = json.loads(line)
            expected[value.get("event") or value["event_type"]] += 1
    expected["gameStatePlayerUpdate"] = 20
    expected["history.game"] = len((real_data / GAMES).read_text().splitlines())
    found = imported.rows(
        "SELECT event_name, count(*) n FROM ws_event_rows WHERE raw_format <> 'legacy' GROUP BY 1"
    )
    assert {row["event_name"]: row["n"] for row in found} == dict(expected)


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


def test_every_live_price_of_the_legacy_files_is_stored_bit_for_bit(
    imported: Imported, real_data: Path
) -> None:
    stored: dict[tuple[str, int], bytes] = {
        (row["game_id"], row["tick"]): bits(row["price"])
        for row in imported.rows("SELECT game_id, tick, price FROM game_tick")
    }
    checked = 0
    for path in legacy_files(real_data):
        seen: set[tuple[str, int]] = set()
        for line in path.read_text().splitlines():
            value = parses(line)
            if not value or value["type"] != "tick" or not value["active"] or value["rugged"]:
                continue
            key = (value["game_id"], value["tick"])
            if key not in seen:
                seen.add(key)
                assert stored[key] == bits(value["price"]), key
                checked += 1
    assert checked > 9_000


def test_ticks_cut_by_the_second_writer_have_their_exact_price(
    imported: Imported, real_data: Path
) -> None:
    saved = 0
    for path in legacy_files(real_data):
        game = json.loads(path.read_text().split("\n")[0])["game_id"]
        stored = {
            row["tick"]: bits(row["price"])
            for row in imported.rows("SELECT tick, price FROM game_tick WHERE game_id = ?", game)
        }
        for line in path.read_text().split("\n")[:-1]:
            if parses(line) is None:
                for _, tick, price in cut_ticks(line, terminated=True):
                    if price != 1 and tick in stored:
                        assert stored[tick] == bits(price)
                        saved += 1
    assert saved > 100


def test_rug_ticks_are_those_of_the_manifest_and_repair_finds_more(
    imported: Imported, real_data: Path
) -> None:
    manifest = json.loads((real_data / "MANIFEST.json").read_text())
    found = {
        row["game_id"]: row["rug_tick"]
        for row in imported.rows("SELECT game_id, rug_tick FROM game")
    }
    for entry in manifest["legacy"]:
        if entry["rug_tick"] is not None:
            assert found[entry["game_id"]] == entry["rug_tick"], entry["file"]


def test_revealed_games_carry_seed_and_prices_of_their_history_entry(
    imported: Imported, real_data: Path
) -> None:
    for line in (real_data / GAMES).read_text().splitlines():
        entry = json.loads(line)
        (row,) = imported.rows(
            "SELECT server_seed, prices, rug_tick FROM game WHERE game_id = ?", entry["id"]
        )
        assert row["server_seed"] == entry["provablyFair"]["serverSeed"]
        assert list(map(bits, row["prices"])) == list(map(bits, entry["prices"]))
        assert row["rug_tick"] == len(entry["prices"]) - 1


def stored_times(imported: Imported, like: str) -> list[datetime]:
    rows = imported.rows(
        "SELECT epoch_us(ts) AS ts FROM ws_event_rows WHERE session_id = ? ORDER BY seq",
        next(item.session_id for item in imported.report.imported if item.path.endswith(like)),
    )
    return [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row["ts"]) for row in rows]


@pytest.mark.parametrize(("name", "field"), [(RAW1214, "ts"), (WS1206, "timestamp")])
def test_eastern_captures_are_in_utc_to_the_microsecond(
    imported: Imported, real_data: Path, name: str, field: str
) -> None:
    naive = [json.loads(x)[field] for x in (real_data / name).read_text().splitlines()]
    expected = [datetime.fromisoformat(x).replace(tzinfo=EASTERN).astimezone(UTC) for x in naive]
    assert stored_times(imported, name) == expected


def test_the_capture_in_utc_stays_so(imported: Imported, real_data: Path) -> None:
    naive = [item["ts"] for item in json.loads((real_data / SAMPLES).read_text())]
    expected = [datetime.fromisoformat(x).replace(tzinfo=UTC) for x in naive]
    assert stored_times(imported, SAMPLES) == expected


def test_arrivals_agree_with_the_servers_own_stamps(imported: Imported) -> None:
    rows = imported.rows(
        "SELECT epoch_us(ts) AS ts, raw FROM ws_event_rows WHERE event_name = 'newChatMessage'"
    )
    assert len(rows) == 9
    for row in rows:
        stamp = json.loads(row["raw"])["data"][-1]["timestamp"]
        assert -1.0 < row["ts"] / 1e6 - stamp / 1e3 < 1.0  # protocol.md section 11


def test_legacy_times_are_eastern_on_both_sides_of_the_clock_change(
    imported: Imported, real_data: Path
) -> None:
    offsets = set()
    for path in legacy_files(real_data):
        first = json.loads(path.read_text().split("\n")[0])
        local = datetime.fromisoformat(first["timestamp"]).replace(tzinfo=EASTERN)
        found = stored_times(imported, path.name)[0]
        assert found == local.astimezone(UTC)
        assert found.strftime("%Y%m%d") == first["game_id"][:8]
        offsets.add(local.utcoffset())
    assert len(offsets) == 2


def test_files_that_are_no_recording_are_skipped(imported: Imported) -> None:
    names = {Path(item.path).name for item in imported.report.skipped_files}
    assert names == {"MANIFEST.json", "fairness_vectors.json"}


def test_games_are_those_the_records_name(imported: Imported, real_data: Path) -> None:
    games = {json.loads(x)["id"] for x in (real_data / GAMES).read_text().splitlines()}
    for path in legacy_files(real_data):
        games.add(json.loads(path.read_text().split("\n")[0])["game_id"])
    for name in (RAW1214, WS1206):
        for line in (real_data / name).read_text().splitlines():
            data = json.loads(line)["data"]
            payload = data[-1] if isinstance(data, list) else data or {}
            games |= {payload["gameId"]} if payload.get("gameId") else set()
            games |= {entry["id"] for entry in payload.get("gameHistory", [])}
    games |= {item["data"]["gameId"] for item in json.loads((real_data / SAMPLES).read_text())}
    assert imported.report.games == len(games)


def test_a_second_import_adds_nothing_and_knows_every_record(
    imported: Imported, real_data: Path, tmp_path: Path
) -> None:
    shutil.copytree(imported.root, tmp_path / "data")
    again = import_paths([real_data], tmp_path / "data")
    assert (again.events, again.games) == (0, 0)
    assert again.duplicates == imported.report.events
    assert again.bad_lines == imported.report.bad_lines


def test_rows_are_unique(imported: Imported) -> None:
    for doc_type in ("ws_event_rows", "game_tick", "game_all", "sidebet", "other_player"):
        (row,) = imported.rows(
            f"SELECT count(*) n, count(DISTINCT (session_id, seq, sub)) u FROM {doc_type}"
        )
        assert row["n"] == row["u"], doc_type


def test_a_real_file_that_grows_ends_as_if_imported_at_once(
    real_data: Path, tmp_path: Path
) -> None:
    source = (real_data / RAW1214).read_bytes()
    path = tmp_path / "grows.jsonl"
    for share in (3, 1):
        path.write_bytes(source[: len(source) // share])
        report = import_paths([path], tmp_path / "grown")
    import_paths([real_data / RAW1214], tmp_path / "once")
    assert report.bad_lines == 0
    for doc_type in ("ws_event_rows", "game_tick", "game_all", "sidebet", "other_player"):
        sql = f"SELECT * EXCLUDE (date) FROM {doc_type} ORDER BY seq, sub"
        with StoreReader(tmp_path / "grown") as grown, StoreReader(tmp_path / "once") as once:
            assert grown.fetch(sql).to_pylist() == once.fetch(sql).to_pylist(), doc_type
