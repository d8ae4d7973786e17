"""Login links, cookies, headers and bind addresses."""

from __future__ import annotations

import pytest
from tests.access_support import INSTANCE, PORT, cookie_of, make_request, make_write
from tests.feed_support import FakeClock

from vectra_player.errors import UsageError
from vectra_player.web.security import (
    UPLOAD_BODY,
    Access,
    Request,
    Verdict,
    http_door,
    new_token,
    require_loopback,
    security_headers,
)


def make_access(clock: FakeClock | None = None) -> Access:
    return Access(new_token(), instance=INSTANCE, clock=clock)


def code_in(link: str) -> str:
    return link.removeprefix("/login?token=").split("&")[0]


def test_tokens_are_long_and_differ() -> None:
    assert len(new_token()) >= 43
    assert new_token() != new_token()


def test_a_link_logs_in_once() -> None:
    access = make_access()
    code = code_in(access.login_path())
    assert access.login(code) is not None
    assert access.login(code) is None


def test_the_link_does_not_hold_the_token() -> None:
    access = make_access()
    assert access.token not in access.login_path()


def test_any_process_with_the_token_makes_links() -> None:
    access = make_access()
    other = Access(access.token, instance=INSTANCE)
    assert access.login(code_in(other.login_path(valid_s=60))) is not None


def test_a_link_expires() -> None:
    clock = FakeClock()
    access = make_access(clock)
    code = code_in(access.login_path(valid_s=60))
    clock.seconds += 61
    assert access.login(code) is None


def test_an_unlimited_link_stays_used_for_good() -> None:
    clock = FakeClock()
    access = make_access(clock)
    code = code_in(access.login_path())
    clock.seconds += 1_000_000
    assert access.login(code) is not None
    clock.seconds += 1_000_000
    assert access.login(code) is None


@pytest.mark.parametrize("code", ["", ".", "..", "0.x.y", "é", "x" * 5_000, "9999999999.a.b"])
def test_an_invented_link_logs_nobody_in(code: str) -> None:
    assert make_access().login(code) is None


def test_a_lengthened_link_logs_nobody_in() -> None:
    access = make_access()
    expires, nonce, mac = code_in(access.login_path(valid_s=60)).split(".")
    assert access.login(f"{int(expires) + 1}.{nonce}.{mac}") is None


def test_the_cookie_is_for_browsers_only_and_is_not_the_token() -> None:
    access = make_access()
    granted = access.login(access.token)
    assert granted is not None
    assert granted[0].endswith("; Path=/; HttpOnly; SameSite=Strict")
    assert granted[0].startswith(f"vectra_{INSTANCE}=")
    assert access.token not in granted[0]


@pytest.mark.parametrize("goal", ["/", "/artifacts/live-monitor/", "/replay?id=1"])
def test_a_login_leads_to_a_page_of_ours(goal: str) -> None:
    access = make_access()
    granted = access.login(access.token, goal)
    assert granted is not None
    assert granted[1] == goal


@pytest.mark.parametrize(
    "goal",
    ["", "//evil.example", "/\\evil.example", "http://evil.example", "x", "/\r\nX: y", "/a b"],
)
def test_a_login_never_leads_elsewhere(goal: str) -> None:
    access = make_access()
    granted = access.login(access.token, goal)
    assert granted is not None
    assert granted[1] == "/"


def test_a_cookie_among_others_is_found() -> None:
    access = make_access()
    cookies = f"a=b; {access.cookie_name}=stale; {cookie_of(access)}; c"
    assert access.check(make_request(cookie=cookies), http_door(PORT)).by == "cookie"


def test_the_cookie_of_another_start_is_worth_nothing() -> None:
    access, earlier = make_access(), make_access()
    verdict = access.check(make_request(cookie=cookie_of(earlier)), http_door(PORT))
    assert verdict.status == 401


@pytest.mark.parametrize("instance", ["", "0123ABCD", "0123abc", "x; Path=/"])
def test_an_instance_is_eight_hex_digits(instance: str) -> None:
    with pytest.raises(ValueError, match="hex"):
        Access(new_token(), instance=instance)


