"""Run the assistant's server: on standard input and output, or over HTTP on loopback."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from vectra_player.app.instance import cookie_instance
from vectra_player.extras import needed
from vectra_player.foundation.listen import release, take_port
from vectra_player.web.security import Access, new_token

SETTING = "--http"


def require_mcp() -> None:
    """Check that the SDK is there. Raises UsageError."""
    needed("mcp", "The assistant's server", "mcp")


def run_stdio(data_dir: Path, *, allow_write: bool) -> None:
    """Serve the program that started this one, until it closes standard input."""
    from vectra_player.mcp.desk import Desk
    from vectra_player.mcp.server import build

    with closing(Desk(data_dir)) as desk:
        build(desk, allow_write=allow_write).run("stdio")


def run_http(
    data_dir: Path, port: int, *, allow_write: bool, ready: Callable[[str, str], None]
) -> None:
    """Serve on 127.0.0.1 and ::1 until a signal; `ready` is told the address and the token.

    Raises:
        UsageError: somebody has the port.
    """
    from vectra_player.mcp.desk import Desk
    from vectra_player.mcp.loopback import PATH, serve
    from vectra_player.mcp.server import build

    with ExitStack() as steps:
        sockets = take_port(port, SETTING)
        steps.callback(release, sockets)
        desk = steps.enter_context(closing(Desk(data_dir)))
        access = Access(new_token(), instance=cookie_instance(data_dir), realm="mcp")
        number = int(sockets[0].getsockname()[1])
        ready(f"http://127.0.0.1:{number}{PATH}", access.token)
        with suppress(KeyboardInterrupt):  # the server ends in order, then raises its signal again
            serve(build(desk, allow_write=allow_write), access, sockets)
