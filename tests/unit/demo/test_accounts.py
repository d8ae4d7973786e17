"""What an account may do, and what it is told."""

from __future__ import annotations

from decimal import Decimal

import pytest

from vectra_player.demo.accounts import Account, Accounts
from vectra_player.demo.settings import DemoSettings
from vectra_player.demo.sim import Simulation
from vectra_player.demo.values import PRACTICE_MINT
from vectra_player.errors import UsageError

STAMP_MS = 1_800_000_000_000


def make_sim(at_ms: float) -> Simulation:
    settings = DemoSettings(seed=3, past_games=10, shortest_game=60, longest_game=90)
    sim = Simulation(settings, 3, STAMP_MS)
    sim.advance(at_ms)
    return sim


def make_account(balance: str = "10") -> Account:
    return Accounts(Decimal(balance)).open("token")


COOLDOWN_MS, PRESALE_MS, LIVE_MS = 2_000.0, 7_000.0, 20_000.0


def test_a_token_always_opens_the_same_account() -> None:
    accounts = Accounts(Decimal(1))
    assert accounts.open("a") is accounts.open("a")
    assert accounts.open("a").who.id != accounts.open("b").who.id
    assert Accounts(Decimal(1)).open("a").who.id == accounts.open("a").who.id


def test_a_live_buy_is_booked_at_the_price_of_the_tick() -> None:
    sim, account = make_sim(LIVE_MS), make_account()
    trade = account.buy(sim.table, {"amount": 0.5})
    assert trade["price"] == sim.table.price
    assert trade["tickIndex"] == sim.table.tick > 0
    assert account.update(sim.table)["cash"] == 9.5
    assert trade["qty"] == pytest.approx(0.5 / sim.table.price, abs=1e-9)


def test_a_presale_buy_gets_the_start_price() -> None:
    sim, account = make_sim(PRESALE_MS), make_account()
    trade = account.buy(sim.table, {"amount": 0.1})
    assert (trade["price"], trade["tickIndex"]) == (1, 0)


@pytest.mark.parametrize(
    ("at_ms", "payload"),
    [
        (COOLDOWN_MS, {"amount": 0.1}),
        (LIVE_MS, {"amount": 0.0009}),
        (LIVE_MS, {"amount": 11}),
        (LIVE_MS, {"amount": -1}),
        (LIVE_MS, {"amount": "1"}),
        (LIVE_MS, {"amount": True}),
        (LIVE_MS, {"amount": 1e300}),
        (LIVE_MS, {}),
        (LIVE_MS, None),
    ],
)
def test_an_impossible_buy_changes_nothing(at_ms: float, payload: object) -> None:
    sim, account = make_sim(at_ms), make_account()
    with pytest.raises(UsageError):
        account.buy(sim.table, payload)
    assert account.update(sim.table)["cash"] == 10


@pytest.mark.parametrize("payload", [{"percentage": 0}, {"percentage": 101}, {"amount": 1}])
def test_an_impossible_sale_changes_nothing(payload: object) -> None:
    sim, account = make_sim(LIVE_MS), make_account()
    account.buy(sim.table, {"amount": 1})
    before = account.update(sim.table)
    with pytest.raises(UsageError):
        account.sell(sim.table, payload)
    assert account.update(sim.table) == before


def test_nothing_is_sold_without_a_position_nor_in_the_presale() -> None:
    sim, account = make_sim(PRESALE_MS), make_account()
    with pytest.raises(UsageError):
        account.sell(sim.table, {"percentage": 100})
    account.buy(sim.table, {"amount": 1})
    with pytest.raises(UsageError):
        account.sell(sim.table, {"percentage": 100})


def test_a_percentage_of_one_sells_one_percent() -> None:
    sim, account = make_sim(LIVE_MS), make_account()
    bought = account.buy(sim.table, {"amount": 1})
    sold = account.sell(sim.table, {"percentage": 1})
    assert sold["qty"] == pytest.approx(bought["qty"] / 100, abs=1e-9)


