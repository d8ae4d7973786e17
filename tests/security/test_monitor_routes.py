"""Every route of the monitor against everybody who may not use it.

The walk reads the table the routes are made of: a route that is added without the guard fails here.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from tests.foundation_support import WRITE, Answer, Site, ask, site

from vectra_player.foundation.monitor.app import Monitor, build_app
from vectra_player.foundation.monitor.openapi import Endpoint
from vectra_player.web.asgi import Guard
from vectra_player.web.security import TRADE_PATHS, Access

OPEN = {"/login", "/health"}
PLAN = {
    "strategy": "momentum", "name": "momentum", "source": "built-in", "params": {},
    "account": {"cash": 1},
}  # fmt: skip
GAME_PLAYED = {
    "number": 1, "game_id": "g", "started_us": None, "countdown": [], "seen": [], "late": [],
    "rug_tick": None, "decisions": [], "outcomes": [], "shown": [], "cash_before": 1,
    "cash_after": 1, "equity": 1,
}  # fmt: skip
BODIES = {
    "/api/kill": {},
    "/api/trade/arm": {"phrase": "not the phrase"},
    "/api/trade/disarm": {},
    "/api/trade/acknowledge": {},
    "/api/recording": {"action": "stop"},
    "/api/replay": {"game_id": "x"},
    "/api/replay/{id}": {"action": "close"},
    "/api/replay/{id}/trade": {"action": "buy", "amount": 1},
    "/api/trade/buy": {"amount": 1},
    "/api/trade/sell": {"percentage": 50},
    "/api/trade/sidebet": {"amount": 0.1},
    "/api/trade/reset": {"cash": 1},
    "/api/trade/runs": {"plan": PLAN},
    "/api/trade/runs/{id}/games": GAME_PLAYED,
    "/api/trade/runs/{id}/end": {
        "reason": "x",
        "result": {"games": 0, "actions": 0, "cash": 1, "profit": 0, "invested": 0, "staked": 0},
    },
}


class _Anything:
    """Stands for a backend no request of this file may reach."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"a refused request reached {name}")


def monitor() -> Monitor:
    access = Access("t", instance="00000000")
    anything = _Anything()
    return Monitor(
        anything,  # type: ignore[arg-type]
        access,
        user_artifacts=Path("artifacts"),
        artifacts=anything,  # type: ignore[arg-type]
        replay=anything,  # type: ignore[arg-type]
        trade=anything,  # type: ignore[arg-type]
        alerts=anything,  # type: ignore[arg-type]
        switch=anything,  # type: ignore[arg-type]
    )


TABLE = monitor().endpoints()
CLOSED = [e for e in TABLE if not e.open]


def path_of(endpoint: Endpoint) -> str:
    """A path that meets the route."""
    path = endpoint.path.replace("{path:path}", "tool.js")
    return path.replace("{name}", "tool").replace("{id}", "r1")


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("up")
    with site(root, "--source", "demo", "--speed", "5") as running:
        yield running


def send(up: Site, endpoint: Endpoint, headers: dict[str, str], host: str | None = None) -> Answer:
    body = None
    if endpoint.method != "GET":
        body = json.dumps(BODIES[endpoint.path]).encode()
        headers = {**WRITE, **headers}
    return ask(up.instance.monitor, endpoint.method, path_of(endpoint), headers, body, host=host)


def recording(up: Site) -> tuple[bool, str]:
    told = up.get("/api/recording").json
    return told["recording"], told["session_id"]


ids = [f"{e.method} {e.path}" for e in TABLE]
closed_ids = [f"{e.method} {e.path}" for e in CLOSED]


def test_only_login_and_health_are_open() -> None:
    assert {e.path for e in TABLE if e.open} == OPEN


def test_every_route_of_the_application_is_in_the_table() -> None:
    app = build_app(monitor(), Access("t", instance="00000000"), http_port=1, feed_port=2)
    assert isinstance(app, Guard)
    routes = app._app.routes  # type: ignore[attr-defined]
    assert all(isinstance(route, Route) for route in routes)
    assert {(m, r.path) for r in routes for m in r.methods - {"HEAD"}} == {
        (e.method, e.path) for e in TABLE
    }


@pytest.mark.parametrize("endpoint", CLOSED, ids=closed_ids)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic dGVzdDp0ZXN0"},
        {"Authorization": "Bearer \xe9\xff"},
        {"Cookie": "vectra_00000000=wrong"},
    ],
    ids=["nothing", "wrong", "empty", "basic", "not ascii", "cookie"],
)
def test_without_the_token_nothing_is_told(
    up: Site, endpoint: Endpoint, headers: dict[str, str]
) -> None:
    before = recording(up)
    for path_headers in (headers, {**headers, "X-Vectra-Request": "1", "Origin": up.origin}):
        answer = send(up, endpoint, path_headers)
        assert answer.status == 401
        assert answer.json["error"]["message"]
    assert recording(up) == before


