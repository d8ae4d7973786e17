"""The JavaScript client in a real Chromium, against the real feed, under the real CSP."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.async_api import Browser, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from tests.feed_support import PATIENCE_S, Running, make_hub, make_trade, running_feed, until

import vectra_player
from vectra_player.bus import spawn
from vectra_player.foundation.feed import Feed, FeedSettings
from vectra_player.foundation.hub import FeedHub, HubSettings
from vectra_player.foundation.listen import take_port
from vectra_player.foundation.messages import Message
from vectra_player.web.security import security_headers

pytestmark = [pytest.mark.chromium, pytest.mark.slow]

PACKAGE = Path(vectra_player.__file__).parent
ROOTS = (PACKAGE / "foundation" / "static", PACKAGE / "web" / "static")
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>t</title>
<link rel="icon" href="data:,"><script src="/static/theme.js"></script>
<link rel="stylesheet" href="/static/vectra.css"></head>
<body><main id="main"></main><script type="module" src="/page.js"></script></body></html>"""
SCRIPT = """
import * as sdk from "/static/sdk/index.js";
import { mountShell } from "/static/shell.js";
Object.assign(window, sdk);
window.seen = [];
window.states = [];
const replay = new URLSearchParams(location.search).get("replay");
window.client = new sdk.FoundationWSClient({ replay, backoff: { firstMs: 20, capMs: 200 } });
client.onAny((message) => seen.push(message));
client.onConnectionChange(({ state }) => states.push(state));
window.shell = mountShell({ page: "monitor" });
shell.follow(client);
client.connect();
window.ready = true;
"""
BUILDER = """
import { shareFeeds } from "/static/sdk/index.js";
window.feeds = shareFeeds();
for (const name of ["one", "two"]) {
  const frame = document.createElement("iframe");
  frame.src = "/"; frame.name = name;
  document.body.append(frame);
}
window.ready = true;
"""


