"""The feed's server: who may join, what a client may say, and how it ends.

`foundation.service` starts it on its own event loop. `ws://127.0.0.1:9000/feed` (`/` is an alias)
is the main stream, `?replay=<id>` a replay beside it, `?types=a,b` a filter, `?since=SEQ&feed=ID`
a resumption. Refusals for want of access are HTTP answers to the handshake; everything a logged-in
client can get wrong is told by a close code and a reason, since browsers show scripts no other.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import resource
import socket
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import structlog
from msgspec import Struct
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from vectra_player import ports
from vectra_player.bus import spawn
from vectra_player.errors import UsageError
from vectra_player.foundation.hub import FeedHub
from vectra_player.foundation.line import RECEIVE_BUFFER_BYTES, FeedConnection, SocketLine
from vectra_player.foundation.listen import ACCEPT_AT_ONCE, keep_waiting
from vectra_player.foundation.outbox import HIGH_BYTES, TRY_AGAIN_LATER, Outbox
from vectra_player.web.security import Access, Door, feed_door, require_loopback
from vectra_player.web.security import Request as Asked

log = structlog.get_logger(__name__)

PATHS = frozenset({"/", "/feed"})
NO_SUCH_REPLAY = 4404
"""Close code of ours: reconnecting is of no use."""

_GOING_AWAY, _NOT_TEXT, _POLICY = 1001, 1003, 1008
_MAX_TYPES = 64
_MAX_TYPE_CHARS = 128
_SPARE_SOCKETS = 512  # handshakes under way beside the clients
_OTHER_FILES = 2_560  # connections of the monitor, files of the store


class FeedSettings(Struct, frozen=True, kw_only=True):
    """Where the feed listens and what a client may cost."""

    host: str = "127.0.0.1"
    port: int = 9000
    page_ports: tuple[int, ...] = (9001, 5000)
    """Ports of our HTTP servers: their pages may open the feed."""
    max_clients: int = 2_000
    max_message_bytes: int = 4 << 10
    open_timeout_s: float = 5.0
    ping_interval_s: float = 20.0
    ping_timeout_s: float = 20.0
    close_timeout_s: float = 1.0
    sweep_s: float = 0.5


class FeedStats(Struct, frozen=True, kw_only=True):
    """Counters of the server since its start."""

    clients: int
    sockets: int
    opened: int
    refused: dict[str, int]
    """Reason to number, of handshakes and of clients turned away."""


class Ping(Struct, frozen=True, tag="ping", tag_field="type"):
    """A client asks for a `pong` with the same id."""

    id: str | int | float | None = None


class Subscribe(Struct, frozen=True, tag="subscribe", tag_field="type"):
    """A client changes its filter; null means every type."""

    types: list[str] | None


class _Query(Struct, frozen=True):
    types: frozenset[str] | None = None
    since: int | None = None
    feed: str | None = None
    replay: str | None = None


class _BadRequestError(Exception):
    """What a client sent is nothing this feed knows; the text is told to it."""


_inbound = msgspec.json.Decoder(Ping | Subscribe)


class Feed:
    """The WebSocket server. `hubs` finds the main hub (None) or the hub of a replay."""

    def __init__(
        self,
        access: Access,
        hubs: Callable[[str | None], FeedHub | None],
        settings: FeedSettings | None = None,
    ) -> None:
        self._access = access
        self._hubs = hubs
        self._settings = settings or FeedSettings()
        self._door = Door(frozenset(), frozenset(), frozenset())
        self._server: Server | None = None
        self._sweeper: asyncio.Task[None] | None = None
        self._sockets: set[FeedConnection] = set()
        self._clients: dict[Outbox, FeedHub] = {}
        self._stopping = False
        self._opened = 0
        self._refused: Counter[str] = Counter()
        self.port = self._settings.port

    async def start(self) -> None:
        """Listen; `port` is then the real one.

        Raises:
            UsageError: the port is taken (it says by whom), or the host is not loopback.
        """
        settings, self._stopping = self._settings, False
        _allow_files(settings.max_clients + 2 * _SPARE_SOCKETS + _OTHER_FILES)
        listener = _listen(require_loopback(settings.host), settings.port)
        self.port = listener.getsockname()[1]
        self._door = feed_door(self.port, settings.page_ports)
        self._server = await serve(
            self._serve,
            sock=listener,
            backlog=ACCEPT_AT_ONCE,
            process_request=self._check,
            create_connection=self._connection,  # type: ignore[arg-type]  # any factory will do
            compression=None,
            server_header=None,
            open_timeout=settings.open_timeout_s,
            ping_interval=settings.ping_interval_s,
            ping_timeout=settings.ping_timeout_s,
            close_timeout=settings.close_timeout_s,
            max_size=settings.max_message_bytes,
            write_limit=HIGH_BYTES,
            logger=_quiet_logger(),
        )
        keep_waiting([listener])
        self._sweeper = spawn(self._sweep(), "feed sweep")

    async def stop(self, reason: str = "the feed stops") -> None:
        """Close every client with 1001 and stop listening; returns when all are gone."""
        if self._server is None:
            return
        if self._sweeper is not None:
            self._sweeper.cancel()
        for hub in set(self._clients.values()):
            hub.flush()
        for outbox in list(self._clients):
            outbox.close(_GOING_AWAY, reason)
        self._stopping = True
        self._server.close()
        for connection in list(self._sockets):
            if connection.response is None:
                connection.transport.abort()
        await self._server.wait_closed()
        self._server = None

    def stats(self) -> FeedStats:
        """Return the counters as of now."""
        return FeedStats(
            clients=len(self._clients),
            sockets=len(self._sockets),
            opened=self._opened,
            refused=dict(self._refused),
        )

    def _connection(self, *args: Any, **kwargs: Any) -> FeedConnection:
        connection = FeedConnection(*args, **kwargs)
        connection.made, connection.lost = self._met, self._sockets.discard
        return connection

    def _met(self, connection: FeedConnection) -> None:
        self._sockets.add(connection)
        if self._stopping:  # it was on its way in
            connection.transport.abort()

    def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer a handshake that may not go on."""
        if len(self._sockets) > self._settings.max_clients + _SPARE_SOCKETS:
            return self._refuse(connection, 503, "too many connections")
        path = urlsplit(request.path).path
        headers = list(request.headers.raw_items())
        asked = Asked(getattr(request, "method", "GET"), path, headers)
        verdict = self._access.check_handshake(asked, self._door)
        if not verdict.allowed:
            return self._refuse(connection, verdict.status, verdict.reason)
        if request.path.split("?")[0] not in PATHS:
            return self._refuse(connection, 404, "the feed is at /feed")
        return None

    def _refuse(self, connection: ServerConnection, status: int, reason: str) -> Response:
        self._refused[reason] += 1
        log.info("handshake refused", status=status, reason=reason)
        return connection.respond(status, f"{reason}\n")

    async def _serve(self, connection: ServerConnection) -> None:
        """Serve one client from its first message to its last."""
        assert isinstance(connection, FeedConnection)
        assert connection.request is not None
        joined = self._join(connection, connection.request.path)
        if joined is None:
            await connection.wait_closed()
            return
        hub, outbox = joined
        self._clients[outbox] = hub
        self._opened += 1
        try:
            with contextlib.suppress(ConnectionClosed):
                async for message in connection:
                    self._hear(hub, outbox, message)
        finally:
            del self._clients[outbox]
            hub.leave(outbox)

    def _join(self, connection: FeedConnection, path: str) -> tuple[FeedHub, Outbox] | None:
        line = SocketLine(connection)
        try:
            query = _read_query(path)
        except _BadRequestError as error:
            self._turn_away(line, _POLICY, str(error))
            return None
        hub = self._hubs(query.replay)
        if hub is None or hub.closed:
            self._turn_away(line, NO_SUCH_REPLAY, "there is no such replay")
            return None
        if len(self._clients) >= self._settings.max_clients:
            self._turn_away(line, TRY_AGAIN_LATER, "too many clients")
            return None
        return hub, hub.join(line, query.types, query.since, query.feed)

    def _turn_away(self, line: SocketLine, code: int, reason: str) -> None:
        self._refused[reason] += 1
        line.close(code, reason)

    def _hear(self, hub: FeedHub, outbox: Outbox, message: str | bytes) -> None:
        """Do what a client asks; anything unknown ends it."""
        if isinstance(message, bytes):
            outbox.close(_NOT_TEXT, "text messages only")
            return
        try:
            asked = _inbound.decode(message)
            if isinstance(asked, Ping):
                hub.pong(outbox, asked.id)
            else:
                hub.subscribe(outbox, None if asked.types is None else _types(asked.types))
        except (msgspec.DecodeError, RecursionError):
            outbox.close(_POLICY, 'only {"type":"ping"} and {"type":"subscribe","types":[…]}')
        except _BadRequestError as error:
            outbox.close(_POLICY, str(error))

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self._settings.sweep_s)
            for hub in set(self._clients.values()):
                hub.sweep()


