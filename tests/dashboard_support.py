"""The dashboard's application over a store, called in this process without a socket.

with board(root) as site:
    assert site.get("/api/games").json["total"] == 0
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from werkzeug.test import Client, TestResponse

from vectra_player.app.dashboard import dashboard_access
from vectra_player.dashboard.app import STATIC, create_app
from vectra_player.dashboard.compute import Compute
from vectra_player.dashboard.data.sessions import SessionData
from vectra_player.dashboard.data.store import Store, StoreLimits
from vectra_player.dashboard.guard import Keys
from vectra_player.dashboard.jobs import Jobs
from vectra_player.dashboard.neighbour import Neighbour, Peer
from vectra_player.dashboard.paper import PaperRuns
from vectra_player.dashboard.services import Services
from vectra_player.foundation.monitor.files import STATIC as FOUNDATION_STATIC
from vectra_player.store.layout import DataDir
from vectra_player.web.files import WEB_STATIC

PORT = 5000
TOKEN = "dashboard-test-token"
ORIGIN = f"http://127.0.0.1:{PORT}"


class Board(NamedTuple):
    """An application and ways to ask it; `peer` is the foundation it finds, None by default."""

    client: Client
    services: Services
    peers: list[Peer | None]

    @property
    def bearer(self) -> dict[str, str]:
        """Return the header of a program."""
        return {"Authorization": f"Bearer {TOKEN}"}

    def cookie(self) -> dict[str, str]:
        """Return the headers of a logged-in browser."""
        granted = self.services.keys.login(TOKEN, "/")
        assert granted is not None
        return {"Cookie": granted[0].split(";")[0]}

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        host: str = f"127.0.0.1:{PORT}",
    ) -> TestResponse:
        """Send one request; without `headers` as a program."""
        sent = {"Host": host, **(self.bearer if headers is None else headers)}
        return self.client.open(path, method=method, headers=sent, data=body, buffered=True)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> TestResponse:
        """Read a path."""
        return self.ask("GET", path, headers)

    def post(self, path: str, value: object) -> TestResponse:
        """Write to a path."""
        headers = {**self.bearer, "Content-Type": "application/json"}
        return self.ask("POST", path, headers, json.dumps(value).encode())

    def put(self, path: str, piece: bytes) -> TestResponse:
        """Send a piece of a file."""
        headers = {**self.bearer, "Content-Type": "application/octet-stream"}
        return self.ask("PUT", path, headers, piece)


@contextlib.contextmanager
def board(root: Path, limits: StoreLimits | None = None, **options: Any) -> Iterator[Board]:
    """Build the application over a data directory; its jobs run as long as the block."""
    DataDir.open_or_create(root)
    peers: list[Peer | None] = [None]
    store = Store(root, limits or StoreLimits(look_s=0, fresh_s=0))
    services = Services(
        data_dir=root,
        port=PORT,
        feed_port=9000,
        keys=Keys(dashboard_access(root, TOKEN)),
        neighbour=Neighbour(lambda: peers[0]),
        store=store,
        sessions=SessionData(store),
        jobs=Jobs(root, retry_s=0.2, **options),
        compute=Compute(root),
        paper=PaperRuns(root),
        static_roots=(STATIC, FOUNDATION_STATIC, WEB_STATIC),
    )
    services.jobs.start()
    try:
        yield Board(Client(create_app(services), use_cookies=False), services, peers)
    finally:
        services.paper.close()
        services.compute.close()
        services.jobs.close()
        store.close()