@pytest.mark.parametrize("endpoint", TABLE, ids=ids)
def test_a_foreign_host_is_refused_even_with_the_token(up: Site, endpoint: Endpoint) -> None:
    port = up.instance.monitor
    hostile = [
        "",
        "evil.example",
        f"evil.example:{port}",
        f"127.0.0.1.evil.example:{port}",
        "127.0.0.1",
        "localhost",
        f"127.0.0.1:{port + 1}",
        f"localhost.:{port}",
        f"LOCALHOST:{port}",
        f"127.0.0.1.:{port}",
        f"0.0.0.0:{port}",
        f"[::]:{port}",
        f"::1:{port}",
        f"user@127.0.0.1:{port}",
        f"127.0.0.1:{port}, evil.example",
        f"0x7f.1:{port}",
    ]
    for host in hostile:
        answer = send(up, endpoint, up.bearer, host=host)
        assert answer.status in (400, 421), host


def test_each_own_name_is_served(up: Site) -> None:
    for name in ("127.0.0.1", "localhost", "[::1]"):
        host = f"{name}:{up.instance.monitor}"
        answer = ask(up.instance.monitor, "GET", "/api/state", up.bearer, host=host)
        assert answer.status == 200


@pytest.mark.parametrize("endpoint", TABLE, ids=ids)
def test_a_foreign_origin_is_refused_even_with_credentials(up: Site, endpoint: Endpoint) -> None:
    port = up.instance.monitor
    cookie, before = up.cookie(), recording(up)
    for origin in (
        "null",
        "http://evil.example",
        f"https://127.0.0.1:{port}",
        f"http://127.0.0.1:{port + 1}",
        f"http://127.0.0.1:{port}.evil.example",
        f"http://localhost.evil.example:{port}",
        f"HTTP://127.0.0.1:{port}",
        "chrome-extension://abcdefgh",
    ):
        for proof in (up.bearer, cookie):
            headers = {**proof, "Origin": origin, "X-Vectra-Request": "1"}
            assert send(up, endpoint, headers).status == 403, origin
    assert recording(up) == before


WRITES = [e for e in TABLE if e.method != "GET"]


@pytest.mark.parametrize("endpoint", WRITES, ids=[e.path for e in WRITES])
def test_a_write_with_the_cookie_needs_a_page_of_ours(up: Site, endpoint: Endpoint) -> None:
    cookie, before = up.cookie(), recording(up)
    page = {**cookie, "Origin": up.origin, "X-Vectra-Request": "1"}
    for headers in (
        {k: v for k, v in page.items() if k != "Origin"},
        {k: v for k, v in page.items() if k != "X-Vectra-Request"},
        {**page, "Sec-Fetch-Site": "cross-site"},
        {**page, "Sec-Fetch-Site": "same-site"},
    ):
        assert send(up, endpoint, headers).status == 403
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        body = json.dumps(BODIES[endpoint.path]).encode()
        answer = ask(
            up.instance.monitor,
            "POST",
            path_of(endpoint),
            {**page, "Content-Type": kind},
            body,
        )
        assert answer.status == 415
    assert recording(up) == before


