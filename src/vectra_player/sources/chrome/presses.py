"""Have the game page tell of presses of its buttons, whoever presses them. Used by `capture`.

The listener lives in an isolated world: page scripts neither see it nor can speak for it. It is
there before a page's first script; a page that was open before gets it afterwards. Chrome gives
the binding to a world that exists when it is asked for, so it is asked for at each new document:
the other way, Runtime.enable, would send the page's whole console as well.
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Callable

import msgspec
import structlog

from vectra_player.model.press import PressSeen
from vectra_player.model.selectors import Selectors
from vectra_player.sources.chrome.attach import Send, Session
from vectra_player.sources.chrome.cdp import Message, Reply
from vectra_player.sources.chrome.scripts import LISTEN

log = structlog.get_logger(__name__)

WORLD = "vectra"
BINDING = "vectraPress"
LONGEST = 4096
"""Bytes of a report: five times what the listener can say."""
REMEMBERED = 64

OnPress = Callable[[PressSeen], object]
"""Told of a press; what it returns is nobody's concern."""


class _Called(msgspec.Struct):
    name: str
    payload: str


class _World(msgspec.Struct, rename="camel"):
    execution_context_id: int


class _Result(msgspec.Struct):
    value: str = ""


class _Returned(msgspec.Struct):
    result: _Result


class Presses:
    """The listeners of one connection's pages, and what they report."""

    def __init__(self, send: Send, game: str, selectors: Selectors, on_press: OnPress) -> None:
        self._send = send
        self._on_press = on_press
        self._values = (msgspec.to_builtins(selectors), game, BINDING)
        self._names = {button.name for button in selectors.button}
        self._told: deque[tuple[str, float, bool]] = deque(maxlen=REMEMBERED)

    def prepare(self, session: Session) -> None:
        """Have the listener run first in every document this page will show.

        In a document of another origin it ends at once, having looked at its address only.
        """
        values = ", ".join(json.dumps(value) for value in self._values)
        script = {"source": f"({LISTEN})({values});", "worldName": WORLD}
        self._send("Page.addScriptToEvaluateOnNewDocument", script, session.id)

    def connect(self, session: Session) -> None:
        """Give the listener of the present document its way to speak."""
        binding = {"name": BINDING, "executionContextName": WORLD}
        self._send("Runtime.addBinding", binding, session.id)

    def install(self, session: Session) -> None:
        """Listen in a document that is there already; once only, whatever was done before."""

        def made(reply: Reply) -> None:
            if reply.error:
                log.warning("no listener for presses", error=reply.error)
                return
            world = msgspec.json.decode(reply.result, type=_World).execution_context_id
            call = {
                "functionDeclaration": LISTEN,
                "executionContextId": world,
                "arguments": [{"value": value} for value in self._values],
                "returnByValue": True,
            }
            self._send("Runtime.callFunctionOn", call, session.id, listening)

        def listening(reply: Reply) -> None:
            if reply.error:
                log.warning("no listener for presses", error=reply.error)
            elif msgspec.json.decode(reply.result, type=_Returned).result.value != "same":
                self.prepare(session)
            self.connect(session)

        world = {"frameId": session.target_id, "worldName": WORLD}
        self._send("Page.createIsolatedWorld", world, session.id, made)

    def hear(self, session: Session, message: Message) -> None:
        """Pass a press on, once; what is malformed is dropped."""
        called = msgspec.json.decode(message.params, type=_Called)
        if called.name != BINDING:
            return
        press = self._read(called.payload, session.target_id)
        if press is None:
            log.warning("a report of a press is malformed", size=len(called.payload))
            return
        key = (press.target_id, press.at_ms, press.withheld)
        if key in self._told:
            return  # a second listener of the same page, of a connection that was lost
        self._told.append(key)
        self._on_press(press)

    def _read(self, payload: str, target_id: str) -> PressSeen | None:
        if len(payload) > LONGEST:
            return None
        try:
            press = msgspec.json.decode(payload, type=PressSeen)
        except msgspec.DecodeError:
            return None
        if not math.isfinite(press.at_ms) or press.button not in self._names | {""}:
            return None
        return msgspec.structs.replace(press, target_id=target_id)
