from __future__ import annotations

from decimal import Decimal

from tests.live_support import GAME, ME, NEXT, cooldown, entry, event, fact_event, reset, rug, tick

from vectra_player.bus import EventBus, Events
from vectra_player.live.provider import LiveStateProvider
from vectra_player.live.topics import BY_NAME
from vectra_player.protocol.phases import GamePhase
from vectra_player.protocol.rugs import Event

PRICES = [1.0, 1.1, 0.02]


def one_game() -> list[Event]:
    frames = [
        reset([entry([1.0, 0.02], "20251215-0000000000000001")], GAME),
        cooldown(10000, GAME),
        tick(0, PRICES),
        tick(1, PRICES),
        rug(PRICES),
        reset([entry(PRICES)]),
    ]
    return [event("gameStateUpdate", frame, seq=n) for n, frame in enumerate(frames, 1)]


def test_without_a_bus_it_is_fed_by_hand() -> None:
    live = LiveStateProvider()
    for told in one_game()[:4]:
        live.apply(told)
    live.apply(event("playerUpdate", {"id": ME, "cash": 2, "positionQty": 0}))
    assert (live.game_id, live.tick, live.price) == (GAME, 1, 1.1)
    assert (live.game_phase, live.paused) == (GamePhase.LIVE, False)
    assert (live.player_id, live.balance, live.position_qty) == (ME, Decimal(2), Decimal(0))
    assert (live.avg_cost, live.entry_tick, live.time_in_position) == (None, None, None)
    assert (live.sidebet, live.rugpool, live.leaderboard) == (None, None, ())
    assert (live.connected_players, live.connection.connected) == (200, True)


async def test_a_bus_feeds_it_and_a_snapshot_does_not_move() -> None:
    bus = EventBus()
    live = LiveStateProvider(bus)
    frames = one_game()
    bus.publish(Events.EVENT, frames[2])
    before = live.snapshot()
    bus.publish(Events.EVENT, frames[3])
    assert (before.tick, live.tick) == (0, 1)
    live.close()
    bus.publish(Events.EVENT, frames[4])
    assert live.tick == 1


async def test_the_turns_of_a_round_are_published_once_each() -> None:
    bus = EventBus()
    LiveStateProvider(bus)
    turns = Events.GAME_START, Events.GAME_RUG, Events.GAME_SETTLED
    queue = bus.subscribe(*turns, name="turns")
    for told in one_game():
        bus.publish(Events.EVENT, told)
    queue.close()
    assert [(topic, told.seq) async for topic, told in queue] == [
        (Events.GAME_START, 3),
        (Events.GAME_RUG, 5),
        (Events.GAME_SETTLED, 6),
    ]


async def test_joining_in_the_middle_of_a_game_is_no_start() -> None:
    bus = EventBus()
    LiveStateProvider(bus)
    queue = bus.subscribe(Events.GAME_START, Events.GAME_RUG, name="turns")
    bus.publish(Events.EVENT, event("gameStateUpdate", tick(1, PRICES)))
    assert queue.get_nowait() is None
    bus.publish(Events.EVENT, event("gameStateUpdate", tick(0, [1.0], NEXT)))
    assert queue.get_nowait() is not None


async def test_every_topic_of_the_wire_has_a_publisher_and_finds_the_state_moved() -> None:
    bus = EventBus()
    live = LiveStateProvider(bus)
    heard: dict[str, int | None] = {}
    for name, topic in BY_NAME.items():
        bus.attach(topic, lambda e: heard.setdefault(e.name, live.connection.last_seq))
        told = (
            fact_event(name.removeprefix("vectra."), seq=len(heard) + 1)
            if name.startswith("vectra.")
            else event(name, {}, seq=len(heard) + 1)
        )
        bus.publish(Events.EVENT, told)
    assert set(heard) == set(BY_NAME)
    assert list(heard.values()) == list(range(1, len(BY_NAME) + 1))


async def test_facts_are_published_as_system_events() -> None:
    bus = EventBus()
    LiveStateProvider(bus)
    queue = bus.subscribe(Events.SYSTEM, name="system")
    bus.publish(Events.EVENT, fact_event("late_attach"))
    item = queue.get_nowait()
    assert item is not None
    assert item.message.name == "vectra.late_attach"
