"""Run the outlet: a process beside the recorder, woken by each commit, that sends to the broker.

It reads the journal as anybody may, so nothing it or the broker does can reach the recording: it
is restarted when it ends, and when it is killed it goes on from where the broker acknowledged.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sqlite3
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import structlog

from vectra_player.bus import spawn
from vectra_player.config import Settings
from vectra_player.errors import DiskError, StoreLockedError, UsageError, VectraError
from vectra_player.extras import needed
from vectra_player.outlet.address import Address, parse_address
from vectra_player.outlet.broker import connected
from vectra_player.outlet.positions import FILE, Positions
from vectra_player.outlet.sender import Progress, Sender
from vectra_player.store.fsops import FileOps, replace_file
from vectra_player.store.layout import DataDir
from vectra_player.store.lock import WriterLock, only_one
from vectra_player.store.tail import Tail
from vectra_player.store.writer import EventStore

log = structlog.get_logger(__name__)

_DAMAGE: Final = frozenset({"SQLITE_CORRUPT", "SQLITE_NOTADB"})

LOCK: Final = "outlet.lock"
STATE: Final = "outlet.json"
NICE: Final = 5
"""Sending gives way to recording."""

FIRST_RETRY_S: Final = 0.5
LONGEST_RETRY_S: Final = 30.0
STOP_S: Final = 5.0
"""At the end of a recording so long may be spent on sending the rest; later runs send it."""


class OutletStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far the outlet is. `sending` tells whether a process is at it; `behind` counts events.

    `reason`: why it waits, or what ended the last process that was at it.
    `uncollected`: the broker has them, the collector had not when the sender last looked.
    """

    broker: str
    sending: bool
    state: str
    reason: str
    sessions: int
    behind: int
    uncollected: int


def address_of(settings: Settings) -> Address | None:
    """Return the broker that is set, None when there is none.

    Raises:
        UsageError: its address or credentials are no good, or nats-py is not installed.
    """
    if settings.outlet is None:
        return None
    return _checked(settings.outlet, settings.outlet_credentials)


def _checked(outlet: str, credentials: Path | None) -> Address:
    needed("cluster", "The outlet", "nats")
    address = parse_address(outlet, credentials)
    address.login()
    return address


@contextlib.asynccontextmanager
async def outlet(
    data_dir: Path, address: Address | None, store: EventStore
) -> AsyncIterator[OutletProcess | None]:
    """Have what the store makes durable sent while the block runs, if there is a broker."""
    if address is None:
        yield None
        return
    await asyncio.to_thread(_begin, DataDir(data_dir), address)
    process = OutletProcess(data_dir)
    loop = asyncio.get_running_loop()

    def wake(seq: int, receipt: int) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(process.wake)

    store.on_durable(wake)
    process.start()
    try:
        yield process
    finally:
        await process.stop()


def _begin(data_dir: DataDir, address: Address) -> None:
    """Settle what is sent while the session is open: a short one may end before the child looks."""
    try:
        with _positions(data_dir, address) as positions:
            if not positions.begun:
                positions.begin(Tail(data_dir).extents(all_sessions=True))
    except (sqlite3.Error, OSError, VectraError) as error:
        log.warning("the outlet's positions cannot be written", error=str(error))


class OutletProcess:
    """The sender as a child of a running recorder."""

    def __init__(self, data_dir: Path) -> None:
        self.restarts = 0
        self._data_dir = data_dir
        self._child: Process | None = None
        self._line: socket.socket | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the child; None while there is none."""
        return None if self._child is None else self._child.pid

    def start(self) -> None:
        """Start the child and keep it running."""
        self._watch = spawn(self._keep_running(), "outlet")

    def wake(self) -> None:
        """Tell the child that there is something new; never waits."""
        if self._line is not None:
            # A full line is as good: the child has not read what woke it before.
            with contextlib.suppress(OSError):
                self._line.send(b".")

    async def stop(self) -> None:
        """Let the child send the rest for a moment, then end it; idempotent."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
            await asyncio.wait([watch])
        self._hang_up()
        child, self._child = self._child, None
        if child is None or child.returncode is not None:
            return
        try:
            async with asyncio.timeout(STOP_S):
                await child.wait()
        except TimeoutError:
            log.info("the rest is sent by the next recording or `outlet send`")
            child.kill()
            await child.wait()

    async def _keep_running(self) -> None:
        wait_s = FIRST_RETRY_S
        while True:
            try:
                self._child = child = await self._spawn()
                code: int | str = await child.wait()
            except OSError as error:
                code = str(error)
            self._hang_up()
            log.error("the outlet ended; it is started again", code=code, wait_s=wait_s)
            await asyncio.sleep(wait_s)
            wait_s = min(LONGEST_RETRY_S, wait_s * 2)
            self.restarts += 1

    async def _spawn(self) -> Process:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            try:
                child = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", "vectra_player"),
                    *("--data-dir", str(self._data_dir), "outlet", "send", "--supervised"),
                    stdin=theirs.fileno(),
                    stdout=DEVNULL,
                    stderr=DEVNULL,
                    start_new_session=True,
                )
            except BaseException:
                ours.close()
                raise
        self._line = ours
        return child

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()


