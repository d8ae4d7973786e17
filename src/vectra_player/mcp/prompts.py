"""Questions people ask often, worded so that an assistant uses the tools well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

if TYPE_CHECKING:
    from mcp.server import MCPServer

Game = Annotated[str, Field(description="A game id, or the end of one.")]
Name = Annotated[str, Field(description="An event or field, e.g. playerUpdate or avgCost.")]
Day = Annotated[str, Field(description="A day, UTC: 2025-12-31.")]


def publish(server: MCPServer[Any]) -> None:
    """Add the prompts to a server."""

    @server.prompt()
    def explain_game(game_id: Game) -> str:
        """What happened in a game, and was it fair?"""
        return (
            f"Tell what happened in game {game_id}: use get_game for its course and verify_game for"
            " its fairness. Say what was not recorded, and cite the rows each claim rests on."
        )

    @server.prompt()
    def explain_field(name: Name) -> str:
        """What does an event or field mean?"""
        return (
            f"Explain {name}: ask describe_event, and chroma_query_documents in vectra_knowledge."
            " Give meaning, type, unit, range as observed, and an example, with the sections and"
            " rows they are from. Say where documentation and recordings disagree."
        )

    @server.prompt()
    def sidebets_of_day(day: Day) -> str:
        """How many sidebets won on a day, beside what a fair game would give?"""
        return (
            f"Count the sidebets that were settled on {day} (UTC) with query_events: won, lost and"
            " unknown, own and others apart. Put the share that won beside the fair 18.2 % with a"
            " 95 % interval, and say that the feed tells only a part of the bets."
        )

    @server.prompt()
    def what_is_missing() -> str:
        """Where are gaps in the recordings?"""
        return (
            "Use coverage to tell which days are recorded, where gaps are and why, and which games"
            " they touch (query_events: completeness in game). Cite the rows of the gaps."
        )
