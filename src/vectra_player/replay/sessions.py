"""Many replays at once: opened, driven by id, and closed when nobody needs them.

Used by `foundation`, which hands in how a recording is loaded and where it is shown. Belongs to one
event loop. A replay has its own player and its own stage; nothing of it reaches another.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

import structlog
from msgspec import Struct

from vectra_player.bus import spawn
from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import UsageError
from vectra_player.replay.pacer import checked_speed
from vectra_player.replay.player import Player, ReplayStatus, Stage
from vectra_player.replay.recording import Recording
from vectra_player.replay.worker import Wanted

log = structlog.get_logger(__name__)

MOST_REPLAYS = 8
IDLE_S = 900.0
"""A replay nobody watches or drives is closed after so long."""

SWEEP_S = 5.0

ActionName = Literal["play", "pause", "step", "back", "seek", "speed", "close"]


class Action(Struct, frozen=True, kw_only=True):
    """What to do with a replay; `speed` belongs to speed.

    A seek names a `tick` (of `game_id`, else of the game shown) or a moment, `at_ms`.
    """

    action: ActionName
    tick: int | None = None
    at_ms: int | None = None
    game_id: str | None = None
    speed: float | None = None


class WatchedStage(Stage, Protocol):
    """A stage that knows how many watch it."""

    def watchers(self) -> int:
        """Return how many clients are joined."""
        ...

    def close(self) -> None:
        """Send the clients away: the replay is over."""
        ...


class StageFactory(Protocol):
    """Builds the stage of a new replay."""

    def __call__(self, replay_id: str, recording: Recording) -> WatchedStage:
        """Return a stage; the recording tells what it will show."""
        ...


class _Open(Struct):
    player: Player
    stage: WatchedStage
    task: asyncio.Task[None]
    used_at: float
    pinned: bool


class Replays:
    """All open replays of a process."""

    def __init__(
        self,
        load: Callable[[Wanted], Awaitable[Recording]],
        stages: StageFactory,
        *,
        clock: Clock | None = None,
        most: int = MOST_REPLAYS,
        idle_s: float = IDLE_S,
    ) -> None:
        self._load = load
        self._stages = stages
        self._clock = clock or SystemClock()
        self._most = most
        self._idle_s = idle_s
        self._replays: dict[str, _Open] = {}
        self._loading = 0
        self._sweeper: asyncio.Task[None] | None = None
        self._closed = False

    def statuses(self) -> list[ReplayStatus]:
        """Return where every open replay stands, the oldest first."""
        return [replay.player.status() for replay in self._replays.values()]

    async def open(
        self, wanted: Wanted, *, speed: float = 1.0, play: bool = True, pinned: bool = False
    ) -> ReplayStatus:
        """Load a recording and begin to play it; a pinned one stays until everything ends.

        Raises:
            UsageError: there is nothing such, it is no recording, the speed is out of range, or
                too many replays are open and watched.
            VectraError: it could not be read.
        """
        checked_speed(speed)
        self._make_room()
        self._loading += 1
        try:
            recording = await self._load(wanted)
        finally:
            self._loading -= 1
        if self._closed:
            raise UsageError("The service is stopping.")
        replay_id = secrets.token_hex(6)
        stage = self._stages(replay_id, recording)
        player = Player(replay_id, recording, stage, self._clock, speed=speed)
        if play:
            player.play()
        task = spawn(player.run(), name=f"replay {replay_id}")
        self._replays[replay_id] = _Open(player, stage, task, self._clock.monotonic(), pinned)
        if self._sweeper is None:
            self._sweeper = spawn(self._sweep_forever(), name="idle replays")
        log.info("replay opened", id=replay_id, title=recording.title)
        return player.status()

    def act(self, replay_id: str, action: Action) -> ReplayStatus:
        """Drive a replay; return where it stands then.

        Raises:
            KeyError: no such replay is open.
            UsageError: the action lacks its tick, moment or speed, or it is out of range.
        """
        replay = self._replays[replay_id]
        replay.used_at = self._clock.monotonic()
        if action.action == "close":
            if replay.pinned:
                raise UsageError("This replay is the main feed.", advice="Stop the service.")
            status = replay.player.status()
            self._end(replay_id)
            return status
        _drive(replay.player, action)
        return replay.player.status()

    def player(self, replay_id: str) -> Player:
        """Return the player of a replay. Raises KeyError."""
        return self._replays[replay_id].player

    def sweep(self) -> None:
        """Close the replays that nobody has watched or driven for long."""
        now = self._clock.monotonic()
        for replay_id, replay in list(self._replays.items()):
            if replay.pinned or replay.stage.watchers():
                replay.used_at = now
            elif now - replay.used_at >= self._idle_s:
                log.info("idle replay closed", id=replay_id)
                self._end(replay_id)

    async def close(self) -> None:
        """End every replay."""
        self._closed = True
        tasks = [replay.task for replay in self._replays.values()]
        if self._sweeper is not None:
            self._sweeper.cancel()
            tasks.append(self._sweeper)
        for replay_id in list(self._replays):
            self._end(replay_id)
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _make_room(self) -> None:
        """Close the unwatched replay that was used longest ago where one more is too many."""
        if len(self._replays) + self._loading < self._most:
            return
        unwatched = [
            (replay.used_at, replay_id)
            for replay_id, replay in self._replays.items()
            if not (replay.pinned or replay.stage.watchers())
        ]
        if not unwatched:
            raise UsageError(
                f"{self._most} replays are open and watched.", advice="Close one of them first."
            )
        self._end(min(unwatched)[1])

    def _end(self, replay_id: str) -> None:
        replay = self._replays.pop(replay_id)
        replay.task.cancel()
        replay.stage.close()

    async def _sweep_forever(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            self.sweep()


def _drive(player: Player, action: Action) -> None:
    if action.action == "seek":
        _seek(player, action)
    elif action.action == "speed":
        if action.speed is None:
            raise UsageError("A change of speed needs a speed.")
        player.set_speed(action.speed)
    else:
        {"play": player.play, "pause": player.pause, "step": player.step, "back": player.back}[
            action.action
        ]()


def _seek(player: Player, action: Action) -> None:
    if (action.tick is None) == (action.at_ms is None):
        raise UsageError("A seek needs a tick or a moment (at_ms).")
    if action.tick is not None:
        player.seek(action.tick, action.game_id)
    elif action.at_ms is not None:
        player.seek_time(action.at_ms)
