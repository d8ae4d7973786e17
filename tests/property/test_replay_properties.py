"""A replay is the same however one gets there: by playing, seeking, stepping or changing speed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.live_support import GAME, ME, packet, tick
from tests.replay_support import (
    AFTER,
    PRICES,
    finish,
    game_frames,
    player,
    recording,
    row,
    rows_of_frames,
)

from vectra_player.errors import UsageError
from vectra_player.foundation.normaliser import Normaliser
from vectra_player.live.live_state import LiveState
from vectra_player.replay.player import Player, play_through
from vectra_player.replay.recording import Recording
from vectra_player.replay.timeline import arrival_times, game_times

SECOND = [1.0, 1.02, 0.97, 0.0194]


def state_hash(state: LiveState) -> str:
    packed = msgspec.json.encode(state, enc_hook=str, order="deterministic")
    return hashlib.sha256(packed).hexdigest()


def show_game(number: int, prices: list[float], lost: list[int]) -> list[dict[str, Any]]:
    game, following = (GAME, AFTER) if number == 0 else (AFTER, f"game-{number}")
    frames = game_frames(game, prices, following)
    return [frame for at, frame in enumerate(frames) if at not in lost]


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    """Two games with lost, doubled and swapped frames, and trades between."""
    lost = draw(st.lists(st.integers(0, 30), max_size=6))
    frames = show_game(0, PRICES, lost) + show_game(1, SECOND, lost)
    if draw(st.booleans()):
        at = draw(st.integers(0, len(frames) - 2))
        frames[at], frames[at + 1] = frames[at + 1], frames[at]
    if draw(st.booleans()):
        frames.insert(draw(st.integers(0, len(frames))), tick(3, PRICES))
    source = draw(st.sampled_from(["public_ws", "import"]))
    rows = rows_of_frames(frames, step_us=draw(st.integers(0, 400_000)), source=source)
    trade = {"type": "buy", "playerId": ME, "gameId": GAME, "price": 1.0, "tickIndex": 1}
    for number, at in enumerate(draw(st.lists(st.integers(0, len(rows)), max_size=3))):
        rows.insert(at, row(packet("standard/newTrade", trade), 900 + number))
    return recording(rows)


Messages = list[tuple[str, bytes]]


def texts(found: Any) -> tuple[str, bytes]:
    return found.type, msgspec.json.encode(found)


class MessageStage:
    """Keeps messages as the feed would send them."""

    def __init__(self) -> None:
        self.messages: Messages = []
        self._feed = Normaliser().feed

    def show(self, event: Any, before: LiveState, after: LiveState) -> None:
        self.messages += [texts(message) for message in self._feed(event, before, after)]

    def jump(self, state: LiveState, position: int) -> None:
        self.messages.clear()

    def tell(self, status: object) -> None:
        pass


@settings(max_examples=60, deadline=None)
@given(recordings(), st.integers(0, 12), st.sampled_from([GAME, AFTER]))
def test_seek_then_play_equals_play_from_start(one: Recording, wanted: int, game: str) -> None:
    _, _, clock = player(one)
    stage = MessageStage()
    seeker = Player("seek", one, stage, clock)
    try:
        seeker.seek(wanted, game)
    except UsageError:
        return  # every frame of that game was lost
    skipped = seeker.position
    finish(seeker, clock)
    straight: Messages = []
    per_event = play_through(one, lambda *told: [[*map(texts, Normaliser().feed(*told))]])
    for number, messages in enumerate(per_event):
        if number >= skipped:
            straight += messages
    assert stage.messages == straight
    assert state_hash(seeker.live) == state_hash(one.state_at(len(one.events)))


ACTIONS: dict[str, Callable[[Player, int], None]] = {
    "play": lambda one, _: one.play(),
    "pause": lambda one, _: one.pause(),
    "step": lambda one, _: one.step(),
    "back": lambda one, _: one.back(),
    "seek": lambda one, number: one.seek(number % 12),
    "speed": lambda one, number: one.set_speed((0.25, 1.0, 7.5, 100.0)[number % 4]),
    "wait": lambda one, number: one.advance() and None,
}


@settings(max_examples=80, deadline=None)
@given(
    recordings(),
    st.lists(st.tuples(st.sampled_from(sorted(ACTIONS)), st.integers(0, 3000)), max_size=25),
)
def test_any_controls_end_in_the_state_of_their_position(
    one: Recording, orders: list[tuple[str, int]]
) -> None:
    driven, _, clock = player(one)
    for name, number in orders:
        clock.seconds += number / 1000
        ACTIONS[name](driven, number)
        assert state_hash(driven.live) == state_hash(one.state_at(driven.position))
        status = driven.status()
        assert 0 <= status.position <= 1
        assert 0 <= status.at_ms <= status.length_ms
    finish(driven, clock)
    assert driven.ended
    assert state_hash(driven.live) == state_hash(one.state_at(len(one.events)))


@settings(max_examples=60, deadline=None)
@given(recordings(), st.sampled_from([0.25, 0.5, 1.0, 3.0, 100.0]), st.floats(0.001, 0.5))
def test_every_event_is_shown_at_its_time_whatever_the_speed(
    one: Recording, speed: float, slice_s: float
) -> None:
    driven, stage, clock = player(one, speed=speed)
    began = clock.seconds
    driven.play()
    for _ in range(200):
        driven.advance()
        played_us = (clock.seconds - began) * 1e6 * speed
        shown = len(stage.shown)
        assert all(at <= played_us + 2 for at in one.times[:shown])
        assert driven.ended or one.times[shown] > played_us - 1
        clock.seconds += slice_s


@settings(max_examples=100, deadline=None)
@given(recordings())
def test_times_never_go_back(one: Recording) -> None:
    for times in (one.times, arrival_times(one.events), game_times(one.events)):
        assert list(times) == sorted(times)
        assert times[0] >= 0
