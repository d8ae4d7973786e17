"""Hostile requests against the rule all servers share."""

from __future__ import annotations

import pytest
from tests.access_support import (
    HOSTILE_HOSTS,
    HOSTILE_ORIGINS,
    INSTANCE,
    PORT,
    WRONG_TOKENS,
    cookie_of,
    make_request,
    make_write,
)

from vectra_player.web.security import (
    MAX_BODY_BYTES,
    Access,
    Request,
    Verdict,
    http_door,
    new_token,
)

OURS = ["127.0.0.1", "localhost", "[::1]"]


@pytest.fixture
def access() -> Access:
    return Access(new_token(), instance=INSTANCE)


def judge(access: Access, request: Request, *, open_path: bool = False) -> Verdict:
    return access.check(request, http_door(PORT), open_path=open_path)


@pytest.mark.parametrize("host", HOSTILE_HOSTS)
@pytest.mark.parametrize("open_path", [False, True])
def test_a_hostile_host_is_refused_even_with_the_token(
    access: Access, host: str | None, open_path: bool
) -> None:
    told = None if host is None else host.format(port=PORT)
    request = make_request(host=told, authorization=f"Bearer {access.token}")
    assert judge(access, request, open_path=open_path).status == 421


def test_two_hosts_are_refused(access: Access) -> None:
    pair = ("host", f"127.0.0.1:{PORT}")
    headers = [pair, pair, ("authorization", f"Bearer {access.token}")]
    assert judge(access, Request("GET", "/", headers)).status == 421


@pytest.mark.parametrize("name", OURS)
def test_our_own_addresses_are_served(access: Access, name: str) -> None:
    bearer = f"Bearer {access.token}"
    request = make_request(
        host=f"{name}:{PORT}", origin=f"http://{name}:{PORT}", authorization=bearer
    )
    assert judge(access, request).by == "bearer"


@pytest.mark.parametrize("origin", HOSTILE_ORIGINS)
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("proof", ["cookie", "authorization"])
def test_a_foreign_origin_is_refused_whatever_it_holds(
    access: Access, origin: str, method: str, proof: str
) -> None:
    held = cookie_of(access) if proof == "cookie" else f"Bearer {access.token}"
    foreign = origin.format(port=PORT)
    request = make_request(
        method, **{proof: held, "origin": foreign, "content_type": "application/json"}
    )
    assert judge(access, request).status == 403


@pytest.mark.parametrize("token", WRONG_TOKENS)
def test_a_wrong_token_is_refused(access: Access, token: str) -> None:
    assert judge(access, make_request(authorization=f"Bearer {token}")).status == 401
    assert judge(access, make_request(authorization=token)).status == 401
    assert judge(access, make_request(cookie=f"{access.cookie_name}={token}")).status == 401


def test_no_token_is_refused(access: Access) -> None:
    assert judge(access, make_request()).status == 401


def test_the_token_is_no_cookie_and_the_cookie_no_token(access: Access) -> None:
    cookie = cookie_of(access).split("=")[1]
    assert judge(access, make_request(authorization=f"Bearer {cookie}")).status == 401
    request = make_request(cookie=f"{access.cookie_name}={access.token}")
    assert judge(access, request).status == 401


def test_a_wrong_bearer_is_not_saved_by_a_cookie(access: Access) -> None:
    request = make_request(authorization="Bearer x", cookie=cookie_of(access))
    assert judge(access, request).status == 401


def test_two_authorizations_are_refused(access: Access) -> None:
    right = ("authorization", f"Bearer {access.token}")
    headers = [("host", f"127.0.0.1:{PORT}"), right, right]
    assert judge(access, Request("GET", "/", headers)).status == 401


def test_a_token_in_the_query_is_no_login(access: Access) -> None:
    assert judge(access, make_request(path=f"/api/state?token={access.token}")).status == 401


@pytest.mark.parametrize(
    ("site", "mode", "dest", "status"),
    [
        (None, None, None, 200),
        ("same-origin", "cors", "empty", 200),
        ("none", "navigate", "document", 200),
        ("same-site", "navigate", "document", 200),
        ("same-site", "cors", "empty", 403),
        ("cross-site", "no-cors", "script", 403),
        ("cross-site", "no-cors", "image", 403),
        ("cross-site", "navigate", "iframe", 403),
        ("same-site", "navigate", "iframe", 403),
        ("rubbish", "cors", "empty", 403),
    ],
)
def test_a_cookie_reads_only_for_our_pages_and_for_visits(
    access: Access, site: str | None, mode: str | None, dest: str | None, status: int
) -> None:
    request = make_request(
        cookie=cookie_of(access), sec_fetch_site=site, sec_fetch_mode=mode, sec_fetch_dest=dest
    )
    assert judge(access, request).status == status


def test_a_page_of_ours_may_write(access: Access) -> None:
    assert judge(access, make_write(access)) == Verdict(True, by="cookie")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"cookie": None}, 401),
        ({"origin": None}, 403),
        ({"x_vectra_request": None}, 403),
        ({"x_vectra_request": "0"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"content_type": None}, 415),
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/x-www-form-urlencoded"}, 415),
        ({"content_type": "multipart/form-data; boundary=x"}, 415),
        ({"content_type": "application/json; charset=utf-16"}, 415),
        ({"content_type": "text/plain; application/json"}, 415),
        ({"content_length": str(MAX_BODY_BYTES + 1)}, 413),
        ({"content_length": "9" * 12}, 413),
        ({"content_length": "9" * 13}, 400),
        ({"content_length": "-1"}, 400),
        ({"content_length": "1e3"}, 400),
        ({"content_length": "٣"}, 400),
        ({"transfer_encoding": "chunked"}, 400),
    ],
)
def test_a_write_with_one_thing_wrong_is_refused(
    access: Access, change: dict[str, str | None], status: int
) -> None:
    assert judge(access, make_write(access, **change)).status == status


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "CONNECT", "get", "PROPFIND", ""])
def test_other_methods_are_refused(access: Access, method: str) -> None:
    request = make_request(method, authorization=f"Bearer {access.token}")
    assert judge(access, request).status == 405


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_an_open_path_is_for_reading_only(access: Access, method: str) -> None:
    request = make_request(method, content_type="application/json")
    assert judge(access, request, open_path=True).status == 405


@pytest.mark.parametrize("header", [{"content_length": "1"}, {"transfer_encoding": "chunked"}])
def test_a_read_has_no_body(access: Access, header: dict[str, str]) -> None:
    request = make_request(authorization=f"Bearer {access.token}", **header)
    assert judge(access, request).status == 400


def test_a_program_may_write_with_the_token_alone(access: Access) -> None:
    request = make_request(
        "POST", authorization=f"Bearer {access.token}", content_type="application/json"
    )
    assert judge(access, request).by == "bearer"


def test_no_reason_tells_a_secret(access: Access) -> None:
    cookie = cookie_of(access).split("=")[1]
    for request in (make_request(), make_request(host="x"), make_write(access, origin="null")):
        reason = judge(access, request).reason
        assert access.token not in reason
        assert cookie not in reason
