"""Each playbook buys and sells when it says it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.strategy_support import play

from vectra_player.strategy.api import param_fields
from vectra_player.strategy.builtin.playbooks import (
    Aggressive,
    Breakout,
    Conservative,
    MeanReversion,
    Momentum,
    Pullback,
    Signal,
)
from vectra_player.strategy.builtin.ruled import RuleStrategy
from vectra_player.strategy.latency import Latency
from vectra_player.strategy.loading import BUILT_IN

NAN = float("nan")


def trades(
    kind: type[RuleStrategy], path: Sequence[float], *, delay: int = 0, **params: Any
) -> list[tuple[str, int]]:
    """Return what was bought and sold at which tick."""
    result = play(kind(params), [path], latency=Latency.ticks(delay))  # type: ignore[arg-type]
    assert result.stopped is None
    return [(outcome.kind, outcome.tick) for outcome in result.outcomes]


def test_conservative_takes_a_small_profit() -> None:
    path = [1.0] * 11 + [1.05, 1.11, 1.2, 1.0]
    assert trades(Conservative, path) == [("bought", 10), ("sold", 12)]


def test_conservative_takes_a_small_loss() -> None:
    assert trades(Conservative, [1.0] * 11 + [0.95, 0.9]) == [("bought", 10), ("sold", 12)]


def test_conservative_does_not_wait_for_ever() -> None:
    assert trades(Conservative, [1.0] * 90) == [("bought", 10), ("sold", 30)]


def test_aggressive_buys_in_the_presale_and_holds_for_a_multiple() -> None:
    assert trades(Aggressive, [1.0, 2.0, 2.9, 3.0, 9.0]) == [("bought", 0), ("sold", 3)]
    assert trades(Aggressive, [1.0, 2.0, 2.9]) == [("bought", 0), ("rugged", 3)]


def test_momentum_buys_a_rise() -> None:
    path = [1.0, 1.0, 1.05, 1.1, 1.1]
    assert trades(Momentum, path, lookback=2, threshold=0.09) == [("bought", 3), ("rugged", 5)]


def test_momentum_does_not_buy_when_the_price_it_compares_with_was_missed() -> None:
    path = [1.0, NAN, 1.05, 2.0, 2.0]
    assert trades(Momentum, path, lookback=2, threshold=0.09) == [("bought", 4), ("rugged", 5)]


def test_pullback_buys_a_dip_of_a_rise_and_no_fall() -> None:
    params = {"lookback": 3, "threshold": 0.1}
    assert trades(Pullback, [1.0, 2.0, 2.0, 1.8, 1.8], **params)[0] == ("bought", 3)
    assert trades(Pullback, [2.0, 2.0, 2.0, 1.8, 1.8, 1.8], **params) == []


def test_mean_reversion_buys_below_the_mean() -> None:
    path = [1.0, 1.2, 0.8, 0.95, 0.9, 1.0]
    bought = trades(MeanReversion, path, lookback=3, threshold=0.04)
    assert bought == [("bought", 3), ("rugged", 6)]


def test_breakout_buys_above_everything_before() -> None:
    path = [1.0, 1.3, 1.2, 1.3, 1.36, 1.3]
    bought = trades(Breakout, path, lookback=3, threshold=0.04)
    assert bought == [("bought", 4), ("rugged", 6)]
    assert trades(Breakout, [1.0, NAN, NAN, NAN, 9.0, 9.0], lookback=3) == []


@pytest.mark.parametrize("kind", [Momentum, Pullback, MeanReversion, Breakout])
def test_no_signal_before_the_lookback_is_full(kind: type[Signal]) -> None:
    path = [1.0, 5.0, 0.1, 7.0, 0.2]
    assert trades(kind, path, lookback=5, threshold=0.0) == []


def test_a_signal_buys_again_up_to_its_number_of_entries() -> None:
    path = [1.0, 1.2, 1.2, 1.5, 1.5, 1.9, 1.9, 2.4, 2.4]
    params: dict[str, Any] = {"lookback": 1, "threshold": 0.1, "hold_ticks": 1, "max_entries": 3}
    ticks = [tick for kind, tick in trades(Momentum, path, **params) if kind == "bought"]
    assert ticks == [1, 3, 5]


def test_a_signal_keeps_to_its_ticks() -> None:
    params: dict[str, Any] = {"lookback": 1, "threshold": 0.0, "hold_ticks": 1, "max_entries": 9}
    bought = trades(Momentum, [1.0] * 9, first_tick=3, last_tick=6, **params)
    assert [tick for kind, tick in bought if kind == "bought"] == [3, 5]


def test_a_trailing_stop_follows_the_highest_price_held() -> None:
    path = [1.0] * 11 + [1.05, 1.02, 1.04, 1.0]
    sold = trades(Conservative, path, trailing=0.98, stop_loss=0.0)
    assert sold == [("bought", 10), ("sold", 12)]


def test_while_an_order_is_under_way_no_other_is_decided() -> None:
    path = [1.0] * 40
    sold = trades(Conservative, path, delay=3, hold_ticks=5)
    assert sold == [("bought", 13), ("sold", 21)]


def test_every_parameter_has_a_default_within_its_range_and_a_text() -> None:
    for kind in BUILT_IN.values():
        assert kind().params is not None
        for field in param_fields(kind.Params):
            assert field.description, (kind, field)
            assert field.low is not None, (kind, field)
