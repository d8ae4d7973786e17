"""Replays on hubs of their own: snapshots, messages, jumps, and what the monitor asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.feed_support import FakeLine
from tests.live_support import GAME, ME, packet
from tests.replay_support import FakeClock, game_frames, recording, row, rows_of_frames

from vectra_player.errors import UsageError
from vectra_player.foundation.monitor.answers import ReplayAction, ReplayRequest
from vectra_player.foundation.replays import ReplayDesk
from vectra_player.replay.recording import Recording
from vectra_player.replay.worker import Wanted


async def load(wanted: Wanted) -> Recording:
    rows = rows_of_frames(game_frames())
    trade = {"type": "buy", "playerId": ME, "gameId": GAME, "price": 1.01, "tickIndex": 1}
    rows.insert(14, row(packet("standard/newTrade", trade, ts=rows[14].ts), 500))
    return recording(rows, game_id=wanted.name)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[ReplayDesk]:
    one = ReplayDesk(tmp_path, clock=FakeClock(), load=load)
    yield one
    await one.close()


async def opened(desk: ReplayDesk) -> tuple[str, FakeLine]:
    """Open a replay that stands still at tick 5, with one client."""
    replay_id = (await desk.open(ReplayRequest(game_id=GAME)))["id"]
    await drive(desk, replay_id, action="pause")
    hub = desk.hub(replay_id)
    assert hub is not None
    line = FakeLine()
    hub.join(line)
    return replay_id, line


async def drive(desk: ReplayDesk, replay_id: str, **action: Any) -> dict[str, Any]:
    return await desk.act(replay_id, ReplayAction(**action))


async def test_a_client_gets_a_snapshot_that_says_it_is_a_replay(desk: ReplayDesk) -> None:
    replay_id, line = await opened(desk)
    (snapshot,) = line.messages()
    assert snapshot["type"] == "snapshot"
    assert snapshot["data"]["mode"] == "REPLAY"
    assert snapshot["data"]["recording"] is False
    assert snapshot["data"]["replay"]["id"] == replay_id
    assert [mark["kind"] for mark in snapshot["data"]["replay"]["marks"]] == [
        "start", "rug", "settled",
    ]  # fmt: skip


async def test_a_seek_sends_a_new_snapshot_with_the_trades_before_it(desk: ReplayDesk) -> None:
    replay_id, line = await opened(desk)
    assert (await drive(desk, replay_id, action="seek", tick=5))["tick"] == 5
    jump = [m for m in line.messages() if m["type"] == "snapshot"][-1]
    assert jump["data"]["tick"] == 5
    assert [trade["playerId"] for trade in jump["data"]["trades"]] == [ME]


async def test_the_line_of_a_replay_tells_where_its_own_actions_are(desk: ReplayDesk) -> None:
    replay_id, _ = await opened(desk)
    drawn = await desk.line(replay_id)
    assert [span.what for span in drawn.phases] == ["BETTING", "LIVE", "RUGGED", "COOLDOWN"]
    status = await drive(desk, replay_id, action="seek", at_ms=drawn.rugs[0].at_ms)
    assert status["tick"] == status["last_tick"]
    with pytest.raises(KeyError):
        await desk.line("none")


async def test_a_step_sends_the_messages_of_live_and_the_status(desk: ReplayDesk) -> None:
    replay_id, line = await opened(desk)
    await drive(desk, replay_id, action="seek", tick=5)
    await drive(desk, replay_id, action="step")
    hub = desk.hub(replay_id)
    assert hub is not None
    hub.flush()
    tick = next(m for m in line.messages() if m["type"] == "game.tick")
    assert (tick["gameId"], tick["data"]["tick"], tick["data"]["phase"]) == (GAME, 6, "LIVE")
    assert tick["src"]["session_id"] == "session"
    status = line.messages()[-1]
    assert (status["type"], status["data"]["tick"], status["data"]["state"]) == (
        "replay.status", 6, "paused",
    )  # fmt: skip


async def test_each_replay_has_its_own_feed(desk: ReplayDesk) -> None:
    first, _ = await opened(desk)
    second, _ = await opened(desk)
    one, other = desk.hub(first), desk.hub(second)
    assert one is not None
    assert other is not None
    assert one.feed_id != other.feed_id
    before = other.last_seq
    await drive(desk, first, action="step")
    assert other.last_seq == before
    assert [status["id"] for status in desk.list()] == [first, second]


async def test_a_closed_replay_is_gone_and_its_clients_are_sent_away(desk: ReplayDesk) -> None:
    replay_id, line = await opened(desk)
    await drive(desk, replay_id, action="close")
    assert desk.hub(replay_id) is None
    assert line.closed == (1000, "the replay was closed")
    assert desk.list() == []
    with pytest.raises(KeyError):
        await drive(desk, replay_id, action="play")


@pytest.mark.parametrize(
    "request_", [ReplayRequest(), ReplayRequest(game_id="a", file="b"), ReplayRequest(file="")]
)
async def test_exactly_one_thing_is_replayed(desk: ReplayDesk, request_: ReplayRequest) -> None:
    with pytest.raises(UsageError, match="Name one"):
        await desk.open(request_)


async def test_an_unknown_id_has_no_feed(desk: ReplayDesk) -> None:
    assert desk.hub("nope") is None
