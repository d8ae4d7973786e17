"""The log of actions: filters, pages, and the latency of everything that fits."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.dashboard_support import Board, board
from tests.live_support import GAME
from tests.trading_support import at, order

from vectra_player.model.action import OUTCOME, ActionRecord
from vectra_player.model.frame import fact
from vectra_player.store.writer import EventStore


def taken(number: int, **fields: object) -> ActionRecord:
    record = order(name=f"paper-{number}", ms=number * 1000)
    told: dict[str, Any] = {"outcome": "CONFIRMED", "mode": "paper", **fields}
    return msgspec.structs.replace(record, **told)


RECORDS = [
    taken(1, client_ts=at(1004) // 1000, total_latency_ms=198.0),
    taken(2, actor="human", error="Insufficient balance", outcome="REJECTED"),
    taken(3, mode="practice", total_latency_ms=400.0, profit=Decimal("-0.25")),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    root = tmp_path_factory.mktemp("actions")
    with EventStore.open(root) as store:
        store.start_session("demo", "127.0.0.1:7777")
        for number, record in enumerate(RECORDS):
            store.append(fact(OUTCOME, record, ts=at(number), source="ui"))
        store.stop_session("done")
    with board(root) as opened:
        yield opened


def test_everything_is_listed_newest_first_with_its_latency(site: Board) -> None:
    told = site.get("/api/actions").get_json()
    assert [line["action_id"] for line in told["actions"]] == ["paper-3", "paper-2", "paper-1"]
    assert told["actions"][0]["profit"] == -0.25
    assert told["actions"][2]["press_ms"] == 4
    assert told["actions"][1]["error"] == "Insufficient balance"
    total = next(part for part in told["latency"] if part["part"] == "total")
    assert (total["n"], total["p50_ms"], total["p99_ms"], total["most_ms"]) == (1, 400, 400, 400)
    assert sum(total["counts"]) == 1
    assert len(total["counts"]) == len(told["edges_ms"])


def test_simulated_delays_of_paper_count_only_where_paper_is_asked_for(site: Board) -> None:
    told = site.get("/api/actions?mode=paper").get_json()
    assert [part["p50_ms"] for part in told["latency"]] == [4, None, None, 198]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("mode=practice", ["paper-3"]),
        ("actor=human", ["paper-2"]),
        ("outcome=CONFIRMED&mode=paper", ["paper-1"]),
        ("type=SELL", []),
        (f"game={GAME}&size=1&page=2", ["paper-2"]),
    ],
)
def test_filters_and_pages_choose(site: Board, query: str, found: list[str]) -> None:
    told = site.get(f"/api/actions?{query}").get_json()
    assert [line["action_id"] for line in told["actions"]] == found


def test_a_filter_there_is_not_is_told(site: Board) -> None:
    answer = site.get("/api/actions?mode=loud")
    assert answer.status_code == 422
    assert answer.get_json()["error"]["fields"] == {"mode": "Paper, practice or live."}


def test_an_empty_store_has_an_empty_log(tmp_path: Path) -> None:
    with EventStore.open(tmp_path):
        pass
    with board(tmp_path) as empty:
        told = empty.get("/api/actions").get_json()
    assert (told["actions"], told["total"], told["latency"][0]["p50_ms"]) == ([], 0, None)
