"""Run the real commands in processes of their own, and compare them with the demo server's log.

with demo_server(tmp_path / "truth", "--speed", "20") as game:
    with recorder(tmp_path / "data", "--source", "public", **game.feed) as record:
        record.until(lambda status: status["events"] > 100)
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq
from tests import warm_client
from tests.conftest import PROJECT

from vectra_player.app.control import ask_recorder
from vectra_player.errors import UsageError
from vectra_player.model.frame import BINARY, Frame
from vectra_player.protocol.redact import scrub

PATIENCE_S = 90.0
"""The machine may be busy: long enough never to matter, short enough to end a hung test."""

COMMAND = (sys.executable, "-m", "vectra_player")

SHARED_WARM_SERVER = "VECTRA_TESTS_WARM_SERVER"

_OURS = ("VECTRA_", "RUGS_", "CDP_", "CHROME_", "FOUNDATION_")


def environment(**changes: str) -> dict[str, str]:
    """Return this process's environment without any setting of ours but `changes`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return kept | changes


class Ended(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return standard output, which must be exactly one JSON document."""
        return json.loads(self.out)

    @property
    def error_line(self) -> str:
        """Return standard error, which must be exactly one line."""
        (line,) = self.err.splitlines()
        return line


def run(*words: str | Path, stdin: str = "", **settings: str) -> Ended:
    """Run one command to its end."""
    done = subprocess.run(
        [*COMMAND, *map(str, words)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=environment(**settings),
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def run_warm(*words: str | Path, stdin: str = "", **settings: str) -> Ended:
    """Run one command to its end in a process that has imported everything already."""
    with contextlib.ExitStack() as files:
        given, out, err = (files.enter_context(tempfile.TemporaryFile()) for _ in range(3))
        given.write(stdin.encode())
        given.seek(0)
        numbers = given.fileno(), out.fileno(), err.fileno()
        line = [str(word) for word in words]
        connection = warm_client.begin(warm_server(), line, environment(**settings), numbers)
        code = warm_client.ended(connection, PATIENCE_S)
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read().decode())
        return Ended(code, *said)


@functools.cache
def warm_server() -> str:
    """Return where `tests.warm_commands` takes commands: all workers of a run share one."""
    return os.environ.get(SHARED_WARM_SERVER) or start_warm_server()


def start_warm_server() -> str:
    """Start a process that takes commands, and ends with this one; return where."""
    folder = tempfile.mkdtemp(prefix="warm-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    address = f"{folder}/server"
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.warm_commands", address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=PROJECT,
        env=environment(),
        start_new_session=True,  # Ctrl-C ends it with us, not before its commands
    )
    atexit.register(server.communicate)
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    return address


def warm_script(path: Path) -> None:
    """Write a program that is `vectra-player`, but for its start."""
    client = f"{shlex.quote(sys.executable)} -IS {shlex.quote(warm_client.__file__)}"
    path.write_text(f'#!/bin/sh\nexec {client} {warm_server()} "$@"\n')
    path.chmod(0o755)


def wait_until(condition: Callable[[], Any], what: str, timeout_s: float = PATIENCE_S) -> Any:
    """Ask again and again until the answer is true; return it."""
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s:g} s: {what}")
        time.sleep(0.02)
    return found


def free_port() -> int:
    """Return a port nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Tell whether somebody takes connections at a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Packet(NamedTuple):
    """One Engine.IO packet, as the page saw it."""

    direction: str
    transport: str
    opcode: int
    raw: str


Sockets = dict[str, list[Packet]]
"""Packets of each Engine.IO sid, in the order of whoever wrote them down."""


class Game:
    """A demo server in its own process."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise AssertionError(f"the demo server did not start (exit code {process.wait()})")
        told = json.loads(line)
        self.process = process
        self.url = str(told["url"])
        self.port = int(told["port"])
        self._log = log
        self._read = 0
        self._truth: Sockets = defaultdict(list)

    @property
    def feed(self) -> dict[str, str]:
        """Settings that make the public source listen here."""
        return {"VECTRA_PUBLIC_WS_URL": self.url}

    def fault(self, kind: str, **fields: object) -> None:
        """Ask for a fault."""
        request = urllib.request.Request(
            f"{self.url}/__demo__/fault",
            json.dumps({"kind": kind, **fields}).encode(),
            {"Content-Type": "application/json"},
        )

        def asked() -> bool:
            # A server that restarts refuses connections.
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return bool(answer.status == 202)
            except urllib.error.URLError:
                return False

        wait_until(asked, f"the server takes {kind}")

    def truth(self) -> Sockets:
        """Return all the server wrote to and read from its sockets, secrets masked as ours are."""
        with self._log.open("rb") as file:
            file.seek(self._read)
            whole, _, torn = file.read().rpartition(b"\n")
            self._read = file.tell() - len(torn)
        for line in whole.splitlines():
            said = json.loads(line)
            way = "received" if said["direction"] == "sent" else "sent"
            raw = masked(said["raw"], said["opcode"])
            packet = Packet(way, said["transport"], said["opcode"], raw)
            self._truth[said["sid"]].append(packet)
        return self._truth

    def count(self, text: str = "") -> int:
        """Count the packets so far that hold a text."""
        return sum(text in p.raw for packets in self.truth().values() for p in packets)

    def until_said(self, *texts: str) -> None:
        """Wait until packets with each of these texts have crossed the wire."""
        for text in texts:
            wait_until(lambda text=text: self.count(text), f"the server says {text}")


def masked(raw: str, opcode: int) -> str:
    """Return what may be stored of a packet."""
    frame = Frame(
        ts=0, raw=raw, socket_id="", transport="websocket", opcode=opcode, source="demo", origin=""
    )
    return scrub(frame).raw


@contextlib.contextmanager
def demo_server(log: Path, *words: str) -> Iterator[Game]:
    """Run a demo server that writes its ground truth to `log`; kill it afterwards."""
    process = subprocess.Popen(
        [*COMMAND, "demo-server", "--json", "--log", str(log), *words],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        yield Game(process, log)
    finally:
        process.kill()
        process.communicate()


class Recorder:
    """A running `record` and the questions one may ask it."""

    def __init__(self, process: subprocess.Popen[str], root: Path) -> None:
        self.process = process
        self.root = root

    def status(self) -> dict[str, Any] | None:
        """Return its status; None while it does not answer."""
        with contextlib.suppress(UsageError):
            status = ask_recorder(self.root, "status", timeout_s=PATIENCE_S)
            assert isinstance(status, dict)
            return status
        return None

    def until(self, condition: Callable[[dict[str, Any]], Any], what: str = "") -> dict[str, Any]:
        """Wait for a status that fulfils the condition."""

        def answer() -> dict[str, Any] | None:
            if self.process.poll() is not None:
                raise AssertionError(f"the recorder ended: {self.process.communicate()}")
            status = self.status()
            return status if status and condition(status) else None

        found = wait_until(answer, what or "the recorder's status")
        assert isinstance(found, dict)
        return found

    def flush(self) -> None:
        """Have all it has taken in filed."""
        ask_recorder(self.root, "flush")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> Ended:
        """End it by a signal, as a user would."""
        self.process.send_signal(number)
        return self.end()

    def end(self) -> Ended:
        """Wait for its end."""
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return Ended(self.process.returncode, out, err)

    def kill(self) -> None:
        """Take its life without notice."""
        self.process.kill()
        self.process.communicate()


@contextlib.contextmanager
def recorder(root: Path, *words: str, **settings: str) -> Iterator[Recorder]:
    """Run `record --json`; kill it at the end of the block if it still runs."""
    process = subprocess.Popen(
        [*COMMAND, "--data-dir", str(root), "--json", "record", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**settings),
    )
    try:
        yield Recorder(process, root)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def table(root: Path, doc_type: str, *columns: str) -> list[dict[str, Any]]:
    """Read the rows of a doc type with nothing but pyarrow, by session start and seq."""
    rows: list[dict[str, Any]] = []
    for path in sorted(root.glob(f"events_parquet/doc_type={doc_type}/*/*.parquet")):
        wanted = list({*columns, "session_id", "seq", "sub", "ts"}) if columns else None
        rows += pq.ParquetFile(path).read(columns=wanted).to_pylist()
    # Not the earliest time: an adopted browser tells of sockets that are older than the session.
    first = {row["session_id"]: row["ts"] for row in sorted(rows, key=_place, reverse=True)}
    return sorted(rows, key=lambda row: (first[row["session_id"]], row["session_id"], *_place(row)))


def _place(row: dict[str, Any]) -> tuple[int, int]:
    return row["seq"], row["sub"]


def recorded(root: Path) -> Sockets:
    """Return the recorded packets by the sid their socket opened with, in seq order."""
    columns = ("socket_id", "direction", "transport", "opcode", "raw", "raw_format")
    rows = [r for r in table(root, "ws_event", *columns) if r["raw_format"] == "engineio"]
    sids = {
        row["socket_id"]: str(json.loads(row["raw"][1:])["sid"])
        for row in rows
        if row["opcode"] != BINARY and row["raw"].startswith("0{")
    }
    sockets: Sockets = defaultdict(list)
    for row in rows:
        packet = Packet(row["direction"], row["transport"], row["opcode"], row["raw"])
        sockets[sids.get(row["socket_id"], row["socket_id"])].append(packet)
    return sockets


class Comparison(NamedTuple):
    """What is wrong, and what was cut off where a socket's life ended."""

    wrong: list[str]
    compared: int
    tails: int


def compare(said: Sockets, kept: Sockets, alive: Iterable[str] = (), tail: int = 0) -> Comparison:
    """Compare per socket, direction and transport (capture.md, "What complete means").

    At most `tail` packets may be missing at the very end of a socket that is not in `alive`: the
    server had written them, the page was gone. Likewise the page may have sent what no server read.
    """
    wrong = [f"{sid}: unknown to the server" for sid in kept if sid not in said]
    compared = tails = 0
    for sid, packets in said.items():
        allowed = 0 if sid in alive else tail
        for stream in sorted({p[:2] for p in [*packets, *kept.get(sid, [])]}):
            theirs = [p for p in packets if p[:2] == stream]
            ours = [p for p in kept.get(sid, []) if p[:2] == stream]
            shared = min(len(theirs), len(ours))
            compared += shared
            name = f"{sid} {' '.join(stream)}"
            at = next((i for i in range(shared) if theirs[i] != ours[i]), None)
            if at is not None:
                wrong.append(f"{name} {at}: {theirs[at].raw[:90]} kept as {ours[at].raw[:90]}")
            elif abs(len(theirs) - len(ours)) > allowed:
                wrong.append(f"{name}: {len(theirs)} on the wire, {len(ours)} kept")
            else:
                tails += abs(len(theirs) - len(ours))
    return Comparison(wrong, compared, tails)
