"""The document of an API whose parts were named without knowledge of each other."""

from __future__ import annotations

import msgspec

from vectra_player.web.openapi import Endpoint, document


class Games:
    class Wanted(msgspec.Struct, frozen=True):
        page: int = 1

    def show(self) -> None:
        """Show."""


class Runs:
    class Wanted(msgspec.Struct, frozen=True):
        most: int = 9

    def show(self) -> None:
        """Show."""


class Fault(msgspec.Struct, frozen=True):
    message: str


def test_structs_and_calls_of_one_name_are_kept_apart() -> None:
    table = [
        Endpoint("GET", "/api/games", Games().show, "Games.", int, params=Games.Wanted),
        Endpoint("GET", "/api/runs/{run_id}", Runs().show, "Runs.", int, params=Runs.Wanted),
    ]
    paths = document(table, title="t", error=Fault)["paths"]
    games, runs = paths["/api/games"]["get"], paths["/api/runs/{run_id}"]["get"]
    assert [parameter["name"] for parameter in games["parameters"]] == ["page"]
    assert [parameter["name"] for parameter in runs["parameters"]] == ["run_id", "most"]
    assert (games["operationId"], runs["operationId"]) == ("show_api_games", "show_api_runs_run_id")
