"""Hostile addresses and pages, and requests that are right but for one thing."""

from __future__ import annotations

from vectra_player.web.security import Access, Request

PORT = 9001
INSTANCE = "0123abcd"

HOSTILE_HOSTS = [
    None,
    "",
    "evil.example",
    "evil.example:{port}",
    "127.0.0.1",
    "localhost",
    "127.0.0.1:1",
    "127.0.0.1:{port}0",
    "127.0.0.1.:{port}",
    "localhost.:{port}",
    "LOCALHOST:{port}",
    "127.0.0.1.evil.example:{port}",
    "user@127.0.0.1:{port}",
    "127.1:{port}",
    "[::ffff:127.0.0.1]:{port}",
    "0.0.0.0:{port}",
    "127.0.0.1:{port},evil.example",
    "2130706433:{port}",
]
"""Forms of Host that are not exactly ours; None: no Host at all."""

HOSTILE_ORIGINS = [
    "null",
    "",
    "http://evil.example",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "https://127.0.0.1:{port}",
    "http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}.evil.example",
    "http://127.0.0.1.evil.example:{port}",
    "http://user@127.0.0.1:{port}",
    "HTTP://127.0.0.1:{port}",
    "http://LOCALHOST:{port}",
    "ws://127.0.0.1:{port}",
    "file://",
    "chrome-extension://abcdefghijklmnop",
    "http://127.0.0.1:{port} http://evil.example",
]

WRONG_TOKENS = ["", "x", "é", "ключ", "\x00", "x" * 10_000, "None"]


def cookie_of(access: Access) -> str:
    """Return the Cookie header of a logged-in browser."""
    granted = access.login(access.token)
    assert granted is not None
    return granted[0].split(";")[0]


def make_request(
    method: str = "GET", path: str = "/api/state", port: int = PORT, **headers: str | None
) -> Request:
    """Build a request; header names are written with underscores, None leaves one out."""
    given: dict[str, str | None] = {"host": f"127.0.0.1:{port}", **headers}
    pairs = [(k.replace("_", "-"), v) for k, v in given.items() if v is not None]
    return Request(method, path, pairs)


def make_write(access: Access, **headers: str | None) -> Request:
    """Build a write as a page of ours sends it."""
    right: dict[str, str | None] = {
        "cookie": cookie_of(access),
        "origin": f"http://127.0.0.1:{PORT}",
        "x_vectra_request": "1",
        "content_type": "application/json",
        "content_length": "2",
        "sec_fetch_site": "same-origin",
    }
    return make_request("POST", **{**right, **headers})
