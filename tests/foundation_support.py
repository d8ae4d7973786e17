"""The real `up` command in a process of its own, and plain HTTP to it.

with site(tmp_path, "--source", "demo", "--speed", "20") as up:
    assert up.get("/health").status == 200
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.command_support import COMMAND, PATIENCE_S, Ended, environment, wait_until

from vectra_player.app.control import ask_recorder
from vectra_player.app.instance import Instance, read_instance

WRITE = {"Content-Type": "application/json"}


class Answer(NamedTuple):
    """An HTTP answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body, which must be JSON."""
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.body)


def ask(
    port: int,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    *,
    host: str | None = None,
) -> Answer:
    """Send one request over a connection of its own; `host` replaces the Host header."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", f"127.0.0.1:{port}" if host is None else host)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, told, answer.read())
    finally:
        connection.close()


class Site:
    """A running `up` or `foundation`."""

    def __init__(self, process: subprocess.Popen[str], root: Path) -> None:
        self.process = process
        self.root = root
        self.instance: Instance = wait_until(self._found, "the instance file")

    @property
    def bearer(self) -> dict[str, str]:
        """Return the header of a program."""
        return {"Authorization": f"Bearer {self.instance.token}"}

    @property
    def origin(self) -> str:
        """Return the origin of the monitor's pages."""
        return f"http://127.0.0.1:{self.instance.monitor}"

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Read a path as a program, or with these headers instead."""
        sent = self.bearer if headers is None else headers
        return ask(self.instance.monitor, "GET", path, sent)

    def post(self, path: str, value: object) -> Answer:
        """Write to a path as a program."""
        sent = {**self.bearer, **WRITE}
        return ask(self.instance.monitor, "POST", path, sent, json.dumps(value).encode())

    def link(self) -> str:
        """Return a fresh login link: path and query."""
        link = str(ask_recorder(self.root, "login"))
        return link.removeprefix(self.origin)

    def cookie(self) -> dict[str, str]:
        """Log in as a browser does; return the headers of its page."""
        answer = self.get(self.link(), {})
        assert answer.status == 303
        return {"Cookie": answer.headers["set-cookie"].split(";")[0]}

    def until(self, condition: Any, what: str) -> Any:
        """Wait for an `/api/state` that fulfils the condition; return it."""

        def answer() -> Any:
            assert self.process.poll() is None, self.process.communicate()
            state = self.get("/api/state").json
            return state if condition(state) else None

        return wait_until(answer, what)

    def stop(self, number: signal.Signals = signal.SIGINT) -> Ended:
        """End it by a signal, as a user would."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return Ended(self.process.returncode, out, err)

    def _found(self) -> Instance | None:
        assert self.process.poll() is None, self.process.communicate()
        instance = read_instance(self.root)
        return instance if instance and instance.pid == self.process.pid else None


@contextlib.contextmanager
def site(
    root: Path, *words: str, command: str = "up", dashboard: bool = False, **settings: str
) -> Iterator[Site]:
    """Run a command that serves, on free ports; kill it at the end of the block if it runs."""
    ports = {"FOUNDATION_PORT": "0", "FOUNDATION_HTTP_PORT": "0", "VECTRA_DASHBOARD_PORT": "0"}
    if command == "up" and not dashboard:
        words = (*words, "--no-dashboard")
    with subprocess.Popen(
        [*COMMAND, "--data-dir", str(root), "--json", command, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**{**ports, **settings}),
    ) as process:
        try:
            yield Site(process, root)
        finally:
            process.kill()


def printed_link(text: str) -> str:
    """Return the login link a command printed."""
    found = re.search(r"http://127\.0\.0\.1:\d+(/login\?token=\S+)", text)
    assert found, text
    return found[1]
