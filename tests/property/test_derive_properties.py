"""Derivation is total, deterministic, packable at any moment, and never doubles a row."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.live_support import GAME, ME, NEXT, OTHER, T0, cooldown, entry, reset, rug, tick

from vectra_player.live.derive import decode_state, derive, encode_state, finish, new_state
from vectra_player.live.live_state import LiveState
from vectra_player.live.reducer import reduce
from vectra_player.model.frame import Frame, StoredFrame, fact
from vectra_player.model.rows import Game, GameTick, Row, Sidebet, WsEvent
from vectra_player.protocol.describe import describe
from vectra_player.protocol.rugs import decode
from vectra_player.store.schema import to_table

THIRD = "20251215-e75f6937884e45a7"
GAMES = {
    GAME: [1.0, 1.1, 1.2, 1.1, 1.05, 1.0, 0.9, 0.018],
    NEXT: [1.0, 0.98, 0.0196],
    THIRD: [1.0] * 50 + [0.02],
}

games = st.sampled_from(sorted(GAMES))


@st.composite
def frames(draw: st.DrawFn) -> dict[str, Any]:
    """A frame of any of three games, at any moment of it: order is the server's problem."""
    game = draw(games)
    prices = GAMES[game]
    kind = draw(st.sampled_from(["tick", "rug", "cooldown", "reset", "snapshot"]))
    if kind == "rug":
        frame = rug(prices, game, tickCount=len(prices) - 1 + draw(st.integers(0, 3)))
    elif kind == "cooldown":
        frame = cooldown(100 * draw(st.integers(1, 150)), game)
    elif kind == "reset":
        revealed = draw(st.lists(games.filter(lambda g: g != game), max_size=2, unique=True))
        frame = reset([entry(GAMES[g], g, globalSidebets=[payout(g)]) for g in revealed], game)
    else:
        number = draw(st.integers(0, len(prices) - 2))
        frame = tick(number, prices, game)
        if kind == "snapshot":
            frame |= {"prices": prices[: number + 1]}
    return frame


def payout(game: str) -> dict[str, Any]:
    won = len(GAMES[game]) - 1 <= 40
    return {
        "type": "payout",
        "playerId": OTHER,
        "startTick": 0,
        "endTick": 40,
        "betAmount": 1,
        "payout": 5 if won else 0,
        "tickIndex": 0,
    }


def trade(player: str, game: str) -> dict[str, Any]:
    return {"type": "buy", "playerId": player, "gameId": game, "tickIndex": 1, "qty": 0.1}


def bet(game: str, start: int) -> dict[str, Any]:
    return {"playerId": ME, "gameId": game, "startTick": start, "type": "placed", "betAmount": 0.1}


packets = st.one_of(
    frames().map(lambda f: ("gameStateUpdate", f)),
    st.builds(lambda p, g: ("standard/newTrade", trade(p, g)), st.sampled_from([ME, OTHER]), games),
    st.builds(
        lambda q, s: ("playerUpdate", {"id": ME, "positionQty": q, "shortPosition": s}),
        st.sampled_from([0, 0.5]),
        st.sampled_from([None, {"amount": 0.2}]),
    ),
    st.builds(lambda g, s: ("currentSidebet", bet(g, s)), games, st.sampled_from([0, 3])),
    st.builds(
        lambda g, s: ("currentSidebetResult", bet(g, s) | {"type": "payout", "payout": 0.0}),
        games,
        st.sampled_from([0, 3]),
    ),
)
sessions = st.lists(packets, max_size=40)


def events(session: list[tuple[str, dict[str, Any]]]) -> list[WsEvent]:
    return [
        describe(
            StoredFrame("s", n, Frame(ts=T0 + n, raw="42" + json.dumps(list(told)), source="demo"))
        )
        for n, told in enumerate(session, 1)
    ]


def run(told: list[WsEvent], *, packed: bool = False) -> tuple[list[Row], bytes]:
    state, rows = new_state("s"), []
    for ws in told:
        if packed:
            state = decode_state(encode_state(state))
        state, made = derive(state, ws)
        rows += made
    state, made = finish(state)
    return rows + list(made), encode_state(state)


