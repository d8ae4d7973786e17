"""One session over time: bars that add up, gaps with their limits, reconnects."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from tests.dashboard_support import board
from tests.own_play_support import import_own_play

from vectra_player.dashboard.data.session_timeline import _gap


def test_bars_add_up_to_the_rows_of_each_table(tmp_path: Path) -> None:
    import_own_play(tmp_path / "data", tmp_path)
    with board(tmp_path / "data") as site:
        (session,) = site.get("/api/sessions").json["sessions"]
        path = f"/api/sessions/{session['session_id']}/timeline"
        told = site.get(f"{path}?steps=20").json
        tables = {table["name"]: table["rows"] for table in site.get("/api/tables").json}
        assert (told["first_ts"], told["last_ts"]) == (session["started_at"], session["ended_at"])
        assert {row["doc_type"]: row["rows"] for row in told["types"]} == {
            name: rows for name, rows in tables.items() if rows
        }
        assert all(sum(row["bars"]) == row["rows"] for row in told["types"])
        assert {len(row["bars"]) for row in told["types"]} == {20}
        assert site.get(f"{path}?steps=5").status_code == 422
        assert site.get("/api/sessions/none/timeline").status_code == 404


def micros(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp() * 1e6)


@pytest.mark.parametrize(
    ("kind", "detail", "first", "last", "words"),
    [
        (
            "gap",
            '{"from":"2025-12-15T01:00:00.000Z","to":"2025-12-15T01:00:02.000Z",'
            '"missing":"frames","reason":"disk full"}',
            micros("2025-12-15T01:00:00+00:00"),
            micros("2025-12-15T01:00:02+00:00"),
            "frames: disk full",
        ),
        ("silence", '{"seconds": 30.0}', 70_000_000, 100_000_000, "nothing was heard"),
        ("gap", '{"from_seq": 1, "to_seq": 2}', 100_000_000, 100_000_000, "a gap was noted"),
        ("gap", '{"from": 5, "missing": ["odd"]}', 100_000_000, 100_000_000, "['odd']"),
        ("gap", "no JSON", 100_000_000, 100_000_000, "a gap was noted"),
    ],
)
def test_a_gap_has_limits_where_its_detail_tells_them(
    kind: str, detail: str, first: int, last: int, words: str
) -> None:
    gap = _gap({"kind": kind, "ts": 100_000_000, "detail": detail})
    assert (gap.from_ts, gap.words) == (first, words)
    assert gap.to_ts == last
