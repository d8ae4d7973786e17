"""The middleware: what reaches the app, and what every answer carries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from tests.access_support import INSTANCE, PORT, cookie_of

from vectra_player.web.asgi import Guard, login_route
from vectra_player.web.security import (
    MAX_BODY_BYTES,
    Access,
    http_door,
    new_token,
    security_headers,
)


async def echo(request: Request) -> Response:
    return JSONResponse({"size": len(await request.body())}, headers={"cache-control": "max-age=9"})


async def health(request: Request) -> Response:
    return PlainTextResponse("fine")


class Site:
    """A guarded app, asked through the ASGI interface."""

    def __init__(self) -> None:
        self.access = Access(new_token(), instance=INSTANCE)
        routes = [
            login_route(self.access),
            Route("/health", health),
            Route("/api/echo", echo, methods=["GET", "POST"]),
        ]
        door = http_door(PORT)
        self.app = Guard(Starlette(routes=routes), access=self.access, door=door, feed_port=9000)

    async def ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: Iterable[bytes] = (b"",),
    ) -> tuple[int, dict[str, str], bytes]:
        parts = list(body)
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if not parts:
                return {"type": "http.disconnect"}
            part = parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(parts)}

        async def send(message: Any) -> None:
            sent.append(message)

        given = {"host": f"127.0.0.1:{PORT}", **(headers or {})}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": path.split("?")[0],
            "raw_path": path.encode(),
            "query_string": path.partition("?")[2].encode(),
            "headers": [(k.encode(), v.encode()) for k, v in given.items()],
            "scheme": "http",
            "server": ("127.0.0.1", PORT),
            "client": ("127.0.0.1", 5),
        }
        await self.app(scope, receive, send)
        answer = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
        return sent[0]["status"], answer, b"".join(m.get("body", b"") for m in sent[1:])

    def bearer(self, **more: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.access.token}", **more}


@pytest.mark.parametrize("path", ["/health", "/api/echo", "/login", "/nowhere"])
async def test_every_answer_carries_the_security_headers(path: str) -> None:
    _, headers, _ = await Site().ask("GET", path)
    for name, value in security_headers(9000).items():
        assert headers[name.lower()] == value


async def test_an_endpoint_may_set_its_own_caching() -> None:
    site = Site()
    _, headers, _ = await site.ask("GET", "/api/echo", site.bearer())
    assert headers["cache-control"] == "max-age=9"


async def test_unknown_paths_need_a_login_too() -> None:
    site = Site()
    assert (await site.ask("GET", "/nowhere"))[0] == 401
    assert (await site.ask("GET", "/health/../api/echo"))[0] == 401
    assert (await site.ask("GET", "/nowhere", site.bearer()))[0] == 404


async def test_a_link_becomes_a_cookie_that_opens_pages() -> None:
    site = Site()
    status, headers, _ = await site.ask("GET", site.access.login_path(next_path="/api/echo"))
    assert (status, headers["location"]) == (303, "/api/echo")
    cookie = headers["set-cookie"].split(";")[0]
    assert (await site.ask("GET", "/api/echo", {"cookie": cookie}))[0] == 200


async def test_a_used_link_says_how_to_get_another() -> None:
    site = Site()
    link = site.access.login_path()
    await site.ask("GET", link)
    status, headers, body = await site.ask("GET", link)
    assert status == 401
    assert "set-cookie" not in headers
    assert b"vectra-player open" in body


async def test_asking_for_the_head_uses_no_link() -> None:
    site = Site()
    link = site.access.login_path()
    await site.ask("HEAD", link)
    assert (await site.ask("GET", link))[0] == 303


async def test_the_app_gets_the_body_whole() -> None:
    site = Site()
    headers = site.bearer(**{"content-type": "application/json"})
    status, _, body = await site.ask("POST", "/api/echo", headers, [b"x" * 1_000] * 10)
    assert (status, body) == (200, b'{"size":10000}')


async def test_a_streamed_body_beyond_the_limit_never_reaches_the_app() -> None:
    site = Site()
    headers = site.bearer(**{"content-type": "application/json", "transfer-encoding": "chunked"})
    parts = [b"x" * 1_024] * (MAX_BODY_BYTES // 1_024)
    assert (await site.ask("POST", "/api/echo", headers, parts))[0] == 200
    assert (await site.ask("POST", "/api/echo", headers, [*parts, b"x"]))[0] == 413


async def test_a_client_that_leaves_within_its_body_is_refused() -> None:
    site = Site()
    headers = site.bearer(**{"content-type": "application/json"})
    assert (await site.ask("POST", "/api/echo", headers, []))[0] == 400


async def test_a_cookie_alone_does_not_write() -> None:
    site = Site()
    headers = {"cookie": cookie_of(site.access), "content-type": "application/json"}
    assert (await site.ask("POST", "/api/echo", headers))[0] == 403


async def test_websockets_are_refused() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    await Site().app({"type": "websocket", "path": "/"}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]
