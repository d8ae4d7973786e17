"""Serve the dashboard with waitress on sockets that listen already. Called by `app.dashboard`."""

from __future__ import annotations

import logging
import socket
from collections.abc import Sequence
from wsgiref.types import WSGIApplication

import waitress

from vectra_player.web.security import UPLOAD_BODY

THREADS = 8
MAX_CONNECTIONS = 200
MAX_HEAD_BYTES = 16 * 1024
IDLE_S = 30


def serve(app: WSGIApplication, sockets: Sequence[socket.socket]) -> None:
    """Answer until SystemExit or KeyboardInterrupt is raised in this thread (a signal does)."""
    logging.getLogger("waitress").setLevel(logging.ERROR)
    server = waitress.create_server(
        app,
        sockets=list(sockets),
        threads=THREADS,
        connection_limit=MAX_CONNECTIONS,
        max_request_header_size=MAX_HEAD_BYTES,
        # The guard holds each path to its own limit; this bounds what is read before it decides.
        max_request_body_size=UPLOAD_BODY.max_bytes,
        channel_timeout=IDLE_S,
        ident=None,
        clear_untrusted_proxy_headers=True,
    )
    server.run()
