"""The analysis of the real captures, each figure beside one made with nothing but `json`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from tests.conftest import RealStore

from vectra_player.analysis.games import Games, load_games
from vectra_player.analysis.peaks import peaks
from vectra_player.analysis.players import Players, players, read_crowd
from vectra_player.analysis.sidebets import RecordedBets, sidebets
from vectra_player.analysis.survival import survival
from vectra_player.analysis.volatility import volatility
from vectra_player.store.crowd import settled_sidebets
from vectra_player.store.reads import GameFilter, StoreReader

pytestmark = [pytest.mark.real_data, pytest.mark.slow]

REAL = GameFilter(origins="real")
RAW1214 = "2025-12-14_20-17-10_raw.jsonl"
GAMES = "games_with_seeds.jsonl"
WATCHED = "20251215-a8311c871b0e4bea"


@pytest.fixture(scope="module")
def reader(real_store: RealStore) -> Iterator[StoreReader]:
    with StoreReader(real_store.root) as reader:
        yield reader


@pytest.fixture(scope="module")
def told(real_data: Path) -> list[dict[str, Any]]:
    """The revealed games as the file tells them."""
    return [json.loads(line) for line in (real_data / GAMES).read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def revealed(reader: StoreReader, told: list[dict[str, Any]]) -> Games:
    return load_games(reader, REAL, [game["id"] for game in told])


@pytest.fixture(scope="module")
def everybody(reader: StoreReader) -> Players:
    return players(load_games(reader, unfinished=True), read_crowd(reader, REAL))


@pytest.fixture(scope="module")
def bets(reader: StoreReader, revealed: Games) -> RecordedBets:
    found = sidebets(revealed, settled_sidebets(reader, REAL)).recorded
    assert found is not None
    return found


def results(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return every settled bet once: the payout record of each player and start tick."""
    found = {}
    for game in told:
        rug = len(game["prices"]) - 1
        for record in game["globalSidebets"]:
            if record["type"] == "payout":
                key = (game["id"], record["playerId"], record["startTick"])
                found[key] = {**record, "rug": rug, "game": game["id"]}
    return list(found.values())


def test_the_hazard_is_rugs_over_checks_of_the_file(
    revealed: Games, told: list[dict[str, Any]]
) -> None:
    lengths = [len(game["prices"]) - 1 for game in told]
    found = survival(revealed)
    assert (found.rugs, found.checks) == (len(told), sum(lengths))
    limits = stats.binomtest(len(told), sum(lengths)).proportion_ci(method="exact")
    assert (found.hazard.low, found.hazard.high) == pytest.approx((limits.low, limits.high))
    for window in found.windows:
        alive = [length for length in lengths if length > window.at]
        assert window.at_risk == len(alive)
        assert window.rugs == sum(length <= window.at + 40 for length in alive)


def test_all_games_leave_the_published_hazard_inside(reader: StoreReader) -> None:
    games = load_games(reader, unfinished=True)
    found = survival(games)
    assert found.hazard.fair_is_inside
    assert found.met_midway > 0
    assert found.unfinished > 0
    watched = games.last_ticks - games.first_ticks
    assert found.checks == watched.sum() > 10_000


def test_sidebets_are_those_of_the_file(bets: RecordedBets, told: list[dict[str, Any]]) -> None:
    expected = results(told)
    won = [record for record in expected if record["payout"] > 0]
    assert (bets.bets, bets.wins, bets.games) == (len(expected), len(won), len(told))
    assert bets.players == len({record["playerId"] for record in expected})
    sol = [record for record in expected if record["coinAddress"] != "0xPractice"]
    staked = sum(record["betAmount"] for record in sol)
    assert bets.practice == len(expected) - len(sol)
    assert bets.sol_staked == pytest.approx(staked)
    assert bets.sol_return.value == pytest.approx(
        sum(record["payout"] for record in sol) / staked - 1
    )
    assert bets.win_rate.value == pytest.approx(len(won) / len(expected))
    lasted = [(record["rug"] - record["startTick"], record["payout"] > 0) for record in expected]
    assert bets.last_tick_wins == lasted.count((40, True))
    assert bets.one_late_losses == lasted.count((41, False))
    assert bets.against_rule == 0


def test_only_forty_checks_agree_with_every_bet(
    reader: StoreReader, revealed: Games, told: list[dict[str, Any]]
) -> None:
    found = sidebets(revealed, settled_sidebets(reader, REAL))
    lasted = [record["rug"] - record["startTick"] for record in results(told)]
    for rule in found.rules:
        assert rule.wins == sum(length <= rule.checks for length in lasted)
        assert rule.disagree == sum((length <= rule.checks) != (length <= 40) for length in lasted)
    assert {rule.checks: rule.disagree == 0 for rule in found.rules} == {
        39: False,
        40: True,
        41: False,
    }


