"""Write docs/reference from the code: commands, settings, schema, events. Run after changing them.

`tests/contract/test_reference.py` fails when a page is not what this writes.
"""

from __future__ import annotations

from pathlib import Path

import typer
from typer.cli import get_docs_for_click

from vectra_player.cli import app
from vectra_player.config import load
from vectra_player.store.reference import schema_markdown

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTE = "<!-- Made by scripts/make_reference.py; edit the code, not this page. -->\n\n"


def commands() -> str:
    """Describe every command and option."""
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="vectra-player")
    return get_docs_for_click(obj=command, ctx=context, name="vectra-player", title="Commands")


def settings() -> str:
    """Describe every setting with its environment variable and default."""
    lines = [
        "# Settings",
        "",
        "An option beats the environment, which beats `config.toml`, which beats the default.",
        "",
        "| `config.toml` | environment | default | meaning |",
        "|---|---|---|---|",
    ]
    for setting in load({"data_dir": "/"}, {}).effective():
        default = "~/rugs_data" if setting.name == "data_dir" else setting.value
        shown = "unset" if default is None else f"`{default}`"
        lines.append(f"| `{setting.name}` | `{setting.env}` | {shown} | {setting.description} |")
    return "\n".join(lines) + "\n"


PAGES = {"commands.md": commands, "settings.md": settings, "schema.md": schema_markdown}


def main() -> None:
    """Write all pages."""
    for name, make in PAGES.items():
        (REFERENCE / name).write_text(NOTE + make(), "utf-8")


if __name__ == "__main__":
    main()
