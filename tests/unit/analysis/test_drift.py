"""A run against its own backtest: alike where nothing disturbs it, and every difference named."""

from __future__ import annotations

import itertools
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from tests.drift_support import GameOf, Rehearsal, Service, total

from vectra_player.analysis.drift import compare
from vectra_player.analysis.drift_run import joined
from vectra_player.analysis.games import generate_games
from vectra_player.app.run_log import in_parts
from vectra_player.errors import SourceError, UsageError, VectraError
from vectra_player.foundation.paper_records import WalletLimits, WalletRequest
from vectra_player.protocol.phases import GamePhase
from vectra_player.strategy.actions import Buy
from vectra_player.strategy.limits import Limits
from vectra_player.strategy.market import Market

BUSY = """
from vectra_player.strategy import Buy, PlaceSidebet, Sell, Strategy


class Busy(Strategy):
    '''Buy, sell in parts and bet, by price, account and chance.'''

    def on_tick(self, context):
        if context.phase == "BETTING":
            yield Buy("0.01")
            return
        if context.can_bet and context.random.random() < 0.2:
            yield PlaceSidebet("0.002")
        if context.flat and context.tick % 7 == 3:
            yield Buy("0.02")
        elif context.holding and not context.trade_pending and context.gain > 0.02:
            yield Sell(50 if context.ticks_in_position < 10 else 100)
"""


def games(count: int = 12) -> list[GameOf]:
    found = generate_games(count, seed=4)
    return [(name, found.prices_of(k).tolist()) for k, name in enumerate(found.game_ids)]


@pytest.fixture
def busy(tmp_path: Path) -> str:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "busy.py").write_text(BUSY)
    return "busy"


@pytest.mark.parametrize("name", ["busy", "momentum", "sidebet", "coin-flip"])
def test_without_latency_a_run_is_its_backtest_to_the_last_digit(
    tmp_path: Path, busy: str, name: str
) -> None:
    run = Rehearsal(tmp_path, name, games()).run()
    found = compare(run, tmp_path)
    assert found.games == 12
    assert found.causes == ()
    assert found.alike == len(found.trades) == found.alike_with_latency
    assert found.profit == found.backtest == found.with_latency == total(run)
    assert found.notes == ()


def test_with_latency_every_difference_is_the_latency_or_follows_from_it(
    tmp_path: Path, busy: str
) -> None:
    run = Rehearsal(tmp_path, busy, games(), WalletRequest(cash=1, latency_ms=219)).run()
    found = compare(run, tmp_path)
    causes = {one.cause: one.count for one in found.causes}
    assert set(causes) <= {"latency", "follows", "missed"}
    assert causes["latency"] > 10
    late = next(one for one in found.trades if (one.cause, one.action) == ("latency", "buy"))
    assert late.ticks == 1
    assert "1 tick later, at" in late.said
    assert found.alike_with_latency == sum(trade.run is not None for trade in found.trades)
    assert found.with_latency == found.profit == total(run) != found.backtest
    assert sum((one.profit for one in found.causes), Decimal(0)) == found.profit - found.backtest


def test_ticks_that_were_not_shown_are_named(tmp_path: Path, busy: str) -> None:
    def blind(market: Market) -> bool:
        return market.phase is GamePhase.LIVE and market.tick in (3, 10)

    found = compare(Rehearsal(tmp_path, busy, games(4), blind=blind).run(), tmp_path)
    causes = {one.cause for one in found.causes}
    assert "unseen" in causes
    assert found.unexplained == 0
    assert any("not shown" in note for note in found.notes)


def test_somebody_elses_order_and_what_follows_from_it_are_named(tmp_path: Path, busy: str) -> None:
    def meddle(service: Service, market: Market) -> None:
        if market.phase is GamePhase.LIVE and market.tick == 5:
            service.by_hand(Buy("0.5"))

    found = compare(Rehearsal(tmp_path, busy, games(3), meanwhile=meddle).run(), tmp_path)
    by_hand = [trade for trade in found.trades if trade.cause == "human"]
    assert by_hand[0].said == "somebody else's order in the same account"
    assert found.unexplained == 0


