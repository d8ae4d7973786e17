from __future__ import annotations

from decimal import Decimal

import pytest
from tests.live_support import GAME, ME, NEXT, OTHER, Session, cooldown, entry, reset, rug, tick

from vectra_player.model.frame import Frame
from vectra_player.model.rows import OtherPlayer, ServerState, ShortPosition, Sidebet, SystemEvent

PRICES = [1.0, 1.1, 1.2, 0.02]
TRACE = {"__trace": True, "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}


def trade(**fields: object) -> dict[str, object]:
    return {
        "id": "t1",
        "gameId": GAME,
        "playerId": OTHER,
        "username": "somebody",
        "level": 5,
        "type": "buy",
        "price": 1.1,
        "tickIndex": 1,
        "coin": "solana",
        "amount": 0.11,
        "qty": 0.1,
        "leverage": 4,
        **fields,
    }


def bet(**fields: object) -> dict[str, object]:
    return {
        "playerId": OTHER,
        "gameId": GAME,
        "username": "somebody",
        "betAmount": 0.01,
        "xPayout": 5,
        "coinAddress": "So1",
        "startTick": 1,
        "endTick": 41,
        "tickIndex": 1,
        "timestamp": 1000,
        "type": "placed",
        **fields,
    }


def test_a_traced_trade_gives_a_row_with_the_leaderboard_of_its_game() -> None:
    session = Session()
    board = [{"id": OTHER, "pnl": -0.5, "position": 3, "positionQty": 0.25, "level": 9}]
    session.game_state(**tick(1, PRICES, leaderboard=board))
    session.event("standard/newTrade", TRACE, trade())
    (row,) = session.of(OtherPlayer)
    assert (row.action_type, row.tick, row.game_phase) == ("BUY", 1, "LIVE")
    assert (row.amount, row.qty, row.leverage) == (Decimal("0.11"), Decimal("0.1"), 4)
    assert (row.player_id, row.username) == (OTHER, "somebody")
    assert (row.leaderboard_rank, row.player_pnl) == (3, Decimal("-0.5"))
    assert (row.player_level, row.player_position_qty) == (5, Decimal("0.25"))


@pytest.mark.parametrize(
    ("wire", "stored"),
    [
        ("buy", "BUY"),
        ("sell", "SELL"),
        ("short_open", "SHORT_OPEN"),
        ("short_close", "SHORT_CLOSE"),
        ("gift", "GIFT"),
    ],
)
def test_every_type_of_trade_is_kept(wire: str, stored: str) -> None:
    session = Session()
    session.event("standard/newTrade", TRACE, trade(type=wire))
    assert session.of(OtherPlayer)[0].action_type == stored


@pytest.mark.parametrize("login", ["playerUpdate", "usernameStatus", "currentSidebet"])
def test_own_trades_are_no_rows_of_others(login: str) -> None:
    session = Session()
    told = bet(playerId=ME) if login == "currentSidebet" else {"id": ME, "username": "me"}
    session.event(login, TRACE, told)
    session.event("standard/newTrade", TRACE, trade(playerId=ME))
    assert session.of(OtherPlayer) == []


def test_the_phase_of_a_trade_is_that_of_the_round() -> None:
    session = Session()
    session.game_state(**cooldown(5000, GAME))
    session.event("standard/newTrade", TRACE, trade(tickIndex=0))
    session.game_state(**cooldown(14900, NEXT))
    session.event("standard/newTrade", TRACE, trade())
    assert [row.game_phase for row in session.of(OtherPlayer)] == ["BETTING", "UNKNOWN"]


def test_the_leaderboard_of_the_game_before_is_not_used() -> None:
    session = Session()
    board = [{"id": OTHER, "pnl": 1, "position": 1}]
    session.game_state(**tick(1, PRICES, leaderboard=board))
    session.game_state(**cooldown(14900, NEXT, leaderboard=board))
    session.event("standard/newTrade", TRACE, trade(gameId=NEXT))
    assert session.of(OtherPlayer)[0].leaderboard_rank is None


def test_a_player_update_gives_the_state_of_the_account_and_null_for_what_it_leaves_out() -> None:
    session = Session()
    session.game_state(**tick(2, PRICES))
    session.event("playerUpdate", {"id": ME, "cash": 0.1, "positionQty": 0.003384584})
    (row,) = session.of(ServerState)
    assert (row.cash, row.position_qty) == (Decimal("0.1"), Decimal("0.003384584"))
    assert (row.avg_cost, row.bonus_balance, row.has_sidebet, row.has_short) == (None,) * 4
    assert (row.player_id, row.game_id, row.tick) == (ME, GAME, 2)


def test_null_is_a_statement_of_its_own() -> None:
    session = Session()
    session.event("playerUpdate", {"id": ME, "sideBet": None, "shortPosition": None})
    (row,) = session.of(ServerState)
    assert (row.has_sidebet, row.has_short) == (False, False)
    assert session.of(ShortPosition) == []


def test_a_short_is_a_row_when_it_opens_changes_or_goes() -> None:
    session = Session()
    short = {"amount": 0.2, "entryPrice": 1.02322, "entryTick": 7, "pnl": 0.01}
    for told in (short, short, short | {"pnl": 0.02}, None, None):
        session.event("playerUpdate", {"id": ME, "shortPosition": told})
    session.event("playerUpdate", {"id": ME})
    rows = session.of(ShortPosition)
    assert [row.has_short for row in rows] == [True, True, False]
    assert (rows[0].short_qty, rows[0].short_entry_price) == (Decimal("0.2"), 1.02322)
    assert rows[1].short_pnl == Decimal("0.02")
    assert rows[2].short_qty is None


@pytest.mark.parametrize("cash", [1e9, 1e300, -1e12])
def test_an_amount_no_column_can_hold_is_null(cash: float) -> None:
    session = Session()
    session.event("playerUpdate", {"id": ME, "cash": cash})
    assert session.of(ServerState)[0].cash is None


def placed(start: int, player: str = OTHER) -> dict[str, object]:
    return {
        "type": "placed",
        "id": f"p{start}",
        "playerId": player,
        "username": "somebody",
        "startedAtTick": start,
        "end": start + 40,
        "betAmount": 0.01,
        "bonusPortion": 0,
        "realPortion": 0.01,
        "xPayout": 5,
        "timestamp": 1000 + start,
    }


def paid(start: int, rug_tick: int | None, player: str = OTHER) -> dict[str, object]:
    return {
        "type": "payout",
        "id": f"r{start}",
        "playerId": player,
        "startTick": start,
        "endTick": start + 40,
        "betAmount": 0.01,
        "payout": 0 if rug_tick is None else 0.05,
        "profit": -0.01 if rug_tick is None else 0.04,
        "tickIndex": start if rug_tick is None else rug_tick,
        "xPayout": 5,
        "timestamp": 9000 + start,
    }


LONG = [1.0] * 60 + [0.02]


def test_placed_and_paid_records_become_one_row_and_presale_bets_need_no_placing() -> None:
    session = Session()
    bets = [placed(1), placed(42), paid(0, None, "p2"), paid(1, None), paid(42, 60)]
    session.game_state(**reset([entry(LONG, globalSidebets=bets)]))
    rows = {(row.player_id, row.start_tick): row for row in session.of(Sidebet)}
    assert len(rows) == 3
    lost, won, presale = rows[OTHER, 1], rows[OTHER, 42], rows["p2", 0]
    assert (lost.outcome, lost.settle_tick, lost.profit) == ("lost", 41, Decimal("-0.01"))
    assert (won.outcome, won.settle_tick, won.payout) == ("won", 60, Decimal("0.05"))
    assert (won.placed_at, won.settled_at, won.sidebet_id) == (1042, 9042, "p42")
    assert (presale.outcome, presale.placed_at) == ("lost", None)
    assert len({row.sub for row in rows.values()}) == 3


def test_an_own_result_is_a_row_at_once_and_not_again_with_the_history() -> None:
    session = Session()
    session.game_state(**tick(1, LONG))
    session.event("currentSidebet", TRACE, bet(playerId=ME))
    assert session.of(Sidebet) == []
    result = bet(playerId=ME, type="payout", payout=0, profit=-0.01, timestamp=2000)
    session.event("currentSidebetResult", TRACE, result)
    (row,) = session.of(Sidebet)
    assert (row.own, row.outcome, row.settle_tick) == (True, "lost", 41)
    assert (row.placed_at, row.settled_at) == (1000, 2000)
    session.game_state(**reset([entry(LONG, globalSidebets=[placed(1, ME), paid(1, None, ME)])]))
    assert len(session.of(Sidebet)) == 1


def test_an_own_win_that_comes_before_the_rug_frame_is_a_win() -> None:
    session = Session()
    session.game_state(**tick(1, PRICES))
    session.event("currentSidebet", TRACE, bet(playerId=ME))
    won = bet(playerId=ME, type="payout", payout=0.05, profit=0.04, tickIndex=3)
    session.event("currentSidebetResult", TRACE, won)
    (row,) = session.of(Sidebet)
    assert (row.outcome, row.settle_tick, row.payout) == ("won", 3, Decimal("0.05"))


def test_public_bets_wait_for_the_history_and_are_joined_with_it() -> None:
    session = Session()
    session.game_state(**tick(1, LONG))
    session.event("newSideBet", TRACE, bet())
    assert session.of(Sidebet) == []
    session.game_state(**reset([entry(LONG, globalSidebets=[paid(1, None)])]))
    (row,) = session.of(Sidebet)
    assert (row.own, row.outcome, row.placed_at) == (False, "lost", 1000)


@pytest.mark.parametrize(
    ("last", "rugged", "outcome"), [(5, False, "unknown"), (41, False, "lost"), (41, True, "won")]
)
def test_a_bet_open_at_the_end_is_decided_by_the_rule_where_the_game_was_seen(
    last: int, rugged: bool, outcome: str
) -> None:
    session = Session()
    session.event("newSideBet", TRACE, bet())
    frame = rug([*LONG[:last], 0.02]) if rugged else tick(last, LONG)
    session.game_state(**frame)
    session.finish()
    session.finish()
    assert [row.outcome for row in session.of(Sidebet)] == [outcome]


def test_every_fact_becomes_a_system_event() -> None:
    session = Session()
    session.fact("gap", {"from": 1, "to": 2, "missing": "frames"})
    session.fact("something_new", {})
    rows = session.of(SystemEvent)
    assert [row.kind for row in rows] == ["gap", "something_new"]
    assert rows[0].detail == '{"from":1,"to":2,"missing":"frames"}'


@pytest.mark.parametrize("raw", ["42[", "49", "junk", '42["playerUpdate",{"id":7}]'])
def test_what_cannot_be_read_gives_one_decode_failure(raw: str) -> None:
    session = Session()
    (row,) = session.feed(Frame(ts=1, raw=raw))
    assert isinstance(row, SystemEvent)
    assert row.kind == "decode_failure"


def test_unknown_events_and_packets_without_meaning_give_nothing() -> None:
    session = Session()
    session.event("candleflipUpdate", {"round": 1})
    for raw in ("2", "3", "40", "430[]"):
        session.feed(Frame(ts=1, raw=raw))
    assert session.rows == []


def test_an_own_result_heard_on_two_sockets_is_one_row() -> None:
    session = Session()
    session.game_state(**tick(1, LONG))
    result = bet(playerId=ME, type="payout", payout=0, profit=-0.01)
    session.event("currentSidebetResult", TRACE, result, socket_id="a")
    session.event("currentSidebetResult", TRACE, result, socket_id="b")
    assert len(session.of(Sidebet)) == 1
