"""What pages ask of a running service before they act, and say of the rules it uses."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.dashboard_support import Board, board

from vectra_player.alerts.rules import default_rules
from vectra_player.dashboard.neighbour import Peer


class Service(HTTPServer):
    """Answers each path with what a test puts there."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.told: dict[str, Any] = {}


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:
        body = json.dumps(self.server.told[self.path]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def site(tmp_path: Path, service: Service) -> Iterator[Board]:
    with board(tmp_path) as opened:
        opened.peers[0] = Peer("token", 9000, service.server_port)
        yield opened


def in_force(site: Board) -> Any:
    return site.get("/api/alert-rules/in-force").get_json()


def test_rules_are_in_force_when_the_service_tells_the_same(site: Board, service: Service) -> None:
    rules = [{"type": name, "rule": rule.table()} for name, rule in default_rules().items()]
    service.told["/api/alerts?limit=1"] = {"rules": rules}
    assert in_force(site) == {"in_force": True, "waiting": []}
    values = {**default_rules()["game_rug"].table(), "enabled": False}
    saved = site.post("/api/alert-rules", {"type": "game_rug", "values": values})
    assert saved.status_code == 200
    assert in_force(site) == {"in_force": False, "waiting": ["game_rug"]}


@pytest.mark.parametrize("mode", ["practice", "live"])
def test_a_wallet_is_of_paper(site: Board, mode: str) -> None:
    answer = site.post("/api/trade/start", {"name": "sidebet", "mode": mode, "cash": 5})
    assert answer.status_code == 422
    assert set(answer.get_json()["error"]["fields"]) == {"cash"}


def test_a_run_does_not_begin_with_an_account_that_is_not_known(
    site: Board, service: Service
) -> None:
    unknown = {"account": {"cash": 0.0, "holding": None}}
    service.told["/api/trade?mode=PRACTICE"] = unknown
    answer = site.post("/api/trade/start", {"name": "sidebet", "mode": "practice"})
    assert answer.status_code == 409
    assert "not known yet" in answer.get_json()["error"]["message"]
    assert site.services.paper.status() is None


def test_a_mode_there_is_not_is_told(site: Board) -> None:
    answer = site.post("/api/trade/start", {"name": "sidebet", "mode": "LOUD"})
    assert set(answer.get_json()["error"]["fields"]) == {"mode"}
