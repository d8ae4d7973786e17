"""What an assistant may read at a fixed address: the schema, the events, the knowledge base."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mcp.server.mcpserver.exceptions import ResourceNotFoundError

from vectra_player.model.rows import DOC_TYPES
from vectra_player.store.context import FENCED_EXAMPLES
from vectra_player.store.dataset import view_schema
from vectra_player.store.profile import read_profile

if TYPE_CHECKING:
    from mcp.server import MCPServer

    from vectra_player.mcp.desk import Desk


def publish(server: MCPServer[Any], desk: Desk) -> None:
    """Add the resources to a server."""

    @server.resource("vectra://schema", mime_type="text/markdown")
    def schema() -> str:
        """Every doc type with its columns and types, and statements that work."""
        return schema_page()

    @server.resource("vectra://events", mime_type="application/json")
    def events() -> str:
        """The events that were recorded, with how many packets of each."""
        known = read_profile(desk.home).events.values()
        lines = [
            {"name": event.name, "direction": event.direction, "packets": event.count}
            for event in sorted(known, key=lambda event: -event.count)
        ]
        return json.dumps(lines)

    @server.resource("vectra://knowledge", mime_type="application/json")
    def knowledge() -> str:
        """The pages of the knowledge base; each is at vectra://knowledge/<name>."""
        return json.dumps(sorted(desk.library.pages()))

    @server.resource("vectra://knowledge/{name}", mime_type="text/markdown")
    def knowledge_page(name: str) -> str:
        """One page of the knowledge base."""
        pages = desk.library.pages()
        if name not in pages:
            raise ResourceNotFoundError(f"No page {name[:80]!r}. Known: {', '.join(sorted(pages))}")
        return pages[name]


def schema_page() -> str:
    """Return the doc types and their columns as Markdown."""
    parts = ["# Doc types\n\nOne view each; `date` is the UTC date of `ts`. SOL are decimals."]
    for name, row_type in DOC_TYPES.items():
        about = (row_type.__doc__ or "").strip().split("\n", 1)[0]
        columns = ", ".join(f"{field.name} {field.type}" for field in view_schema(name))
        parts.append(f"## {name}\n\n{about}\n\n{columns}")
    statements = "\n\n".join(f"{one.title}:\n\n```sql\n{one.sql}\n```" for one in FENCED_EXAMPLES)
    return "\n\n".join([*parts, f"# Statements that work\n\n{statements}"])
