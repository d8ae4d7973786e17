from __future__ import annotations

import json
from decimal import Decimal

import pytest
from tests.live_support import (
    GAME,
    ME,
    NEXT,
    OTHER,
    T0,
    cooldown,
    entry,
    event,
    fact_event,
    reset,
    rug,
    rug_history,
    stored,
    tick,
)

from vectra_player.live.live_state import LiveState
from vectra_player.live.reducer import reduce
from vectra_player.model.frame import Frame
from vectra_player.protocol.phases import GamePhase
from vectra_player.protocol.rugs import Event, decode

PRICES = [1.0, 1.1, 1.2, 1.3, 0.02]


def after(*events: Event, start: LiveState | None = None) -> LiveState:
    state = start or LiveState()
    for told in events:
        state = reduce(state, told)
    return state


def game(frame: dict[str, object]) -> Event:
    return event("gameStateUpdate", frame)


def me(**fields: object) -> Event:
    return event("playerUpdate", {"id": ME, **fields})


def test_before_the_first_frame_nothing_is_known() -> None:
    state = LiveState()
    assert state.game_phase is GamePhase.UNKNOWN
    known = (state.tick, state.price, state.balance, state.position_qty, state.leaderboard)
    assert known == (None,) * 5
    assert (state.sidebet, state.has_sidebet, state.connection.connected) == (None,) * 3


@pytest.mark.parametrize(
    ("frame", "phase"),
    [
        (reset([]), GamePhase.COOLDOWN),
        (cooldown(14900), GamePhase.COOLDOWN),
        (cooldown(10000), GamePhase.BETTING),
        (tick(0, PRICES), GamePhase.LIVE),
        (rug(PRICES), GamePhase.RUGGED),
        (rug_history(PRICES), GamePhase.RUGGED),
    ],
)
def test_the_phase_is_that_of_the_frame(frame: dict[str, object], phase: GamePhase) -> None:
    assert after(game(frame)).game_phase is phase


def test_tick_and_price_follow_the_frames_and_stay_at_the_rug() -> None:
    state = after(*(game(tick(n, PRICES)) for n in range(4)))
    assert (state.tick, state.price, state.trade_count) == (3, 1.3, 103)
    state = after(game(rug(PRICES)), game(rug_history(PRICES)), start=state)
    assert (state.tick, state.price) == (4, 0.02)
    assert state.prices == tuple(PRICES)


def test_partial_prices_fill_what_was_missed() -> None:
    assert after(game(tick(3, PRICES))).prices == (1.0, 1.1, 1.2, 1.3)


def test_a_frame_that_comes_late_turns_nothing_back_but_fills_gaps() -> None:
    prices = [1.0] * 10
    state = after(game(tick(0, prices)), game(tick(9, prices)))
    assert state.prices[1:5] == (None,) * 4
    state = after(game(tick(4, prices)), start=state)
    assert state.tick == 9
    assert None not in state.prices
    old = after(game(tick(3, PRICES, "20251215-0000000000000000")), game(cooldown(900)))
    again = after(game(rug(PRICES, "20251215-0000000000000000")), start=old)
    assert (again.game_id, again.game_phase) == (NEXT, GamePhase.BETTING)


def test_a_field_that_is_not_sent_keeps_its_value() -> None:
    state = after(game(tick(1, PRICES, rugpool={"instarugCount": 3, "threshold": 10})))
    frame = tick(2, PRICES)
    del frame["connectedPlayers"], frame["leaderboard"]
    state = after(game(frame), start=state)
    assert state.connected_players == 200
    assert state.leaderboard == ()
    assert state.rugpool is not None
    assert state.rugpool.instarug_count == 3


def test_the_next_game_forgets_what_belongs_to_the_last() -> None:
    state = after(game(tick(3, PRICES)), game(cooldown(14900)))
    assert (state.tick, state.price, state.prices, state.trade_count) == (None, None, (), None)


def test_the_account_is_what_player_update_says() -> None:
    state = after(me(cash=0.5, positionQty=0.003384584, avgCost=1.18))
    assert (state.player_id, state.balance) == (ME, Decimal("0.5"))
    assert (state.position_qty, state.avg_cost) == (Decimal("0.003384584"), 1.18)
    state = after(me(cash=0.4), start=state)
    assert (state.balance, state.position_qty) == (Decimal("0.4"), Decimal("0.003384584"))