class Site:
    """A page server like the monitor's: same headers, same paths, its log-in switchable."""

    def __init__(self) -> None:
        self.feed: Running | None = None
        self.silent_port: int | None = None
        self.logged_in = True
        [self.listener, *self.others] = take_port(0, "")
        self.port = int(self.listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def app(self) -> Starlette:
        """Return the routes."""
        return Starlette(
            routes=[
                Route("/", self._text(PAGE, HTMLResponse)),
                Route("/shared", self._text(PAGE.replace("page.js", "shared.js"), HTMLResponse)),
                Route("/page.js", self._text(SCRIPT, _script)),
                Route("/shared.js", self._text(BUILDER, _script)),
                Route("/health", self._health),
                Route("/api/recording", self._recording),
                Route("/static/{path:path}", self._static),
            ]
        )

    @property
    def feed_port(self) -> int | None:
        """Return where pages are told to find the feed."""
        return self.silent_port or (None if self.feed is None else self.feed.feed.port)

    def _headers(self) -> dict[str, str]:
        return security_headers(self.feed_port)

    def _text(self, text: str, make: Any) -> Any:
        async def answer(request: Request) -> Response:
            response: Response = make(text, headers=self._headers())
            return response

        return answer

    async def _health(self, request: Request) -> Response:
        if self.feed_port is None:
            return JSONResponse({}, 503)
        return JSONResponse({"feed": {"port": self.feed_port}}, headers=self._headers())

    async def _recording(self, request: Request) -> Response:
        return JSONResponse({}, 200 if self.logged_in else 401, headers=self._headers())

    async def _static(self, request: Request) -> Response:
        found = [root / request.path_params["path"] for root in ROOTS]
        file = next(path for path in found if path.is_file())
        make = _style if file.suffix == ".css" else _script
        return make(file.read_text("utf-8"), headers=self._headers())


def _script(text: str, **options: Any) -> Response:
    return Response(text, media_type="text/javascript", **options)


def _style(text: str, **options: Any) -> Response:
    return Response(text, media_type="text/css", **options)


class Window:
    """A page with what it said, asked for and did wrong."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._said)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda line: self.requests.append(line.url))

    def _said(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(message.text)

    async def get(self, expression: str) -> Any:
        """Evaluate an expression in the page."""
        return await self.page.evaluate(expression)

    async def until(self, expression: str) -> None:
        """Wait until an expression is true; scripts of a page under a CSP cannot be polled."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not await self.get(f"Boolean({expression})"):
                    await asyncio.sleep(0.02)
        except TimeoutError:
            state = await self.get("window.client && [client.connection, states.slice(-6)]")
            pytest.fail(f"never {expression}: {state}, {self.errors[-4:]}")


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[Site]:
    site = Site()
    server = uvicorn.Server(uvicorn.Config(site.app(), log_level="error", lifespan="off"))
    task = spawn(server.serve([site.listener]), "page server")
    try:
        yield site
    finally:
        server.should_exit = True
        await task
        for listener in site.others:
            listener.close()


@contextlib.asynccontextmanager
async def feeding(
    site: Site, hubs: dict[str | None, FeedHub], port: int = 0
) -> AsyncIterator[Running]:
    async with running_feed(hubs, page_ports=(site.port,), port=port) as running:
        site.feed = running
        try:
            yield running
        finally:
            site.feed = None


async def open_page(browser: Browser, site: Site, path: str = "/") -> Window:
    """Open a page as a browser that is logged in."""
    assert site.feed is not None
    window = Window(await browser.new_page())
    await log_in(window, site)
    await window.page.goto(site.url + path)
    await window.until("window.ready")
    return window


async def log_in(window: Window, site: Site) -> None:
    assert site.feed is not None
    answer = site.feed.access.login(site.feed.access.token)
    assert answer is not None
    name, value = answer[0].split(";")[0].split("=", 1)
    await window.page.context.add_cookies([{"name": name, "value": value, "url": site.url}])


def tick(number: int, price: float, game_id: str = "g1", **more: Any) -> Message:
    """Build a tick as the normaliser does."""
    data = {
        "gameId": game_id, "active": True, "rugged": False, "price": price,
        "tickCount": number, "cooldownTimer": 0, "connectedPlayers": 190,
        "phase": "LIVE", "tick": number, "own": False, **more,
    }  # fmt: skip
    return Message("game.tick", 1_000 + number, game_id, data)


def hub_with(mode: str = "DEMO", **settings: Any) -> FeedHub:
    data = {
        "mode": mode, "trading": "OFF", "recording": True, "game_id": "g1", "phase": "LIVE",
        "tick": 2, "price": 1.2, "prices": [1, None, 1.2], "player": {"balance": None},
    }  # fmt: skip
    return FeedHub(lambda: Message("snapshot", 5, "g1", data), settings=HubSettings(**settings))


async def test_a_page_gets_the_state_follows_it_and_invents_nothing(browser: Browser) -> None:
    hub = hub_with()
    async with serving() as site, feeding(site, {None: hub}):
        window = await open_page(browser, site)
        await window.until("client.state.feedId")
        assert await window.get("states") == ["idle", "connecting", "open"]
        assert await window.get("client.state.prices") == [1, None, 1.2]
        candle = await window.get("client.state.candles[0]")
        assert (candle["ticks"], candle["missing"], candle["complete"]) == (2, 1, False)
        nothing = "[client.state.own.balance, client.state.players, client.state.own.hasSidebet]"
        assert await window.get(nothing) == [None, None, None]
        hub.publish(tick(3, 1.4))
        hub.publish(tick(4, 0.9, partialPrices={"values": {"1": 1.1, "4": 0.9}}))
        hub.publish(make_trade(1, id="t1"))
        hub.publish(Message("player.state", 1, "g1", {"id": "me", "cash": 2.5}))
        await window.until("client.state.own.balance === 2.5")
        assert await window.get("client.state.prices") == [1, 1.1, 1.2, 1.4, 0.9]
        candle = await window.get("client.state.candles[0]")
        bar = [candle[name] for name in ("open", "high", "low", "close", "complete")]
        assert bar == [1, 1.4, 0.9, 0.9, True]
        assert await window.get("client.state.trades.map((t) => t.number)") == [1]
        assert await window.get("client.state.players") == 190
        hub.publish(tick(0, 1.0, "g2"))
        hub.publish(tick(9, 5.0, "g1"))
        hub.publish(make_trade(2))
        await window.until("client.state.trades.length === 2")
        assert await window.get("[client.state.gameId, client.state.price]") == ["g2", 1]
        assert await window.get("document.querySelector('.badges').innerText.split(/\\s+/)") == [
            *("REC", "DEMO", "OFF"),
            *("◐", "?"),
        ]
        assert window.errors == []
        hosts = {urlsplit(url).hostname for url in window.requests}
        assert hosts <= {"127.0.0.1", None}


async def test_a_cut_connection_resumes_and_misses_no_trade(browser: Browser) -> None:
    hub = hub_with()
    async with serving() as site:
        async with feeding(site, {None: hub}) as first:
            window = await open_page(browser, site)
            await window.until("client.state.feedId")
            access, port = first.access, first.feed.port
            hub.publish(make_trade(0))
        for number in range(1, 30):
            hub.publish(make_trade(number))
        await window.until("client.connection.state === 'waiting'")
        again = Feed(access, {None: hub}.get, FeedSettings(port=port, page_ports=(site.port,)))
        await again.start()
        first.feed = again
        site.feed = first
        await window.until("client.state.trades.length === 30")
        await again.stop()
        numbers = "seen.filter((m) => m.type === 'player.trade').map((m) => m.data.number)"
        assert await window.get(numbers) == list(range(30))
        assert await window.get("seen.filter((m) => m.type === 'snapshot').length") == 1
        assert await window.get("seen.filter((m) => m.type === 'gap').length") == 0
        told = [e for e in window.errors if "WebSocket" not in e and "Failed to load" not in e]
        assert told == []


async def test_what_is_too_old_to_resume_is_a_gap_and_a_fresh_state(browser: Browser) -> None:
    hub = hub_with(ring_messages=3)
    async with serving() as site:
        async with feeding(site, {None: hub}) as first:
            window = await open_page(browser, site)
            await window.until("client.state.feedId")
            access, port = first.access, first.feed.port
        for number in range(20):
            hub.publish(make_trade(number))
        again = Feed(access, {None: hub}.get, FeedSettings(port=port, page_ports=(site.port,)))
        await again.start()
        first.feed = again
        site.feed = first
        await window.until("seen.filter((m) => m.type === 'snapshot').length === 2")
        await again.stop()
        assert await window.get("seen.map((m) => m.type)") == ["snapshot", "gap", "snapshot"]
        assert await window.get("client.state.gaps[0].scope") == "feed"


async def test_a_restart_that_forgot_the_login_says_what_to_do(browser: Browser) -> None:
    async with serving() as site:
        async with feeding(site, {None: hub_with()}) as first:
            window = await open_page(browser, site)
            await window.until("client.state.feedId")
        site.logged_in = False
        async with feeding(site, {None: hub_with()}, port=first.feed.port) as second:
            note = "document.querySelector('.shell-note')"
            await window.until(f"{note}.innerText.includes('vectra-player open')")
            assert "refused" in await window.get("states")
            assert second.feed.stats().clients == 0
            await log_in(window, site)
            site.logged_in = True
            await window.until("client.connection.state === 'open'")
            await window.until(f"{note}.hidden")


async def test_a_page_that_is_left_while_it_connects_tells_no_error(browser: Browser) -> None:
    async with serving() as site, feeding(site, {None: hub_with()}), silence() as (port, asked):
        site.silent_port = port
        window = await open_page(browser, site)
        await window.until("client.connection.state === 'connecting'")
        await asyncio.wait_for(asked.acquire(), PATIENCE_S)
        await window.page.reload()
        await asyncio.wait_for(asked.acquire(), PATIENCE_S)
        await window.get("client.close()")
        await window.page.goto("about:blank")
        assert window.errors == []


@contextlib.asynccontextmanager
async def silence() -> AsyncIterator[tuple[int, asyncio.Semaphore]]:
    """Take connections and answer none; yields the port and what counts the requests."""
    asked = asyncio.Semaphore(0)

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            asked.release()
            await reader.read()
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], asked
    finally:
        server.close()


