"""Find the game's pages, frames and workers, and listen to them before they run.

One browser-level session attaches by itself to what opens (capture.md, recommendation 2). Foreign
pages are resumed and let go at once, nothing else is sent to them; the game's get Network.enable
before their first line of script.
"""

from __future__ import annotations

from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from vectra_player.sources.chrome.cdp import Message, Reply

BLANK = frozenset({"", ":", "about:blank"})
PAGES = [{"type": "page"}, {"exclude": True}]
TOP_LEVEL = [{"type": "page"}, {"type": "shared_worker"}, {"exclude": True}]
DURABLE = {
    "enableDurableMessages": True,
    "maxTotalBufferSize": 200 << 20,
    "maxResourceBufferSize": 50 << 20,
}
"""Keeps polling bodies after their page is gone (capture.md, polling bodies)."""


class TargetInfo(msgspec.Struct, rename="camel"):
    """What Chrome says of a target."""

    target_id: str
    type: str
    url: str = ""
    opener_id: str = ""


class _Attached(msgspec.Struct, rename="camel"):
    session_id: str
    target_info: TargetInfo
    waiting_for_debugger: bool = False


class _Detached(msgspec.Struct, rename="camel"):
    session_id: str


class _Changed(msgspec.Struct, rename="camel"):
    target_info: TargetInfo


class _Gone(msgspec.Struct, rename="camel"):
    target_id: str


class _Frame(msgspec.Struct, rename="camel"):
    id: str
    url: str = ""
    unreachable_url: str = ""


class _Navigated(msgspec.Struct):
    frame: _Frame


class _Targets(msgspec.Struct, rename="camel"):
    target_infos: list[TargetInfo]


class Session(msgspec.Struct):
    """One attached target. `ready` once Chrome confirmed that its network is watched.

    `adopted`: a recorder before this one attached it. `loads` counts the documents of a page.
    """

    id: str
    target_id: str
    type: str
    url: str
    parent: str
    ready: bool = False
    adopted: bool = False
    loads: int = 0


class Listener(Protocol):
    """Who is told about targets."""

    def target_fact(self, kind: str, session: Session, reason: str) -> None:
        """Learn of something worth a fact."""

    def target_ended(self, session: Session, reason: str) -> None:
        """Learn that all sockets of a target are gone."""

    def page_found(self, session: Session) -> None:
        """Learn of a page of ours before it runs its first script."""

    def page_loaded(self, session: Session) -> None:
        """Learn that a page of the game has a new document."""

    def page_open(self, session: Session) -> None:
        """Learn of a page of the game that runs already."""


class Send(Protocol):
    """`Cdp.send`."""

    def __call__(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        session: str = "",
        on_reply: Any = None,
    ) -> None: ...


def origin_of(url: str) -> str:
    """Return scheme and host of a page or script; of a blob, those of its maker."""
    parts = urlsplit(url.removeprefix("blob:"))
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else ""


