"""Is a replay what was live? Hashes of states, messages and rows, made on both sides and compared.

Used by the contract tests; `python -m tests.replay_equality --games 200` is the long form for
demo sessions: it records real sessions with own trades and sidebets and prints what it compared.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from tests.demo_fixtures import LONG_GAMES, Listener, ask, listening, live, log_in, running_demo
from tests.replay_support import FakeClock, finish

from vectra_player.app.progress import Limits
from vectra_player.app.recorder import Recorder
from vectra_player.bus import Events
from vectra_player.demo.values import SOL_MINT
from vectra_player.errors import UsageError
from vectra_player.foundation.messages import Message
from vectra_player.foundation.normaliser import Normaliser
from vectra_player.live.derive import derive, new_state
from vectra_player.live.derive import finish as finish_rows
from vectra_player.live.live_state import LiveState
from vectra_player.model.rows import DOC_TYPES, Row, WsEvent
from vectra_player.protocol.rugs import Event
from vectra_player.replay import reader
from vectra_player.replay.player import Player, play_through
from vectra_player.replay.recording import Recording
from vectra_player.sources.demo import LOGIN
from vectra_player.sources.public_ws import PublicWsSettings, PublicWsSource
from vectra_player.store.reads import Span, StoreReader, rows_of
from vectra_player.store.writer import EventStore

Rows = dict[str, list[Row]]
"""Rows of each doc type, by (seq, sub)."""


class Lived(NamedTuple):
    """What a session was while it was live: a digest of each state and message, in order."""

    session_id: str
    states: list[bytes]
    messages: list[bytes]


def digest(value: object) -> bytes:
    """Return a hash of a value with all its fields."""
    packed = msgspec.json.encode(value, enc_hook=str, order="deterministic")
    return hashlib.blake2b(packed, digest_size=16).digest()


def digest_of_message(message: Message) -> bytes:
    """Return a hash of what a client is sent."""
    return digest(message)


# Live ----------------------------------------------------------------------------------------


class Witness:
    """Hears a recorder's bus as the live feed does."""

    def __init__(self, recorder: Recorder) -> None:
        self.states: list[bytes] = []
        self.messages: list[bytes] = []
        self._live = recorder.live
        self._last = recorder.live.snapshot()
        self._normaliser = Normaliser()
        recorder.bus.attach(Events.EVENT, self._hear, name="witness")

    def _hear(self, event: Event) -> None:
        before, self._last = self._last, self._live.snapshot()
        self.states.append(digest(self._last))
        told = self._normaliser.feed(event, before, self._last)
        self.messages += map(digest_of_message, told)


async def record_demo_session(
    root: Path, *, games: int, seed: int, speed: float, orders_a_game: int = 6
) -> Lived:
    """Record so many games of a demo server at speed, with the account trading and betting."""
    async with running_demo(seed=seed, speed=speed, **LONG_GAMES) as server:
        wanted = PublicWsSettings(url=server.url, source="demo", first_event=LOGIN)
        store = await asyncio.to_thread(EventStore.open, root)
        try:
            recorder = Recorder(store, PublicWsSource(wanted), "demo")
            witness = Witness(recorder)
            async with listening(server.url) as player:
                await log_in(player, "demo-player")
                trading = asyncio.ensure_future(  # noqa: TID251 - cancelled below
                    trade(player, random.Random(seed), orders_a_game)
                )
                try:
                    summary = await recorder.run(Limits(games=games))
                finally:
                    trading.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await trading
        finally:
            await asyncio.to_thread(store.close)
    assert summary.session_id is not None
    assert summary.error is None
    return Lived(summary.session_id, witness.states, witness.messages)


async def trade(player: Listener, rng: random.Random, orders_a_game: int) -> None:
    """Buy, sell and bet at random moments of every game; refusals are part of it."""
    while True:
        await live(player)
        for _ in range(orders_a_game):
            orders: list[tuple[str, dict[str, Any]]] = [
                ("buyOrder", {"amount": rng.choice([0.01, 0.037])}),
                ("sellOrder", {"percentage": rng.choice([25, 50, 100])}),
                ("requestSidebet", {"amount": 0.01, "coinAddress": SOL_MINT, "xPayout": 5}),
            ]
            await ask(player, *rng.choice(orders))
            await asyncio.sleep(rng.uniform(0, 0.05))


# Replayed ------------------------------------------------------------------------------------


def replayed_states(one: Recording) -> list[bytes]:
    """Return the state after each event of a recording."""
    return [digest(one.state_at(n)) for n in range(1, len(one.events) + 1)]


def replayed_messages(one: Recording) -> list[bytes]:
    """Return what a client of the replay is sent."""
    return [digest_of_message(m) for m in play_through(one, Normaliser().feed)]


