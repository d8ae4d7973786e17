"""What trading may do with the one game page: call constant functions, look, press the mouse.

Given out by `ChromeSource.page()`; used by `trading` on the event loop the source runs on. Nothing
here waits inside the reader: replies come to callbacks and wake whoever waits. A function runs in
an isolated world, where it shares the page's elements but no name of the page's scripts.
"""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import msgspec

from vectra_player.errors import SourceError
from vectra_player.sources.chrome.attach import Attacher, Session
from vectra_player.sources.chrome.cdp import Cdp, Reply
from vectra_player.sources.chrome.presses import WORLD

CALL_S = 2.0
SCREENSHOT_S = 5.0
MOUSE_S = 2.0
"""Longer than a busy page took to answer a press (capture.md: up to 300 ms)."""


class PageError(SourceError):
    """The game page cannot be used. `code` is stable. `sent`: the press may have happened."""

    def __init__(self, code: str, message: str, *, sent: bool = False, advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.code = code
        self.sent = sent


class _World(msgspec.Struct, rename="camel"):
    execution_context_id: int


class _Value(msgspec.Struct):
    value: Any = None


class _Thrown(msgspec.Struct):
    text: str = ""


class _Returned(msgspec.Struct, rename="camel"):
    result: _Value
    exception_details: _Thrown | None = None


class _Picture(msgspec.Struct):
    data: str


class GamePage:
    """One tab that shows the game. Every use checks that it still is the only one."""

    def __init__(self, cdp: Cdp, attacher: Attacher, session: Session) -> None:
        self._cdp = cdp
        self._attacher = attacher
        self._session = session
        self._world: tuple[int, int] | None = None
        self._looked_at = -1

    @property
    def origin(self) -> str:
        """Return the origin the page must have."""
        return self._attacher.game

    @property
    def target_id(self) -> str:
        """Return Chrome's name of the tab."""
        return self._session.target_id

    @property
    def there(self) -> bool:
        """Tell whether the tab has shown the game ever since."""
        return self._session in self._attacher.game_pages()

    async def call(self, function: str, *values: Any) -> Any:
        """Call a constant function with JSON values; return its JSON value.

        A page that loads a new document meanwhile is asked once more: functions only look.

        Raises:
            PageError: the page is gone, left the game, is silent, or is not alone; or the
                function failed.
        """
        for attempt in (1, 2):
            session = self._only()
            loads = session.loads
            context = await self._context(session)
            reply = await self._ask(
                "Runtime.callFunctionOn", _call(context, function, values), CALL_S
            )
            if not reply.error:
                self._looked_at = loads
                return _returned(reply.result)
            self._world = None
            if attempt == 2:
                raise PageError("page_failed", f"The game page did not answer: {reply.error}.")
        raise AssertionError("unreachable")

    async def screenshot(self) -> bytes:
        """Return what the tab shows, as PNG.

        Raises:
            PageError: as for `call`.
        """
        self._only()
        reply = await self._ask("Page.captureScreenshot", {"format": "png"}, SCREENSHOT_S)
        if reply.error:
            raise PageError("page_failed", f"The game page gave no picture: {reply.error}.")
        return base64.b64decode(msgspec.json.decode(reply.result, type=_Picture).data)

    async def send_mouse(self, x: float, y: float) -> None:
        """Press the left button at a point of the viewport (CSS px), once.

        Raises:
            PageError: nothing was sent (`sent` False), or it was and the page does not say so.
        """
        session = self._only()
        if session.loads != self._looked_at:
            raise PageError(
                "page_reloaded", "The game page has loaded anew since it was looked at."
            )
        replies = [asyncio.get_running_loop().create_future() for _ in _GESTURE]
        for event, future in zip(_GESTURE, replies, strict=True):
            self._cdp.send_mouse({**event, "x": x, "y": y}, session.id, _answer(future))
        try:
            async with asyncio.timeout(MOUSE_S):
                answers: list[Reply] = await asyncio.gather(*replies)
        except TimeoutError:
            raise PageError(
                "press_unanswered", f"The page did not take the press in {MOUSE_S:g} s.", sent=True
            ) from None
        for answer in answers:
            if answer.error:
                raise PageError("press_failed", f"Chrome: {answer.error}.", sent=True)

    def _only(self) -> Session:
        """Return the session; refuse when it is not that of the only game tab."""
        pages = self._attacher.game_pages()
        if self._session not in pages:
            raise PageError("page_gone", "The game page was closed, or left the game.")
        if len(pages) > 1:
            raise PageError(
                "two_pages",
                f"{len(pages)} tabs show the game.",
                advice="Close all but one: which of them to press is not to be guessed.",
            )
        return self._session

    async def _context(self, session: Session) -> int:
        """Return the isolated world of the document that is there now."""
        if self._world is not None and self._world[0] == session.loads:
            return self._world[1]
        loads = session.loads
        asked = {"frameId": session.target_id, "worldName": WORLD}
        reply = await self._ask("Page.createIsolatedWorld", asked, CALL_S)
        if reply.error:
            raise PageError("page_failed", f"The game page cannot be looked at: {reply.error}.")
        context = msgspec.json.decode(reply.result, type=_World).execution_context_id
        self._world = (loads, context)
        return context

    async def _ask(self, method: str, params: dict[str, Any], patience_s: float) -> Reply:
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._cdp.send(method, params, self._session.id, _answer(future))
        try:
            async with asyncio.timeout(patience_s):
                return await future
        except TimeoutError:
            raise PageError(
                "page_silent", f"The game page has not answered for {patience_s:g} s."
            ) from None


_GESTURE: tuple[dict[str, Any], ...] = (
    {"type": "mouseMoved", "button": "none", "buttons": 0},
    {"type": "mousePressed", "button": "left", "buttons": 1, "clickCount": 1},
    {"type": "mouseReleased", "button": "left", "buttons": 0, "clickCount": 1},
)


def _answer(future: asyncio.Future[Reply]) -> Any:
    def answered(reply: Reply) -> None:
        if not future.done():
            future.set_result(reply)

    return answered


def _call(context: int, function: str, values: tuple[Any, ...]) -> dict[str, Any]:
    return {
        "functionDeclaration": function,
        "executionContextId": context,
        "arguments": [{"value": value} for value in values],
        "returnByValue": True,
    }


def _returned(result: bytes) -> Any:
    returned = msgspec.json.decode(result, type=_Returned)
    if returned.exception_details is not None:
        raise PageError(
            "page_failed", f"A look at the page failed: {returned.exception_details.text}."
        )
    return returned.result.value
