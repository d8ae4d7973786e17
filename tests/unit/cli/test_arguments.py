"""Global options may stand anywhere; what follows `--` is left alone."""

from __future__ import annotations

import pytest

from vectra_player.cli.arguments import hoist_globals


@pytest.mark.parametrize(
    ("given", "hoisted"),
    [
        (["games", "--json"], ["--json", "games"]),
        (
            ["games", "--data-dir", "d", "--limit", "3"],
            ["--data-dir", "d", "games", "--limit", "3"],
        ),
        (["games", "--data-dir=d", "--quiet"], ["--data-dir=d", "--quiet", "games"]),
        (["query", "--", "--json"], ["query", "--", "--json"]),
        (["games", "--data-dir"], ["--data-dir", "games"]),
        ([], []),
    ],
)
def test_global_options_move_to_the_front(given: list[str], hoisted: list[str]) -> None:
    assert hoist_globals(given) == hoisted