class Attacher:
    """The targets of one CDP connection."""

    def __init__(self, send: Send, game_url: str, listener: Listener, *, acts: bool = True) -> None:
        self._send = send
        self._game = origin_of(game_url)
        self._listener = listener
        self._acts = acts
        self.sessions: dict[str, Session] = {}
        self._of_target: dict[str, list[str]] = {}
        self._foreign: set[str] = set()
        self.crashed: set[str] = set()
        self.surveyed = False
        self._handlers = {
            "Target.attachedToTarget": self._attached,
            "Target.detachedFromTarget": self._detached,
            "Target.targetCreated": self._changed,
            "Target.targetInfoChanged": self._changed,
            "Target.targetDestroyed": self._destroyed,
            "Target.targetCrashed": self._crashed,
            "Page.frameNavigated": self._navigated,
        }

    def begin(self) -> None:
        """Ask Chrome for all pages, now and to come."""
        watch = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
        self._send("Target.setDiscoverTargets", {"discover": True, "filter": PAGES})
        self._send("Target.setAutoAttach", {**watch, "filter": TOP_LEVEL})
        self._send("Target.getTargets", {"filter": PAGES}, on_reply=self._survey)

    def handle(self, message: Message, *, known: bool = False) -> bool:
        """Take an event; False when it is none of ours. `known`: set up by a recorder before."""
        handler = self._handlers.get(message.method)
        if handler is None:
            return False
        if known and message.method == "Target.attachedToTarget":
            self._adopt(message)
        else:
            handler(message)
        return True

    @property
    def game(self) -> str:
        """Return the origin of the game's pages."""
        return self._game

    def game_pages(self) -> list[Session]:
        """Return the tabs that show the game now."""
        return [
            session
            for session in self.sessions.values()
            if session.type == "page"
            and not session.parent
            and origin_of(session.url) == self._game
        ]

    def page(self, *, blank: bool) -> Session | None:
        """Return a game page, or a blank one that could become one."""
        for session in self.sessions.values():
            if session.type == "page" and blank == (session.url in BLANK):
                return session
        return None

    def of_target(self, target_id: str) -> Session | None:
        """Return the session that listens to a target."""
        ids = self._of_target.get(target_id)
        return self.sessions[ids[0]] if ids else None

    def _adopt(self, message: Message) -> None:
        event = msgspec.json.decode(message.params, type=_Attached)
        known = event.session_id in self.sessions
        if not known and self._is_ours(event.target_info, message.session):
            session = self._remember(event, message.session)
            session.ready = session.adopted = True

    def _attached(self, message: Message) -> None:
        event = msgspec.json.decode(message.params, type=_Attached)
        if event.session_id in self.sessions:
            return
        info = event.target_info
        if not self._is_ours(info, message.session):
            self._foreign.add(info.target_id)
            self._release(event.session_id, message.session)
            return
        first = info.target_id not in self._of_target
        session = self._remember(event, message.session)
        if not first:
            # Announced twice (service workers): resumed after the first session's commands,
            # kept without Network.enable in case the first one ends.
            self._send("Runtime.runIfWaitingForDebugger", session=session.id)
            return
        self._listen(session)
        if not event.waiting_for_debugger:
            self._joined_late(session, info)

    def _joined_late(self, session: Session, info: TargetInfo) -> None:
        if session.url not in BLANK:
            self._listener.target_fact("late_attach", session, "the page was open before")
            if session.type == "page":
                self._listener.page_open(session)
        elif info.opener_id and self._acts and not self.surveyed:
            # Held by a recorder that died: such a page stays dead (capture.md).
            self._send("Page.reload", session=session.id)

    def _is_ours(self, info: TargetInfo, parent: str) -> bool:
        if parent:
            return parent in self.sessions
        if info.type == "page" and info.url in BLANK:
            return True
        return origin_of(info.url) == self._game

    def _remember(self, event: _Attached, parent: str) -> Session:
        info = event.target_info
        session = Session(event.session_id, info.target_id, info.type, info.url, parent)
        self.sessions[session.id] = session
        self._of_target.setdefault(info.target_id, []).append(session.id)
        self._foreign.discard(info.target_id)
        return session

    def _listen(self, session: Session) -> None:
        def enabled(reply: Reply) -> None:
            session.ready = True
            if reply.error:
                self._send("Network.enable", session=session.id)

        watch = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
        self._send("Network.enable", DURABLE, session.id, enabled)
        self._send("Target.setAutoAttach", watch, session.id)
        if session.type in ("page", "iframe"):
            self._send("Page.enable", session=session.id)
        if session.type == "page":
            self._listener.page_found(session)
        self._send("Runtime.runIfWaitingForDebugger", session=session.id)

    def _release(self, session_id: str, parent: str) -> None:
        self._send("Runtime.runIfWaitingForDebugger", session=session_id)
        self._send("Target.detachFromTarget", {"sessionId": session_id}, parent)

    def _detached(self, message: Message) -> None:
        event = msgspec.json.decode(message.params, type=_Detached)
        self._forget(event.session_id, "closed")

    def _forget(self, session_id: str, reason: str) -> None:
        session = self.sessions.pop(session_id, None)
        if session is None:
            return
        for child in [item.id for item in self.sessions.values() if item.parent == session_id]:
            self._forget(child, reason)
        ids = self._of_target[session.target_id]
        listened = ids[0] == session_id
        ids.remove(session_id)
        if not ids:
            del self._of_target[session.target_id]
            self._listener.target_ended(session, reason)
        elif listened:
            self._listen(self.sessions[ids[0]])

    def _changed(self, message: Message) -> None:
        info = msgspec.json.decode(message.params, type=_Changed).target_info
        self._look_at(info)

    def _look_at(self, info: TargetInfo) -> None:
        if info.target_id in self._foreign and origin_of(info.url) == self._game:
            self._foreign.discard(info.target_id)
            self._send("Target.attachToTarget", {"targetId": info.target_id, "flatten": True})

    def _survey(self, reply: Reply) -> None:
        self.surveyed = True
        if reply.error:
            return
        for info in msgspec.json.decode(reply.result, type=_Targets).target_infos:
            session = self.of_target(info.target_id)
            if session is None:
                self._foreign.add(info.target_id)
                self._look_at(info)
            elif session.url in BLANK:
                session.url = info.url
                self._leave_foreign(session)
            if session is not None and session.adopted and origin_of(info.url) == self._game:
                session.adopted = False
                self._listener.page_open(session)

    def _destroyed(self, message: Message) -> None:
        self._foreign.discard(msgspec.json.decode(message.params, type=_Gone).target_id)

    def _crashed(self, message: Message) -> None:
        target_id = msgspec.json.decode(message.params, type=_Gone).target_id
        session = self.of_target(target_id)
        if session is not None:
            self._listener.target_fact("target_crashed", session, "the tab crashed")
            self._listener.target_ended(session, "the tab crashed")
            if self._acts:
                self.crashed.add(session.id)

    def _navigated(self, message: Message) -> None:
        session = self.sessions.get(message.session)
        if session is None:
            return
        frame = msgspec.json.decode(message.params, type=_Navigated).frame
        if frame.id != session.target_id:
            return
        self._listener.target_ended(session, "the page navigated")
        session.url = frame.unreachable_url or frame.url
        session.loads += 1
        self._leave_foreign(session)
        if session in self.game_pages():
            self._listener.page_loaded(session)

    def _leave_foreign(self, session: Session) -> None:
        foreign = session.url not in BLANK and origin_of(session.url) != self._game
        if session.type == "page" and not session.parent and foreign:
            self._foreign.add(session.target_id)
            self._forget(session.id, "the page left the game")
            self._send("Target.detachFromTarget", {"sessionId": session.id})
