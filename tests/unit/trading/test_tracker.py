"""What becomes of an order, reply by reply: nothing is confirmed that no reply names."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.trading_support import (
    BEFORE,
    Following,
    ack,
    at,
    cut,
    echo,
    heard,
    order,
    request,
    update,
)

from vectra_player.model.press import PressSeen
from vectra_player.protocol.rugs import Event
from vectra_player.trading.records import AccountState, ActionRecord, OrderType
from vectra_player.trading.tracker import Step

BY_PERSON = msgspec.structs.replace(
    order(), action_id="human-1", actor="human", button="", amount=None, press_ts=None
)


def stray() -> ActionRecord:
    return BY_PERSON


BOUGHT = {"cash": 9.99, "positionQty": 0.008333333, "avgCost": 1.2}


def followed(*events: Event, start: ActionRecord | None = None) -> tuple[Following, list[Step]]:
    record = start or order()
    tracker = Following(record.state_before)
    steps = [tracker.follow(record, at(0))]
    for event in events:
        steps += tracker.take(event, stray)
    return tracker, steps


def ended(steps: list[Step]) -> Step:
    done = [step for step in steps if step.stage == "done"]
    assert len(done) == 1
    return done[0]


def test_a_buy_is_confirmed_with_every_time_of_its_way() -> None:
    _, steps = followed(
        request("BUY", 0.01, 4),
        echo("BUY", 73),
        update(202, **BOUGHT),
        ack(223),
    )
    assert [step.stage for step in steps] == ["pressed", "sent", "replied", "done"]
    record = ended(steps).record
    assert (record.outcome, record.error, ended(steps).halt) == ("CONFIRMED", None, "")
    assert record.client_ts == at(4) // 1000
    assert (record.server_ts, record.server_ts_kind) == (at(73) // 1000, "echo")
    assert record.confirmed_ts == at(202) // 1000
    told = (record.send_latency_ms, record.confirm_latency_ms, record.total_latency_ms)
    assert told == (69, 129, 198)
    assert (record.executed_price, record.executed_tick) == (1.2, 7)
    assert record.state_before == BEFORE
    assert record.state_after == AccountState(
        cash=Decimal("9.99"), position_qty=Decimal("0.008333333"), avg_cost=1.2
    )


def test_without_an_echo_the_ack_confirms() -> None:
    _, steps = followed(request("BUY", 0.01, 4), update(202, **BOUGHT), ack(223))
    assert ended(steps).record.outcome == "CONFIRMED"
    assert ended(steps).record.server_ts_kind == "ack"


def test_a_sale_knows_what_it_made() -> None:
    held = AccountState(cash=Decimal(9), position_qty=Decimal(1), avg_cost=1.0)
    _, steps = followed(
        request("SELL", 100, 4),
        echo("SELL", 73, qty=1, amount=1.5, price=1.5),
        update(202, cash=10.5, positionQty=0, avgCost=0),
        start=order("SELL", "100", before=held),
    )
    assert ended(steps).record.profit == Decimal("0.5")


def test_a_sidebet_takes_the_servers_own_stamp() -> None:
    _, steps = followed(
        request("SIDEBET", 0.01, 4),
        echo("SIDEBET", 73, timestamp=1_765_761_431_050),
        update(202, cash=9.99, sideBet={"betAmount": 0.01}),
        start=order("SIDEBET"),
    )
    record = ended(steps).record
    assert (record.server_ts, record.server_ts_kind) == (1_765_761_431_050, "stamp")
    assert record.send_latency_ms == 69  # between arrivals: one clock


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (ack(40, success=False, error="Insufficient balance"), "Insufficient balance"),
        (ack(40, success=False, error={"code": 7}), '{"code":7}'),
        (ack(40, success=False, message="not now"), "not now"),
        (ack(40, success=False), "the server refused it"),
        (heard("430[]", 40), "the server refused it"),
    ],
)
def test_a_refusal_is_rejected_in_the_servers_words(answer: Event, error: str) -> None:
    _, steps = followed(request("BUY", 0.01, 4), answer)
    assert (ended(steps).record.outcome, ended(steps).record.error) == ("REJECTED", error)
    assert ended(steps).halt == ""


@pytest.mark.parametrize(
    ("events", "error"),
    [
        ([], "the page sent no order after the press"),
        ([request("BUY", 0.01, 4)], "heard no reply only"),
        ([request("BUY", 0.01, 4), ack(223)], "heard ack only"),
        ([request("BUY", 0.01, 4), echo("BUY", 73)], "heard echo only"),
        ([request("BUY", 0.01, 4), echo("BUY", 73), ack(223)], "heard echo and ack only"),
        ([request("BUY", 0.01, 4), update(202, **BOUGHT)], "heard account only"),
        ([request("BUY", 0.01, 4), cut()], "heard no reply only after the connection was cut"),
        ([request("BUY", 0.01, 4), echo("BUY", 73), update(99, cash=10)], "heard echo only"),
        ([request("BUY", 0.01, 4), update(3, **BOUGHT), ack(223)], "heard ack only"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(e.name or "ack" for e in value),
)
def test_doubt_stays_unknown_and_stops_trading(events: list[Event], error: str) -> None:
    tracker, steps = followed(*events)
    assert [step for step in steps if step.stage == "done"] == []
    steps = tracker.due(at(60_000))
    assert (ended(steps).record.outcome, ended(steps).record.error) == ("UNKNOWN", error)
    assert ended(steps).halt == f"practice-1: {error}"
    assert tracker.due(at(120_000)) == []


def test_what_comes_after_an_unknown_end_is_told_and_changes_nothing() -> None:
    tracker, _ = followed(request("BUY", 0.01, 4))
    tracker.due(at(60_000))
    late = tracker.take(ack(60_500), stray)
    assert [(step.stage, step.record.outcome) for step in late] == [("late", "UNKNOWN")]
    assert tracker.under_way == ()


def test_a_refusal_that_was_carried_out_all_the_same_stops_trading() -> None:
    _, steps = followed(request("BUY", 0.01, 4), echo("BUY", 73), ack(90, success=False))
    assert ended(steps).record.outcome == "UNKNOWN"
    assert "yet carried out" in ended(steps).halt


def test_a_page_that_sends_another_amount_stops_trading_and_is_told() -> None:
    _, steps = followed(request("BUY", 0.1, 4), echo("BUY", 73), update(202, **BOUGHT))
    assert steps[1].halt == "practice-1: the page sent 0.1, not 0.01"
    assert (ended(steps).record.outcome, ended(steps).record.error) == (
        "UNKNOWN",
        "the page sent 0.1, not 0.01",
    )


@pytest.mark.parametrize(
    "foreign",
    [
        ack(20, ack=1),
        ack(20, socket="page.2"),
        echo("BUY", 20, number=2),
        echo("SELL", 20),
        heard('42["standard/newTrade",{"type":"buy","playerId":"x","qty":1}]', 20),
    ],
    ids=["another id", "another socket", "another trace", "a sale", "no trace"],
)
def test_replies_to_others_are_not_taken(foreign: Event) -> None:
    tracker, steps = followed(request("BUY", 0.01, 4), foreign, update(30, **BOUGHT))
    assert [step.stage for step in steps] == ["pressed", "sent"]
    assert ended(tracker.due(at(60_000))).record.outcome == "UNKNOWN"


def test_two_orders_of_one_tick_stay_apart_and_one_update_shows_one() -> None:
    tracker = Following()
    tracker.follow(order(name="practice-1"), at(0))
    steps = tracker.take(request("BUY", 0.01, 4, ack=9, number=1), stray)
    tracker.follow(order(name="practice-2", ms=5), at(5))
    steps += tracker.take(request("BUY", 0.01, 9, ack=10, number=2), stray)
    steps += tracker.take(echo("BUY", 60, number=1), stray)
    steps += tracker.take(update(70, **BOUGHT), stray)
    assert ended(steps).record.action_id == "practice-1"
    tracker.take(echo("BUY", 80, number=2), stray)
    steps = tracker.take(update(90, cash=9.98, positionQty=0.016666666, avgCost=1.2), stray)
    assert ended(steps).record.action_id == "practice-2"
    assert ended(steps).record.state_before.position_qty == Decimal("0.008333333")


def press(button: str, ms: float) -> PressSeen:
    return PressSeen(button=button, at_ms=at(ms) / 1000, trusted=True, amount="0.01")


@pytest.mark.parametrize("first", ["press", "frame"])
def test_a_persons_press_and_its_frame_find_each_other_in_either_order(first: str) -> None:
    tracker = Following()
    pressed = msgspec.structs.replace(BY_PERSON, button="BUY", press_ts=at(0) // 1000)
    frame = request("BUY", 0.01, 4)
    steps = []
    if first == "press":
        steps.append(tracker.seen(press("BUY", 0), pressed, at(1)))
    steps += tracker.take(frame, stray)
    if first == "frame":
        steps.append(tracker.seen(press("BUY", 0), pressed, at(6)))
    assert len(tracker.under_way) == 1
    for event in (echo("BUY", 73), update(202, **BOUGHT)):
        steps += tracker.take(event, stray)
    record = ended(steps).record
    assert (record.actor, record.button, record.outcome) == ("human", "BUY", "CONFIRMED")
    assert (record.press_ts, record.client_ts) == (at(0) // 1000, at(4) // 1000)
    assert record.amount == Decimal("0.01")


def test_an_order_nobody_pressed_for_is_followed_all_the_same() -> None:
    tracker = Following()
    steps = []
    for event in (request("BUY", 0.01, 4), echo("BUY", 73), update(202, **BOUGHT)):
        steps += tracker.take(event, stray)
    record = ended(steps).record
    assert (record.actor, record.button, record.press_ts) == ("human", "", None)
    assert (record.amount, record.outcome) == (Decimal("0.01"), "CONFIRMED")


def test_a_persons_doubt_stops_nothing() -> None:
    tracker = Following()
    tracker.take(request("BUY", 0.01, 4), stray)
    assert ended(tracker.due(at(60_000))).halt == ""


def test_a_frame_before_the_press_is_not_taken_for_ours() -> None:
    tracker = Following()
    tracker.take(request("BUY", 0.5, 0), stray)
    tracker.follow(order(ms=100), at(100))
    steps = tracker.take(request("BUY", 0.01, 104, ack=1, number=2), stray)
    assert [step.record.action_id for step in steps] == ["practice-1"]


@pytest.mark.parametrize("kind", ["BUY", "SELL", "SIDEBET"])
def test_an_update_that_mentions_nothing_shows_nothing(kind: OrderType) -> None:
    value = "100" if kind == "SELL" else "0.01"
    tracker, _ = followed(
        request(kind, float(value), 4), ack(40), update(50), start=order(kind, value)
    )
    assert len(tracker.under_way) == 1


def test_an_ack_that_lies_is_not_confirmed_by_what_another_trade_did() -> None:
    tracker, _ = followed(
        request("BUY", 0.01, 4),
        ack(40),
        echo("BUY", 60, number=9),
        update(70, **BOUGHT),
    )
    assert len(tracker.under_way) == 1
    assert ended(tracker.due(at(60_000))).record.error == "heard ack only"


def test_after_a_cut_only_its_own_trade_shows_an_order() -> None:
    tracker, _ = followed(request("BUY", 0.01, 4), ack(40), cut(), update(70, **BOUGHT))
    assert len(tracker.under_way) == 1
    _, steps = followed(request("BUY", 0.01, 4), echo("BUY", 40), cut(), update(70, **BOUGHT))
    assert ended(steps).record.outcome == "CONFIRMED"


def test_a_trade_that_comes_after_its_refusal_stops_trading_and_changes_nothing() -> None:
    tracker, steps = followed(request("BUY", 0.01, 4), ack(40, success=False))
    assert ended(steps).record.outcome == "REJECTED"
    (late,) = tracker.take(echo("BUY", 73), stray)
    assert (late.stage, late.record.outcome) == ("late", "REJECTED")
    assert late.halt == "practice-1: refused by its ack, yet carried out"


def test_a_clock_that_is_set_back_makes_nobody_wait_for_an_hour() -> None:
    tracker, _ = followed(request("BUY", 0.01, 3_600_000))
    assert tracker.due(at(0)) == []
    assert ended(tracker.due(at(9_000))).record.outcome == "UNKNOWN"


def test_of_two_presses_a_frame_is_of_the_one_that_asked_for_it() -> None:
    tracker = Following()
    tracker.follow(order(), at(0))
    by_hand = msgspec.structs.replace(BY_PERSON, button="BUY", amount=Decimal("0.05"))
    tracker.seen(press("BUY", 1), by_hand, at(2))
    (theirs,) = tracker.take(request("BUY", 0.05, 4), stray)
    (ours,) = tracker.take(request("BUY", 0.01, 6, ack=1, number=2), stray)
    assert (theirs.record.action_id, ours.record.action_id) == ("human-1", "practice-1")
    assert (theirs.halt, ours.halt) == ("", "")


def test_a_change_that_two_orders_may_have_made_shows_neither() -> None:
    tracker = Following()
    for number in (1, 2):
        tracker.follow(order(name=f"practice-{number}"), at(number))
        tracker.take(request("BUY", 0.01, number + 1, ack=number, number=number), stray)
    tracker.take(ack(40, ack=1), stray)
    tracker.take(update(70, **BOUGHT), stray)
    assert len(tracker.under_way) == 2


def test_a_change_that_an_order_of_unknown_outcome_may_have_made_shows_no_other() -> None:
    tracker, _ = followed(request("BUY", 0.01, 4))
    tracker.due(at(60_000))
    tracker.follow(order(name="practice-2", ms=61_000), at(61_000))
    tracker.take(request("BUY", 0.01, 61_004, ack=1, number=2), stray)
    tracker.take(ack(61_040, ack=1), stray)
    assert tracker.take(update(61_070, **BOUGHT), stray) == []
    assert len(tracker.under_way) == 1


def test_a_frame_that_an_earlier_press_may_have_sent_so_late_confirms_nothing() -> None:
    tracker, _ = followed()
    tracker.due(at(4_000))
    tracker.follow(order(name="practice-2", ms=5_000), at(5_000))
    steps = []
    late = request("BUY", 0.01, 5_004)
    for event in (late, echo("BUY", 5_070), update(5_200, **BOUGHT)):
        steps += tracker.take(event, stray)
    told = ended(steps).record
    assert (told.outcome, told.error) == ("UNKNOWN", "it may be the frame of practice-1, sent late")
