"""What an own game came to, from what the server states of the account, and what else it could."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from vectra_player.analysis.own_play import (
    AccountState,
    OwnBet,
    OwnTrade,
    alternatives,
    balances,
    joined,
    seen_profit,
)
from vectra_player.model.units import to_sol

RUG_PRICE = 0.02


def state(game: str, money: str | None, qty: str = "0", **changes: Any) -> AccountState:
    known = {"ts": 0, "tick": 1, "avg_cost": 2.0, "invested": to_sol(0), "bet": False}
    told = None if money is None else Decimal(money)
    return AccountState(
        **{"game_id": game, "money": told, "qty": Decimal(qty), "short": False, **known, **changes}
    )


def trade(side: Any, amount: str | None, qty: str, **changes: Any) -> OwnTrade:
    known = {"ts": 0, "tick": 1, "price": 2.0, "seen": True}
    told = None if amount is None else Decimal(amount)
    return OwnTrade(**{"side": side, "amount": told, "qty": Decimal(qty), **known, **changes})


def test_a_game_brings_the_change_of_the_money_from_rest_to_rest() -> None:
    (one,) = balances([state("a", "10"), state("a", "9", "0.5"), state("a", "10.5")])
    assert (one.before, one.after, one.profit) == (Decimal(10), Decimal("10.5"), Decimal("0.5"))
    assert one.played


def test_a_game_met_midway_begins_with_the_money_of_the_one_before() -> None:
    told = [state("a", "10"), state("b", "9", "0.5"), state("b", "8")]
    assert [game.profit for game in balances(told)] == [Decimal(0), Decimal(-2)]


def test_a_game_left_midway_ends_with_the_money_at_rest_in_the_next() -> None:
    told = [state("a", "10"), state("a", "9", "0.5"), state("b", "9.25")]
    assert balances(told)[0].profit == Decimal("-0.75")


def test_what_was_not_told_is_not_known() -> None:
    assert balances([state("a", "9", "0.5"), state("a", "10")])[0].profit is None
    assert balances([state("a", "10"), state("a", "9", "0.5")])[0].profit is None
    assert balances([state("a", None), state("a", "9", "0.5"), state("a", "9")])[0].profit is None


def test_an_account_that_only_watched_did_not_play() -> None:
    (one,) = balances([state("a", "10"), state("a", "10")])
    assert (one.played, one.trades) == (False, ())


def test_changes_of_the_holding_are_trades_with_their_amounts() -> None:
    told = [state("a", "10"), state("a", "9", "0.5"), state("a", "9.6", "0.25"), state("a", "10")]
    trades = balances(told)[0].trades
    assert [(t.side, t.qty, t.amount) for t in trades] == [
        ("BUY", Decimal("0.5"), Decimal(1)),
        ("SELL", Decimal("0.25"), Decimal("0.6")),
        ("SELL", Decimal("0.25"), Decimal("0.4")),
    ]
    assert [t.seen for t in trades] == [False] * 3


def test_a_sale_beside_a_settled_sidebet_has_no_amount_of_its_own() -> None:
    told = [state("a", "9", "0.5", bet=True), state("a", "12")]
    assert balances(told)[0].trades[-1].amount is None


def test_echoes_that_explain_the_holding_stand_alone() -> None:
    buys = [trade("BUY", "1", "0.5"), trade("BUY", "0.2", "0.1", ts=1)]
    summed = [trade("BUY", "1.2", "0.6", seen=False)]
    assert joined(buys, summed) == buys


def test_a_change_without_an_echo_is_kept() -> None:
    echo = trade("BUY", "1", "0.5")
    unheard = trade("SELL", "1.2", "0.5", seen=False, ts=5)
    assert joined([echo], [trade("BUY", "1", "0.5", seen=False), unheard]) == [echo, unheard]


def profits(*told: Any, rug: int | None = 60) -> dict[str, Decimal | None]:
    trades = [each for each in told if isinstance(each, OwnTrade)]
    bets = [each for each in told if isinstance(each, OwnBet)]
    price = None if rug is None else RUG_PRICE
    return {each.kind: each.profit for each in alternatives(trades, bets, rug, price)}


def test_holding_to_the_rug_sells_nothing_and_keeps_the_sidebets() -> None:
    bet = OwnBet(start_tick=10, stake=Decimal("0.1"), profit=Decimal("-0.1"))
    found = profits(trade("BUY", "1", "0.5"), trade("SELL", "1.5", "0.5"), bet)
    assert found == {"held": Decimal("-1.09"), "no_bets": Decimal("0.5"), "nothing": Decimal(0)}


def test_what_is_still_held_at_the_rug_is_worth_the_rug_price() -> None:
    assert profits(trade("BUY", "1", "0.5"))["no_bets"] == Decimal("-0.99")


def test_a_sidebet_nobody_settled_is_decided_by_the_rule() -> None:
    bet = OwnBet(start_tick=20, stake=Decimal("0.1"), profit=None)
    assert profits(bet, rug=60)["held"] == Decimal("0.4")
    assert profits(bet, rug=61)["held"] == Decimal("-0.1")


def test_without_the_rug_nothing_is_claimed() -> None:
    bet = OwnBet(start_tick=20, stake=Decimal("0.1"), profit=None)
    assert profits(trade("BUY", "1", "0.5"), rug=None)["held"] is None
    assert profits(bet, rug=None)["held"] is None
    assert seen_profit([trade("SELL", None, "0.5")], [], 60, RUG_PRICE) is None
