"""The page's account as pages and strategies see it: what is told, once, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from tests.trader_support import Traded
from tests.trading_support import ack, echo, order, request, update

from vectra_player.errors import UsageError
from vectra_player.foundation.paper_records import NewWallet
from vectra_player.strategy.actions import Buy, Sell
from vectra_player.strategy.latency import BUY_ORDER_MS
from vectra_player.trading.tracker import Step

HELD = {"cash": 9.99, "positionQty": 0.01, "avgCost": 1.0}


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Traded]:
    traded = Traded(tmp_path)
    traded.hear(update(1, **HELD))
    yield traded
    await traded.trader.close()


async def test_a_new_paper_wallet_takes_its_latency_from_what_was_measured(desk: Traded) -> None:
    assert NewWallet().wallet(desk.desk.measured_ms).latency_ms == BUY_ORDER_MS
    for took in (180.0, 205.0, 190.0, 900.0, 200.0):
        done = order()
        done = msgspec.structs.replace(done, outcome="CONFIRMED", total_latency_ms=took)
        desk.desk.step(Step("done", done))
    assert NewWallet().wallet(desk.desk.measured_ms).latency_ms == 200
    assert NewWallet(latency_ms=0).wallet(desk.desk.measured_ms).latency_ms == 0


@pytest.mark.parametrize("share", ["10.7", "99.99", "1.5"])
async def test_a_share_without_a_button_is_refused_and_not_rounded(
    desk: Traded, share: str
) -> None:
    with pytest.raises(UsageError, match=f"no button that sells {share} %"):
        desk.desk.act(Sell(share), "bot", "PRACTICE")
    await desk.rest()
    assert desk.hand.pressed == []
    assert desk.messages == []


async def test_a_whole_share_without_a_button_is_blocked_and_recorded(desk: Traded) -> None:
    answer = desk.desk.act(Sell(30), "bot", "PRACTICE")
    assert (answer.action.error or "").startswith("bad_share")
    assert desk.store.outcomes() == ["BLOCKED"]


async def test_an_account_nobody_told_is_no_account_of_nothing(tmp_path: Path) -> None:
    desk = Traded(tmp_path, logged_in=False)
    answer = desk.desk.act(Buy("0.01"), "bot", "PRACTICE")
    assert answer.account is None
    assert (answer.action.error or "").startswith("cash_unknown")
    assert desk.messages[-1]["account"] is None
    with pytest.raises(UsageError, match="has not told"):
        desk.desk.state("PRACTICE")
    desk.hear(update(1, **HELD))
    assert desk.desk.state("PRACTICE").account.cash == 9.99
    await desk.trader.close()


async def test_another_mode_is_refused(desk: Traded) -> None:
    with pytest.raises(UsageError, match="PRACTICE mode"):
        desk.desk.act(Buy("0.01"), "bot", "LIVE")


async def test_a_sale_whose_trade_is_told_after_its_end_is_no_rug(desk: Traded) -> None:
    desk.desk.act(Sell(100), "bot", "PRACTICE")
    await desk.rest()
    sold = {"amount": 0.012, "qty": 0.01}
    desk.hear(request("SELL", 100, 4), update(60, cash=10.002, positionQty=0), ack(70))
    desk.hear(echo("SELL", 80, **sold))
    assert desk.kinds()[-1] == "sold"
    assert "rugged" not in desk.kinds()


async def test_what_the_rug_takes_is_told(desk: Traded) -> None:
    desk.hear(echo("SELL", 80, number=9, amount=0.0, qty=0.01))
    assert desk.kinds() == ["rugged"]
