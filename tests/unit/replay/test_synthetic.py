"""Frames made of what was never recorded as frames."""

from __future__ import annotations

import json
import math

import msgspec
from tests.live_support import GAME, T0, entry
from tests.replay_support import PRICES, row

from vectra_player.game.price_path import price_path
from vectra_player.model.frame import Frame
from vectra_player.model.rows import WsEvent
from vectra_player.protocol.phases import GamePhase
from vectra_player.replay.recording import Material, Recording, make_recording
from vectra_player.replay.synthetic import KnownGame, as_frames, game_rows, needs_frames

LAST = len(PRICES) - 1


def record(name: str, data: object, raw_format: str, seq: int = 1) -> WsEvent:
    frame = Frame(
        ts=T0 + seq,
        raw=json.dumps(data),
        source="import",
        raw_format=raw_format,  # type: ignore[arg-type]
        event_name=name,
    )
    return row(frame, seq)


def played(rows: list[WsEvent]) -> Recording:
    return make_recording(Material(title="x", rows=list(as_frames(rows)), synthetic=True))


def legacy(tick: int, **fields: object) -> dict[str, object]:
    return {
        "type": "tick",
        "timestamp": "2025-10-30T11:14:53",
        "game_id": GAME,
        "tick": tick,
        "price": PRICES[tick],
        "phase": "ACTIVE",
        "active": True,
        "rugged": tick == LAST,
        "cooldown_timer": 0,
        "trade_count": 5,
        **fields,
    }


def test_rows_of_the_earlier_recorder_become_frames_with_what_they_told() -> None:
    rows = [record("legacy.game_start", {"type": "game_start", "game_id": GAME}, "legacy")]
    rows += [record("legacy.tick", legacy(n), "legacy", n + 2) for n in range(len(PRICES))]
    rows.append(record("legacy.game_end", {"type": "game_end", "game_id": GAME}, "legacy", 99))
    assert needs_frames(rows)
    one = played(rows)
    assert {event.name for event in one.events} == {"gameStateUpdate"}
    assert [event.seq for event in one.events] == list(range(2, len(PRICES) + 2))
    end = one.state_at(len(one.events))
    assert end.prices == tuple(PRICES)
    assert (end.tick, end.game_phase, end.trade_count) == (LAST, GamePhase.RUGGED, 5)
    assert one.events[0].value() == {
        "gameId": GAME,
        "active": True,
        "rugged": False,
        "price": 1.0,
        "tickCount": 0,
        "cooldownTimer": 0,
        "tradeCount": 5,
    }


def test_the_counter_that_runs_on_after_the_rug_adds_no_tick() -> None:
    rows = [record("legacy.tick", legacy(n), "legacy", n + 1) for n in range(len(PRICES))]
    ran_on = {**legacy(LAST), "tick": LAST + 2}
    rows.append(record("legacy.tick", ran_on, "legacy", 99))
    one = played(rows)
    end = one.state_at(len(one.events))
    assert (end.tick, end.prices) == (LAST, tuple(PRICES))
    assert one.gaps == ()


def test_a_row_that_lost_fields_tells_only_what_is_left() -> None:
    short = legacy(1)
    del short["trade_count"], short["cooldown_timer"]
    (event,) = played([record("legacy.tick", short, "legacy")]).events
    assert "tradeCount" not in event.value()
    assert "cooldownTimer" not in event.value()


def test_a_broken_row_is_passed_over() -> None:
    good = record("legacy.tick", legacy(0), "legacy")
    broken = msgspec.structs.replace(good, raw='{"type": "tick"')
    assert len(list(as_frames([broken, good]))) == 1


def test_a_history_entry_is_played_tick_by_tick_and_revealed_at_the_end() -> None:
    one = played([record("history.game", entry(PRICES), "history")])
    end = one.state_at(len(one.events))
    assert end.prices == tuple(PRICES)
    assert end.settled_game_id == GAME
    assert [mark.kind for mark in one.marks] == ["start", "rug", "settled"]
    assert one.gaps == ()
    ticks = [
        at for at, event in zip(one.times, one.events, strict=True) if event.value().get("active")
    ]
    assert ticks[: len(PRICES)] == [ticks[0] + 250_000 * n for n in range(len(PRICES))]
    assert one.state_at(1).game_phase is GamePhase.BETTING


def test_a_synthetic_frame_carries_nobody() -> None:
    one = played([record("history.game", entry(PRICES), "history")])
    told = set().union(*(event.value() for event in one.events))
    assert not told & {"leaderboard", "tradeCount", "connectedPlayers", "rugpool"}


def test_a_seed_alone_is_enough() -> None:
    seed = "5e" * 32
    known = price_path(seed, GAME, "v3").prices
    bare = entry(None, provablyFair={"serverSeed": seed})
    one = played([record("history.game", bare, "history")])
    assert one.state_at(len(one.events)).prices == known


def test_a_seed_of_unknown_rules_or_an_entry_of_nothing_gives_no_game() -> None:
    unknown = entry(None, gameVersion="v99")
    nothing = entry(None, provablyFair=None)
    rows = [record("history.game", one, "history") for one in (unknown, nothing)]
    assert list(as_frames([*rows, record("history.game", {"no": "id"}, "history")])) == []


def test_unknown_prices_are_left_out_and_are_a_gap() -> None:
    like = record("history.game", entry(None), "history")
    prices = [1.0, 1.1, math.nan, None, 1.3, 1.2, 1.1, 1.0, 1.1, 1.2]
    game = KnownGame(game_id=GAME, prices=prices, rugged=False, ended_us=T0)
    one = make_recording(Material(title="x", rows=list(game_rows(game, like)), synthetic=True))
    (gap,) = one.gaps
    assert (gap.from_tick, gap.to_tick, gap.prices_known) == (2, 3, False)
    assert one.state_at(len(one.events)).prices[2:4] == (None, None)
