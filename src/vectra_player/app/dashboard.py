"""Run the dashboard: alone in this process, or as a second process that `up` supervises.

Either way its port is taken first: a busy one is told before anything starts. A supervised
dashboard inherits the listening sockets, so that its port is never free while it is restarted, and
gets the token over a pipe. Its end never touches the recording.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

import msgspec

from vectra_player.app.child import keep_running
from vectra_player.app.instance import (
    cookie_instance,
    read_dashboard,
    read_instance,
    remove_dashboard,
    write_dashboard,
)
from vectra_player.bus import spawn
from vectra_player.clock import Clock, SystemClock
from vectra_player.config import Settings
from vectra_player.extras import needed
from vectra_player.foundation.listen import release, take_port
from vectra_player.foundation.monitor.files import STATIC as FOUNDATION_STATIC
from vectra_player.web.security import Access, new_token

SETTING = "VECTRA_DASHBOARD_PORT"
REALM = "dashboard"
STOP_S = 5.0


class Order(msgspec.Struct, frozen=True):
    """What a supervised dashboard is told on its standard input."""

    token: str
    sockets: list[int]


def require_dashboard() -> None:
    """Check that the libraries of the dashboard are there. Raises UsageError."""
    needed("dashboard", "The dashboard, which `up --no-dashboard` leaves out,", "flask", "waitress")


def dashboard_access(data_dir: Path, token: str) -> Access:
    """Return what decides on the dashboard's requests, and makes its login links."""
    return Access(token, instance=cookie_instance(data_dir), realm=REALM)


