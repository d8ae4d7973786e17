"""The demo server: socket, page and control endpoint on loopback, paced by the clock.

The only module of `demo` that opens ports. `sources`, `app`, `cli` and tests start it.
"""

from __future__ import annotations

import asyncio
import errno
import secrets
import signal
from collections.abc import Callable
from typing import Any

import socketio
from aiohttp import web

from vectra_player.bus import spawn
from vectra_player.clock import SystemClock
from vectra_player.demo.desk import Desk
from vectra_player.demo.faults import Fault, parse_fault
from vectra_player.demo.mischief import Mischief
from vectra_player.demo.replay import read_capture
from vectra_player.demo.settings import MAX_PAYLOAD_BYTES, DemoSettings
from vectra_player.demo.sim import Simulation
from vectra_player.demo.site import make_app
from vectra_player.demo.values import Emission, WireJson, new_trace, stream
from vectra_player.demo.wire import Wire, WireLog
from vectra_player.errors import SourceError
from vectra_player.ports import holder_of

EVERYBODY = "everybody"
"""Room of the clients that have had their first frame."""


class DemoServer:
    """One show on one port. `finished` is set when the games or the capture are over.

    `altered` names the alterations that a page opened with `?faults=1` shows.
    """

    def __init__(self, settings: DemoSettings) -> None:
        self.settings = settings
        self.seed = settings.seed if settings.seed is not None else secrets.randbits(48)
        self.finished = asyncio.Event()
        self.altered: tuple[str, ...] = ()
        self.port = 0
        self._faults = [parse_fault(text) for text in settings.faults]
        self._capture = read_capture(settings.events) if settings.events else None
        self._clock = SystemClock()
        self._log = WireLog(None, self._clock)
        self._traces = stream("greetings", self.seed)
        self._joined = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._flowing = asyncio.Event()

    @property
    def url(self) -> str:
        """Return the address of the page, which is the socket's too."""
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        return f"http://{host}:{self.port}"

    async def start(self) -> int:
        """Listen and begin the show; return the port.

        Raises:
            SourceError: the port is taken, or the ground-truth log cannot be written.
        """
        settings = self.settings
        try:
            self._log = WireLog(settings.log, self._clock)
        except OSError as error:
            raise SourceError(f"{settings.log} cannot be written: {error.strerror}.") from None
        self.sim = Simulation(settings, self.seed, self._clock.now_us() // 1000)
        self.sio = _socket_server(settings)
        self.sio.on("connect", self._welcome)
        self.sio.on("disconnect", self._goodbye)
        self.wire = Wire(self.sio.eio, self._log)
        self.desk = Desk(self.sio, self.sim, settings)
        self.mischief = Mischief(self)
        app = make_app(self)
        self.sio.attach(app)
        self._runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        try:
            await self.listen()
        except SourceError:
            await self._runner.cleanup()
            raise
        self._flowing.set()
        show = self._replay if self._capture is not None else self._play
        self._tasks = [spawn(show(), name="demo show")]
        for fault in self._faults:
            self.spawn_fault(fault)
        return self.port

    async def listen(self) -> None:
        """Open the port, the same one again after `unlisten`.

        Raises:
            SourceError: somebody else has it.
        """
        assert self._runner is not None
        wanted = self.port or self.settings.port
        self._site = web.TCPSite(self._runner, self.settings.host, wanted)
        try:
            await self._site.start()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise SourceError(
                    f"Cannot listen on {wanted}: {holder_of(wanted)} has it.",
                    advice="Stop it or choose another port.",
                ) from None
            raise SourceError(f"Cannot listen on {wanted}: {error.strerror}.") from None
        self.port = self._runner.addresses[0][1]

    async def unlisten(self) -> None:
        """Close the port and cut every connection; the show goes on unseen."""
        if self._site is not None:
            await self._site.stop()
            self._site = None
        self.wire.abort_all()
        # Idle kept-alive connections too: a page would go on polling over one of them.
        idle = self._runner.server.connections if self._runner and self._runner.server else ()
        for connection in list(idle):
            if connection.transport is not None:
                connection.transport.abort()

    async def stop(self) -> None:
        """End the show, close every connection and the log."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._runner is not None:
            self.wire.abort_all()
            await self.sio.shutdown()
            await self._runner.cleanup()
            self._runner = None
        self._log.close()
        self.finished.set()

    def spawn_fault(self, fault: Fault) -> None:
        """Carry out a fault in its own task: some end the connection that asked for it."""
        self._tasks.append(spawn(self.mischief.at_its_time(fault), name=f"fault {fault.kind}"))

    def hold(self) -> None:
        """Keep events back until `release`."""
        self._flowing.clear()

    def release(self) -> None:
        """Let held events go, all at once."""
        self._flowing.set()

    # The show ------------------------------------------------------------------------------

    async def _play(self) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        limit = self.settings.games
        while limit is None or self.sim.games_over < limit:
            due_ms = self.sim.next_ms
            await asyncio.sleep(
                max(0.0, started + due_ms / 1000 / self.settings.speed - loop.time())
            )
            await self._flowing.wait()
            for emission in self.sim.advance(due_ms):
                await self.desk.before(emission.cue)
                await self._publish(emission)
                await self.desk.after(emission.cue)
        self.finished.set()

    async def _replay(self) -> None:
        assert self._capture is not None
        await self._joined.wait()
        loop = asyncio.get_running_loop()
        started = loop.time()
        for emission in self._capture:
            due = started + emission.at_ms / 1000 / self.settings.speed
            await asyncio.sleep(max(0.0, due - loop.time()))
            await self._flowing.wait()
            await self._publish(emission)
        self.finished.set()

    async def _publish(self, emission: Emission) -> None:
        if emission.name:
            await self.sio.emit(emission.name, emission.args, room=EVERYBODY)

    async def _welcome(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        # Nothing here yields to the loop before the room is entered, so that no live frame
        # can come between the snapshot and the frame that follows it.
        if self._capture is None:
            await self.sio.emit("gameStateUpdate", self.sim.snapshot(), to=sid)
            for name, payload, traced in self.sim.greeting():
                args = (new_trace(self._traces), payload) if traced else payload
                await self.sio.emit(name, args, to=sid)
        await self.sio.enter_room(sid, EVERYBODY)
        self._joined.set()

    async def _goodbye(self, sid: str, reason: Any = None) -> None:
        self.desk.forget(sid)


def _socket_server(settings: DemoSettings) -> socketio.AsyncServer:
    return socketio.AsyncServer(
        async_mode="aiohttp",
        json=WireJson,
        always_connect=True,
        ping_interval=settings.ping_interval_s,
        ping_timeout=settings.ping_timeout_s,
        max_http_buffer_size=MAX_PAYLOAD_BYTES,
        http_compression=False,
        namespaces=["/", "/chat"],
    )


def run_demo_server(
    settings: DemoSettings, *, ready: Callable[[DemoServer], None] | None = None
) -> None:
    """Run a demo server until its show is over or SIGINT or SIGTERM comes.

    `ready` is called once it listens. Raises SourceError when it cannot.
    """
    asyncio.run(_serve(settings, ready))


async def _serve(settings: DemoSettings, ready: Callable[[DemoServer], None] | None) -> None:
    server = DemoServer(settings)
    await server.start()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.finished.set)
    try:
        if ready is not None:
            ready(server)
        await server.finished.wait()
    finally:
        await server.stop()