@given(sessions)
def test_packing_the_state_at_any_moment_changes_nothing(session: Any) -> None:
    told = events(session)
    assert run(told, packed=True) == run(told)


@given(sessions)
def test_no_row_is_doubled_and_every_row_has_its_own_place(session: Any) -> None:
    rows, _ = run(events(session))
    places = Counter((row.doc_type, row.seq, row.sub) for row in rows)
    ticks = Counter((r.game_id, r.tick) for r in rows if isinstance(r, GameTick))
    ended = Counter(r.game_id for r in rows if isinstance(r, Game))
    bets = Counter((r.game_id, r.player_id, r.start_tick) for r in rows if isinstance(r, Sidebet))
    for counts in (places, ticks, ended, bets):
        assert max(counts.values(), default=1) == 1


@given(sessions)
def test_in_whatever_order_frames_arrive_no_price_is_wrong(session: Any) -> None:
    rows, _ = run(events(session))
    for row in rows:
        if isinstance(row, GameTick):
            prices = GAMES[row.game_id or ""]
            assert row.price == prices[row.tick]
            assert row.rugged == (row.tick == len(prices) - 1)
            assert row.phase == ("RUGGED" if row.rugged else "LIVE")
        if isinstance(row, Game):
            prices = GAMES[row.game_id or ""]
            assert row.rug_tick == len(prices) - 1
            assert row.prices in (None, prices)
            assert (row.prices is None) == (row.completeness == "partial")


@given(sessions)
def test_finishing_twice_gives_nothing_more(session: Any) -> None:
    state = new_state("s")
    for ws in events(session):
        state, _ = derive(state, ws)
    state, _ = finish(state)
    assert finish(state)[1] == []


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
NAMES = [
    "gameStateUpdate",
    "playerUpdate",
    "standard/newTrade",
    "currentSidebet",
    "currentSidebetResult",
    "newSideBet",
    "usernameStatus",
    "gameStatePlayerUpdate",
]


@st.composite
def hostile(draw: st.DrawFn) -> tuple[str, Any]:
    """A known event whose fields hold anything at all."""
    known = draw(packets)
    name, payload = draw(st.sampled_from(NAMES)), dict(known[1])
    keys = sorted(payload)
    for key in draw(st.lists(st.sampled_from(keys), max_size=3)):
        payload[key] = draw(json_values)
    return name, payload


@settings(max_examples=200)
@given(st.lists(hostile(), max_size=15))
def test_hostile_payloads_break_neither_rows_nor_columns_nor_the_live_state(session: Any) -> None:
    told = events(session)
    rows, _ = run(told)
    for kind in {type(row) for row in rows}:
        to_table([row for row in rows if type(row) is kind], kind)
    state = LiveState()
    for ws in told:
        event = decode(ws)
        if event is not None:
            state = reduce(state, event)


@given(st.text(max_size=200), st.sampled_from(["engineio", "capture", "legacy", "history", "fact"]))
@pytest.mark.parametrize("name", ["gameStateUpdate", "legacy.tick", "history.game", "vectra.gap"])
def test_no_text_makes_derive_raise(name: str, raw: str, raw_format: Any) -> None:
    frame = Frame(ts=1, raw=raw, raw_format=raw_format, event_name=name)
    run([describe(StoredFrame("s", 1, frame))])


@given(sessions)
def test_the_live_state_never_turns_back_to_an_earlier_tick_of_its_game(session: Any) -> None:
    state = LiveState()
    for ws in events(session):
        event = decode(ws)
        assert event is not None
        before, state = state, reduce(state, event)
        same = before.game_id == state.game_id
        if same and before.tick is not None and state.tick is not None and event.name[0] == "g":
            assert state.tick >= before.tick or before.game_phase in ("COOLDOWN", "BETTING")


def test_the_end_of_a_session_finishes_it() -> None:
    told = events([("gameStateUpdate", rug(GAMES[NEXT], NEXT))])
    stop = fact("stopped", {"reason": "test"}, ts=T0, source="demo")
    rows, _ = run([*told, describe(StoredFrame("s", 2, stop))])
    assert [row.seq for row in rows if isinstance(row, Game)] == [2]