def test_there_is_one_sidebet_at_a_time_and_a_loss_ends_it_after_forty_ticks() -> None:
    sim, account = make_sim(LIVE_MS), make_account()
    bet = account.place(sim.table, {"amount": 0.1, "xPayout": 5}, STAMP_MS)
    with pytest.raises(UsageError):
        account.place(sim.table, {"amount": 0.1}, STAMP_MS)
    assert bet["endTick"] == bet["startTick"] + 40
    sim.table.tick = bet["endTick"] - 1
    assert account.pass_tick(sim.table, STAMP_MS) is None
    sim.table.tick = bet["endTick"]
    lost = account.pass_tick(sim.table, STAMP_MS)
    assert lost is not None
    assert (lost["payout"], lost["profit"], lost["tickIndex"]) == (0, -0.1, bet["startTick"])
    assert account.update(sim.table)["cash"] == 9.9


def test_a_sidebet_open_at_the_rug_wins_five_times_its_stake() -> None:
    sim, account = make_sim(LIVE_MS), make_account()
    sim.table.tick = sim.table.game.rug_tick - 1
    account.place(sim.table, {"amount": 0.1}, STAMP_MS)
    won = account.settle_sidebet(sim.table, STAMP_MS)
    assert won is not None
    assert (won["payout"], won["profit"]) == (0.5, 0.4)
    assert won["tickIndex"] == sim.table.game.rug_tick
    assert account.update(sim.table)["cash"] == 10.4
    assert [r["type"] for r in sim.table.game.own_sidebets] == ["placed", "payout"]


def test_a_presale_sidebet_leaves_no_placed_record() -> None:
    sim, account = make_sim(PRESALE_MS), make_account()
    bet = account.place(sim.table, {"amount": 0.1}, STAMP_MS)
    assert bet["startTick"] == 0
    assert sim.table.game.own_sidebets == []


def test_the_rug_sells_what_is_left_and_the_next_round_starts_clean() -> None:
    sim, account = make_sim(LIVE_MS), make_account()
    account.buy(sim.table, {"amount": 1})
    trade = account.forced_sell(sim.table)
    assert trade is not None
    assert trade["price"] == sim.table.game.path.prices[-1]
    cash = account.ledger.cash
    account.new_round()
    assert (account.ledger.cash, account.takes_part) == (cash, False)


def test_orders_are_refused_once_the_rug_is_decided() -> None:
    sim, account = make_sim(LIVE_MS), make_account()
    account.buy(sim.table, {"amount": 1})
    while not sim.table.settled:
        sim.advance(sim.next_ms)
    assert not sim.table.rugged
    with pytest.raises(UsageError):
        account.sell(sim.table, {"percentage": 100})


def test_practice_coins_are_another_purse_and_locked_once_in_a_game() -> None:
    sim, account = make_sim(LIVE_MS), make_account()
    account.choose_coin(practice=True)
    account.buy(sim.table, {"amount": 100})
    bet = account.place(sim.table, {"amount": 50, "coinAddress": PRACTICE_MINT}, STAMP_MS)
    assert bet["coinAddress"] == PRACTICE_MINT
    update = account.update(sim.table)
    assert (update["cash"], update["shitcoinBalances"]) == (10, {PRACTICE_MINT: 9850})
    assert update["selectedCoin"]["address"] == PRACTICE_MINT
    with pytest.raises(UsageError, match="locked"):
        account.choose_coin(practice=False)
    account.new_round()
    account.choose_coin(practice=False)
    update = account.update(sim.table)
    assert (update["cash"], update["selectedCoin"]) == (10, None)


def test_a_sidebet_in_another_coin_than_the_chosen_one_is_refused() -> None:
    sim, account = make_sim(LIVE_MS), make_account()
    with pytest.raises(UsageError, match="not available"):
        account.place(sim.table, {"amount": 0.1, "coinAddress": PRACTICE_MINT}, STAMP_MS)


def test_cash_can_change_and_what_is_open_be_lost_without_an_order() -> None:
    sim, account = make_sim(LIVE_MS), make_account()
    account.buy(sim.table, {"amount": 1})
    account.adjust_cash(Decimal("-0.5"))
    account.lose_everything_open()
    update = account.update(sim.table)
    assert (update["cash"], update["positionQty"], update["sideBet"]) == (8.5, 0, None)
    account.adjust_cash(Decimal(-100))
    assert account.update(sim.table)["cash"] == 0