class Supervisor:
    """The dashboard as a child of a running foundation."""

    def __init__(self, settings: Settings, token: str) -> None:
        """Take the port.

        Raises:
            UsageError: somebody has it, or the libraries are not installed.
        """
        require_dashboard()
        self._settings = settings
        self._token = token
        self._sockets = take_port(settings.dashboard_port, SETTING)
        self.port = int(self._sockets[0].getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._access = dashboard_access(settings.data_dir, token)
        self._child: Process | None = None
        self._watch: asyncio.Task[None] | None = None

    def login_link(self, page: str = "/") -> str:
        """Make a link that logs a browser in once and shows a page."""
        return self.url + self._access.login_path(next_path=page)

    def start(self) -> None:
        """Start the child and keep it running."""
        self._watch = spawn(keep_running("dashboard", self._run), "dashboard")

    async def stop(self) -> None:
        """End the child, then give the port up; idempotent."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
            await asyncio.wait([watch])
        child, self._child = self._child, None
        if child is not None and child.returncode is None:
            await _end(child)
        release(self._sockets)

    async def _run(self) -> int:
        self._child = child = await self._spawn()
        return await child.wait()

    async def _spawn(self) -> Process:
        numbers = [listener.fileno() for listener in self._sockets]
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "vectra_player"),
            *("--data-dir", str(self._settings.data_dir), "dashboard", "--supervised"),
            stdin=PIPE,
            stdout=DEVNULL,
            stderr=DEVNULL,
            pass_fds=numbers,
            start_new_session=True,
        )
        assert child.stdin is not None
        with contextlib.suppress(ConnectionError):
            child.stdin.write(msgspec.json.encode(Order(self._token, numbers)) + b"\n")
            await child.stdin.drain()
        return child


async def _end(child: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await child.wait()
        except TimeoutError:
            child.kill()
            await child.wait()


def run_alone(
    settings: Settings, ready: Callable[[str], None], *, clock: Clock | None = None
) -> None:
    """Serve the dashboard in this process until SIGINT or SIGTERM.

    `ready` is given a login link. A foundation that runs shares its token with us.

    Raises:
        UsageError: the port is taken, or the libraries are not installed.
    """
    require_dashboard()
    clock = clock or SystemClock()
    sockets = take_port(settings.dashboard_port, SETTING)
    try:
        port = int(sockets[0].getsockname()[1])
        running = read_instance(settings.data_dir)
        token = running.token if running is not None and alive(running.pid) else new_token()
        access = dashboard_access(settings.data_dir, token)
        with (
            _announced(settings.data_dir, token, port, clock),
            contextlib.suppress(KeyboardInterrupt),
        ):
            begin = _interrupts_held()
            ready(f"http://127.0.0.1:{port}{access.login_path()}")
            _serve(settings, sockets, access, begin)
    finally:
        release(sockets)


def run_supervised(settings: Settings, order: bytes) -> None:
    """Serve the dashboard on inherited sockets until the parent ends it, or itself."""
    told = msgspec.json.decode(order, type=Order)
    sockets = [socket.socket(fileno=number) for number in told.sockets]
    _end_with_parent()
    _serve(settings, sockets, dashboard_access(settings.data_dir, told.token))


def _interrupts_held() -> Callable[[], None]:
    """Keep Ctrl-C back until what is returned is called.

    Amid imports an exception may be raised in a callback, where Python drops it.
    """
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))

    def begin() -> None:
        signal.signal(signal.SIGINT, before)
        if pressed:
            signal.raise_signal(signal.SIGINT)

    return begin


def _serve(
    settings: Settings,
    sockets: Sequence[socket.socket],
    access: Access,
    begin: Callable[[], None] = lambda: None,
) -> None:
    """Answer until a signal comes; `begin` is called when everything is ready for one."""
    from vectra_player.dashboard.app import STATIC, create_app
    from vectra_player.dashboard.compute import Compute
    from vectra_player.dashboard.data.sessions import SessionData
    from vectra_player.dashboard.data.store import Store
    from vectra_player.dashboard.guard import Keys
    from vectra_player.dashboard.jobs import Jobs
    from vectra_player.dashboard.neighbour import Neighbour, Peer
    from vectra_player.dashboard.paper import PaperRuns
    from vectra_player.dashboard.server import serve
    from vectra_player.dashboard.services import Services
    from vectra_player.dashboard.uploads import forget
    from vectra_player.web.files import WEB_STATIC

    def find() -> Peer | None:
        found = read_instance(settings.data_dir)
        if found is None or not alive(found.pid):
            return None
        return Peer(found.token, found.feed, found.monitor)

    def other() -> Access | None:
        found = find()
        return None if found is None else dashboard_access(settings.data_dir, found.token)

    jobs = Jobs(settings.data_dir, ended=forget)
    store = Store(settings.data_dir)
    compute = Compute(settings.data_dir)
    paper = PaperRuns(settings.data_dir)
    services = Services(
        data_dir=settings.data_dir,
        port=int(sockets[0].getsockname()[1]),
        feed_port=settings.foundation_port or None,
        keys=Keys(access, other),
        neighbour=Neighbour(find),
        store=store,
        sessions=SessionData(store),
        jobs=jobs,
        compute=compute,
        paper=paper,
        static_roots=(STATIC, FOUNDATION_STATIC, WEB_STATIC),
    )
    app = create_app(services)
    jobs.start()
    threading.Thread(target=services.sessions.warm, name="warm", daemon=True).start()
    signal.signal(signal.SIGTERM, _exit)
    try:
        begin()
        serve(app, sockets)
    finally:
        paper.close()
        compute.close()
        jobs.close()
        store.close()


def alive(pid: int) -> bool:
    """Tell whether a process of this user runs: after a kill its instance file stays behind."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def lone_link(data_dir: Path) -> str | None:
    """Make a login link to the dashboard that runs alone for this directory, if one does."""
    found = read_dashboard(data_dir)
    if found is None or not alive(found.pid):
        return None
    link = dashboard_access(data_dir, found.token).login_path()
    return f"http://127.0.0.1:{found.dashboard}{link}"


@contextlib.contextmanager
def _announced(data_dir: Path, token: str, port: int, clock: Clock) -> Iterator[None]:
    """Keep the file `open` reads while the block runs."""
    written = write_dashboard(data_dir, token, port=port, now_us=clock.now_us())
    try:
        yield
    finally:
        remove_dashboard(data_dir, written)


def _exit(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(0)


def _end_with_parent() -> None:
    """End when the parent's side of the pipe closes, however it dies."""

    def wait() -> None:
        # Not sys.stdin: a thread that holds its lock aborts the interpreter at its end.
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent-watch", daemon=True).start()