def send(settings: Settings, *, supervised: bool = False) -> Progress:
    """Send what waits in a data directory, in this process; return once nothing is left.

    `supervised`: go on until standard input ends; each byte of it says that something is new.

    Raises:
        UsageError: no outlet is set, or as `address_of`.
        StoreLockedError: another process sends from this directory.
        DiskError: journal or recordings cannot be read, or the positions not be kept.
    """
    url = _outlet_of(settings)
    data_dir = DataDir.open_existing(settings.data_dir)
    with _end_told(data_dir), _only_sender(data_dir):
        address = _checked(url, settings.outlet_credentials)
        with _positions(data_dir, address) as positions:
            return asyncio.run(_send(data_dir, positions, address, supervised=supervised))


def _outlet_of(settings: Settings) -> str:
    """Return the address that is set. Raises UsageError: none is."""
    if settings.outlet is None:
        raise UsageError("No outlet is set.", advice="Set VECTRA_OUTLET to nats://HOST:4222.")
    return settings.outlet


@contextlib.contextmanager
def _end_told(data_dir: DataDir) -> Iterator[None]:
    """Log what ends the sender and leave it to `outlet_status`: nobody sees what a child prints.

    Raises:
        DiskError: instead of an error of the positions.
    """
    try:
        try:
            yield
        except sqlite3.Error as error:
            raise DiskError(f"The outlet's positions cannot be written: {error}.") from error
    except Exception as error:
        known = error.message if isinstance(error, VectraError) else ""
        reason = known or f"{type(error).__name__}: {error}"
        log.error("the sender ends", reason=reason, exc_info=not known)
        if not isinstance(error, StoreLockedError):  # else the one that sends tells its state
            with contextlib.suppress(OSError, VectraError):
                _tell(data_dir, Progress("waiting", reason.rstrip(".")))
        raise


def _tell(data_dir: DataDir, progress: Progress) -> None:
    replace_file(FileOps(), data_dir.run / STATE, msgspec.json.encode(progress))


async def _send(
    data_dir: DataDir, positions: Positions, address: Address, *, supervised: bool
) -> Progress:
    tell = partial(_tell, data_dir)
    tail = Tail(data_dir)
    sender = Sender(tail, positions, address, tell)
    if supervised:
        os.nice(NICE)
        _listen(sender)
    else:
        sender.close()
    try:
        await sender.run()
    finally:
        tail.close()
        tell(sender.progress)
    return sender.progress


def _listen(sender: Sender) -> None:
    loop = asyncio.get_running_loop()

    def hear() -> None:
        if os.read(0, 4096):
            sender.wake()
        else:
            loop.remove_reader(0)
            sender.close()

    loop.add_reader(0, hear)


def outlet_status(settings: Settings) -> OutletStatus:
    """Tell how far the sender of a data directory is, whether it runs or not.

    Raises:
        UsageError: no outlet is set, or there are no recordings.
        DiskError: the journal cannot be read.
    """
    address = parse_address(_outlet_of(settings), settings.outlet_credentials)
    data_dir = DataDir.open_existing(settings.data_dir)
    told = _read_state(data_dir.run / STATE)
    places = {}
    begun = False
    if (data_dir.run / FILE).exists():
        with _positions(data_dir, address) as positions:
            places, begun = positions.all(), positions.begun
    extents = [one for one in Tail(data_dir).extents(all_sessions=True) if begun or one.open]
    sent = {name: place.sent for name, place in places.items()}
    behind = [max(0, one.last_seq - sent.get(one.session_id, 0)) for one in extents]
    return OutletStatus(
        broker=address.url,
        sending=_is_sending(data_dir),
        state=told.state,
        reason=told.reason,
        sessions=len(behind) - behind.count(0),
        behind=sum(behind),
        uncollected=sum(place.sent - place.collected for place in places.values()),
    )


async def look_at(address: Address) -> int:
    """Return how many events wait at the broker. Raises BrokerError, UsageError."""
    async with connected(address) as broker:
        found = await broker.look()
        return 0 if found is None else found.messages


def _read_state(path: Path) -> Progress:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Progress)
    except (OSError, msgspec.MsgspecError):
        return Progress("waiting", "nothing was ever sent")


def _is_sending(data_dir: DataDir) -> bool:
    try:
        WriterLock.acquire(data_dir.run / LOCK).release()
    except StoreLockedError:
        return True
    return False


def _only_sender(data_dir: DataDir) -> WriterLock:
    return only_one(
        data_dir.run / LOCK,
        f"Another process sends from {data_dir.root}",
        "It sends everything; `vectra-player outlet status` tells how far it is.",
    )


def _positions(data_dir: DataDir, address: Address) -> Positions:
    """Open the positions; damaged ones are set aside, and everything is sent again.

    Raises:
        DiskError: they can be neither read nor written.
    """
    path = data_dir.run / FILE
    try:
        return Positions(path, address.url)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "") not in _DAMAGE:
            raise DiskError(f"The outlet's positions cannot be opened: {error}.") from error
        log.warning("the outlet's positions cannot be read; all is sent again", error=str(error))
        path.replace(path.with_suffix(".damaged"))
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        fresh = Positions(path, address.url)
        fresh.begin([])
        return fresh