TRADES = [e for e in WRITES if e.path.startswith("/api/trade")]
VISIT = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"}
SCRIPTED = [
    {},
    {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "object", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Dest": "document"},
]


def trade_token(up: Site) -> str:
    found = re.search(
        r'"vectra-trade" content="(\w+)"', up.get("/", {**up.cookie(), **VISIT}).body.decode()
    )
    assert found
    return found[1]


def test_every_write_of_trading_is_guarded() -> None:
    assert {e.path for e in TRADES} == {
        f"/api/trade/{name}"
        for name in (
            *("buy", "sell", "sidebet", "reset", "arm", "disarm", "acknowledge"),
            *("runs", "runs/{id}/games", "runs/{id}/end"),
        )
    }
    assert all(e.path.startswith(TRADE_PATHS) for e in TRADES)


@pytest.mark.parametrize("endpoint", TRADES, ids=[e.path for e in TRADES])
def test_the_cookie_alone_does_not_trade(up: Site, endpoint: Endpoint) -> None:
    page = {**up.cookie(), "Origin": up.origin, "X-Vectra-Request": "1"}
    token, before = trade_token(up), orders_of(up)
    for given in (None, "", "1", token[:-1], token.upper(), up.instance.token, "\xe9"):
        headers = page if given is None else {**page, "X-Vectra-Trade": given}
        assert send(up, endpoint, headers).status == 403, given
    twice = [*page.items(), ("X-Vectra-Trade", token), ("X-Vectra-Trade", token)]
    assert send_pairs(up, endpoint, twice) == 403
    assert orders_of(up) == before
    assert send(up, endpoint, {**page, "X-Vectra-Trade": token}).status in (200, 409)
    assert send(up, endpoint, up.bearer).status in (200, 409)


def orders_of(up: Site) -> set[str | None]:
    """Return the ids of the orders given so far; what becomes of one may come later."""
    return {action["action_id"] for action in up.get("/api/trade").json["actions"]}


def send_pairs(up: Site, endpoint: Endpoint, headers: list[tuple[str, str]]) -> int:
    """Send a write with headers that may repeat; return the status."""
    connection = http.client.HTTPConnection("127.0.0.1", up.instance.monitor)
    body = json.dumps(BODIES[endpoint.path]).encode()
    connection.putrequest(endpoint.method, path_of(endpoint))
    pairs = [*headers, *WRITE.items(), ("Content-Length", str(len(body)))]
    for name, value in pairs:
        connection.putheader(name, value)
    connection.endheaders(body)
    status = connection.getresponse().status
    connection.close()
    return status


def test_only_a_visit_of_the_users_own_is_given_the_trade_token(up: Site) -> None:
    cookie, token = up.cookie(), trade_token(up)
    for proof in (cookie, up.bearer):
        for endpoint in TABLE:
            if endpoint.method != "GET":
                continue
            visits = [] if endpoint.path == "/" else [VISIT]
            for headers in SCRIPTED + visits:
                answer = send(up, endpoint, {**proof, **headers})
                assert token.encode() not in answer.body
                assert token not in str(answer.headers)


def test_the_page_with_the_token_is_kept_apart_from_tools(up: Site) -> None:
    page = up.get("/", {**up.cookie(), **VISIT}).headers
    assert "frame-ancestors 'none'" in page["content-security-policy"]
    assert page["x-frame-options"] == "DENY"
    assert page["cache-control"] == "no-store"
    assert page["cross-origin-opener-policy"] == "same-origin"
    for path in ("live-monitor/", "live-monitor/tool.js", "none/", "shared/format.js"):
        tool = up.get(f"/artifacts/{path}", up.cookie()).headers
        assert tool["cross-origin-opener-policy"] == "same-origin-allow-popups", path


def test_no_service_worker_is_served(up: Site) -> None:
    headers = {**up.cookie(), "Service-Worker": "script", "Sec-Fetch-Site": "same-origin"}
    assert up.get("/artifacts/live-monitor/tool.js", headers).status == 403


def test_no_read_changes_anything(up: Site) -> None:
    before = recording(up)
    for endpoint in TABLE:
        if endpoint.method == "GET" and endpoint.path != "/login":
            send(up, endpoint, up.bearer)
    assert recording(up) == before


def test_a_login_link_works_once_and_sets_a_strict_cookie(up: Site) -> None:
    link = up.link()
    first = up.get(link + "&next=/api/state", {})
    assert (first.status, first.headers["location"]) == (303, "/api/state")
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert up.get("/api/state", {"Cookie": cookie.split(";")[0]}).status == 200
    assert up.get(link, {}).status == 401
    for goal in ("//evil.example", "https://evil.example", "/\\evil.example"):
        assert up.get(up.link() + f"&next={goal}", {}).headers["location"] == "/"


def test_the_token_is_in_no_log_and_no_answer(up: Site) -> None:
    token = up.instance.token
    for endpoint in TABLE:
        if endpoint.method == "GET":
            answer = send(up, endpoint, up.bearer)
            assert token.encode() not in answer.body
            assert token not in str(answer.headers)
    logged = "".join(p.read_text("utf-8") for p in (up.root / "logs").iterdir())
    assert token not in logged


async def test_the_guard_refuses_websockets_on_every_path() -> None:
    app = build_app(monitor(), Access("t", instance="00000000"), http_port=1, feed_port=2)
    said: list[str] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send_(message: dict[str, object]) -> None:
        said.append(str(message["type"]))

    scope: Scope = {"type": "websocket", "path": "/api/state", "headers": []}
    receiving: Receive = receive  # type: ignore[assignment]
    sending: Send = send_  # type: ignore[assignment]
    await app(scope, receiving, sending)
    assert said == ["websocket.close"]
