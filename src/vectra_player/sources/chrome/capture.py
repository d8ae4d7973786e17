"""One CDP connection turned into frames: commands, targets, sockets and polls joined.

Synchronous and without I/O: messages of Chrome are fed in, commands go out through `write`,
frames lie in `outbox` in order. Nothing Chrome says can make it raise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from vectra_player.clock import Clock
from vectra_player.model.selectors import Selectors
from vectra_player.sources.chrome.attach import Attacher, Session
from vectra_player.sources.chrome.cdp import Cdp, Message
from vectra_player.sources.chrome.desk import Desk, host_of, is_engineio
from vectra_player.sources.chrome.opener import Opener
from vectra_player.sources.chrome.outbox import Outbox
from vectra_player.sources.chrome.page import GamePage
from vectra_player.sources.chrome.polling import Polling
from vectra_player.sources.chrome.presses import OnPress, Presses
from vectra_player.sources.chrome.sockets import Sockets
from vectra_player.sources.chrome.stamps import Stamps

log = structlog.get_logger(__name__)

UNREADABLE = (msgspec.DecodeError, ValueError, OverflowError)
"""What a malformed message can raise; msgspec's ValidationError is a DecodeError."""


class _Transport(msgspec.Struct):
    url: str = ""


class Capture:
    """What one connection to Chrome hears; see `sources.chrome.outbox` for what comes out."""

    def __init__(
        self,
        write: Callable[[bytes], None],
        *,
        game_url: str,
        clock: Clock,
        first_id: int = 1,
        acts: bool = True,
        selectors: Selectors | None = None,
        on_press: OnPress | None = None,
    ) -> None:
        self.outbox = Outbox()
        self.cdp = Cdp(write, first_id)
        self._clock = clock
        self._game_url = game_url
        self._desk = Desk(self.outbox, Stamps(clock), host_of(game_url))
        self.attacher = Attacher(self.cdp.send, game_url, self, acts=acts)
        self._presses: Presses | None = None
        if acts and selectors is not None and on_press is not None:
            self._presses = Presses(self.cdp.send, self.attacher.game, selectors, on_press)
        self._page: GamePage | None = None
        self.opener = Opener(self.cdp.send, self.attacher, game_url, clock, self._unreachable)
        self._polling = Polling(self._desk, self.cdp.send, clock)
        self._sockets = Sockets(self._desk, self._polling.upgraded)
        self._handlers: dict[str, Callable[[Session, Message], None]] = {
            **self._sockets.handlers,
            **self._polling.handlers,
            "Network.webTransportCreated": self._webtransport,
            "Runtime.bindingCalled": self._press,
        }

    def begin(self, *, open_page: bool, use_blank: bool) -> None:
        """Start listening; open the game page when there is none and `open_page`."""
        self.attacher.begin()
        if open_page:
            self.opener.want(use_blank=use_blank)

    def page(self) -> GamePage | None:
        """Return the game page, the same object while it stays; None: there is none.

        A tab that left the game and came back is listened to anew: a page of its own.
        """
        pages = self.attacher.game_pages()
        if not pages:
            return None
        if self._page is None or not self._page.there:
            self._page = GamePage(self.cdp, self.attacher, pages[0])
        return self._page

    def learn_from(self, other: Capture) -> None:
        """Take over what an older connection to the same Chrome knows of open sockets."""
        self._sockets.learn_from(other._sockets)
        self._polling.learn_from(other._polling)

    def feed(self, number: int, data: bytes) -> None:
        """Take one message of Chrome; its frames lie in `outbox` afterwards."""
        self.outbox.begin(number)
        try:
            message = self.cdp.feed(data)
            if message is not None:
                self._event(message)
        except UNREADABLE as error:
            self._unreadable(data, error)
        self.opener.step()

    def adopt(self, data: bytes) -> None:
        """Take a message that an earlier recorder handled: state is learnt, no packet repeated."""
        self.outbox.begin(0)
        try:
            message = self.cdp.feed(data)
            if message is not None and not self.attacher.handle(message, known=True):
                self._network(message)
        except UNREADABLE as error:
            self._unreadable(data, error)
        self.outbox.keep_facts_only()

    def tick(self) -> None:
        """Do what is due: bodies that never came, pages to open or reload."""
        self.outbox.begin(0)
        self._polling.give_up(self._clock.monotonic())
        self.opener.step()

    def end(self, reason: str) -> None:
        """End all sockets: the connection, or Chrome itself, is gone."""
        self.outbox.begin(0)
        for session in list(self.attacher.sessions.values()):
            self.target_ended(session, reason)
        self._polling.give_up(float("inf"))

    def fact(self, kind: str, *, unique: str, **detail: Any) -> None:
        """Put a fact of the connection itself into the outbox."""
        self.outbox.begin(0)
        self._desk.put(self._desk.fact(kind, unique=unique, **detail))

    def target_fact(self, kind: str, session: Session, reason: str) -> None:
        """Report something of a page (`attach.Listener`)."""
        self._desk.put(
            self._desk.fact(
                kind,
                unique=session.target_id,
                target_id=session.target_id,
                target_type=session.type,
                url=session.url,
                reason=reason,
            )
        )

    def target_ended(self, session: Session, reason: str) -> None:
        """End what a page, frame or worker had open (`attach.Listener`)."""
        self._sockets.end_target(session.target_id, reason)
        self._polling.end_target(session.target_id, reason)

    def page_found(self, session: Session) -> None:
        """Have presses told from the first script on (`attach.Listener`)."""
        if self._presses is not None:
            self._presses.prepare(session)

    def page_loaded(self, session: Session) -> None:
        """Let the listener of a new document speak (`attach.Listener`)."""
        if self._presses is not None:
            self._presses.connect(session)

    def page_open(self, session: Session) -> None:
        """Listen to a page that runs already (`attach.Listener`)."""
        if self._presses is not None:
            self._presses.install(session)

    def _press(self, session: Session, message: Message) -> None:
        if self._presses is not None:
            self._presses.hear(session, message)

    def _unreachable(self, error: str) -> None:
        url = self._game_url
        self._desk.put(self._desk.fact("target_unreachable", unique=error, url=url, error=error))

    def _event(self, message: Message) -> None:
        if not self.attacher.handle(message):
            self._network(message)

    def _network(self, message: Message) -> None:
        handler = self._handlers.get(message.method)
        session = self.attacher.sessions.get(message.session)
        if handler is not None and session is not None:
            handler(session, message)

    def _webtransport(self, session: Session, message: Message) -> None:
        url = msgspec.json.decode(message.params, type=_Transport).url
        if is_engineio(url) or "transport=webtransport" in url:
            missing = "all packets of a WebTransport connection: Chrome does not show them"
            self._desk.put(self._desk.fact("gap", unique=url, url=url, missing=missing))

    def _unreadable(self, data: bytes, error: Exception) -> None:
        log.warning("unreadable message of Chrome", error=str(error), size=len(data))
        missing = "what one message of Chrome said"
        self._desk.put(
            self._desk.fact("gap", unique=str(error), missing=missing, reason=str(error))
        )
