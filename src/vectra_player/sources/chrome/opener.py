"""Bring the game page onto the screen, and back after its tab crashed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import structlog

from vectra_player.clock import Clock
from vectra_player.sources.chrome.attach import Attacher, Send, Session
from vectra_player.sources.chrome.cdp import Reply

log = structlog.get_logger(__name__)

FIRST_RETRY_S = 1.0
LAST_RETRY_S = 15.0
MAX_RELOADS = 20
"""Reloads of crashed tabs in one run: a page that always crashes is left alone at last."""


class _Navigated(msgspec.Struct, rename="camel"):
    error_text: str = ""


class _Created(msgspec.Struct, rename="camel"):
    target_id: str


class Opener:
    """Opens one game page: blank first, watched, and only then sent to the game.

    `Target.createTarget` with the game's address would lose its first frames (capture.md,
    completeness).
    """

    def __init__(
        self,
        send: Send,
        attacher: Attacher,
        game_url: str,
        clock: Clock,
        on_failure: Callable[[str], None],
    ) -> None:
        self._send = send
        self._on_failure = on_failure
        self._attacher = attacher
        self._game_url = game_url
        self._clock = clock
        self._wanted = False
        self._use_blank = False
        self._creating = False
        self._target = ""
        self._retry_at = 0.0
        self._retry_s = FIRST_RETRY_S
        self._reloads = 0

    def want(self, *, use_blank: bool) -> None:
        """Ask for a game page; `use_blank`: any blank tab may become it."""
        self._wanted = True
        self._use_blank = use_blank
        self._creating = False
        self._target = ""

    def step(self) -> None:
        """Do the next thing there is to do, if any."""
        if self._attacher.crashed:
            self._reload_crashed()
        if not self._wanted or not self._attacher.surveyed:
            return
        if self._clock.monotonic() < self._retry_at:
            return
        if self._attacher.page(blank=False) and not self._target:
            self._wanted = False
            return
        session = self._blank_page()
        if session is None:
            self._create()
        elif session.ready:
            self._navigate(session)

    def _blank_page(self) -> Session | None:
        if self._target:
            return self._attacher.of_target(self._target)
        return self._attacher.page(blank=True) if self._use_blank else None

    def _create(self) -> None:
        if self._creating:
            return
        self._creating = True

        def created(reply: Reply) -> None:
            if reply.error:
                self._creating = False
                self._retry_at = self._clock.monotonic() + LAST_RETRY_S
                log.warning("no tab for the game", error=reply.error)
                return
            self._target = msgspec.json.decode(reply.result, type=_Created).target_id

        self._send("Target.createTarget", {"url": "about:blank"}, on_reply=created)

    def _navigate(self, session: Session) -> None:
        self._wanted = False
        self._target = session.target_id

        def navigated(reply: Reply) -> None:
            error = reply.error or msgspec.json.decode(reply.result, type=_Navigated).error_text
            if not error:
                self._retry_s = FIRST_RETRY_S
                return
            log.warning("the game page did not load", error=error, retry_s=self._retry_s)
            self._on_failure(error)
            self._wanted = True
            self._retry_at = self._clock.monotonic() + self._retry_s
            self._retry_s = min(self._retry_s * 2, LAST_RETRY_S)

        self._send("Page.navigate", {"url": self._game_url}, session.id, navigated)

    def _reload_crashed(self) -> None:
        for session_id in list(self._attacher.crashed):
            self._attacher.crashed.discard(session_id)
            if session_id in self._attacher.sessions and self._reloads < MAX_RELOADS:
                self._reloads += 1
                self._send("Page.reload", session=session_id)