async def test_a_page_goes_to_a_replay_and_back(browser: Browser) -> None:
    main, replay = hub_with(), hub_with("REPLAY")
    hubs: dict[str | None, FeedHub] = {None: main, "r1": replay}
    async with serving() as site, feeding(site, hubs) as running:
        window = await open_page(browser, site)
        await window.until("client.state.mode === 'DEMO'")
        await window.get("client.switchTo('r1')")
        await window.until(f"client.state.feedId === '{replay.feed_id}'")
        main.publish(make_trade(1))
        replay.publish(make_trade(2))
        replay.publish(Message("replay.status", 1, "g1", {"state": "playing", "tick": 4}))
        await window.until("client.state.replay")
        assert await window.get("client.state.trades.map((t) => t.number)") == [2]
        assert await window.get("document.documentElement.dataset.mode") == "REPLAY"
        replay.reset()
        await window.until("seen.filter((m) => m.type === 'snapshot').length === 3")
        await window.get("client.switchTo(null)")
        await window.until(f"client.state.feedId === '{main.feed_id}'")
        assert await window.get("client.state.mode") == "DEMO"
        await until(lambda: running.feed.stats().clients == 1)
        await window.get("client.switchTo('gone')")
        await window.until("client.connection.state === 'ended'")
        assert "no such replay" in await window.get("client.connection.reason")
        assert window.errors == []


