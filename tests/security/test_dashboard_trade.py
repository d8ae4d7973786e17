"""Paper trades from the dashboard need more than the cookie, as on the monitor (decision 0016)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from tests.dashboard_support import ORIGIN, Board, board
from werkzeug.test import TestResponse

from vectra_player.dashboard.app import endpoints
from vectra_player.dashboard.routes.paper import PAPER_PAGE, TRADE_PAGES

ACTIONS = ("start", "stop", "buy", "sell", "sidebet", "reset", "arm", "disarm", "acknowledge")
VISIT = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    with board(tmp_path_factory.mktemp("board")) as running:
        yield running


def page_headers(site: Board, **more: str) -> dict[str, str]:
    """What a script of our own page sends with a write."""
    own = {"Origin": ORIGIN, "X-Vectra-Request": "1", "Sec-Fetch-Site": "same-origin"}
    return {**site.cookie(), **own, "Content-Type": "application/json", **more}


def trade(site: Board, action: str, **more: str) -> TestResponse:
    body = json.dumps({"amount": 1} if action in ("buy", "sidebet") else {}).encode()
    if action in ("start", "arm"):
        orders = {"start": {"name": "sidebet"}, "arm": {"phrase": "real"}}
        body = json.dumps(orders[action]).encode()
    return site.ask("POST", f"/api/trade/{action}", page_headers(site, **more), body)


def token_in(answer: TestResponse) -> str | None:
    found = re.search(rb'name="vectra-trade" content="([0-9a-f]{64})"', answer.data)
    return found[1].decode() if found else None


def test_every_way_to_trade_lies_where_the_guard_looks(site: Board) -> None:
    table = [e.path for e in endpoints(site.services) if e.method == "POST" and "trade" in e.path]
    assert sorted(table) == sorted(f"/api/trade/{action}" for action in ACTIONS)


@pytest.mark.parametrize("action", ACTIONS)
def test_the_cookie_alone_cannot_trade(site: Board, action: str) -> None:
    for more in ({}, {"X-Vectra-Trade": ""}, {"X-Vectra-Trade": "0" * 64}):
        assert trade(site, action, **more).status_code == 403
    assert site.services.paper.status() is None


def test_a_visit_of_the_user_gets_what_it_needs_to_trade(site: Board) -> None:
    token = token_in(site.get(PAPER_PAGE, {**site.cookie(), **VISIT}))
    assert token is not None
    for action in ACTIONS:
        answer = trade(site, action, **{"X-Vectra-Trade": token})
        assert answer.status_code in (409, 503), action  # past the guard: foundation does not run


@pytest.mark.parametrize(
    "changes",
    [
        {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
        {"Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Dest": "object"},
        {"Sec-Fetch-Mode": "same-origin"},
    ],
)
def test_what_a_script_or_a_frame_reads_has_no_token(site: Board, changes: dict[str, str]) -> None:
    headers = {**site.cookie(), **VISIT, "Sec-Fetch-Site": "same-origin", **changes}
    assert token_in(site.get(PAPER_PAGE, headers)) is None


def test_without_the_headers_of_a_browser_there_is_no_token(site: Board) -> None:
    assert token_in(site.get(PAPER_PAGE, site.cookie())) is None
    assert token_in(site.get(PAPER_PAGE)) is None


def test_only_pages_that_nothing_frames_hold_the_token(site: Board) -> None:
    for endpoint in endpoints(site.services):
        page = endpoint.method == "GET" and endpoint.gives is None
        if not page or endpoint.open or "{" in endpoint.path:
            continue
        for path in (endpoint.path, f"{endpoint.path}/"):
            answer = site.get(path, {**site.cookie(), **VISIT})
            holds = b"vectra-trade" in answer.data
            assert not holds or path in TRADE_PAGES, path
            if path in TRADE_PAGES:
                assert answer.headers["X-Frame-Options"] == "DENY"
                policy = answer.headers["Content-Security-Policy"]
                assert "frame-ancestors 'none'" in policy
                assert answer.headers["Cache-Control"] == "no-store"


def test_a_program_trades_with_its_token(site: Board) -> None:
    answer = site.post("/api/trade/start", {"name": "sidebet"})
    assert answer.status_code == 503
    assert answer.json is not None
    assert "vectra-player up" in answer.json["error"]["advice"]
