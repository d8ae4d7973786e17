"""The log of alerts: what was stored, filtered and in pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.dashboard_support import Board, board
from tests.live_support import GAME, T0

from vectra_player.alerts.alert import FACT, Alert
from vectra_player.alerts.rules import Severity
from vectra_player.model.frame import fact
from vectra_player.store.writer import EventStore


def alert(number: int, kind: str, severity: Severity) -> Alert:
    return Alert(
        alert_id=f"alert-{number}", alert_type=kind, severity=severity, title=f"Title {number}",
        message="<b>text</b>", ts=T0 + number * 1_000_000, expires_at=0, source_seq=None,
        priority=1, sound=False, desktop=False, game_id=GAME,
    )  # fmt: skip


TOLD = [
    alert(1, "game_start", "info"),
    alert(2, "game_rug", "info"),
    alert(3, "game_rug", "danger"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    root = tmp_path_factory.mktemp("alerts")
    with EventStore.open(root) as store:
        store.start_session("demo", "127.0.0.1:7777")
        for one in TOLD:
            store.append(fact(FACT, one.detail(), ts=one.ts, source="ui"))
        store.stop_session("done")
    with board(root) as opened:
        yield opened


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["alert-3", "alert-2", "alert-1"]),
        ("?type=game_rug", ["alert-3", "alert-2"]),
        ("?severity=info", ["alert-2", "alert-1"]),
        ("?type=game_rug&severity=danger", ["alert-3"]),
        ("?type=volcano", []),
        ("?size=1&page=2", ["alert-2"]),
    ],
)
def test_filters_and_pages_choose(site: Board, query: str, found: list[str]) -> None:
    told = site.get(f"/api/alerts{query}").get_json()
    assert [line["alert_id"] for line in told["alerts"]] == found
    assert told["types"] == ["game_rug", "game_start"]


def test_a_line_has_what_was_told(site: Board) -> None:
    line = site.get("/api/alerts?size=1").get_json()["alerts"][0]
    assert (line["title"], line["message"], line["severity"]) == (
        "Title 3",
        "<b>text</b>",
        "danger",
    )
    assert (line["game_id"], line["ts"]) == (GAME, TOLD[2].ts // 1000)


def test_a_filter_there_is_not_is_told(site: Board) -> None:
    answer = site.get("/api/alerts?severity=loud")
    assert answer.status_code == 422
    assert set(answer.get_json()["error"]["fields"]) == {"severity"}


def test_an_empty_store_has_an_empty_log(tmp_path: Path) -> None:
    with EventStore.open(tmp_path):
        pass
    with board(tmp_path) as empty:
        told = empty.get("/api/alerts").get_json()
    assert (told["alerts"], told["total"], told["types"]) == ([], 0, [])
