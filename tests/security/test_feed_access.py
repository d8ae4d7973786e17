"""Handshakes of pages and programs that must not hear the feed."""

from __future__ import annotations

import asyncio

import pytest
from tests.access_support import HOSTILE_HOSTS, HOSTILE_ORIGINS, WRONG_TOKENS, cookie_of
from tests.feed_support import PATIENCE_S, Running, running_feed

from vectra_player.errors import UsageError
from vectra_player.foundation.feed import Feed, FeedSettings
from vectra_player.web.security import Access, new_token

MONITOR = 9001


async def knock(running: Running, headers: list[tuple[str, str]], target: str = "/feed") -> int:
    """Send a handshake made by hand; return the status of the answer (0: hung up)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.feed.port)
    fixed = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
    ]
    lines = [f"GET {target} HTTP/1.1", *[f"{k}: {v}" for k, v in [*headers, *fixed]], "", ""]
    writer.write("\r\n".join(lines).encode("utf-8", "replace"))
    try:
        async with asyncio.timeout(PATIENCE_S):
            line = await reader.readline()
    except ConnectionResetError:
        line = b""
    finally:
        writer.close()
    return int(line.split()[1]) if line else 0


def host(running: Running) -> tuple[str, str]:
    return "Host", f"127.0.0.1:{running.feed.port}"


def bearer(running: Running) -> tuple[str, str]:
    return "Authorization", f"Bearer {running.access.token}"


def page(
    running: Running, origin: str | None = f"http://127.0.0.1:{MONITOR}"
) -> list[tuple[str, str]]:
    headers = [host(running), ("Cookie", cookie_of(running.access))]
    return headers if origin is None else [*headers, ("Origin", origin)]


async def test_hostile_hosts_are_refused() -> None:
    async with running_feed() as running:
        for hostile in HOSTILE_HOSTS:
            told = hostile and hostile.format(port=running.feed.port)
            headers = [bearer(running)] + ([] if told is None else [("Host", told)])
            assert await knock(running, headers) == 421, hostile
        assert await knock(running, [bearer(running), host(running), host(running)]) == 421


async def test_our_pages_and_programs_are_let_in() -> None:
    async with running_feed() as running:
        assert await knock(running, [host(running), bearer(running)]) == 101
        for name in ("127.0.0.1", "localhost", "[::1]"):
            for port in (MONITOR, 5000):
                assert await knock(running, page(running, f"http://{name}:{port}")) == 101
        fetched = ("Sec-Fetch-Site", "same-site")
        assert await knock(running, [*page(running), fetched]) == 101


async def test_foreign_origins_are_refused_whatever_they_hold() -> None:
    async with running_feed() as running:
        for hostile in HOSTILE_ORIGINS:
            origin = hostile.format(port=MONITOR)
            assert await knock(running, page(running, origin)) == 403, hostile
            told = [host(running), bearer(running), ("Origin", origin)]
            assert await knock(running, told) == 403, hostile


async def test_a_cookie_without_an_origin_is_refused() -> None:
    async with running_feed() as running:
        assert await knock(running, page(running, None)) == 403


async def test_a_page_of_another_site_is_refused_by_what_the_browser_says_of_it() -> None:
    async with running_feed() as running:
        fetched = ("Sec-Fetch-Site", "cross-site")
        assert await knock(running, [*page(running), fetched]) == 403


async def test_wrong_and_missing_tokens_are_refused() -> None:
    async with running_feed() as running:
        assert await knock(running, [host(running)]) == 401
        for token in WRONG_TOKENS:
            if "\x00" in token or len(token) > 8_000:
                continue  # no header at all: the parser hangs up on these
            told = [host(running), ("Authorization", f"Bearer {token}")]
            assert await knock(running, told) == 401, token
            cookie = ("Cookie", f"{running.access.cookie_name}={token}")
            origin = ("Origin", f"http://127.0.0.1:{MONITOR}")
            assert await knock(running, [host(running), cookie, origin]) == 401, token


async def test_a_token_in_the_query_is_no_login() -> None:
    async with running_feed() as running:
        target = f"/feed?token={running.access.token}"
        assert await knock(running, [host(running)], target) == 401


async def test_other_paths_are_refused_and_tell_nothing_without_a_login() -> None:
    async with running_feed() as running:
        for target in ("/feed/", "/api", "//feed", "/feed%2f", "http://evil.example/feed"):
            assert await knock(running, [host(running), bearer(running)], target) == 404, target
            assert await knock(running, [host(running)], target) == 401, target


async def test_refusals_are_counted() -> None:
    async with running_feed() as running:
        await knock(running, [("Host", "evil.example")])
        assert running.feed.stats().refused == {"not a Host of this server": 1}


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.0.1", "", "evil.example"])
async def test_only_loopback_is_bound(address: str) -> None:
    access = Access(new_token(), instance="0123abcd")
    feed = Feed(access, {}.get, FeedSettings(host=address, port=0))
    with pytest.raises(UsageError, match="loopback"):
        await feed.start()
