"""A score card counts what was won, beside what doing nothing and chance would have brought."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from tests.strategy_support import CASH, Scripted, play, steps_of

from vectra_player.strategy import Action, Buy, PlaceSidebet, Sell
from vectra_player.strategy.builtin.baselines import CoinFlip
from vectra_player.strategy.score import interval, score, score_card

RISE = [1.0 + tick / 100 for tick in range(60)]
FLAT = [1.0] * 60


def test_holdings_and_sidebets_are_counted_with_their_wins() -> None:
    script: dict[int, Sequence[Action]] = {
        0: [Buy(1), PlaceSidebet(1)],
        3: [Buy(1)],
        5: [Sell(50)],
        9: [Sell()],
        30: [Buy(1)],
        45: [PlaceSidebet(1)],
    }
    found = score(play(Scripted(script), [RISE]), "you")
    # Won: the holding that was sold, and the second sidebet. Lost: the first, and the rugged one.
    assert (found.games, found.bets, found.won, found.win_rate) == (1, 4, 2, 0.5)
    assert found.paid_in == 5.0
    assert found.return_on_risk == pytest.approx(found.profit / 5)
    assert (found.win_low, found.win_high) == (
        pytest.approx(0.0676, abs=1e-4),
        pytest.approx(0.9324, abs=1e-4),
    )


def test_without_bets_there_is_no_rate_and_no_return() -> None:
    found = score(play(Scripted(), [FLAT]), "you")
    assert (found.bets, found.win_rate, found.win_low, found.return_on_risk) == (
        0,
        None,
        None,
        None,
    )
    assert interval(0, 0) == (None, None)


def test_the_drawdown_is_the_deepest_fall_between_games() -> None:
    script = {0: [Buy(1)], 1: [Sell()]}
    games = [[1.0, 3.0, 1.0], [1.0, 0.5, 1.0], [1.0, 0.9, 1.0], [1.0, 2.0, 1.0]]
    assert score(play(Scripted(script), games), "you").max_drawdown == pytest.approx(0.6)


def test_the_card_puts_you_beside_then_nothing_and_chance() -> None:
    games = [RISE, FLAT, RISE]

    def steps() -> list:  # type: ignore[type-arg]
        return [
            s for number, path in enumerate(games, 1) for s in steps_of(path, game=f"g{number}")
        ]

    you = play(Scripted({0: [Buy(1), PlaceSidebet("0.1")], 20: [Sell()]}), games)
    then = score(play(Scripted({0: [Buy(1)], 50: [Sell()]}), games), "then")
    card = score_card(you, steps, then=then, seed=3)
    assert [row.who for row in card.rows] == ["you", "then", "never betting", "coin flip"]
    assert card.you.profit == float(you.profit)
    assert card.then == then
    assert (card.never.profit, card.never.bets) == (0, 0)
    assert (card.coin.runs, card.coin.games) == (200, 3)
    assert 2 < card.coin.bets <= 6
    assert card.coin.profit_low is not None
    assert card.coin.profit_high is not None
    assert card.coin.profit_low < card.coin.profit < card.coin.profit_high
    assert score_card(you, steps, then=then, seed=3) == card
    assert len(msgspec.structs.replace(card, then=None).rows) == 3


def test_the_coin_plans_what_was_done() -> None:
    script: dict[int, Sequence[Action]] = {
        0: [Buy(1), PlaceSidebet("0.1")],
        4: [Buy(2)],
        20: [Sell()],
    }
    coin = CoinFlip.like(play(Scripted(script), [RISE, FLAT]))
    assert [tuple(buy) for buy in coin.buys] == [(1, 20), (2, 16)] * 2
    assert list(coin.bets) == [CASH / 100] * 2
    assert coin.params.chance == pytest.approx(1.5 * 4 / 120)
    assert not CoinFlip.like(play(Scripted(), [FLAT])).buys