def test_a_limit_of_the_wallet_is_named(tmp_path: Path, busy: str) -> None:
    wallet = WalletRequest(cash=1, latency_ms=0, limits=WalletLimits(max_stake_sol=0.015))
    found = compare(Rehearsal(tmp_path, busy, games(3), wallet).run(), tmp_path)
    assert {one.cause for one in found.causes} <= {"limit", "follows"}
    assert found.causes[0].cause == "limit"


def test_an_amount_that_the_buttons_cannot_make_is_named(tmp_path: Path, busy: str) -> None:
    found = compare(Rehearsal(tmp_path, busy, games(3), pressed=lambda _: 0.005).run(), tmp_path)
    causes = {one.cause for one in found.causes}
    assert "amount" in causes
    assert causes <= {"amount", "follows"}
    assert any(trade.said == "0.005 SOL pressed, 0.01 decided" for trade in found.trades)


@pytest.mark.parametrize(
    ("error", "cause"),
    [(UsageError("the page says no"), "refused"), (SourceError("no answer"), "unknown")],
)
def test_an_order_that_is_not_answered_well_is_named(
    tmp_path: Path, busy: str, error: VectraError, cause: str
) -> None:
    orders = itertools.count()

    def fails_at_times(amount: float) -> float:
        if next(orders) % 3 == 1:
            raise error
        return amount

    found = compare(Rehearsal(tmp_path, busy, games(3), pressed=fails_at_times).run(), tmp_path)
    causes = {one.cause for one in found.causes}
    assert cause in causes
    assert causes <= {cause, "follows"}


def test_a_new_wallet_meanwhile_is_somebody_elses_doing(tmp_path: Path, busy: str) -> None:
    def reset(service: Service, market: Market) -> None:
        if (market.phase, market.tick) == (GamePhase.LIVE, 8):
            service.reset(WalletRequest(cash=2, latency_ms=0))

    found = compare(Rehearsal(tmp_path, busy, games(3), meanwhile=reset).run(), tmp_path)
    assert found.unexplained == 0
    assert any(one.cause == "human" for one in found.causes)


def test_a_busy_game_is_told_in_parts_and_is_whole_again(tmp_path: Path, busy: str) -> None:
    run = Rehearsal(tmp_path, busy, games(4)).run()
    game = max((one.game for one in run.games), key=lambda one: len(one.decisions))
    parts = in_parts(game)
    assert len(parts) > 1
    assert joined(reversed(parts)) == [game]
    assert joined(parts[:-1]) == []


def test_limits_of_the_run_hold_in_its_backtest_too(tmp_path: Path, busy: str) -> None:
    limits = Limits(max_stake_sol=Decimal("0.015"), max_loss_run_sol=Decimal("0.01"))
    found = compare(Rehearsal(tmp_path, busy, games(), limits=limits).run(), tmp_path)
    assert found.causes == ()


def test_a_run_that_is_ended_within_a_game_is_compared_up_to_there(
    tmp_path: Path, busy: str
) -> None:
    plays = games(3)
    last = plays[1][0], 12
    run = Rehearsal(tmp_path, busy, plays, stop=lambda m: (m.game_id, m.tick) == last).run()
    found = compare(run, tmp_path)
    assert (found.games, found.causes) == (2, ())
    assert any("ended within game" in note for note in found.notes)


def test_another_strategy_than_the_one_that_ran_is_unexplained(tmp_path: Path, busy: str) -> None:
    run = Rehearsal(tmp_path, busy, games(2)).run()
    (tmp_path / "strategies" / "busy.py").write_text(BUSY.replace("% 7 == 3", "% 7 == 4"))
    found = compare(run, tmp_path)
    assert found.unexplained > 0
    assert any("was changed since the run" in note for note in found.notes)


def test_a_record_that_says_otherwise_than_the_run_is_unexplained(
    tmp_path: Path, busy: str
) -> None:
    run = Rehearsal(tmp_path, busy, games(1)).run()
    name, record = next(item for item in run.actions.items() if item[1].outcome == "CONFIRMED")
    run.actions[name] = msgspec.structs.replace(record, executed_price=9.0)
    found = compare(run, tmp_path)
    assert [trade.said for trade in found.trades if trade.cause] == [
        f"the record says tick {record.executed_tick} at 9.0"
    ]
