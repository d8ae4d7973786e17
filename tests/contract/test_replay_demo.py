"""A session recorded from the real demo server, with own trades and sidebets, and its replay.

The long form is `python -m tests.replay_equality --games 200`.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.replay_equality import (
    Lived,
    derived_rows,
    record_demo_session,
    replayed_messages,
    replayed_states,
    stored_rows,
    wrong_seeks,
)

from vectra_player.replay import reader


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Lived]:
    root = tmp_path_factory.mktemp("recorded")
    return root, asyncio.run(record_demo_session(root, games=2, seed=3, speed=80))


def test_a_replayed_session_goes_through_the_states_and_messages_of_the_live_one(
    recorded: tuple[Path, Lived],
) -> None:
    root, lived = recorded
    one = reader.load_session(root, lived.session_id)
    assert replayed_states(one) == lived.states
    assert replayed_messages(one) == lived.messages


def test_every_row_derived_from_a_replayed_session_is_the_one_filed_live(
    recorded: tuple[Path, Lived],
) -> None:
    root, lived = recorded
    kept = stored_rows(root, lived.session_id)
    assert derived_rows(reader.find_session(root, lived.session_id).rows) == kept
    own = [row for row in kept["sidebet"] if getattr(row, "own", False)]
    assert own, "the account placed no sidebet"
    for doc_type in ("game_tick", "game", "other_player", "server_state", "system_event"):
        assert kept[doc_type], doc_type


def test_playing_on_from_any_moment_equals_playing_from_the_start(
    recorded: tuple[Path, Lived],
) -> None:
    root, lived = recorded
    tried, wrong = wrong_seeks(reader.load_session(root, lived.session_id), 30)
    assert tried > 30
    assert wrong == []
