"""`mcp`: answers for assistants over the Model Context Protocol."""

from __future__ import annotations

from typing import Annotated

import typer

from vectra_player.cli.session import Session, say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: vectra-player mcp")(mcp)


def mcp(
    context: typer.Context,
    http: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Serve HTTP on this port of 127.0.0.1 instead; 0: a free one."
        ),
    ] = None,
    allow_write: Annotated[
        bool, typer.Option("--allow-write", help="Let the assistant add notes to the index.")
    ] = False,
) -> None:
    """Answer an assistant's questions about the recordings, by default on stdio; reading only."""
    from vectra_player.app.mcp import require_mcp, run_http, run_stdio
    from vectra_player.store.layout import DataDir

    session: Session = context.obj
    require_mcp()
    home = DataDir.open_existing(session.data_dir)
    session.log_to_file()
    if http is None:
        run_stdio(home.root, allow_write=allow_write)
        return

    def ready(address: str, token: str) -> None:
        say(f"MCP server: {address}", to_stderr=True)
        say(f"Clients send the header Authorization: Bearer {token}", to_stderr=True)

    run_http(home.root, http, allow_write=allow_write, ready=ready)
