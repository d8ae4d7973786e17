"""The baselines do nothing, or what was planned at random moments."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from tests.strategy_support import play

from vectra_player.strategy.builtin.baselines import CoinFlip, CoinFlipParams, NeverBet, PlannedBuy

FLAT = [1.0] * 200


def test_never_betting_changes_nothing() -> None:
    result = play(NeverBet(), [FLAT] * 3)
    assert (result.profit, result.decisions, len(result.games)) == (0, (), 3)


def test_a_coin_flip_does_what_was_planned_and_no_more() -> None:
    coin = CoinFlip(CoinFlipParams(chance=0.2, buys=0, bets=0))
    coin.buys.extend([PlannedBuy(Decimal("0.1"), 3), PlannedBuy(Decimal("0.2"), 7)])
    coin.bets.extend([Decimal("0.01"), Decimal("0.02")])
    result = play(coin, [FLAT] * 4)
    bought = [o for o in result.outcomes if o.kind == "bought"]
    sold = [o for o in result.outcomes if o.kind == "sold"]
    assert [o.amount for o in bought] == [Decimal("0.1"), Decimal("0.2")]
    assert [end.tick - start.tick for start, end in zip(bought, sold, strict=True)] == [3, 7]
    placed = [o.amount for o in result.outcomes if o.kind == "placed"]
    assert placed == [Decimal("0.01"), Decimal("0.02")]


def test_the_coin_knows_nothing_of_the_length_of_the_game() -> None:
    params = CoinFlipParams(chance=0.05, buys=0, bets=1)
    ticks = {
        length: [
            placed[0]
            for seed in range(300)
            if (placed := first_bets(params, length, seed)) and placed[0] < 20
        ]
        for length in (20, 200)
    }
    assert ticks[20] == ticks[200]
    assert 100 < len(ticks[20]) < 250
    assert abs(np.mean(ticks[20]) - 7.5) < 2


def first_bets(params: CoinFlipParams, length: int, seed: int) -> list[int]:
    result = play(CoinFlip(params), [FLAT[:length]], seed=seed)
    return [o.tick for o in result.outcomes if o.kind == "placed"]
