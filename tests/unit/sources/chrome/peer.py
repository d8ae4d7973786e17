"""A scripted Chrome: `says` feeds an event, `answers` a reply; what it was asked is kept."""

from __future__ import annotations

import json
from typing import Any

from vectra_player.model.frame import Frame
from vectra_player.sources.chrome.capture import Capture

GAME = "https://game.example"
PAGE, SESSION = "AAAAAAAAPAGE", "session-1"
SOCKET_URL = "wss://backend.example/socket.io/?EIO=4&transport=websocket"
POLL_URL = "https://backend.example/socket.io/?EIO=4&transport=polling"


class FakeClock:
    """A clock that stands still until moved."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def now_us(self) -> int:
        return round((self.now + 500) * 1e6)

    def monotonic(self) -> float:
        return self.now


class Peer:
    """Chrome's end of a Capture."""

    def __init__(self, **options: Any) -> None:
        self.clock = FakeClock()
        self.asked: list[dict[str, Any]] = []
        self.capture = Capture(self._hear, game_url=GAME, clock=self.clock, **options)
        self.number = 0

    def _hear(self, command: bytes) -> None:
        self.asked.append(json.loads(command))

    def says(self, method: str, session: str = SESSION, **params: Any) -> None:
        message = {"method": method, "params": params}
        self.raw(json.dumps(message | ({"sessionId": session} if session else {})).encode())

    def raw(self, data: bytes) -> None:
        self.number += 1
        self.capture.feed(self.number, data)

    def answers(self, method: str, result: Any = None, error: str = "") -> None:
        """Answer the last command of this name."""
        command = next(item for item in reversed(self.asked) if item["method"] == method)
        answer = {"error": {"message": error}} if error else {"result": result or {}}
        self.raw(json.dumps({"id": command["id"], **answer}).encode())

    def commands(self, session: str | None = None) -> list[str]:
        """Return the methods asked for so far, of one session when given."""
        return [
            item["method"]
            for item in self.asked
            if session is None or item.get("sessionId", "") == session
        ]

    def attaches(
        self,
        *,
        target: str = PAGE,
        session: str = SESSION,
        kind: str = "page",
        url: str = GAME + "/",
        waiting: bool = True,
        parent: str = "",
        **info: Any,
    ) -> None:
        target_info = {"targetId": target, "type": kind, "url": url, "attached": True, **info}
        self.says(
            "Target.attachedToTarget",
            session=parent,
            sessionId=session,
            targetInfo=target_info,
            waitingForDebugger=waiting,
        )

    def opens_socket(self, request: str = "7.1", url: str = SOCKET_URL) -> None:
        self.says("Network.webSocketCreated", requestId=request, url=url)
        self.says(
            "Network.webSocketWillSendHandshakeRequest",
            requestId=request,
            timestamp=100.0,
            wallTime=2_000_000_000.0,
            request={"headers": {}},
        )
        self.says("Network.webSocketHandshakeResponseReceived", requestId=request, timestamp=100.5)

    def frame(
        self,
        data: str,
        *,
        request: str = "7.1",
        opcode: int = 1,
        sent: bool = False,
        at: float = 101.0,
    ) -> None:
        name = "Network.webSocketFrameSent" if sent else "Network.webSocketFrameReceived"
        response = {"opcode": opcode, "mask": sent, "payloadData": data}
        self.says(name, requestId=request, timestamp=at, response=response)

    def polls(self, request: str, *, sid: str = "", method: str = "GET", **more: Any) -> None:
        url = POLL_URL + (f"&sid={sid}" if sid else "")
        self.says(
            "Network.requestWillBeSent",
            requestId=request,
            timestamp=100.0,
            wallTime=2_000_000_000.0,
            request={"url": url, "method": method, **more},
        )

    def finishes(self, request: str, status: int = 200) -> None:
        self.says("Network.responseReceived", requestId=request, response={"status": status})
        self.says("Network.loadingFinished", requestId=request, timestamp=103.0)

    def frames(self) -> list[Frame]:
        """Take what is ready, in order."""
        out, taken = self.capture.outbox, []
        while (slot := out.ready()) is not None:
            taken += [item.frame for item in slot.items]
            out.done()
        return taken

    def packets(self) -> list[str]:
        return [frame.raw for frame in self.frames() if frame.raw_format == "engineio"]

    def facts(self) -> list[tuple[str, dict[str, Any]]]:
        return [
            (frame.event_name.removeprefix("vectra."), json.loads(frame.raw))
            for frame in self.frames()
            if frame.raw_format == "fact"
        ]
