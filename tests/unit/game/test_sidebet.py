"""Sidebets are settled as the feed settled them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from vectra_player.game import sidebet
from vectra_player.game.refusal import RefusedError
from vectra_player.game.sidebet import Bet, SidebetBook, settle, settle_at
from vectra_player.model.units import to_sol

STAKE = Decimal("0.033")


def make_bet(start_tick: int = 10, stake: Decimal = STAKE) -> Bet:
    return Bet("player", start_tick, stake)


@pytest.mark.real_data
def test_every_recorded_result_agrees_with_the_rule(real_data: Path) -> None:
    won = lost = 0
    for line in (real_data / "games_with_seeds.jsonl").read_text().splitlines():
        game = json.loads(line)
        rug_tick = len(game["prices"]) - 1
        for record in game["globalSidebets"]:
            if record["type"] == "placed":
                assert record["end"] == sidebet.end_of(record["startedAtTick"])
                continue
            bet = make_bet(record["startTick"], to_sol(record["betAmount"]))
            result = settle(bet, rug_tick)
            assert result.won == (record["payout"] > 0)
            assert result.payout == to_sol(record["payout"])
            assert result.profit == to_sol(record["profit"])
            assert result.record_tick == record["tickIndex"]
            assert bet.end_tick == record["endTick"]
            assert record["xPayout"] == sidebet.PAYOUT_MULTIPLE
            won += result.won
            lost += not result.won
    assert (won, lost) == (127, 604)


def test_a_rug_at_the_last_tick_of_the_window_wins_and_one_later_loses() -> None:
    assert settle(make_bet(10), 50).won
    assert not settle(make_bet(10), 51).won


def test_a_win_pays_five_times_the_stake_with_the_stake_included() -> None:
    result = settle(make_bet(10), 30)
    assert (result.payout, result.profit) == (Decimal("0.165"), Decimal("0.132"))
    assert (result.settle_tick, result.record_tick) == (30, 30)


def test_a_loss_is_decided_at_the_windows_end_and_recorded_at_its_start() -> None:
    result = settle(make_bet(10), 200)
    assert (result.payout, result.profit) == (Decimal(0), -STAKE)
    assert (result.settle_tick, result.record_tick) == (50, 10)


def test_a_running_bet_is_open_until_its_last_tick_comes_without_a_rug() -> None:
    bet = make_bet(10)
    assert settle_at(bet, 49, rugged=False) is None
    lost = settle_at(bet, 50, rugged=False)
    won = settle_at(bet, 50, rugged=True)
    assert lost is not None
    assert not lost.won
    assert lost.settle_tick == 50
    assert won is not None
    assert won.won


def test_live_and_afterwards_a_bet_ends_the_same() -> None:
    for start in (0, 1, 7):
        for rug_tick in range(start + 1, start + 60):
            book = SidebetBook()
            bet = book.place("player", STAKE, start)
            found = [
                result
                for tick in range(start, rug_tick + 1)
                for result in book.advance(tick, rugged=tick == rug_tick)
            ]
            assert found == [settle(bet, rug_tick)]
            assert len(book) == 0


def test_a_presale_bet_starts_at_zero_and_covers_forty_rug_checks() -> None:
    bet = make_bet(sidebet.PRESALE_START_TICK)
    assert [settle(bet, rug).won for rug in range(1, 43)] == [True] * 40 + [False] * 2


def test_a_player_has_one_open_bet_and_may_bet_again_at_once_when_it_is_lost() -> None:
    book = SidebetBook()
    first = book.place("a", STAKE, 5)
    book.place("b", STAKE, 6)
    with pytest.raises(RefusedError) as refused:
        book.place("a", STAKE, 6)
    assert refused.value.reason == "open_bet"
    assert book.of("a") is first
    assert [result.bet for result in book.advance(45, rugged=False)] == [first]
    assert book.place("a", STAKE, 45).end_tick == 85
    assert len(book) == 2


def test_a_rug_settles_every_open_bet_in_order_of_placing() -> None:
    book = SidebetBook()
    for name in ("c", "a", "b"):
        book.place(name, STAKE, 3)
    results = book.advance(20, rugged=True)
    assert [result.bet.player_id for result in results] == ["c", "a", "b"]
    assert all(result.won for result in results)
    assert len(book) == 0


@pytest.mark.parametrize("stake", ["0.000999999", "0", "-1", "5.000000001", "1e9"])
def test_stakes_outside_the_limits_are_refused(stake: str) -> None:
    book = SidebetBook()
    with pytest.raises(RefusedError) as refused:
        book.place("a", Decimal(stake), 1)
    assert refused.value.reason == "stake"
    assert book.of("a") is None


def test_practice_stakes_may_be_larger_than_sol_stakes() -> None:
    book = SidebetBook()
    assert book.place("a", Decimal("1010.575"), 1, practice=True).practice
    assert book.place("b", Decimal("0.001"), 1).stake == Decimal("0.001")
    assert book.place("c", Decimal(5), 1).stake == 5
    with pytest.raises(RefusedError):
        book.place("d", Decimal(10_001), 1, practice=True)


@pytest.mark.parametrize("stake", ["nan", "inf", "-inf", "1e40"])
def test_a_stake_that_is_no_number_is_refused(stake: str) -> None:
    with pytest.raises(RefusedError):
        sidebet.check_stake(Decimal(stake))


def test_the_fair_game_gives_the_house_its_known_edge() -> None:
    assert round(sidebet.FAIR_WIN_CHANCE, 6) == 0.181680
    assert round(100 * sidebet.FAIR_EXPECTED_VALUE, 3) == -9.160
    assert sidebet.BREAK_EVEN_CHANCE == 0.20
    assert sidebet.expected_value(sidebet.BREAK_EVEN_CHANCE) == 0.0
    assert round(100 * sidebet.expected_value(sidebet.win_chance(window_ticks=39)), 1) == -11.2
