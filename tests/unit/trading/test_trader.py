"""Orders carried out: what is asked anew at each, and what must not be lost on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from tests.live_support import GAME, ME, NEXT, fact_event
from tests.trader_support import Traded
from tests.trading_support import ack, cut, echo, heard, request, trace, update

from vectra_player.model.press import PressSeen
from vectra_player.protocol.rugs import Event
from vectra_player.trading import trader as module
from vectra_player.trading.tracker import Tracker

BOUGHT = {"cash": 9.99, "positionQty": 0.008333333, "avgCost": 1.2}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TURN_S", 0.0)


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Traded]:
    traded = Traded(tmp_path)
    yield traded
    await traded.trader.close()


async def test_an_order_is_pressed_confirmed_and_recorded(desk: Traded) -> None:
    desk.give()
    await desk.rest()
    desk.hear(request("BUY", 0.01, 4), echo("BUY", 73), update(202, **BOUGHT))
    await desk.rest()
    assert desk.ends() == ["CONFIRMED "]
    assert desk.store.outcomes() == ["CONFIRMED"]
    assert desk.gate.status().under_way == ()


async def test_the_hands_are_told_what_max_would_enter(desk: Traded) -> None:
    desk.hear(update(1, cash=9.999567891))
    desk.give()
    await desk.rest()
    assert desk.hand.maximum == Decimal("9.999")


async def test_a_hidden_tab_refuses_until_it_is_seen_again(desk: Traded) -> None:
    desk.hand.visibility = "hidden"
    desk.give()
    await desk.rest()
    assert desk.ends() == ["BLOCKED tab_hidden"]
    desk.hand.visibility = "visible"
    desk.give()
    await desk.rest()
    assert len(desk.hand.pressed) == 1


async def test_nothing_is_pressed_once_the_recording_stops_under_the_hand(desk: Traded) -> None:
    desk.hand.before = lambda: setattr(desk.store, "recording", False)
    desk.give()
    await desk.rest()
    assert desk.hand.pressed == []
    assert desk.ends() == ["BLOCKED recording_off"]


async def test_orders_that_wait_when_the_recording_ends_are_told_and_never_pressed(
    desk: Traded, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, look = asyncio.Event(), desk.hand.look

    async def slow_look() -> object:
        await looked.wait()
        return await look()

    monkeypatch.setattr(desk.hand, "look", slow_look)
    desk.give()  # in hand
    desk.give("SIDEBET")  # behind it
    await desk.rest()
    desk.trader.withdraw_waiting()
    looked.set()
    await desk.rest()
    assert desk.hand.pressed == []
    assert desk.ends() == ["BLOCKED recording_ends"] * 2
    assert desk.store.outcomes() == ["BLOCKED"] * 2
    assert desk.gate.status().under_way == ()
    assert desk.trader.under_way == ()


async def test_an_order_that_is_out_when_the_recording_ends_is_followed_on(desk: Traded) -> None:
    desk.give()
    await desk.rest()
    desk.trader.withdraw_waiting()
    desk.hear(request("BUY", 0.01, 4), echo("BUY", 73), update(202, **BOUGHT))
    await desk.rest()
    assert desk.ends() == ["CONFIRMED "]


async def test_an_outcome_that_came_while_nothing_was_recorded_is_recorded_next(
    desk: Traded,
) -> None:
    desk.give()
    await desk.rest()
    desk.hear(request("BUY", 0.01, 4))
    desk.store.recording = False
    desk.hear(echo("BUY", 73), update(202, **BOUGHT))
    await desk.rest()
    assert (desk.ends(), desk.store.outcomes()) == (["CONFIRMED "], [])
    assert desk.give().outcome == "BLOCKED"
    desk.store.recording = True
    desk.trader.tell_unfinished()
    desk.trader.tell_unfinished()
    await desk.rest()
    assert desk.store.outcomes() == ["CONFIRMED"], "once, and not what was never taken in"
    assert desk.trader.gate.status().under_way == ()


async def test_an_outcome_a_full_disk_refused_is_recorded_with_the_next(desk: Traded) -> None:
    desk.give()
    await desk.rest()
    desk.hear(request("BUY", 0.01, 4))
    desk.store.recording = False  # as a halted store: no recording begins anew after it
    desk.hear(echo("BUY", 73), update(202, **BOUGHT))
    desk.store.recording = True
    desk.give()
    await desk.rest()
    desk.hear(request("BUY", 0.01, 304, ack=1, number=2), ack(340, ack=1, success=False))
    assert desk.store.outcomes() == ["CONFIRMED", "REJECTED"]


async def test_a_fault_in_hearing_halts_a_trader_that_trades(
    desk: Traded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*told: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(Tracker, "hear", broken)
    desk.hear(update(1, cash=10))
    assert desk.gate.state() == "ACTIVE", "whoever only plays by hand is not stopped"
    desk.give()
    desk.hear(update(2, cash=10))
    assert desk.gate.state() == "HALTED"
    assert "RuntimeError('broken')" in desk.gate.halted


async def test_a_fault_in_telling_leaves_no_order_without_an_end(
    desk: Traded, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.give()
    await desk.rest()
    with monkeypatch.context() as broken:
        broken.setattr(desk.store, "note", lambda kind, detail: 1 / 0)
        desk.clock.pass_s(4)
        await desk.rest()
    assert "ZeroDivisionError" in desk.gate.halted
    desk.gate.acknowledge("test")
    desk.tick()
    desk.give()
    await desk.rest()
    desk.clock.pass_s(4)
    await desk.rest()
    assert desk.ends()[-1].startswith("UNKNOWN")


async def test_what_a_page_says_of_an_amount_is_kept_only_as_an_amount(desk: Traded) -> None:
    for text in ("0.30000000000000004", "1e50", "NaN"):
        desk.trader.seen(PressSeen(button="BUY", at_ms=1.0, trusted=True, amount=text))
    told = [step.record.amount for step in desk.steps]
    assert told == [Decimal("0.3"), None, None]


def sidebet_result(ms: float) -> Event:
    bet = {"playerId": ME, "gameId": GAME, "betAmount": 0.01, "startTick": 7, "payout": 0}
    return heard(f"42{json.dumps(['currentSidebetResult', trace(9), bet])}", ms)


@pytest.mark.parametrize("told", [{}, {"sideBet": None}, {"sideBet": {"amount": 0.01}}])
@pytest.mark.parametrize("echoed", [True, False])
async def test_a_stake_counts_until_its_result_whatever_the_account_says(
    desk: Traded, told: dict[str, object], echoed: bool
) -> None:
    desk.give("SIDEBET")
    await desk.rest()
    desk.hear(request("SIDEBET", 0.01, 4))
    if echoed:
        desk.hear(echo("SIDEBET", 73))
    desk.hear(update(202, cash=9.99, **told), ack(210))
    assert desk.ends() == ["CONFIRMED "]
    assert desk.trader.scene().at_risk == Decimal("0.01")
    assert (desk.give("SIDEBET").error or "").startswith("open_bet")
    desk.hear(sidebet_result(9000))
    assert desk.trader.scene().at_risk == 0


async def test_an_account_is_not_known_between_its_socket_and_the_next_update(
    desk: Traded,
) -> None:
    desk.hear(update(1, cash=9.99, positionQty=0.01, avgCost=1))
    desk.hear(fact_event("disconnected", {"socket": "another"}))
    assert desk.trader.scene().cash == Decimal("9.99")
    desk.hear(cut())
    desk.tick()
    assert (desk.give().error or "").startswith("cash_unknown")
    assert (desk.give("SELL").error or "").startswith("position_unknown")
    desk.hear(update(2, cash=9.99, positionQty=0.01, avgCost=1))
    desk.give("SELL")
    await desk.rest()
    assert len(desk.hand.pressed) == 1


async def test_a_stake_of_another_game_is_over(desk: Traded) -> None:
    desk.hear(echo("SIDEBET", 73))
    desk.tick(NEXT)
    assert desk.trader.scene().at_risk == 0


async def test_a_refusal_by_the_server_is_its_own_word(desk: Traded) -> None:
    desk.give()
    await desk.rest()
    desk.hear(request("BUY", 0.01, 4), ack(40, success=False, error="Too late"))
    assert desk.ends() == ["REJECTED Too late"]
