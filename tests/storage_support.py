"""An S3 server for tests, and what may happen to a request on its way.

```
with storage() as server:
    server.faults = lambda request: Fault.LOST if request.method == "PUT" else None
    sync(data_dir, "s3://rugs/prefix", objects=server.objects("s3://rugs/prefix"))
```
"""

from __future__ import annotations

import io
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import Any, NamedTuple

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from vectra_player.store.remote.objects import ObjectStore

BUCKET = "rugs"


class Fault(StrEnum):
    """What happens to a request."""

    SLOW = "is refused with 503 SlowDown"
    FAILED = "fails with 500"
    CUT = "never arrives: the connection is cut"
    LOST = "is carried out, but its answer is lost"
    TORN = "is answered, but the answer is cut half-way"
    FLIPPED = "has one bit of its body flipped, on the way there or back"
    KILL = "is the last one of its client, which is killed before it is carried out"
    KILL_AFTER = "is the last one of its client, which is killed once it is carried out"


class Refusal(NamedTuple):
    """An answer of S3 that is an error."""

    status: int
    code: str


class Request(NamedTuple):
    """What the server is asked."""

    number: int
    method: str
    path: str


_REFUSALS: dict[object, Refusal] = {
    Fault.SLOW: Refusal(503, "SlowDown"),
    Fault.FAILED: Refusal(500, "InternalError"),
}


class Server:
    """Answers as S3 does. `faults` may choose one for each request; `done` hears of each.

    On `calm_port` nothing happens to a request, and nobody hears of it.
    """

    def __init__(self, app: Any) -> None:
        self.app = app
        self._lock = threading.Lock()
        self.seen: list[Request] = []
        self.faults: Callable[[Request], Fault | Refusal | None] = lambda request: None
        self.done: Callable[[Request], None] = lambda request: None
        self.kill: Callable[[Request], None] = lambda request: None
        self.port = self.calm_port = 0

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        with self._lock:
            request = Request(len(self.seen), environ["REQUEST_METHOD"], environ["PATH_INFO"])
            self.seen.append(request)
            fault = self.faults(request)
        try:
            return self._answer(environ, start, request, _REFUSALS.get(fault, fault))
        finally:
            self.done(request)

    def _answer(
        self, environ: dict[str, Any], start: Any, request: Request, fault: Fault | Refusal | None
    ) -> Iterable[bytes]:
        if isinstance(fault, Refusal):
            return _refuse(environ, start, fault)
        if fault in (Fault.CUT, Fault.KILL):
            if fault is Fault.KILL:
                self.kill(request)
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0) // 2)
            raise _cut(environ)
        if fault is Fault.FLIPPED and environ["REQUEST_METHOD"] == "PUT":
            _flip_request(environ)
        told: list[Any] = []
        body = b"".join(self.app(environ, lambda *head: told.extend(head)))
        if fault is Fault.KILL_AFTER:
            self.kill(request)
        if fault in (Fault.LOST, Fault.KILL_AFTER):
            raise _cut(environ)
        start(told[0], told[1])
        if fault is Fault.FLIPPED and environ["REQUEST_METHOD"] == "GET" and body:
            body = _flipped(body)
        return _torn(body, environ) if fault is Fault.TORN else [body]

    def objects(self, url: str) -> ObjectStore:
        """Return the objects under a URL, for a client that does not wait between its tries."""
        return ObjectStore(url, wait_s=0.001)

    def call(self, method: str, path: str, body: bytes = b"") -> None:
        """Do something to the server behind everybody's back."""
        environ = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": "", "SERVER_NAME": "s3",
            "SERVER_PORT": str(self.port), "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(),
            "CONTENT_LENGTH": str(len(body)), "HTTP_HOST": f"127.0.0.1:{self.port}",
        }  # fmt: skip
        status: list[str] = []
        b"".join(self.app(environ, lambda code, *_: status.append(code)))
        assert status[0].startswith("20"), status


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def storage() -> Iterator[Server]:
    """Run a server with one bucket; the environment names it as a user's would."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    logging.getLogger("werkzeug").setLevel("ERROR")
    server = Server(DomainDispatcherApplication(create_backend_app))
    with _listening(server) as server.port, _listening(server.app) as server.calm_port:
        yield from _with_bucket(server)


def _with_bucket(server: Server) -> Iterator[Server]:
    server.call("POST", "/moto-api/reset")
    server.call("PUT", f"/{BUCKET}")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(server.port).items():
            patch.setenv(name, value)
        yield server


@contextmanager
def _listening(app: Any) -> Iterator[int]:
    listening = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    try:
        yield listening.server_port
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def environment(port: int) -> dict[str, str]:
    """Return the variables by which a client finds the server."""
    return {
        "AWS_ACCESS_KEY_ID": "tests-key",
        "AWS_SECRET_ACCESS_KEY": "tests-canary-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def _refuse(environ: dict[str, Any], start: Any, refusal: Refusal) -> Iterable[bytes]:
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    told = f"<Error><Code>{refusal.code}</Code><Message>tests-canary-secret</Message></Error>"
    body = told.encode() if environ["REQUEST_METHOD"] != "HEAD" else b""
    head = [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
    start(f"{refusal.status} {refusal.code}", head)
    return [body]


def _flip_request(environ: dict[str, Any]) -> None:
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(_flipped(body) if body else body)


def _flipped(body: bytes) -> bytes:
    changed = bytearray(body)
    changed[len(changed) // 2] ^= 1
    return bytes(changed)


def _torn(body: bytes, environ: dict[str, Any]) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    raise _cut(environ)


def _cut(environ: dict[str, Any]) -> ConnectionError:
    """Close the connection under the server's hands; it would else wait for the next request."""
    with suppress(OSError):
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return ConnectionResetError()