def test_the_interval_of_the_win_rate_is_wider_than_if_bets_were_alone(bets: RecordedBets) -> None:
    alone = stats.binomtest(bets.wins, bets.bets).proportion_ci()
    assert bets.win_rate.low is not None
    assert bets.win_rate.high is not None
    assert bets.win_rate.low < alone.low < alone.high < bets.win_rate.high
    assert bets.win_rate.fair_is_inside


def test_peaks_and_holding_are_those_of_the_file(
    revealed: Games, told: list[dict[str, Any]]
) -> None:
    found = peaks(revealed)
    highest = [game["peakMultiplier"] for game in told]
    for quantile in found.quantiles:
        assert quantile.peak.value == pytest.approx(np.quantile(highest, quantile.chance))
    for holding in found.holding:
        profits = [
            game["prices"][holding.ticks] - 1 if len(game["prices"]) - 1 > holding.ticks else -1
            for game in told
        ]
        assert holding.rug_pays_nothing.value == pytest.approx(np.mean(profits))


def test_steps_and_big_moves_are_those_of_the_file(
    revealed: Games, told: list[dict[str, Any]]
) -> None:
    steps = [
        after / before - 1
        for game in told
        for before, after in zip(game["prices"][:-2], game["prices"][1:-1], strict=True)
    ]
    found = volatility(revealed)
    assert found.steps == len(steps)
    assert found.god_candles == 0
    assert found.big_moves.value == pytest.approx(np.mean([abs(step) > 0.1 for step in steps]))
    assert found.big_moves.fair_is_inside


def frames(real_data: Path, event: str) -> list[dict[str, Any]]:
    """Return the payloads of one event of the raw capture, in order."""
    lines = map(json.loads, (real_data / RAW1214).read_text("utf-8").splitlines())
    payloads = [line["data"] for line in lines if line["event"] == event]
    return [data[-1] if isinstance(data, list) else data for data in payloads]


def test_the_share_of_trades_seen_is_that_of_the_capture(
    real_data: Path, everybody: Players, reader: StoreReader
) -> None:
    states = [
        frame
        for frame in frames(real_data, "gameStateUpdate")
        if frame.get("gameId") == WATCHED and frame.get("active") and not frame.get("rugged")
        and "tradeCount" in frame
    ]  # fmt: skip
    first, last = states[0], states[-1]
    watched = range(first["tickCount"] + 1, last["tickCount"] + 1)
    seen = [
        trade
        for trade in frames(real_data, "standard/newTrade")
        if trade["gameId"] == WATCHED and trade["tickIndex"] in watched
    ]
    rows = read_crowd(reader, REAL).coverage.to_pylist()
    (row,) = [row for row in rows if row["game_id"] == WATCHED]
    assert row["made"] == last["tradeCount"] - first["tradeCount"] == 209
    assert row["sampled"] == len(seen)
    assert everybody.coverage is not None
    assert everybody.coverage.sampled == sum(row["sampled"] for row in rows)
    assert everybody.coverage.widening == pytest.approx(
        (sum(row["made"] for row in rows) / sum(row["sampled"] for row in rows)) ** 0.5
    )


def test_players_are_judged_by_their_bets_of_the_file(
    everybody: Players, told: list[dict[str, Any]]
) -> None:
    tries: dict[str, list[bool]] = {}
    for record in results(told):
        tries.setdefault(record["playerId"], []).append(record["payout"] > 0)
    field = everybody.bets
    assert field.players == len(tries)
    assert field.tested == sum(len(own) >= 5 for own in tries.values())
    for record in field.best:
        own = tries[record.player_id]
        assert (record.rate.n, record.rate.value) == (len(own), pytest.approx(np.mean(own)))
        test = stats.binomtest(sum(own), len(own), 1 - 0.995**40, "greater")
        assert record.luck.p_value == pytest.approx(test.pvalue)
    assert field.best[0].luck.adjusted > 0.05


def test_the_final_leaderboard_is_the_last_one_shown(real_data: Path, reader: StoreReader) -> None:
    shown = [
        frame["leaderboard"]
        for frame in frames(real_data, "gameStateUpdate")
        if frame.get("gameId") == WATCHED and frame.get("rugged")
    ]
    rows = [row for row in read_crowd(reader, REAL).boards.to_pylist() if row["game_id"] == WATCHED]
    assert [(row["player_id"], row["pnl"]) for row in rows] == [
        (entry["id"], entry["pnl"]) for entry in shown[-1]
    ]
