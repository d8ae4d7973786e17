"""The paper broker carries out orders as the rules of the game have it."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from tests.strategy_support import CASH, cooldown, kinds, live, presale, rug

from vectra_player.game.positions import RugPayout
from vectra_player.game.sidebet import WINDOW_TICKS
from vectra_player.strategy import Action, Buy, PlaceSidebet, Sell
from vectra_player.strategy.latency import Latency
from vectra_player.strategy.market import Market
from vectra_player.strategy.paper import PaperBroker
from vectra_player.strategy.records import Outcome


class Dialogue:
    """Feeds steps and actions to a broker; `expect` looks at what came of them."""

    def __init__(self, latency: Latency | None = None, **options: object) -> None:
        self.broker = PaperBroker(CASH, latency=latency or Latency(), **options)  # type: ignore[arg-type]
        self.last: list[Outcome] = []

    def feed(self, *steps: Market) -> Dialogue:
        self.last = [outcome for step in steps for outcome in self.broker.step(step)]
        return self

    def order(self, action: Action) -> Dialogue:
        done = self.broker.submit(action)
        self.last = [done.outcome] if done.outcome else []
        return self

    def expect(self, *wanted: str) -> Dialogue:
        assert kinds(self.last) == list(wanted)
        return self

    @property
    def cash(self) -> Decimal:
        return self.broker.ledger.cash


def test_without_latency_an_order_is_filled_at_the_price_it_was_decided_at() -> None:
    table = Dialogue().feed(live(3, 1.25))
    table.order(Buy(1)).expect("bought")
    fill = table.last[0]
    assert (fill.tick, fill.price, fill.amount, fill.qty) == (3, 1.25, 1, Decimal("0.8"))
    assert (fill.cash, table.broker.entry_tick, table.broker.entry_price) == (9, 3, 1.25)


def test_an_order_is_filled_at_the_first_tick_at_or_after_its_arrival() -> None:
    table = Dialogue(Latency.ms(219)).feed(live(3, 1.0))
    table.order(Buy(1)).expect()
    assert [decision.action for decision in table.broker.pending] == ["buy"]
    table.feed(live(4, 2.0)).expect("bought")
    assert (table.last[0].tick, table.last[0].price) == (4, 2.0)
    assert table.broker.pending == ()


def test_two_ticks_of_latency_are_two_ticks() -> None:
    table = Dialogue(Latency.ticks(2)).feed(live(3, 1.0)).order(Buy(1))
    table.feed(live(4, 2.0)).expect()
    table.feed(live(5, 4.0)).expect("bought")


def test_when_the_tick_of_arrival_was_missed_the_next_one_seen_fills() -> None:
    table = Dialogue(Latency.ticks(1)).feed(live(3, 1.0)).order(Buy(1))
    table.feed(live(9, 4.0)).expect("bought")
    assert table.last[0].tick == 9


def test_an_order_is_lost_when_the_rug_comes_first() -> None:
    table = Dialogue(Latency.ticks(1)).feed(live(3, 1.0)).order(Buy(1)).order(PlaceSidebet(1))
    table.feed(rug(4)).expect("missed", "missed")
    assert {outcome.reason for outcome in table.last} == {"rug"}
    assert table.cash == CASH


def test_a_sell_that_comes_too_late_leaves_the_holding_to_the_rug() -> None:
    table = Dialogue(Latency.ticks(1)).feed(live(0, 1.0)).order(Buy(1)).feed(live(1, 1.0))
    table.order(Sell()).feed(rug(2, 0.02)).expect("rugged", "missed")
    assert table.cash == CASH - 1 + Decimal("0.02")


def test_an_order_of_the_presale_is_filled_at_one_while_it_lasts() -> None:
    table = Dialogue(Latency.ms(300)).feed(presale(10_000)).order(Buy(1))
    table.feed(presale(9_800)).expect()
    table.feed(presale(9_700)).expect("bought")
    assert (table.last[0].tick, table.last[0].price) == (0, 1.0)


def test_an_order_at_the_end_of_the_presale_arrives_in_the_game() -> None:
    table = Dialogue(Latency.ms(300)).feed(presale(100)).order(Buy(1))
    table.feed(live(0, 1.0)).expect()
    table.feed(live(1, 1.3)).expect("bought")
    assert table.last[0].price == 1.3


def test_a_sidebet_of_the_presale_starts_at_tick_0() -> None:
    table = Dialogue().feed(presale()).order(PlaceSidebet(1)).expect("placed")
    bet = table.broker.bet
    assert bet is not None
    assert (bet.start_tick, bet.end_tick) == (0, WINDOW_TICKS)


def test_nothing_is_sold_in_the_presale_and_nothing_done_before_or_after() -> None:
    table = Dialogue().feed(cooldown()).order(Buy(1)).expect("refused")
    assert table.last[0].reason == "closed"
    table.feed(presale()).order(Buy(1)).order(Sell()).expect("refused")
    assert table.last[0].reason == "closed"
    table.feed(live(0, 1.0), rug(1)).order(PlaceSidebet(1)).expect("refused")
    assert table.last[0].reason == "closed"


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (Buy(11), "cash"),
        (Buy(0), "amount"),
        (Buy("NaN"), "amount"),
        (Sell(), "no_position"),
        (PlaceSidebet("0.0009"), "stake"),
        (PlaceSidebet("5.000000001"), "stake"),
    ],
)
def test_the_rules_refuse_with_their_reason_and_nothing_changes(
    action: Action, reason: str
) -> None:
    table = Dialogue().feed(live(3, 1.0))
    before = table.broker.ledger
    table.order(action).expect("refused")
    assert table.last[0].reason == reason
    assert table.last[0].message
    assert table.broker.ledger == before


@pytest.mark.parametrize("percentage", [0, "0.99", 100.5, -1, "NaN"])
def test_only_1_to_100_percent_are_sold(percentage: float | str) -> None:
    table = Dialogue().feed(live(3, 1.0)).order(Buy(1)).order(Sell(percentage)).expect("refused")
    assert table.last[0].reason == "percentage"


def test_a_partial_sell_keeps_the_entry_and_the_rest() -> None:
    table = Dialogue().feed(live(3, 1.0)).order(Buy(1)).feed(live(5, 3.0))
    table.order(Sell(25)).expect("sold")
    assert (table.last[0].amount, table.last[0].profit) == (Decimal("0.75"), Decimal("0.5"))
    assert (table.broker.entry_tick, table.broker.ledger.position.qty) == (3, Decimal("0.75"))
    table.order(Sell()).expect("sold")
    assert (table.broker.entry_tick, table.broker.ledger.position.qty) == (None, 0)


def test_a_second_buy_keeps_the_first_entry() -> None:
    table = Dialogue().feed(live(3, 1.0)).order(Buy(1)).feed(live(5, 3.0)).order(Buy(1))
    assert (table.broker.entry_tick, table.broker.entry_price) == (3, 1.0)
    assert table.broker.ledger.position.cost == 2


def test_one_sidebet_at_a_time() -> None:
    table = Dialogue().feed(live(3, 1.0)).order(PlaceSidebet(1)).order(PlaceSidebet(1))
    table.expect("refused")
    assert table.last[0].reason == "open_bet"


def test_a_sidebet_is_lost_at_the_last_tick_of_its_window_and_the_next_may_start_there() -> None:
    table = Dialogue().feed(live(3, 1.0)).order(PlaceSidebet(1))
    table.feed(*(live(tick, 1.0) for tick in range(4, 43))).expect()
    table.feed(live(43, 1.0)).expect("lost")
    assert (table.last[0].number, table.last[0].profit) == (1, -1)
    table.order(PlaceSidebet(1)).expect("placed")


@pytest.mark.parametrize(("rug_tick", "kind", "cash"), [(43, "won", 14), (44, "lost", 9)])
def test_a_sidebet_wins_when_the_rug_comes_at_its_last_tick_or_before(
    rug_tick: int, kind: str, cash: int
) -> None:
    table = Dialogue().feed(live(3, 1.0)).order(PlaceSidebet(1))
    # Every tick between was missed, the one that would have settled it too.
    table.feed(rug(rug_tick)).expect(kind)
    assert table.cash == cash


@pytest.mark.parametrize(("payout", "left"), [("rug_price", "0.04"), ("nothing", "0")])
def test_the_rug_pays_a_holding_what_it_was_told_to(payout: RugPayout, left: str) -> None:
    table = Dialogue(rug_payout=payout).feed(live(0, 0.5)).order(Buy(1))
    table.feed(rug(1, 0.02)).expect("rugged")
    assert table.last[0].number is None
    assert table.cash == CASH - 1 + Decimal(left)
    assert table.broker.entry_tick is None


def test_at_the_rug_the_sidebet_is_settled_before_the_holding() -> None:
    table = Dialogue().feed(live(0, 1.0)).order(Buy(1)).order(PlaceSidebet(1))
    table.feed(rug(5)).expect("won", "rugged")


def test_a_game_nobody_saw_end_costs_the_holding_and_gives_the_stake_back() -> None:
    table = Dialogue().feed(live(0, 1.0)).order(Buy(2)).order(PlaceSidebet(1))
    table.feed(live(0, 1.0, game="g2")).expect("rugged", "void")
    assert [outcome.reason for outcome in table.last] == ["unseen", None]
    assert table.cash == CASH - 2
    assert table.broker.bet is None
    table.order(PlaceSidebet(1)).expect("placed")


def test_an_order_under_way_does_not_reach_the_next_game() -> None:
    table = Dialogue(Latency.ticks(1)).feed(live(8, 1.0)).order(Buy(1))
    table.feed(live(9, 1.0, game="g2")).expect("missed")
    table.feed(live(10, 1.0, game="g2")).expect()
    assert table.cash == CASH


def test_a_measured_latency_lets_a_later_order_overtake() -> None:
    arrivals = set()
    for seed in range(20):
        broker = PaperBroker(CASH, latency=Latency.measured([100, 900]), seed=seed)
        broker.step(live(0, 1.0))
        broker.submit(Buy(1))
        broker.submit(Buy(2))
        filled = {o.number: tick for tick in range(1, 6) for o in broker.step(live(tick, 1.0))}
        arrivals.add((filled[1], filled[2]))
    assert arrivals == {(1, 1), (1, 4), (4, 1), (4, 4)}


def test_delays_are_drawn_apart_from_what_a_strategy_draws() -> None:
    latency = Latency.measured([250.0 * step for step in range(50)])
    broker = PaperBroker(Decimal(1000), latency=latency, seed=7)
    broker.step(live(0, 1.0))
    for _ in range(40):
        broker.submit(Buy(1))
    filled = {o.number: tick for tick in range(60) for o in broker.step(live(tick, 1.0))}
    delays = [filled.get(number, 0) for number in range(1, 41)]
    same = np.random.default_rng(7).integers(50, size=40).tolist()
    assert sum(a == b for a, b in zip(delays, same, strict=True)) < 10


def test_decisions_and_outcomes_carry_the_same_numbers() -> None:
    table = Dialogue().feed(live(0, 1.0))
    first = table.broker.submit(Buy(1))
    second = table.broker.submit(Sell())
    assert [first.decision.number, second.decision.number] == [1, 2]
    assert first.outcome is not None
    assert second.outcome is not None
    assert (first.outcome.number, second.outcome.number) == (1, 2)


def test_an_order_before_the_first_step_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no step"):
        PaperBroker(CASH).submit(Buy(1))
    with pytest.raises(ValueError, match="no step"):
        PaperBroker(CASH).refuse(Buy(1), "limit", "")