def test_a_leaderboard_entry_never_overrides_the_account() -> None:
    lagging = {"id": ME, "positionQty": 0.002, "avgCost": 1.0}
    state = after(
        me(cash=0.5, positionQty=0.003),
        event("gameStatePlayerUpdate", {"gameId": GAME, "leaderboardEntry": lagging}),
        game(tick(1, PRICES, leaderboard=[lagging])),
    )
    assert state.position_qty == Decimal("0.003")
    only = after(event("gameStatePlayerUpdate", {"leaderboardEntry": lagging}))
    assert only.position_qty is None


def test_own_trades_never_move_balance_or_position() -> None:
    state = after(me(cash=1, positionQty=0), game(tick(1, PRICES)))
    trade = {"type": "buy", "playerId": ME, "gameId": GAME, "tickIndex": 1, "qty": 5, "amount": 5}
    state = after(event("standard/newTrade", trade), start=state)
    assert (state.balance, state.position_qty) == (Decimal(1), Decimal(0))


def test_the_entry_is_where_the_position_was_seen_to_open() -> None:
    state = after(me(positionQty=0), game(tick(1, PRICES)), me(positionQty=0.1))
    assert state.entry_tick == 1
    state = after(game(tick(3, PRICES)), me(positionQty=0.2), start=state)
    assert (state.entry_tick, state.time_in_position) == (1, 2)
    assert after(me(positionQty=0), start=state).time_in_position is None


def test_the_echo_of_the_own_buy_names_the_entry_exactly() -> None:
    bought = {"type": "buy", "playerId": ME, "gameId": GAME, "tickIndex": 1, "qty": 1}
    state = after(
        me(positionQty=0),
        game(tick(1, PRICES)),
        event("standard/newTrade", bought),
        game(tick(3, PRICES)),
        me(positionQty=1),
    )
    assert state.entry_tick == 1


def test_a_position_that_was_open_before_we_looked_has_no_known_entry() -> None:
    state = after(game(tick(2, PRICES)), me(positionQty=1))
    assert (state.entry_tick, state.time_in_position) == (None, None)


def test_a_position_bought_before_the_start_is_held_from_tick_zero() -> None:
    state = after(me(positionQty=0), game(cooldown(5000, GAME)), me(positionQty=1))
    state = after(game(tick(2, PRICES)), start=state)
    assert (state.entry_tick, state.time_in_position) == (0, 2)


