"""`artifacts new` and `artifacts list`: HTML tools of the user."""

from __future__ import annotations

from typing import Annotated

import typer

from vectra_player.cli.session import FOUND_WRONG, Session

app = typer.Typer(help="HTML tools that show the live feed.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the tool: a-z, 0-9 and -, 64 at most.")]


@app.command(epilog="Example: vectra-player artifacts new rug-counter")
def new(context: typer.Context, name: Name) -> None:
    """Make a tool of the template, ready to be changed; the monitor shows it at once."""
    from vectra_player.foundation.scaffold import new_tool
    from vectra_player.store.layout import DataDir

    session: Session = context.obj
    folder = new_tool(DataDir.open_or_create(session.data_dir).artifacts, name)

    def show() -> None:
        session.note(f"{folder} is made. Change tool.js and reload.")
        session.note(f"It is at /artifacts/{name}/ of the monitor, and in its tools page.")

    session.result({"name": name, "folder": folder, "path": f"/artifacts/{name}/"}, show)


@app.command("list", epilog="Example: vectra-player artifacts list")
def list_tools(context: typer.Context) -> None:
    """List the tools; those that cannot be opened with their reason."""
    from vectra_player.foundation.registry import Registry

    session: Session = context.obj
    tools = Registry(session.data_dir / "artifacts").tools()

    def show() -> None:
        rows = [(t.name, t.title, t.version, t.built_in, t.broken or "ok") for t in tools]
        session.table("", ("name", "title", "version", "built-in", "state"), rows)

    session.result(tools, show)
    if any(tool.broken for tool in tools):
        raise typer.Exit(FOUND_WRONG)