def derived_rows(events: Sequence[WsEvent]) -> Rows:
    """Make the rows of every doc type from what a replay reads, `ws_event` itself included."""
    state, made = new_state(events[0].session_id), list[Row]()
    for event in events:
        state, more = derive(state, event)
        made += more
    return _by_type([*events, *made, *finish_rows(state)[1]])


def stored_rows(root: Path, session_id: str) -> Rows:
    """Read the rows of every doc type that were filed while the session was live."""
    span = Span((session_id,), 0, 1 << 62)
    with StoreReader(root) as stored:
        found = [
            row
            for doc_type, kind in DOC_TYPES.items()
            for row in rows_of(kind, stored.read_span(doc_type, span))
        ]
    return _by_type(found)


def _by_type(rows: Sequence[Row]) -> Rows:
    found: Rows = {doc_type: [] for doc_type in DOC_TYPES}
    for row in rows:
        found[row.doc_type].append(row)
    for of_type in found.values():
        of_type.sort(key=lambda row: (row.seq, row.sub))
    return found


class MessageStage:
    """Keeps digests of the messages a player makes from its last jump on."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self._normaliser = Normaliser()

    def show(self, event: Event, before: LiveState, after: LiveState) -> None:
        """Keep an event's messages."""
        told = self._normaliser.feed(event, before, after)
        self.messages += map(digest_of_message, told)

    def jump(self, state: LiveState, position: int) -> None:
        """Forget what was shown before."""
        self.messages.clear()

    def tell(self, status: object) -> None:
        """Pass over it."""


def seeks(one: Recording, count: int, seed: int) -> Iterator[tuple[str, int]]:
    """Yield moments to seek to: first and last tick of each game, and random ones."""
    played = [game for game in one.games if game.last_tick is not None]
    rng = random.Random(seed)
    for game in played:
        yield game.game_id, 0
        yield game.game_id, game.last_tick or 0
    for _ in range(count if played else 0):
        game = rng.choice(played)
        yield game.game_id, rng.randint(0, (game.last_tick or 0) + 3)


def wrong_seeks(one: Recording, count: int, seed: int = 1) -> tuple[int, list[str]]:
    """Seek, play to the end, compare with playing from the start; return tries and differences."""
    per_event = list(
        play_through(one, lambda *told: [[digest_of_message(m) for m in Normaliser().feed(*told)]])
    )
    last = digest(one.state_at(len(one.events)))
    wrong, tried = [], 0
    for game_id, tick in seeks(one, count, seed):
        stage, clock = MessageStage(), FakeClock()
        player = Player("seek", one, stage, clock)
        with contextlib.suppress(UsageError):
            player.seek(tick, game_id)
        straight = [m for told in per_event[player.position :] for m in told]
        if digest(player.live) != digest(one.state_at(player.position)):
            wrong.append(f"{game_id} tick {tick}: state after the seek")
        finish(player, clock)
        if stage.messages != straight or digest(player.live) != last:
            wrong.append(f"{game_id} tick {tick}: what was played from there")
        tried += 1
    return tried, wrong


# The long form -------------------------------------------------------------------------------


def main() -> None:
    """Record demo sessions and compare each with its replay, twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--games", type=int, default=200)
    parser.add_argument("--speed", type=float, default=100.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    started, number = time.monotonic(), 0
    while counts["games"] < options.games:
        number += 1
        games = min(10, options.games - counts["games"])
        with tempfile.TemporaryDirectory() as folder:
            counts += compare_session(Path(folder), games, options.seed + number, options.speed)
        print(json.dumps(dict(counts)), flush=True)
    print(json.dumps({**counts, "seconds": round(time.monotonic() - started, 1)}, indent=2))


def compare_session(root: Path, games: int, seed: int, speed: float) -> Counter[str]:
    """Record one session and compare; counts of what was equal. Raises AssertionError."""
    lived = asyncio.run(record_demo_session(root, games=games, seed=seed, speed=speed))
    kept = stored_rows(root, lived.session_id)
    counts: Counter[str] = Counter(sessions=1)
    for _ in range(2):
        material = reader.find_session(root, lived.session_id)
        one = reader.load_session(root, lived.session_id)
        assert replayed_states(one) == lived.states
        assert replayed_messages(one) == lived.messages
        assert derived_rows(material.rows) == kept
        tried, wrong = wrong_seeks(one, 10, seed)
        assert wrong == []
        counts += Counter(states=len(lived.states), messages=len(lived.messages), seeks=tried)
    counts["games"] = sum(game.last_tick is not None for game in one.games)
    counts += Counter({f"rows {name}": len(rows) for name, rows in kept.items() if rows})
    counts["own sidebets"] = _own(kept)
    return counts


def _own(rows: Rows) -> int:
    return sum(getattr(row, "event_name", None) == "currentSidebet" for row in rows["ws_event"])


if __name__ == "__main__":
    main()
