"""Many replays at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.live_support import GAME
from tests.replay_support import FakeClock, NotingStage, recording

from vectra_player.errors import UsageError
from vectra_player.replay.player import PlayState
from vectra_player.replay.recording import Recording
from vectra_player.replay.sessions import Action, ActionName, Replays
from vectra_player.replay.worker import Wanted

WANTED = Wanted("game", GAME)


class Rig:
    def __init__(self, most: int = 3) -> None:
        self.clock = FakeClock()
        self.stages: dict[str, NotingStage] = {}
        self.replays = Replays(self.load, self.stage, clock=self.clock, most=most, idle_s=60)

    async def load(self, wanted: Wanted) -> Recording:
        if wanted.name != GAME:
            raise UsageError(f"No game {wanted.name} is recorded here.")
        return recording()

    def stage(self, replay_id: str, of: Recording) -> NotingStage:
        self.stages[replay_id] = NotingStage()
        return self.stages[replay_id]

    def act(self, replay_id: str, action: ActionName, tick: int | None = None) -> PlayState:
        return self.replays.act(replay_id, Action(action=action, tick=tick)).state


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    one = Rig()
    yield one
    await one.replays.close()


async def test_an_opened_replay_plays(rig: Rig) -> None:
    status = await rig.replays.open(WANTED, speed=4.0)
    assert (status.state, status.speed) == (PlayState.playing, 4.0)
    assert rig.replays.statuses() == [status]
    await asyncio.sleep(0)
    assert len(rig.stages[status.id].shown) == 1


async def test_a_replay_may_open_standing_still(rig: Rig) -> None:
    assert (await rig.replays.open(WANTED, play=False)).state is PlayState.paused


async def test_replays_do_not_touch_each_other(rig: Rig) -> None:
    first, second = [(await rig.replays.open(WANTED)).id for _ in range(2)]
    rig.act(first, "pause")
    rig.act(first, "seek", 5)
    assert [(s.id, s.state, s.tick) for s in rig.replays.statuses()] == [
        (first, PlayState.paused, 5),
        (second, PlayState.playing, None),
    ]
    assert rig.stages[second].jumps == []


async def test_every_action_is_carried_out(rig: Rig) -> None:
    one = (await rig.replays.open(WANTED)).id
    assert rig.act(one, "pause") is PlayState.paused
    assert rig.act(one, "play") is PlayState.playing
    assert rig.act(one, "step") is PlayState.paused
    rig.act(one, "seek", 4)
    assert rig.replays.act(one, Action(action="back")).tick == 3
    assert rig.replays.act(one, Action(action="speed", speed=100)).speed == 100
    rig.act(one, "close")
    assert rig.stages[one].closed
    assert rig.replays.statuses() == []


async def test_an_unknown_replay_is_a_key_error(rig: Rig) -> None:
    with pytest.raises(KeyError):
        rig.act("nope", "play")


@pytest.mark.parametrize(
    "action",
    [
        Action(action="seek"),
        Action(action="seek", tick=-1),
        Action(action="seek", at_ms=-1),
        Action(action="seek", tick=1, at_ms=1),
        Action(action="seek", tick=1, game_id="nope"),
        Action(action="speed"),
        Action(action="speed", speed=1000),
    ],
)
async def test_an_action_without_its_value_is_refused(rig: Rig, action: Action) -> None:
    one = await rig.replays.open(WANTED, play=False)
    with pytest.raises(UsageError):
        rig.replays.act(one.id, action)
    assert rig.replays.statuses() == [one]


async def test_what_cannot_be_loaded_leaves_nothing_open(rig: Rig) -> None:
    with pytest.raises(UsageError, match="nope"):
        await rig.replays.open(Wanted("game", "nope"))
    with pytest.raises(UsageError, match="speed"):
        await rig.replays.open(WANTED, speed=0)
    assert rig.replays.statuses() == []


async def test_one_too_many_takes_the_place_of_the_longest_unused(rig: Rig) -> None:
    opened = []
    for _ in range(3):
        opened.append((await rig.replays.open(WANTED)).id)
        rig.clock.seconds += 1
    rig.act(opened[0], "pause")
    last = (await rig.replays.open(WANTED)).id
    assert [status.id for status in rig.replays.statuses()] == [opened[0], opened[2], last]
    assert rig.stages[opened[1]].closed


async def test_one_too_many_is_refused_while_all_are_watched(rig: Rig) -> None:
    for _ in range(3):
        rig.stages[(await rig.replays.open(WANTED)).id].watching = 1
    with pytest.raises(UsageError, match="3 replays"):
        await rig.replays.open(WANTED)
    assert len(rig.replays.statuses()) == 3


async def test_idle_replays_are_closed_and_watched_ones_stay(rig: Rig) -> None:
    idle, watched, pinned = [
        (await rig.replays.open(WANTED, pinned=number == 2)).id for number in range(3)
    ]
    rig.stages[watched].watching = 1
    rig.clock.seconds += 59
    rig.replays.sweep()
    assert len(rig.replays.statuses()) == 3
    rig.clock.seconds += 1
    rig.replays.sweep()
    assert [status.id for status in rig.replays.statuses()] == [watched, pinned]
    assert rig.stages[idle].closed


async def test_the_main_feeds_replay_cannot_be_closed(rig: Rig) -> None:
    one = await rig.replays.open(WANTED, pinned=True)
    with pytest.raises(UsageError, match="main feed"):
        rig.act(one.id, "close")


async def test_the_end_closes_all_and_opens_no_more(rig: Rig) -> None:
    one = await rig.replays.open(WANTED)
    await rig.replays.close()
    assert rig.stages[one.id].closed
    with pytest.raises(UsageError, match="stopping"):
        await rig.replays.open(WANTED)
