"""The line under a replay's slider: phases, trades, sidebets, own actions and gaps by time."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from tests.live_support import GAME, ME, OTHER, packet
from tests.replay_support import PRICES, game_frames, player, recording, row, rows_of_frames

from vectra_player.errors import UsageError
from vectra_player.model.rows import WsEvent
from vectra_player.replay.line import ReplayLine, line_of

STEP_MS = 250
START = 10
"""Frames of the countdown before tick 0."""


def trade(player_id: str, side: str = "buy") -> tuple[str, dict[str, Any]]:
    told = {"type": side, "playerId": player_id, "gameId": GAME, "price": 1.05, "tickIndex": 2}
    return "standard/newTrade", told


def bet(player_id: str, **changes: Any) -> dict[str, Any]:
    told = {"playerId": player_id, "gameId": GAME, "startTick": 2, "endTick": 42}
    return told | {"betAmount": 0.01, **changes}


def rows_with(*told: tuple[str, dict[str, Any]], before: int = START + 3) -> list[WsEvent]:
    """A game with these events right before a frame; the account is ME."""
    rows = rows_of_frames(game_frames())
    me = ("usernameStatus", {"id": ME, "hasUsername": True, "username": "me"})
    for number, (name, data) in enumerate((me, *told)):
        sent = {"direction": "sent"} if name.endswith("Order") else {}
        rows.insert(before + number, row(packet(name, data, ts=rows[before].ts, **sent), 500))
    return rows


def line(*told: tuple[str, dict[str, Any]]) -> ReplayLine:
    return line_of(recording(rows_with(*told)))


def test_phases_follow_each_other_without_a_hole() -> None:
    phases = line_of(recording()).phases
    assert [span.what for span in phases] == ["BETTING", "LIVE", "RUGGED", "COOLDOWN"]
    assert all(one.to_ms == other.from_ms for one, other in pairwise(phases))
    assert phases[1].from_ms == START * STEP_MS
    assert phases[-1].to_ms == line_of(recording()).length_ms


def test_trades_say_which_way_and_whose() -> None:
    told = line(trade(OTHER), trade(ME, "sell"))
    assert [(point.what, point.own) for point in told.trades] == [("buy", False), ("sell", True)]


def test_own_presses_and_echoes_are_own_actions() -> None:
    told = line(("buyOrder", {"amount": 0.01}), trade(ME), trade(OTHER))
    assert [point.what for point in told.own] == ["buyOrder", "standard/newTrade"]
    assert {point.at_ms for point in told.own} == {(START + 3) * STEP_MS}


def test_a_sidebet_is_a_window_with_its_outcome_and_owner() -> None:
    result = bet(ME, type="payout", payout=0.05, profit=0.04)
    told = line(("newSideBet", bet(OTHER)), ("currentSidebet", bet(ME)),
                ("currentSidebetResult", result))  # fmt: skip
    own, other = told.sidebets
    assert (own.own, own.what, other.own, other.what) == (True, "won", False, "unknown")
    assert own.from_ms == (START + 2) * STEP_MS
    assert own.to_ms == (START + len(PRICES) - 1) * STEP_MS


def test_the_reveal_tells_the_sidebets_nobody_told_live() -> None:
    frames = game_frames()
    record = {"id": "b", "type": "placed", "startedAtTick": 1, "end": 41, "playerId": OTHER}
    frames[-1]["gameHistory"][0]["globalSidebets"] = [record]
    told = line_of(recording(rows_of_frames(frames))).sidebets
    assert [(span.from_ms, span.what) for span in told] == [((START + 1) * STEP_MS, "unknown")]


def test_a_stretch_without_frames_is_a_gap_in_time() -> None:
    frames = [frame for frame in game_frames() if frame.get("tickCount") not in (2, 3)]
    (gap,) = line_of(recording(rows_of_frames(frames))).gaps
    assert (gap.from_ms, gap.to_ms) == ((START + 1) * STEP_MS, (START + 2) * STEP_MS)
    assert gap.what == "not recorded"


def test_the_rug_is_a_moment() -> None:
    (rug,) = line_of(recording()).rugs
    assert rug.at_ms == (START + len(PRICES) - 1) * STEP_MS


def test_a_seek_by_time_shows_what_was_due_then() -> None:
    one, stage, _ = player()
    one.seek_time((START + 3) * STEP_MS)
    assert one.status().tick == 3
    one.seek_time(START * STEP_MS - 1)
    assert stage.jumps[-1].tick is None
    one.seek_time(10**9)
    assert one.ended
    with pytest.raises(UsageError, match="There is no moment"):
        one.seek_time(-1)


def test_every_mark_can_be_gone_to() -> None:
    one = recording(rows_with(trade(ME)))
    drawn = line_of(one)
    for point in (*drawn.own, *drawn.rugs):
        place, _, _ = player(one)
        place.seek_time(point.at_ms)
        shown = one.events[: place.position]
        assert any(event.name == point.what for event in shown) or point.what == "rug"
