"""The server over HTTP, for clients that cannot start a program: loopback, token, Host, Origin.

The same guard as before the monitor stands before the SDK's application.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings

from vectra_player.web.asgi import Guard
from vectra_player.web.security import Access, http_door

if TYPE_CHECKING:
    from mcp.server import MCPServer

PATH = "/mcp"


def guarded(server: MCPServer[Any], access: Access, port: int) -> Guard:
    """Return the application behind its guard."""
    door = http_door(port)
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,
        transport_security=TransportSecuritySettings(
            allowed_hosts=sorted(door.hosts), allowed_origins=sorted(door.origins)
        ),
    )
    return Guard(app, access=access, door=door, open_paths=())


def serve(server: MCPServer[Any], access: Access, listeners: Sequence[socket.socket]) -> None:
    """Serve until SIGINT or SIGTERM on sockets that listen on one port."""
    app = guarded(server, access, listeners[0].getsockname()[1])
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="on")
    asyncio.run(uvicorn.Server(config).serve(list(listeners)))
