"""What the server says of the account is explained, or trading stops: within one update."""

from __future__ import annotations

import msgspec
import pytest
from tests.live_support import GAME, ME
from tests.trading_support import at, echo, heard, order, trace, update

from vectra_player.protocol.phases import GamePhase
from vectra_player.protocol.rugs import Event
from vectra_player.trading.reconcile import Reconciler
from vectra_player.trading.records import ActionRecord

LIVE = GamePhase.LIVE


def told(
    *events: Event, under_way: tuple[ActionRecord, ...] = (), phase: GamePhase = LIVE
) -> list[str]:
    """Return what did not fit, after the account was first seen with 10 SOL and 2 units."""
    account = Reconciler()
    account.hear(update(0, cash=10, positionQty=2, avgCost=1), (), LIVE)
    known = {f"{number:032x}" for number in range(1, 9)}
    return [fault for each in events if (fault := account.hear(each, under_way, phase, known))]


def result(payout: float, **more: object) -> Event:
    bet = {"playerId": ME, "gameId": GAME, "payout": payout, "type": "payout", **more}
    return heard(f"42{msgspec.json.encode(['currentSidebetResult', trace(9), bet]).decode()}", 5)


SENT = msgspec.structs.replace(order(), client_ts=at(1) // 1000, trace_id=f"{1:032x}")


@pytest.mark.parametrize(
    "events",
    [
        [update(1, cash=10, positionQty=2)],
        [update(1, cash=10)],
        [update(1)],
        [echo("BUY", 1, amount=1, qty=0.5), update(2, cash=9, positionQty=2.5)],
        [echo("SELL", 1, amount=3, qty=2), update(2, cash=13, positionQty=0)],
        [echo("SIDEBET", 1, betAmount=0.5), update(2, cash=9.5, positionQty=2)],
        [result(2.5), update(2, cash=12.5, positionQty=2)],
        [result(0), update(2, cash=10, positionQty=2)],
        [
            result(2.5),
            update(2, cash=12.5, positionQty=2),
            echo("SELL", 3, number=2, amount=0.04, qty=2),
            update(4, cash=12.54, positionQty=0),
        ],
        [
            echo("BUY", 1, amount=1, qty=0.5),
            echo("SIDEBET", 1, number=2, betAmount=0.5),
            update(2, cash=9.5, positionQty=2),
            update(3, cash=8.5, positionQty=2.5),
        ],
        [
            echo("BUY", 1, amount=1, qty=0.5),
            update(2, cash=10, positionQty=2),
            update(3, cash=9, positionQty=2.5),
        ],
    ],
    ids=lambda events: " ".join(each.name.rpartition("/")[2] for each in events),
)
def test_what_was_heard_explains_the_account(events: list[Event]) -> None:
    assert told(*events) == []


@pytest.mark.parametrize("cash", [9.9, 10.00001, 0.0, 12.0])
@pytest.mark.parametrize("qty", [2, 1.9, 0, 2.00001])
def test_any_change_nobody_told_of_is_found_within_one_update(cash: float, qty: float) -> None:
    assert len(told(update(1, cash=cash, positionQty=qty))) == 1


def test_a_trade_the_account_never_shows_is_found() -> None:
    same = update(2, cash=10, positionQty=2)
    assert told(echo("BUY", 1, amount=1, qty=0.5), same, same) == [
        "a buy was told that the account does not show"
    ]


def test_a_trade_shown_with_other_figures_is_found() -> None:
    found = told(echo("BUY", 1, amount=1, qty=0.5), update(2, cash=8, positionQty=2.5))
    assert found == ["The account changed by -2 SOL and +0.5 units unexplained"]


def test_trades_of_others_explain_nothing() -> None:
    other = echo("BUY", 1, amount=1, qty=0.5, playerId="did:privy:somebody")
    assert len(told(other, update(2, cash=9, positionQty=2.5))) == 1


def test_an_order_under_way_explains_an_update_that_came_before_its_echo_and_does_so_once() -> None:
    paid = update(2, cash=9.99, positionQty=2.008333333)
    assert told(paid, echo("BUY", 3), update(4, cash=9.99), under_way=(SENT,)) == []
    unsent = msgspec.structs.replace(SENT, client_ts=None)
    assert len(told(paid, under_way=(unsent,))) == 1


def test_what_the_rug_took_needs_no_echo_but_only_after_the_rug() -> None:
    gone = update(1, cash=10.04, positionQty=0)
    assert told(gone, phase=GamePhase.RUGGED) == []
    assert len(told(gone, phase=LIVE)) == 1


def test_another_account_begins_anew() -> None:
    other = heard('42["playerUpdate",{"id":"did:privy:another","cash":1,"positionQty":0}]', 1)
    assert told(other) == []


def test_after_a_mismatch_the_servers_word_counts() -> None:
    found = told(
        update(1, cash=8, positionQty=2), update(2, cash=8), echo("BUY", 3, amount=1, qty=1),
        update(4, cash=7, positionQty=3),
    )  # fmt: skip
    assert len(found) == 1


def test_a_sale_nobody_ordered_is_found_unless_the_rug_comes_right_after() -> None:
    sold = echo("SELL", 1, number=99, amount=3, qty=2)
    shown = update(2, cash=13, positionQty=0)
    later = update(1_100, cash=13)
    assert told(sold, shown, later) == ["a sale was told that nobody ordered here"]
    account = Reconciler()
    account.hear(update(0, cash=10, positionQty=2, avgCost=1), (), LIVE)
    assert [account.hear(each, (), LIVE) for each in (sold, shown)] == ["", ""]
    assert account.hear(update(180), (), GamePhase.RUGGED) == ""
    assert account.hear(later, (), GamePhase.COOLDOWN) == ""


def test_a_trade_that_is_told_twice_happened_once() -> None:
    bought = echo("BUY", 1, amount=1, qty=0.5)
    same = update(3, cash=9, positionQty=2.5)
    assert told(bought, bought, update(2, cash=9, positionQty=2.5), same, same, same) == []


@pytest.mark.parametrize(("share", "right"), [(50, True), (25, False), (100, False)])
def test_a_sale_under_way_explains_exactly_its_share(share: int, right: bool) -> None:
    sale = msgspec.structs.replace(
        order("SELL", str(share)), client_ts=at(1) // 1000, trace_id=f"{1:032x}"
    )
    sold = update(2, cash=11, positionQty=1)
    assert (told(sold, under_way=(sale,)) == []) is right


def test_an_update_shows_the_trades_that_explain_it_and_no_other() -> None:
    account = Reconciler()
    account.hear(update(0, cash=10, positionQty=2, avgCost=1), (), LIVE)
    account.hear(echo("BUY", 1, number=7, amount=1, qty=0.5), (SENT,), LIVE)
    account.hear(update(2, cash=9, positionQty=2.5), (SENT,), LIVE)
    assert account.shown == {f"{7:032x}"}
    account.hear(update(3, cash=8.99, positionQty=2.51), (SENT,), LIVE)
    assert account.shown == {SENT.action_id}
    account.hear(update(4, cash=8.99), (SENT,), LIVE)
    assert account.shown == set()


def test_a_change_that_two_orders_may_have_made_stops_trading() -> None:
    rival = msgspec.structs.replace(SENT, action_id="practice-2", trace_id=f"{2:032x}")
    paid = update(2, cash=9.99, positionQty=2.008333333)
    assert told(paid, under_way=(SENT, rival)) == [
        "The account changed by -0.01 SOL and +0.00833333 units, by one of 2 orders"
    ]