def bet(**fields: object) -> dict[str, object]:
    placed = {"playerId": ME, "gameId": GAME, "startTick": 1, "endTick": 41, "betAmount": 0.01}
    return {**placed, "type": "placed", "timestamp": T0 // 1000 - 50, **fields}


def test_a_sidebet_opens_with_its_confirmation_and_closes_with_its_result() -> None:
    state = after(game(tick(1, PRICES)), event("currentSidebet", bet()))
    assert state.sidebet is not None
    assert (state.sidebet.end_tick, state.sidebet.amount) == (41, Decimal("0.01"))
    won = bet(type="payout", payout=0.05, profit=0.04)
    state = after(event("currentSidebetResult", won), start=state)
    assert (state.sidebet, state.has_sidebet) == (None, False)
    assert state.last_sidebet_result is not None
    assert state.last_sidebet_result.won


def test_player_update_states_whether_a_sidebet_and_a_short_are_open() -> None:
    running = {"startedAtTick": 3, "gameId": GAME, "end": 43, "betAmount": 0.02}
    state = after(me(sideBet=running, shortPosition={"amount": 0.2}))
    assert state.sidebet is not None
    assert state.sidebet.start_tick == 3
    assert state.has_short
    state = after(me(cash=1), start=state)
    assert state.has_sidebet
    state = after(me(sideBet=None, shortPosition=None), start=state)
    assert (state.has_sidebet, state.sidebet, state.has_short) == (False, None, False)


def test_the_long_form_of_the_rugpool_stays_when_the_short_one_follows() -> None:
    long = {"instarugCount": 2, "rugpoolAmount": 0.4, "totalEntries": 99, "threshold": 10}
    state = after(
        event("gameStatePlayerUpdate", {"gameId": GAME, "rugpool": long}),
        game(tick(1, PRICES, rugpool={"instarugCount": 3, "rugpoolAmount": 0.5})),
    )
    assert state.rugpool is not None
    assert (state.rugpool.instarug_count, state.rugpool.total_entries) == (3, 99)


def test_connection_facts_and_frames_say_how_the_feed_is_doing() -> None:
    state = after(fact_event("connected", {"socket_id": "a"}), fact_event("gap"))
    assert (state.connection.connected, state.connection.sockets) == (True, ("a",))
    assert state.connection.gaps == 1
    state = after(fact_event("silence", {"seconds": 30}), start=state)
    assert state.connection.silent
    state = after(event("gameStateUpdate", tick(0, PRICES), ts=T0 + 5, seq=9), start=state)
    assert (state.connection.silent, state.connection.last_frame_ts) == (False, T0 + 5)
    assert state.connection.last_seq == 9
    state = after(fact_event("disconnected", {"socket_id": "a"}), start=state)
    assert state.connection.connected is False


def test_one_of_two_sockets_closing_leaves_the_feed_connected() -> None:
    state = after(
        fact_event("connected", {"socket_id": "a"}),
        fact_event("connected", {"socket_id": "b"}),
        fact_event("disconnected", {"socket_id": "a"}),
    )
    assert (state.connection.connected, state.connection.sockets) == (True, ("b",))


def test_delay_is_measured_against_the_fastest_stamped_event() -> None:
    def chat(arrival_ms: int) -> Event:
        stamp = {"message": "hi", "timestamp": 1_000_000}
        return event("newChatMessage", stamp, ts=(1_000_000 + arrival_ms) * 1000)

    assert after(chat(-800)).connection.delay_ms == 0
    assert after(chat(-800), chat(-300)).connection.delay_ms == 500


def test_the_newest_revealed_game_is_named() -> None:
    assert after(game(reset([entry(PRICES)]))).settled_game_id == GAME


def test_who_we_are_comes_from_the_login() -> None:
    state = after(event("usernameStatus", {"id": ME, "hasUsername": True, "username": "me"}))
    assert (state.player_id, state.username) == (ME, "me")


def test_what_the_page_sends_changes_only_the_connection() -> None:
    sent = event("playerUpdate", {"id": OTHER, "cash": 9}, direction="sent")
    assert after(sent).balance is None


@pytest.mark.parametrize("name", ["gameStateUpdate", "playerUpdate", "currentSidebet", "unknown"])
def test_a_payload_of_another_shape_changes_nothing_of_the_game(name: str) -> None:
    state = after(game(tick(1, PRICES)))
    changed = after(event(name, {"gameId": 7, "id": [], "startTick": "x"}), start=state)
    assert (changed.tick, changed.price, changed.balance) == (1, 1.1, None)


def legacy(number: int, **fields: object) -> Event:
    row = {"game_id": GAME, "tick": number, "price": PRICES[number], "active": True}
    record = {**row, "rugged": False, "cooldown_timer": 0, "trade_count": 7, **fields}
    frame = Frame(
        ts=T0,
        raw=json.dumps(record),
        raw_format="legacy",
        event_name="legacy.tick",
        source="import",
    )
    decoded = decode(stored(frame))
    assert decoded is not None
    return decoded


def test_rows_of_per_game_files_move_the_state_by_the_same_rules() -> None:
    state = after(legacy(0, active=False, cooldown_timer=5000))
    assert (state.game_phase, state.prices) == (GamePhase.BETTING, ())
    state = after(*(legacy(n) for n in range(4)), start=state)
    assert (state.game_phase, state.tick, state.price) == (GamePhase.LIVE, 3, 1.3)
    state = after(legacy(4, rugged=True), legacy(4, rugged=True, tick=6), start=state)
    assert (state.game_phase, state.tick, state.price) == (GamePhase.RUGGED, 4, 0.02)
    assert state.prices == tuple(PRICES)
    assert after(legacy(2), start=state).tick == 4


def test_a_snapshot_fills_the_whole_series() -> None:
    state = after(game(tick(3, PRICES) | {"prices": PRICES[:4]}))
    assert state.prices == (1.0, 1.1, 1.2, 1.3)


def test_a_history_that_cannot_be_read_names_nobody() -> None:
    assert after(game(reset([]) | {"gameHistory": [{"id": 7}]})).settled_game_id is None


def test_the_end_of_the_recording_is_the_end_of_the_connection() -> None:
    state = after(fact_event("connected", {"socket_id": "a"}), fact_event("stopped"))
    assert (state.connection.connected, state.connection.sockets) == (False, ())