def test_pages_may_run_no_inline_code_and_load_nothing_from_outside() -> None:
    headers = security_headers(9000)
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert policy["connect-src"] == "'self' ws://127.0.0.1:9000 ws://localhost:9000"
    assert policy["frame-ancestors"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_loopback_may_be_bound(host: str) -> None:
    assert require_loopback(host) == host


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0",
        "::",
        "",
        "*",
        "192.168.1.2",
        "10.0.0.1",
        "169.254.1.1",
        "fe80::1",
        "8.8.8.8",
        "evil.example",
        "127.0.0.1.evil.example",
        "127.1",
    ],
)
def test_nothing_else_may_be_bound(host: str) -> None:
    with pytest.raises(UsageError, match="loopback"):
        require_loopback(host)


def test_a_piece_of_a_file_is_let_in_only_where_it_is_expected() -> None:
    access = make_access()
    piece = make_write(access, content_type="application/octet-stream", content_length="4194304")
    assert access.check(piece, http_door(PORT)).status == 413
    assert access.check(piece, http_door(PORT), body=UPLOAD_BODY).allowed
    more = make_write(access, content_type="application/octet-stream", content_length="4194305")
    assert access.check(more, http_door(PORT), body=UPLOAD_BODY).status == 413
    for kind in ("application/json", "text/plain", "multipart/form-data", "", None):
        other = make_write(access, content_type=kind)
        assert access.check(other, http_door(PORT), body=UPLOAD_BODY).status == 415


def test_a_login_link_of_one_server_is_worth_nothing_at_another() -> None:
    token = new_token()
    monitor = Access(token, instance=INSTANCE)
    dashboard = Access(token, instance=INSTANCE, realm="dashboard")
    code = monitor.login_path().removeprefix("/login?token=")
    assert dashboard.login(code) is None
    assert monitor.login(code) is not None


def test_one_login_serves_every_server_of_the_instance() -> None:
    token = new_token()
    monitor = Access(token, instance=INSTANCE)
    dashboard = Access(token, instance=INSTANCE, realm="dashboard")
    assert monitor.check(make_request(cookie=cookie_of(dashboard)), http_door(PORT)).allowed


VISIT = {"sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}


def trade_write(access: Access, path: str = "/api/trade/buy", **headers: str | None) -> Verdict:
    write = make_write(access, **headers)
    return access.check(Request("POST", path, write.headers), http_door(PORT))


def test_a_trade_by_a_page_needs_the_token_only_a_visit_is_given() -> None:
    access = Access(new_token(), instance=INSTANCE)
    token = access.trade_token(make_request(path="/", **VISIT))
    assert token is not None
    assert trade_write(access).status == 403
    assert trade_write(access, x_vectra_trade=token).allowed
    other = Access(new_token(), instance=INSTANCE)
    assert trade_write(other, x_vectra_trade=token).status == 403
    assert trade_write(access, path="/api/recording").allowed


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_mode": "navigate"},
        {"sec_fetch_dest": "document"},
        {"sec_fetch_mode": "cors", "sec_fetch_dest": "empty"},
        {"sec_fetch_mode": "navigate", "sec_fetch_dest": "iframe"},
        {"sec_fetch_mode": "navigate", "sec_fetch_dest": "embed"},
    ],
    ids=str,
)
def test_what_a_script_can_ask_for_gets_no_trade_token(headers: dict[str, str]) -> None:
    access = Access(new_token(), instance=INSTANCE)
    assert access.trade_token(make_request(path="/", **headers)) is None


def test_a_program_trades_with_its_bearer_token() -> None:
    access = Access(new_token(), instance=INSTANCE)
    bearer = {"authorization": f"Bearer {access.token}", "cookie": None}
    assert trade_write(access, **bearer).allowed


def test_a_page_with_the_trade_token_shares_no_window_group_with_a_tool() -> None:
    page = security_headers(9000, path="/", trades=True)
    tool = security_headers(9000, path="/artifacts/mine/")
    openers = {h["Cross-Origin-Opener-Policy"] for h in (page, tool)}
    assert openers == {"same-origin", "same-origin-allow-popups"}
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in tool["Content-Security-Policy"]


def test_a_service_worker_is_refused() -> None:
    access = Access(new_token(), instance=INSTANCE)
    asked = make_request(path="/artifacts/mine/sw.js", cookie=cookie_of(access))
    assert access.check(asked, http_door(PORT)).allowed
    worker = Request("GET", asked.path, [*asked.headers, ("Service-Worker", "script")])
    assert access.check(worker, http_door(PORT)).status == 403
