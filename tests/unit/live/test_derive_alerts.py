"""An alert fact becomes an alert_trigger row; one that is damaged, a decode_failure row."""

from __future__ import annotations

from typing import Any

import pytest
from tests.live_support import GAME, OTHER, Session

from vectra_player.model.rows import AlertTrigger, SystemEvent

DETAIL: dict[str, Any] = {
    "alert_id": "a1", "alert_type": "exceptional_entry", "severity": "info", "title": "whale",
    "message": "bought", "expires_at": 1_765_761_441_000, "source_seq": 7, "priority": 40,
    "sound": True, "desktop": False, "game_id": GAME, "tick": 3, "price": 1.1,
    "player_id": OTHER, "username": "whale",
}  # fmt: skip


def test_an_alert_is_a_row_with_its_game_and_player_and_no_system_event() -> None:
    session = Session()
    (row,) = session.fact("alert", DETAIL)
    assert isinstance(row, AlertTrigger)
    assert (row.game_id, row.player_id, row.username) == (GAME, OTHER, "whale")
    assert (row.alert_id, row.alert_type, row.severity) == ("a1", "exceptional_entry", "info")
    assert (row.title, row.message, row.priority) == ("whale", "bought", 40)
    assert (row.expires_at, row.source_seq) == (1_765_761_441_000, 7)


def test_numbers_no_column_holds_become_null() -> None:
    session = Session()
    session.fact("alert", {**DETAIL, "expires_at": 1 << 62, "priority": None, "source_seq": None})
    (row,) = session.of(AlertTrigger)
    assert (row.expires_at, row.priority, row.source_seq) == (None, None, None)


@pytest.mark.parametrize("detail", [None, [], {}, {**DETAIL, "title": 3}])
def test_a_fact_that_is_no_alert_is_a_decode_failure(detail: object) -> None:
    (row,) = Session().fact("alert", detail)
    assert isinstance(row, SystemEvent)
    assert (row.kind, "vectra.alert" in row.detail) == ("decode_failure", True)