def _read_query(path: str) -> _Query:
    pairs = parse_qsl(urlsplit(path).query, keep_blank_values=True)
    given = dict(pairs)
    if len(given) != len(pairs):
        raise _BadRequestError("a query field is given twice")
    since = given.get("since")
    if since is not None and not (since.isascii() and since.isdigit() and len(since) <= 18):
        raise _BadRequestError("since is a seq")
    types = given.get("types")
    return _Query(
        types=_types(types.split(",")) if types else None,
        since=None if since is None else int(since),
        feed=given.get("feed"),
        replay=given.get("replay"),
    )


def _types(names: list[str]) -> frozenset[str]:
    if len(names) > _MAX_TYPES or any(not 0 < len(name) <= _MAX_TYPE_CHARS for name in names):
        raise _BadRequestError(f"types are at most {_MAX_TYPES} names")
    return frozenset(names)


def _listen(host: str, port: int) -> socket.socket:
    """Bind a port, or say who has it: another port would leave clients talking to a stranger."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's delay off only for sockets that name the protocol: else 40 ms waits.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno != errno.EADDRINUSE:
            raise UsageError(f"Cannot listen on port {port}: {error.strerror}.") from error
        raise UsageError(
            f"Port {port} is taken by {ports.holder_of(port)}.",
            advice="Stop it, or set FOUNDATION_PORT.",
        ) from error
    return listener


def _allow_files(wanted: int) -> None:
    """Raise this process's own limit of open files as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _quiet_logger() -> logging.Logger:
    """Keep the library from telling each client's comings, goings and mistakes."""
    logger = logging.getLogger("vectra_player.feed")
    logger.setLevel(logging.ERROR)
    return logger
