"""The engine plays a strategy over games and keeps what was done, whatever the strategy does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import count, repeat

import numpy as np
import pytest
from tests.strategy_support import (
    CASH,
    Deciding,
    Scripted,
    cooldown,
    kinds,
    live,
    play,
    presale,
    rug,
    steps_of,
)

from vectra_player.strategy import Action, Buy, Context, PlaceSidebet, Sell, Strategy
from vectra_player.strategy.engine import MAX_ACTIONS, Engine
from vectra_player.strategy.latency import Latency
from vectra_player.strategy.limits import NO_LIMITS, Limits
from vectra_player.strategy.market import Market
from vectra_player.strategy.paper import PaperBroker

FLAT = [1.0] * 60


def engine_of(strategy: Strategy, *, limits: Limits = NO_LIMITS, seed: int = 0) -> Engine:
    return Engine(strategy, PaperBroker(CASH), limits=limits, seed=seed)


def feed(engine: Engine, *steps: Market) -> None:
    for step in steps:
        engine.step(step)


def test_a_strategy_is_asked_once_in_the_presale_and_at_every_tick() -> None:
    strategy = Scripted()
    feed(
        engine_of(strategy),
        *(cooldown(), presale(10_000), presale(9_900), presale(100)),
        *(live(0, 1.0), live(1, 1.0), rug(2)),
    )
    assert strategy.seen == [("start", "g1"), -1, 0, 1, ("end", "g1")]


def test_a_step_told_twice_or_too_late_is_played_once() -> None:
    strategy = Scripted()
    feed(
        engine_of(strategy),
        *(live(0, 1.0), live(0, 1.0), live(3, 1.0), live(2, 1.0)),
        *(rug(4), rug(4), live(4, 1.0), presale()),
    )
    assert strategy.seen == [("start", "g1"), 0, 3, ("end", "g1")]


def test_what_happened_is_counted_by_game() -> None:
    script = {0: [Buy(1), PlaceSidebet(1)], 2: [Sell(50)], 41: [PlaceSidebet(1)], 42: [Sell(0)]}
    result = play(Scripted(script), [FLAT, FLAT[:5]])
    first, second = result.games
    assert (first.buys, first.sells, first.bets, first.bets_won, first.refused) == (1, 1, 2, 1, 1)
    assert (first.invested, first.staked) == (1, 2)
    assert first.sidebet_profit == 3
    assert first.trade_profit == Decimal("-0.49")
    assert first.profit == first.trade_profit + first.sidebet_profit
    assert (first.rug_tick, first.last_tick, first.first_tick) == (60, 60, 0)
    assert second.cash_before == first.cash_after
    assert result.cash == second.cash_after == CASH + result.profit
    assert kinds(result.outcomes)[:3] == ["bought", "placed", "sold"]


def test_the_fair_mean_of_a_game_is_that_of_its_bets() -> None:
    bet = play(Scripted({0: [PlaceSidebet(1)]}), [FLAT]).games[0]
    assert bet.expected == pytest.approx(-0.0916, abs=1e-5)
    held = play(Scripted({0: [Buy(1)], 20: [Sell()]}), [FLAT]).games[0]
    assert held.expected == pytest.approx(20 * (-0.00055737 + 0.005 * 0.02), abs=1e-7)
    part = play(Scripted({0: [Buy(1)], 20: [Sell(50)], 40: [Sell()]}), [FLAT]).games[0]
    assert part.expected == pytest.approx(1.5 * held.expected)
    assert play(Scripted(), [FLAT]).games[0].expected == 0.0


def test_an_unfinished_game_is_closed_when_the_run_ends_or_another_begins() -> None:
    engine = engine_of(Scripted({0: [Buy(1)]}))
    feed(engine, live(0, 1.0), live(1, 1.0), live(0, 1.0, game="g2"))
    assert engine.context.games_played == 1
    result = engine.finish()
    assert [game.rug_tick for game in result.games] == [None, None]
    assert result.cash == CASH - 2
    assert engine.finish() == result


def test_a_sidebet_that_went_back_counts_as_a_bet_but_not_as_staked() -> None:
    engine = engine_of(Scripted({0: [PlaceSidebet(1)]}))
    feed(engine, live(0, 1.0))
    game = engine.finish().games[0]
    assert (game.bets, game.staked, game.profit, game.expected) == (1, 0, 0, 0.0)


def test_a_late_step_of_the_countdown_does_not_turn_the_game_back() -> None:
    broker = PaperBroker(CASH)
    engine = Engine(Scripted(), broker)
    feed(engine, live(5, 2.0), presale())
    filled = broker.submit(Buy(1)).outcome
    assert filled is not None
    assert filled.price == 2.0


def test_a_game_first_seen_after_its_rug_asks_nobody() -> None:
    strategy = Scripted()
    engine = engine_of(strategy)
    feed(engine, rug(9), live(0, 1.0, game="g2"), rug(1, game="g2"))
    assert ("start", "g1") not in strategy.seen
    assert strategy.seen[-3:-1] == [("start", "g2"), 0]
    met = [(game.first_tick, game.rug_tick) for game in engine.result().games]
    assert met == [(9, 9), (0, 1)]  # the first was not played from its start: it is no whole game


# What is shown ---------------------------------------------------------------------------------


def test_the_context_shows_the_game_the_account_and_the_run() -> None:
    shown = []

    def look(context: Context) -> Iterator[Action]:
        shown.append(
            (context.tick, context.holding, context.flat, context.can_bet, context.pending != ())
        )
        if context.tick == 1:
            yield Buy(1)
            yield PlaceSidebet(1)
        if context.tick == 3:
            shown.append((context.entry_tick, context.ticks_in_position, round(context.gain, 6)))

    play(Deciding(look), [[1.0, 1.0, 1.0, 1.5, 1.0]], latency=Latency.ticks(1))
    assert shown[2:] == [
        (1, False, True, True, False),
        (2, True, False, False, False),
        (3, True, False, False, False),
        (2, 1, 0.5),
        (4, True, False, False, False),
    ]


def test_prices_end_at_the_current_tick_and_cannot_be_changed() -> None:
    lengths = []

    def look(context: Context) -> None:
        lengths.append((context.tick, len(context.prices)))
        if len(context.prices):
            assert context.prices[-1] == context.price
            with pytest.raises(ValueError, match="read-only"):
                context.prices[0] = 9.0

    result = play(Deciding(look), [[1.0, 1.1, 1.2]])
    assert result.stopped is None
    assert lengths == [(0, 0), (0, 1), (1, 2), (2, 3)]


def test_missed_ticks_are_nan_until_they_are_told() -> None:
    engine = engine_of(Scripted())
    feed(engine, live(0, 1.0), live(3, 1.3))
    assert np.isnan(engine.context.prices).tolist() == [False, True, True, False]
    feed(engine, Market("g1", live(0, 1).phase, 4, 1.4, None, ((1, 1.1),)))
    feed(engine, Market("g1", live(0, 1).phase, 4, 1.4, None, ((2, 1.2),)))
    assert engine.context.prices.tolist() == [1.0, 1.1, 1.2, 1.3, 1.4]


def test_prices_a_strategy_keeps_stay_those_of_their_game() -> None:
    kept = []

    def keep(context: Context) -> None:
        if context.tick == 2:
            kept.append(context.prices)

    play(Deciding(keep), [[1.0, 1.1, 1.2], [2.0, 2.1, 2.2]])
    assert kept[0].tolist() == [1.0, 1.1, 1.2]


def test_a_long_game_is_kept_whole() -> None:
    seen = []
    path = [1.0 + tick / 1000 for tick in range(2000)]

    def look(context: Context) -> None:
        if context.tick == 1999:
            seen.append(context.prices.tolist())

    play(Deciding(look), [path])
    assert seen == [path]


def test_earlier_games_are_in_the_context() -> None:
    seen = []

    def look(context: Context) -> None:
        if context.tick == 0 and len(context.prices):
            last = context.last_result
            seen.append((context.games_played, last.game_id if last else None))

    play(Deciding(look), [FLAT[:2]] * 3)
    assert seen == [(0, None), (1, "g1"), (2, "g2")]


def test_the_same_seed_gives_the_same_run() -> None:
    def flip(context: Context) -> Iterator[Action]:
        if context.can_bet and context.random.random() < 0.1:
            yield PlaceSidebet("0.01")

    runs = [play(Deciding(flip), [FLAT] * 20, seed=seed) for seed in (1, 1, 2)]
    assert runs[0] == runs[1]
    assert runs[0].decisions != runs[2].decisions


# Faults ----------------------------------------------------------------------------------------


def explode(context: Context) -> Iterable[Action] | None:
    if context.tick == 2:
        raise ZeroDivisionError("oops")
    return [Buy(1)] if context.tick == 1 else None


def test_a_strategy_that_raises_ends_the_run_after_its_game_with_everything_kept() -> None:
    result = play(Deciding(explode), [FLAT[:2], FLAT[:5], FLAT[:5]])
    assert result.stopped is not None
    assert (result.stopped.reason, result.stopped.game_id, result.stopped.tick) == (
        "error",
        "g2",
        2,
    )
    assert "deciding" in result.stopped.message
    assert "ZeroDivisionError: oops" in result.stopped.message
    assert [game.game_id for game in result.games] == ["g1", "g2"]
    assert kinds(result.outcomes) == ["bought", "rugged", "bought", "rugged"]


def test_on_a_live_feed_a_failed_strategy_decides_no_more_and_its_books_are_closed() -> None:
    engine = engine_of(Deciding(explode))
    for game in ("g1", "g2", "g3"):
        feed(engine, *steps_of(FLAT[:5], game=game))
    assert engine.stopped is not None
    assert kinds(engine.outcomes) == ["bought", "rugged"]
    assert engine.context.games_played == 3


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ([Buy(1), "sell"], "'sell', which is no action"),
        (3, "TypeError"),
        (repeat(Buy("0.001")), f"more than {MAX_ACTIONS} actions"),
        ((Buy(1) if n < 1 else 1 / 0 for n in count()), "ZeroDivisionError"),
    ],
)
def test_nonsense_from_a_strategy_does_nothing_and_ends_the_run(wanted: object, told: str) -> None:
    result = play(Deciding(lambda context: wanted), [FLAT])  # type: ignore[arg-type, return-value]
    assert result.stopped is not None
    assert told in result.stopped.message
    assert result.decisions == ()


def test_an_amount_that_is_no_number_is_the_strategys_fault() -> None:
    result = play(Deciding(lambda context: [Buy("much")]), [FLAT])
    assert result.stopped is not None
    assert "'much' is no number" in result.stopped.message
    huge = play(Deciding(lambda context: [Buy(1e300)]), [FLAT])
    assert huge.stopped is not None
    assert "no possible amount" in huge.stopped.message


def test_a_strategy_cannot_end_the_program() -> None:
    class Quits(Strategy):
        def on_game_start(self, context: Context) -> None:
            raise SystemExit(3)

    result = play(Quits(), [FLAT])
    assert result.stopped is not None
    assert "SystemExit: 3" in result.stopped.message


def test_a_failing_on_game_end_is_named_as_well() -> None:
    class Fails(Strategy):
        def on_game_end(self, result: object) -> None:
            raise KeyError("gone")

    result = play(Fails(), [FLAT[:3], FLAT])
    assert result.stopped is not None
    assert (result.stopped.game_id, len(result.games)) == ("g1", 1)


# Limits ----------------------------------------------------------------------------------------


def refusals(result_of: Engine) -> list[str]:
    return [o.message for o in result_of.outcomes if o.reason == "limit"]


def test_a_stake_above_the_limit_is_refused_and_written_down() -> None:
    limits = Limits(max_stake_sol=Decimal("0.5"))
    engine = engine_of(Scripted({0: [Buy(1), Buy("0.5"), PlaceSidebet(1)]}), limits=limits)
    feed(engine, *steps_of(FLAT[:3]))
    assert kinds(engine.outcomes) == ["refused", "bought", "refused", "rugged"]
    assert "above max_stake_sol 0.5" in refusals(engine)[0]
    assert len(engine.decisions) == 3


def test_exposure_counts_the_holding_the_stake_and_what_is_under_way() -> None:
    script = {0: [Buy(1), PlaceSidebet(1)], 1: [Buy("0.5"), Buy("0.6"), Sell()], 5: [Buy(1)]}
    engine = Engine(
        Scripted(script),
        PaperBroker(CASH, latency=Latency.ticks(2)),
        limits=Limits(max_exposure_sol=Decimal("2.5")),
    )
    feed(engine, *steps_of(FLAT[:9]))
    assert [o.number for o in engine.outcomes if o.reason == "limit"] == [4]
    assert kinds(engine.outcomes)[-2:] == ["won", "rugged"]


def test_after_the_loss_of_a_game_nothing_new_is_risked_but_selling_goes_on() -> None:
    limits = Limits(max_loss_game_sol=Decimal("0.3"))
    script = {0: [Buy(1)], 1: [Buy(1)], 2: [Buy(1), PlaceSidebet(1), Sell()]}
    engine = engine_of(Scripted(script), limits=limits)
    feed(engine, *steps_of([1.0, 0.9, 0.8, 0.8]))
    assert kinds(engine.outcomes) == ["bought", "bought", "refused", "refused", "sold"]
    feed(engine, *steps_of([1.0, 0.9, 0.8], game="g2"))
    assert kinds(engine.outcomes)[5:7] == ["bought", "bought"]


def test_the_loss_of_a_day_ends_with_the_day() -> None:
    limits = Limits(max_loss_day_sol=Decimal("0.5"))
    engine = engine_of(Scripted({0: [Buy(1)]}), limits=limits)
    day = 86_400_000_000
    for number, at in enumerate((5, 6, day + 5)):
        for step in steps_of(FLAT[:3], game=f"g{number}"):
            engine.step(Market(step.game_id, step.phase, step.tick, step.price, time_us=at))
    assert kinds(engine.outcomes) == ["bought", "rugged", "refused", "bought", "rugged"]
    assert "max_loss_day_sol" in refusals(engine)[0]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(max_loss_run_sol=Decimal("1.5")), "max_loss_run"),
        (Limits(max_drawdown=0.15), "max_drawdown"),
    ],
)
def test_a_limit_of_the_run_ends_it_after_the_game(limits: Limits, reason: str) -> None:
    result = play(Scripted({0: [Buy(1)]}), [FLAT[:3]] * 9, limits=limits)
    assert result.stopped is not None
    assert (result.stopped.reason, result.stopped.game_id) == (reason, "g2")
    assert len(result.games) == 2


def test_the_drawdown_is_measured_from_the_highest_cash() -> None:
    script = {0: [Buy(5)], 1: [Sell()]}
    games = [[1.0, 2.0, 1.0], [1.0, 0.7, 1.0]]
    result = play(Scripted(script), games, limits=Limits(max_drawdown=0.1))
    assert result.cash > CASH
    assert result.stopped is not None
    assert result.stopped.message == "10.0% below the highest cash of the run"


def test_whoever_runs_the_engine_may_stop_it_and_the_first_reason_stays() -> None:
    engine = engine_of(Scripted({0: [Buy(1)]}))
    feed(engine, *steps_of(FLAT[:3]))
    engine.stop("asked", "enough")
    engine.stop("timeout", "other")
    feed(engine, *steps_of(FLAT[:3], game="g2"))
    assert engine.stopped is not None
    assert (engine.stopped.reason, engine.stopped.message) == ("asked", "enough")
    assert len(engine.decisions) == 1
