"""Every route of the dashboard against everybody who may not use it.

The walk reads the table the routes are made of, and Flask's own map: a route that is added beside
the table, or a guard that is left out, fails here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import flask
import pytest
from tests.access_support import HOSTILE_HOSTS, HOSTILE_ORIGINS, WRONG_TOKENS
from tests.dashboard_support import ORIGIN, PORT, TOKEN, Board, board
from werkzeug.test import TestResponse

from vectra_player.dashboard.app import endpoints
from vectra_player.dashboard.guard import Guard
from vectra_player.web.openapi import Endpoint

OPEN = {"/login", "/health"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    with board(tmp_path_factory.mktemp("board")) as running:
        yield running


@pytest.fixture(scope="module")
def table(site: Board) -> list[Endpoint]:
    return endpoints(site.services)


def path_of(endpoint: Endpoint) -> str:
    """A path that meets the route."""
    path = endpoint.path.replace("{path:path}", "vectra.css")
    return re.sub(r"\{\w+\}", "0123456789abcdef", path)


def send(
    site: Board, endpoint: Endpoint, headers: dict[str, str], host: str = f"127.0.0.1:{PORT}"
) -> TestResponse:
    body = None
    if endpoint.method != "GET":
        body = b"{}"
        kind = "application/octet-stream" if endpoint.upload else "application/json"
        headers = {"Content-Type": kind, **headers}
    return site.ask(endpoint.method, path_of(endpoint), headers, body, host=host)


def jobs_and_uploads(site: Board) -> tuple[int, list[str]]:
    staging = site.services.data_dir / "staging"
    return len(site.services.jobs.list()), sorted(path.name for path in staging.iterdir())


def test_only_login_and_health_are_open(table: list[Endpoint]) -> None:
    assert {e.path for e in table if e.open} == OPEN


def test_every_route_of_flask_is_in_the_table_and_behind_the_guard(
    site: Board, table: list[Endpoint]
) -> None:
    guard = site.client.application
    assert isinstance(guard, Guard)
    app = guard._app.__self__  # type: ignore[attr-defined]
    assert isinstance(app, flask.Flask)
    served = {
        (method, re.sub(r"<(?:(\w+):)?(\w+)>", r"{\2}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD"}
    }
    assert served == {(e.method, re.sub(r":\w+", "", e.path)) for e in table}


def test_without_the_token_nothing_is_told(site: Board, table: list[Endpoint]) -> None:
    before = jobs_and_uploads(site)
    proofs = [{}, {"Authorization": "Basic dGVzdDp0ZXN0"}, {"Cookie": "vectra_00000000=wrong"}]
    proofs += [
        {"Authorization": f"Bearer {token}"} for token in WRONG_TOKENS if token.isprintable()
    ]
    for endpoint in table:
        if endpoint.open:
            continue
        for proof in proofs:
            safe = {k: v.encode().decode("latin-1") for k, v in proof.items()}
            for headers in (safe, {**safe, "X-Vectra-Request": "1", "Origin": ORIGIN}):
                answer = send(site, endpoint, headers)
                assert answer.status_code == 401, (endpoint.path, proof)
                assert answer.json is not None
                assert answer.json["error"]["advice"]
    assert jobs_and_uploads(site) == before


def test_a_path_nobody_serves_tells_strangers_nothing(site: Board) -> None:
    assert site.get("/nothing", {}).status_code == 401
    assert site.get("/nothing").status_code == 404


def test_a_foreign_host_is_refused_even_with_the_token(site: Board, table: list[Endpoint]) -> None:
    for endpoint in table:
        for hostile in HOSTILE_HOSTS:
            host = "" if hostile is None else hostile.format(port=PORT)
            answer = send(site, endpoint, site.bearer, host=host)
            assert answer.status_code in (400, 421), (endpoint.path, host)


def test_a_foreign_origin_is_refused_even_with_credentials(
    site: Board, table: list[Endpoint]
) -> None:
    before = jobs_and_uploads(site)
    cookie = site.cookie()
    for endpoint in table:
        for hostile in HOSTILE_ORIGINS:
            for proof in (site.bearer, cookie):
                origin = hostile.format(port=PORT)
                headers = {**proof, "Origin": origin, "X-Vectra-Request": "1"}
                answer = send(site, endpoint, headers)
                assert answer.status_code == 403, (endpoint.path, origin)
    assert jobs_and_uploads(site) == before


def test_a_write_with_the_cookie_needs_a_page_of_ours(site: Board, table: list[Endpoint]) -> None:
    before = jobs_and_uploads(site)
    page = {**site.cookie(), "Origin": ORIGIN, "X-Vectra-Request": "1"}
    for endpoint in table:
        if endpoint.method == "GET":
            continue
        for headers in (
            {k: v for k, v in page.items() if k != "Origin"},
            {k: v for k, v in page.items() if k != "X-Vectra-Request"},
            {**page, "Sec-Fetch-Site": "cross-site"},
            {**page, "Sec-Fetch-Site": "same-site"},
        ):
            assert send(site, endpoint, headers).status_code == 403, endpoint.path
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            answer = send(site, endpoint, {**page, "Content-Type": kind})
            assert answer.status_code == 415, endpoint.path
        other = "application/json" if endpoint.upload else "application/octet-stream"
        assert send(site, endpoint, {**page, "Content-Type": other}).status_code == 415
    assert jobs_and_uploads(site) == before


def test_bodies_are_bounded(site: Board, table: list[Endpoint]) -> None:
    for endpoint in table:
        if endpoint.method == "GET":
            continue
        kind = "application/octet-stream" if endpoint.upload else "application/json"
        most = 4 << 20 if endpoint.upload else 64 << 10
        body = b" " * (most + 1)
        headers = {**site.bearer, "Content-Type": kind}
        answer = site.ask(endpoint.method, path_of(endpoint), headers, body)
        assert answer.status_code == 413, endpoint.path


def test_no_read_changes_anything(site: Board, table: list[Endpoint]) -> None:
    before = jobs_and_uploads(site)
    for endpoint in table:
        if endpoint.method == "GET" and endpoint.path != "/login":
            send(site, endpoint, site.bearer)
    assert jobs_and_uploads(site) == before


def test_every_answer_carries_the_security_headers_and_no_token(
    site: Board, table: list[Endpoint]
) -> None:
    for endpoint in table:
        for headers in (site.bearer, {}):
            answer = send(site, endpoint, headers)
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self';" in policy
            assert "unsafe" not in policy
            assert "ws://127.0.0.1:9000" in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert TOKEN.encode() not in answer.data
            assert TOKEN not in str(answer.headers)


def test_a_login_link_works_once_and_leads_only_to_pages_of_ours(site: Board) -> None:
    (access,) = site.services.keys.all()
    link = access.login_path(next_path="/games")
    first = site.get(link, {})
    assert (first.status_code, first.headers["Location"]) == (303, "/games")
    cookie = first.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert site.get("/api/home", {"Cookie": cookie.split(";")[0]}).status_code == 200
    assert site.get(link, {}).status_code == 401
    for goal in ("//evil.example", "https://evil.example", "/\\evil.example"):
        answer = site.get(f"{access.login_path()}&next={goal}", {})
        assert answer.headers["Location"] == "/"


def test_a_look_at_the_head_does_not_use_the_link_up(site: Board) -> None:
    (access,) = site.services.keys.all()
    link = access.login_path()
    assert site.ask("HEAD", link, {}).status_code == 401
    assert site.get(link, {}).status_code == 303


def test_a_person_without_a_login_sees_a_page(site: Board) -> None:
    answer = site.get("/games", {"Accept": "text/html"})
    assert answer.status_code == 401
    assert b"vectra-player open" in answer.data


def test_static_files_lie_inside(site: Board) -> None:
    assert site.get("/static/vectra.css").status_code == 200
    assert site.get("/static/sdk/foundation-ws-client.js").status_code == 200
    for path in ("../app.py", "%2e%2e/app.py", "..%2fapp.py", ".hidden.js", "dash", "dash/"):
        assert site.get(f"/static/{path}").status_code == 404


def test_no_script_of_ours_makes_markup_of_text() -> None:
    package = Path(flask.__file__)  # only to fail early where Flask is missing
    assert package.exists()
    from vectra_player.dashboard.app import STATIC

    for script in STATIC.rglob("*.js"):
        text = script.read_text("utf-8")
        for banned in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert banned not in text, script.name
    for template in (STATIC.parent / "templates").iterdir():
        text = template.read_text("utf-8")
        assert "|safe" not in text
        assert "| safe" not in text
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), template.name
        assert not re.search(r"\son\w+=|\sstyle=", text), template.name