async def test_framed_tools_share_one_socket_and_each_gets_everything(browser: Browser) -> None:
    hub = hub_with()
    async with serving() as site, feeding(site, {None: hub}) as running:
        window = await open_page(browser, site, "/shared")
        for name in ("one", "two"):
            await window.until(f"window.frames.{name}.client?.state.feedId")
        assert running.feed.stats().clients == 1
        hub.publish(make_trade(1))
        for name in ("one", "two"):
            await window.until(f"frames.{name}.client.state.trades.length === 1")
        await window.get("document.querySelector('iframe').remove()")
        hub.publish(make_trade(2))
        await window.until("frames.two.client.state.trades.length === 2")
        assert running.feed.stats().clients == 1
        assert window.errors == []


async def test_an_error_in_a_page_does_not_end_its_client(browser: Browser) -> None:
    hub = make_hub()
    async with serving() as site, feeding(site, {None: hub}):
        window = await open_page(browser, site)
        await window.until("client.state.feedId")
        await window.get("void client.on('player.*', () => { throw new Error('boom'); })")
        hub.publish(make_trade(1))
        hub.publish(make_trade(2))
        await window.until("client.state.trades.length === 2")
        assert await window.get("client.handlerErrors") == 2
        assert len([error for error in window.errors if "boom" in error]) == 2


async def test_numbers_are_written_as_everywhere(browser: Browser) -> None:
    async with serving() as site, feeding(site, {None: hub_with()}):
        window = await open_page(browser, site)
        wanted = {
            "formatPrice(1.23456)": "1.2346x",
            "formatPrice(12.3456)": "12.35x",
            "formatPrice(null)": "—",
            "formatSol(-0.0001)": "0.000",
            "formatSol(1.5, { sign: true })": "+1.500",
            "formatSolExact(0.1)": "0.1 SOL",
            "formatSolExact(100)": "100 SOL",
            "formatSolShort(0.1)": "0.1",
            "formatSolShort(10)": "10",
            "formatPercent(12.34)": "12.3 %",
            "formatShare(0.1234, { sign: true })": "+12.3 %",
            "formatShare(null)": "—",
            "formatShare(-0.012345, { digits: 3 })": "-1.234 %",
            "formatNumber(1.5)": "1.50",
            "formatNumber(undefined, { digits: 3 })": "—",
            "formatRate(4.02)": "4.0/s",
            "formatValue(12345)": "12,345",
            "formatValue(0.123456789123)": "0.12345679",
            "formatLatency(2.6)": "3 ms",
            "formatCount(48213)": "48,213",
            "formatDuration(187000)": "3:07",
            "formatUtc(0)": "1970-01-01 00:00:00.000 UTC",
            "formatBytes(71234567890)": "71.2 GB",
            "formatGameId('20260101-abcdef0123454bea')": "…454bea",
        }
        assert {text: await window.get(text) for text in wanted} == wanted


async def test_keys_and_theme_work_from_the_keyboard(browser: Browser) -> None:
    async with serving() as site, feeding(site, {None: hub_with()}):
        window = await open_page(browser, site)
        await window.page.keyboard.press("?")
        assert "Go to Tools" in await window.get("document.querySelector('dialog[open]').innerText")
        await window.page.keyboard.press("Escape")
        await window.page.get_by_label("Theme: auto").click()
        assert await window.get("document.documentElement.dataset.theme") == "dark"
        await window.page.get_by_label("Theme: dark").click()
        await window.page.reload()
        await window.until("window.ready")
        background = "getComputedStyle(document.body).backgroundColor"
        assert await window.get(background) == "rgb(247, 248, 250)"
        await window.page.set_viewport_size({"width": 360, "height": 640})
        wide = "document.documentElement.scrollWidth > 360"
        assert await window.get(wide) is False
        assert window.errors == []
