"""Positions are booked as the server books them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from vectra_player.game.positions import Ledger, Position
from vectra_player.game.refusal import RefusedError
from vectra_player.game.sidebet import Bet, settle


def make_position(amount: str = "0.01", price: float = 1.0) -> Position:
    return Position().buy(Decimal(amount), price)[0]


def test_the_average_cost_is_weighted_by_quantity_as_the_server_shows_it() -> None:
    first, _ = Position().buy(Decimal("0.002"), 1)
    # The notes print this price as 1.44448; the quantity needs the digit they cut.
    both, fill = first.buy(Decimal("0.002"), 1.444477)
    assert fill.qty == Decimal("0.001384584")
    assert both.qty == Decimal("0.003384584")
    assert round(both.avg_cost, 5) == Decimal("1.18183")


def test_a_partial_sell_keeps_the_average_cost_and_realises_its_share() -> None:
    position, fill = make_position().sell(25, 3.0)
    assert (fill.qty, fill.amount, fill.cost) == (
        Decimal("0.0025"),
        Decimal("0.0075"),
        Decimal("0.0025"),
    )
    assert fill.realised == Decimal("0.005")
    assert (position.qty, position.avg_cost) == (Decimal("0.0075"), 1)
    assert position.unrealised(3.0) == Decimal("0.015")


def test_selling_everything_leaves_nothing_behind() -> None:
    position, fill = make_position("0.007", 1.3331).sell(100, 0.5)
    assert position == Position()
    assert fill.realised == fill.amount - Decimal("0.007")


def test_a_position_left_open_is_sold_at_the_rug_price_unless_told_otherwise() -> None:
    position, fill = make_position("0.01").close_at_rug(0.02)
    assert fill is not None
    assert (position, fill.kind, fill.amount) == (Position(), "forced_sell", Decimal("0.0002"))
    _, worthless = make_position("0.01").close_at_rug(0.02, "nothing")
    assert worthless is not None
    assert (worthless.amount, worthless.realised) == (Decimal(0), Decimal("-0.01"))
    assert Position().close_at_rug(0.02) == (Position(), None)


@pytest.mark.parametrize(
    ("amount", "price", "reason"),
    [
        ("0", 1.0, "amount"),
        ("-1", 1.0, "amount"),
        ("0.0000000001", 1.0, "amount"),
        ("0.000000001", 100.0, "amount"),
        ("nan", 1.0, "amount"),
        ("inf", 1.0, "amount"),
        ("1", 1e-300, "amount"),
        ("1e30", 1.0, "amount"),
        ("1", 0.0, "price"),
        ("1", 1e300, "price"),
        ("1", float("nan"), "price"),
        ("1", float("inf"), "price"),
    ],
)
def test_impossible_buys_are_refused(amount: str, price: float, reason: str) -> None:
    with pytest.raises(RefusedError) as refused:
        Position().buy(Decimal(amount), price)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("percentage", "price", "reason"),
    [
        (0, 1.0, "percentage"),
        (101, 1.0, "percentage"),
        (float("nan"), 1.0, "percentage"),
        (Decimal("nan"), 1.0, "percentage"),
        (50, -1.0, "price"),
        (50, float("nan"), "price"),
    ],
)
def test_impossible_sells_are_refused(
    percentage: float | Decimal, price: float, reason: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        make_position().sell(percentage, price)
    assert refused.value.reason == reason


def test_a_flat_position_cannot_be_sold() -> None:
    with pytest.raises(RefusedError) as refused:
        Position().sell(100, 1.0)
    assert refused.value.reason == "no_position"


def test_a_ledger_pays_for_buys_and_stakes_and_refuses_what_cash_does_not_cover() -> None:
    ledger, _ = Ledger(Decimal("0.05")).buy(Decimal("0.03"), 1.0)
    staked = ledger.stake(Decimal("0.02"))
    assert (staked.cash, staked.at_risk, staked.total_invested) == (
        Decimal(0),
        Decimal("0.02"),
        Decimal("0.05"),
    )
    for attempt in (lambda: staked.buy(Decimal("0.001"), 1.0), lambda: staked.stake(Decimal(1))):
        with pytest.raises(RefusedError) as refused:
            attempt()
        assert refused.value.reason == "cash"
    with pytest.raises(RefusedError):
        staked.stake(Decimal("nan"))


def test_a_stake_counts_as_lost_only_when_it_is_lost() -> None:
    staked = Ledger(Decimal(1)).stake(Decimal("0.1"))
    assert (staked.sidebet_pnl, staked.equity(1.0)) == (0, 1)
    bet = Bet("me", 0, Decimal("0.1"))
    lost = staked.settle_sidebet(settle(bet, 41))
    won = staked.settle_sidebet(settle(bet, 40))
    assert (lost.cash, lost.sidebet_pnl, lost.at_risk) == (Decimal("0.9"), Decimal("-0.1"), 0)
    assert (won.cash, won.sidebet_pnl, won.at_risk) == (Decimal("1.4"), Decimal("0.4"), 0)


def test_profit_is_realised_unrealised_and_sidebets_together() -> None:
    ledger, _ = Ledger(Decimal(1)).buy(Decimal("0.1"), 1.0)
    ledger, _ = ledger.sell(50, 2.0)
    assert ledger.pnl(3.0) == Decimal("0.05") + Decimal("0.1")
    closed, fill = ledger.close_at_rug(0.02)
    assert fill is not None
    assert closed.pnl(0.02) == closed.cash - 1
    assert closed.close_at_rug(0.02) == (closed, None)
