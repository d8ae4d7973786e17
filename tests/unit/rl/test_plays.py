"""What a player's orders come to, moment by moment, is what the rules of `game` say."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vectra_player.game.positions import ZERO
from vectra_player.rl.plays import Order, OrderKind, course_of, step_at, steps_of
from vectra_player.strategy.actions import Action, Buy, PlaceSidebet, Sell
from vectra_player.strategy.market import game_steps
from vectra_player.strategy.paper import PaperBroker

PRICES = [1.0, 1.2, 0.9, 1.5, 0.0198]
RUG = 4
ASKED: dict[str, Action] = {"buy": Buy("0.37"), "sell": Sell(33), "bet": PlaceSidebet("0.01")}
KINDS: dict[str, OrderKind] = {"bought": "buy", "sold": "sell", "placed": "sidebet"}


def sol(text: str) -> Decimal:
    return Decimal(text)


def test_nothing_done_is_nothing_won() -> None:
    course = course_of([], PRICES, RUG)
    assert course.equity == (ZERO,) * (steps_of(RUG) + 1)
    assert not course.held_at_rug


def test_a_holding_is_worth_its_price_at_each_moment_and_the_rug_takes_it() -> None:
    course = course_of([Order(step_at(None), "buy", sol("1"), sol("1"))], PRICES, RUG)
    assert course.equity == (ZERO, ZERO, sol("0.2"), sol("-0.1"), sol("0.5"), sol("-0.9802"))
    assert course.qty == (ZERO, *[sol("1")] * 4, ZERO)
    assert course.held_at_rug


def test_what_was_sold_in_time_stays() -> None:
    orders = [
        Order(step_at(0), "buy", sol("1"), sol("1")),
        Order(step_at(3), "sell", sol("1.5"), sol("1")),
    ]
    course = course_of(orders, PRICES, RUG)
    assert course.equity[-1] == sol("0.5")
    assert not course.held_at_rug


def test_a_sidebet_is_at_stake_until_it_is_decided() -> None:
    prices = [1.0] * 50 + [0.02]
    lost = course_of([Order(step_at(3), "sidebet", sol("0.01"))], prices, 50)
    assert lost.equity[step_at(42)] == ZERO
    assert lost.equity[step_at(43)] == lost.equity[-1] == sol("-0.01")
    won = course_of([Order(step_at(10), "sidebet", sol("0.01"))], prices, 50)
    assert (won.equity[-2], won.equity[-1]) == (ZERO, sol("0.04"))
    told = course_of([Order(step_at(10), "sidebet", sol("0.01"), profit=sol("0.05"))], prices, 50)
    assert told.equity[-1] == sol("0.05")


def test_a_sale_of_what_nobody_saw_bought_is_noticed() -> None:
    orders = [
        Order(step_at(0), "buy", sol("1"), sol("1")),
        Order(step_at(2), "sell", sol("1.8"), sol("2")),
    ]
    assert course_of(orders, PRICES, RUG).oversold
    assert not course_of(orders[:1], PRICES, RUG).oversold


@given(
    moves=st.lists(st.sampled_from(["buy", "sell", "bet", "wait"]), min_size=3, max_size=60),
    seed=st.integers(0, 1_000),
)
def test_the_paper_broker_books_the_same(moves: list[str], seed: int) -> None:
    """The equity of every moment is the broker's, to the lamport."""
    prices = np.exp(np.random.default_rng(seed).normal(0, 0.2, len(moves)))
    rug = len(prices) - 1
    broker = PaperBroker(sol("10"))
    orders: list[Order] = []
    equity: list[Decimal] = []
    for moment, market in enumerate(game_steps("g", prices, rug), -1):
        broker.step(market)
        if moment < 0:
            continue  # the presale is two steps of a strategy and one moment here
        equity.append(broker.ledger.equity(market.price) - 10)
        action = ASKED.get(moves[moment - 1]) if moment <= rug else None
        outcome = None if action is None else broker.submit(action).outcome
        if outcome is not None and outcome.kind in KINDS:
            orders.append(Order(moment, KINDS[outcome.kind], outcome.amount, outcome.qty))
    assert course_of(orders, prices.tolist(), rug).equity == tuple(equity)
