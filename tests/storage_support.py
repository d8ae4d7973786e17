"""An S3 server for tests, and what may happen to a request on its way.

```
with storage() as server:
    server.faults = lambda request: Fault.LOST if request.method == "PUT" else None
    sync(data_dir, "s3://rugs/prefix", objects=server.objects("s3://rugs/prefix"))
```
"""

from __future__ import annotations

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

SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
    b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)
FAILED = b"<Error><Code>InternalError</Code><Message>We failed.</Message></Error>"


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


class Request(NamedTuple):
    """What the server is asked."""

    number: int
    method: str
    path: str


class Server:
    """Answers as S3 does. `faults` may choose one for each request; `done` hears of each."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._lock = threading.Lock()
        self.seen: list[Request] = []
        self.faults: Callable[[Request], Fault | None] = lambda request: None
        self.done: Callable[[Request], None] = lambda request: None
        self.client: Callable[[], None] = lambda: None
        self.port = 0

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        with self._lock:
            request = Request(len(self.seen), environ["REQUEST_METHOD"], environ["PATH_INFO"])
            self.seen.append(request)
            fault = self.faults(request)
        answer = self._answer(environ, start, fault)
        self.done(request)
        return answer

    def _answer(self, environ: dict[str, Any], start: Any, fault: Fault | None) -> Iterable[bytes]:
        if fault in (Fault.SLOW, Fault.FAILED):
            body = SLOW_DOWN if fault is Fault.SLOW else FAILED
            status = "503 Slow Down" if fault is Fault.SLOW else "500 Internal Server Error"
            _drain(environ)
            start(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
            return [body]
        if fault in (Fault.CUT, Fault.KILL):
            if fault is Fault.KILL:
                self.client()
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0) // 2)
            raise _cut(environ)
        if fault is Fault.FLIPPED and environ["REQUEST_METHOD"] == "PUT":
            _flip_request(environ)
        told: list[Any] = []
        body = b"".join(self._app(environ, lambda *head: told.extend(head)))
        if fault is Fault.KILL_AFTER:
            self.client()
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
        import io

        environ = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": "", "SERVER_NAME": "s3",
            "SERVER_PORT": str(self.port), "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(),
            "CONTENT_LENGTH": str(len(body)), "HTTP_HOST": f"127.0.0.1:{self.port}",
        }  # fmt: skip
        status: list[str] = []
        b"".join(self._app(environ, lambda code, *_: status.append(code)))
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
    listening = make_server("127.0.0.1", 0, server, threaded=True, request_handler=_Quiet)
    server.port = listening.server_port
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    server.call("POST", "/moto-api/reset")
    server.call("PUT", f"/{BUCKET}")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(server.port).items():
            patch.setenv(name, value)
        try:
            yield server
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


def _drain(environ: dict[str, Any]) -> None:
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


def _flip_request(environ: dict[str, Any]) -> None:
    import io

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
