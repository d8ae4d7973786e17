"""A thin Chrome DevTools Protocol client: ids, replies and events; no I/O, no framework.

Everything is synchronous: bytes are fed in, commands go out through `write`, replies come back to
callbacks in the order Chrome gave them, so nothing can overtake a frame.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

METHODS = frozenset(
    {
        "Browser.getVersion",
        "Browser.close",
        "Network.configureDurableMessages",
        "Network.enable",
        "Network.getRequestPostData",
        "Network.getResponseBody",
        "Page.addScriptToEvaluateOnNewDocument",
        "Page.captureScreenshot",
        "Page.createIsolatedWorld",
        "Page.enable",
        "Page.navigate",
        "Page.reload",
        "Runtime.addBinding",
        "Runtime.callFunctionOn",
        "Runtime.runIfWaitingForDebugger",
        "Target.attachToTarget",
        "Target.createTarget",
        "Target.detachFromTarget",
        "Target.getTargets",
        "Target.setAutoAttach",
        "Target.setDiscoverTargets",
    }
)
"""Every method that `send` ever sends: nothing of cookies or storage, no Runtime.enable.

Four serve the buttons, in the game's own pages only: a world apart from the page's scripts
(createIsolatedWorld), constant functions called in it (callFunctionOn), the listener for presses
(addScriptToEvaluateOnNewDocument, and addBinding by which it speaks). captureScreenshot shows what
made a press be refused.
"""

MOUSE = "Input.dispatchMouseEvent"
"""Can be sent by `send_mouse` alone, which `page.GamePage` alone calls."""

EMPTY = msgspec.Raw(b"{}")


class Message(msgspec.Struct):
    """The envelope of any CDP message; the content stays bytes until somebody wants it."""

    id: int = 0
    method: str = ""
    session: str = msgspec.field(name="sessionId", default="")
    params: msgspec.Raw = EMPTY
    result: msgspec.Raw = EMPTY
    error: msgspec.Raw = msgspec.Raw(b"")


class Reply(NamedTuple):
    """Chrome's answer to a command; `error` is empty when it worked."""

    result: bytes
    error: str = ""


OnReply = Callable[[Reply], None]

_decode = msgspec.json.Decoder(Message).decode
_encode = msgspec.json.Encoder().encode


class Cdp:
    """Commands of one connection, and the callbacks that wait for their replies."""

    def __init__(self, write: Callable[[bytes], None], first_id: int = 1) -> None:
        self._write = write
        self._next_id = first_id
        self._waiting: dict[int, OnReply] = {}

    def rebind(self, write: Callable[[bytes], None], first_id: int) -> None:
        """Go on over another connection; replies to earlier commands may still come over it."""
        self._write = write
        self._next_id = first_id

    def send(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        session: str = "",
        on_reply: OnReply | None = None,
    ) -> None:
        """Send a command of the allow-list; the reply, good or bad, goes to `on_reply`."""
        if method not in METHODS:
            raise ValueError(f"{method} is not on the allow-list")
        self._command(method, params or {}, session, on_reply)

    def send_mouse(self, params: dict[str, Any], session: str, on_reply: OnReply) -> None:
        """Send one event of the mouse to a page."""
        self._command(MOUSE, params, session, on_reply)

    def _command(
        self, method: str, params: dict[str, Any], session: str, on_reply: OnReply | None
    ) -> None:
        command: dict[str, Any] = {"id": self._next_id, "method": method, "params": params}
        if session:
            command["sessionId"] = session
        if on_reply is not None:
            self._waiting[self._next_id] = on_reply
        self._next_id += 1
        self._write(_encode(command))

    def feed(self, data: bytes) -> Message | None:
        """Take one message; return it when it is an event, answer its waiter when a reply.

        Raises:
            msgspec.DecodeError: it is no CDP message.
        """
        message = _decode(data)
        if not message.id:
            return message
        waiter = self._waiting.pop(message.id, None)
        if waiter is not None:
            waiter(Reply(bytes(message.result), _error_text(message.error)))
        return None


def _error_text(error: msgspec.Raw) -> str:
    return bytes(error).decode("utf-8", "replace") if bytes(error) else ""
