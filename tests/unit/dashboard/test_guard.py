"""Which tokens open the dashboard while foundations come and go beside it."""

from __future__ import annotations

from tests.access_support import INSTANCE, PORT, cookie_of, make_request

from vectra_player.dashboard.guard import REMEMBERED, Keys
from vectra_player.web.security import JSON_BODY, Access, http_door


def access(token: str) -> Access:
    return Access(token, instance=INSTANCE, realm="dashboard")


def opens(keys: Keys, token: str) -> bool:
    request = make_request(cookie=cookie_of(access(token)))
    return keys.check(request, http_door(PORT), open_path=False, body=JSON_BODY).allowed


def test_its_own_token_and_that_of_the_running_foundation_open_it() -> None:
    keys = Keys(access("own"), lambda: access("foundation"))
    assert opens(keys, "own")
    assert opens(keys, "foundation")
    assert not opens(keys, "other")


def test_a_login_outlives_the_foundation_it_came_from() -> None:
    running: list[Access | None] = [access("first")]
    keys = Keys(access("own"), lambda: running[0])
    assert opens(keys, "first")
    running[0] = None
    assert opens(keys, "first")
    running[0] = access("second")
    assert opens(keys, "second")
    assert opens(keys, "first")


def test_only_the_last_few_foundations_are_remembered() -> None:
    running = [access("0")]
    keys = Keys(access("own"), lambda: running[0])
    for number in range(REMEMBERED + 1):
        running[0] = access(str(number))
        assert opens(keys, str(number))
    assert not opens(keys, "0")
    assert opens(keys, "1")


def test_a_login_code_of_either_is_taken_once() -> None:
    foundation = access("foundation")
    keys = Keys(access("own"), lambda: foundation)
    code = foundation.login_path().removeprefix("/login?token=")
    assert keys.login(code, "/") is not None
    assert keys.login(code, "/") is None


def renewed(keys: Keys, token: str) -> str | None:
    request = make_request(cookie=cookie_of(access(token)))
    return keys.renewal(request, http_door(PORT), JSON_BODY)


def test_a_browser_is_logged_in_to_the_foundation_that_was_started_anew() -> None:
    running: list[Access | None] = [None]
    keys = Keys(access("own"), lambda: running[0])
    assert renewed(keys, "own") is None
    running[0] = access("second")
    cookie = renewed(keys, "own")
    assert cookie is not None
    assert cookie.split(";")[0] == cookie_of(access("second"))
    assert "HttpOnly; SameSite=Strict" in cookie
    assert renewed(keys, "second") is None
