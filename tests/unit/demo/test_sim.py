"""The simulated game alone, without server or clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from vectra_player.demo.settings import DemoSettings
from vectra_player.demo.sim import Simulation
from vectra_player.demo.values import Emission
from vectra_player.game.price_path import commitment, price_path
from vectra_player.game.sidebet import wins

ORIGIN_MS = 1_800_000_000_000
_COOLDOWN = (
    "gameId cooldownTimer cooldownPaused allowPreRoundBuys leaderboard connectedPlayers "
    "provablyFair"
)
_START = "active price rugged tickCount pauseMessage gameVersion partialPrices"
_TICK = (
    "active price partialPrices tradeCount rugged tickCount pauseMessage averageMultiplier count2x "
    "count10x count50x count100x rugpool rugRoyale"
)
_HISTORY = (
    "averageMultiplier count2x count10x count50x count100x gameHistory availableShitcoins "
    "highestToday highestTodayTimestamp highestTodayPrices"
)
COOLDOWN_KEYS = set(_COOLDOWN.split())
START_KEYS = COOLDOWN_KEYS | set(_START.split())
TICK_KEYS = COOLDOWN_KEYS | set(_TICK.split())
HISTORY_KEYS = START_KEYS | set(_HISTORY.split())
HISTORY_KEYS |= {
    f"godCandle{tier}{field}"
    for tier in ("2x", "10x", "50x")
    for field in ("", "Timestamp", "Prices", "MassiveJump")
}


def make_sim(seed: int = 7, origin_ms: int = ORIGIN_MS, **switches: Any) -> Simulation:
    settings = DemoSettings(**{"seed": seed, "past_games": 10, "longest_game": 120} | switches)
    return Simulation(settings, seed, origin_ms)


def plain(emission: Emission) -> Any:
    """Return the payload as it is on the wire."""
    return msgspec.json.decode(msgspec.json.encode(emission.args))[-1]


def states(happened: list[Emission]) -> Iterator[tuple[Emission, dict[str, Any]]]:
    for emission in happened:
        if emission.name == "gameStateUpdate":
            yield emission, plain(emission)


def first_round(happened: list[Emission]) -> list[tuple[Emission, dict[str, Any]]]:
    """Return the frames from the first reset frame up to the next one."""
    frames = list(states(happened))
    second = [i for i, (emission, _) in enumerate(frames) if emission.cue == "reset"][1]
    return frames[: second + 1]


@pytest.fixture(scope="module")
def happened() -> list[Emission]:
    return make_sim().advance(200_000)


def test_every_frame_has_exactly_the_keys_of_its_shape(happened: list[Emission]) -> None:
    shapes = {frozenset(k) for k in (COOLDOWN_KEYS, START_KEYS, TICK_KEYS, HISTORY_KEYS)}
    assert [len(keys) for keys in (COOLDOWN_KEYS, START_KEYS, TICK_KEYS, HISTORY_KEYS)] == [
        7,
        14,
        21,
        36,
    ]
    assert {frozenset(frame) for _, frame in states(happened)} == shapes


def test_a_snapshot_has_the_prices_so_far_instead_of_the_last_five() -> None:
    sim = make_sim()
    sim.advance(15_000 + 2500)
    frame = sim.snapshot()
    assert set(frame) == HISTORY_KEYS - {"partialPrices"} | {"prices"}
    assert frame["prices"] == list(sim.table.game.path.prices[: frame["tickCount"] + 1])


def test_the_first_frame_knows_ten_past_games_whose_seeds_verify(happened: list[Emission]) -> None:
    _, frame = next(states(happened))
    assert len(frame["gameHistory"]) == 10
    stamps = [game["timestamp"] for game in frame["gameHistory"]]
    assert stamps == sorted(stamps, reverse=True)
    assert max(stamps) <= ORIGIN_MS
    for game in frame["gameHistory"]:
        seed = game["provablyFair"]["serverSeed"]
        path = price_path(seed, game["id"])
        assert commitment(seed) == game["provablyFair"]["serverSeedHash"]
        assert list(path.prices) == game["prices"]
        assert path.peak == game["peakMultiplier"]


def test_timers_count_down_by_a_tenth_with_two_frames_at_ten_seconds(
    happened: list[Emission],
) -> None:
    frames = [frame for _, frame in first_round(happened)]
    timers = [f["cooldownTimer"] for f in frames if f["cooldownTimer"]][:-1]
    expected = list(range(15_000, 0, -100))
    expected.insert(expected.index(10_000), 10_000)
    assert timers == expected
    at_ten = [set(f) for f in frames if f["cooldownTimer"] == 10_000]
    assert at_ten == [TICK_KEYS, COOLDOWN_KEYS]
    for frame in frames:
        timer = frame["cooldownTimer"]
        assert frame["allowPreRoundBuys"] == (0 < timer <= 10_000)


def test_a_round_goes_from_reset_over_start_and_ticks_to_rug_and_history(
    happened: list[Emission],
) -> None:
    frames = first_round(happened)
    live = [frame for _, frame in frames if frame.get("active")]
    rug_tick = len(live) - 2
    assert set(live[0]) == START_KEYS
    assert live[0]["leaderboard"] == []
    assert [f["tickCount"] for f in live[:-1]] == list(range(rug_tick + 1))
    assert [f["rugged"] for f in live] == [False] * rug_tick + [True, True]
    assert live[-1]["tickCount"] in (rug_tick + 1, rug_tick + 2)
    assert live[-1]["partialPrices"] == live[-2]["partialPrices"]
    reset = frames[-1][1]
    assert live[-1]["gameId"] not in {game["id"] for game in live[-1]["gameHistory"]}
    assert reset["gameHistory"][0]["id"] == live[-1]["gameId"] != reset["gameId"]
    assert reset["leaderboard"] == live[-1]["leaderboard"]


def test_the_hash_comes_first_and_the_seed_after_and_they_make_the_prices(
    happened: list[Emission],
) -> None:
    frames = first_round(happened)
    hashes = {f["provablyFair"]["serverSeedHash"] for _, f in frames[:-1]}
    revealed = frames[-1][1]["gameHistory"][0]
    assert hashes == {revealed["provablyFair"]["serverSeedHash"]}
    assert not any("serverSeed" in f["provablyFair"] for _, f in frames)
    seed = revealed["provablyFair"]["serverSeed"]
    assert commitment(seed) in hashes
    path = price_path(seed, revealed["id"])
    shown = {f["tickCount"]: f["price"] for _, f in frames[:-1] if set(f) == TICK_KEYS}
    assert all(path.prices[tick] == price for tick, price in shown.items() if tick)
    assert len(path.prices) - 1 == max(shown)


def test_partial_prices_slide_over_the_last_five_ticks(happened: list[Emission]) -> None:
    for _, frame in first_round(happened):
        if set(frame) == TICK_KEYS and frame["active"]:
            window, tick = frame["partialPrices"], frame["tickCount"]
            assert window["startTick"] == max(0, tick - 4)
            assert sorted(map(int, window["values"])) == list(range(window["startTick"], tick + 1))
            assert window["values"][str(tick)] == frame["price"]


def test_frames_keep_the_real_cadence(happened: list[Emission]) -> None:
    frames = first_round(happened)
    ticks = [e.at_ms for e, f in frames if e.cue in ("start", "tick")]
    assert {b - a for a, b in pairwise(ticks)} == {250.0}
    waits = [e.at_ms for e, f in frames if 0 < f["cooldownTimer"] < 10_000]
    assert {round(b - a) for a, b in pairwise(waits)} == {100}
    cues = {e.cue: e.at_ms for e, _ in frames if e.cue in ("rug", "reset")}
    assert 900 <= cues["reset"] - cues["rug"] <= 2300


def test_personal_results_are_due_before_the_public_rug_frame(happened: list[Emission]) -> None:
    cues = [e for e in happened if e.cue in ("tick", "settle", "rug", "reset")]
    for before, after in pairwise(cues):
        assert (after.cue == "rug") == (before.cue == "settle")
        if after.cue == "rug":
            assert 100 <= after.at_ms - before.at_ms <= 175


def test_the_same_seed_gives_the_same_events_at_the_same_relative_times() -> None:
    one, two = make_sim(), make_sim()
    steps: list[Emission] = []
    for until in range(0, 90_001, 300):
        steps += two.advance(until)
        two.snapshot()
        two.greeting()
    assert msgspec.json.encode(one.advance(90_000)) == msgspec.json.encode(steps)


def test_another_start_time_changes_stamps_only() -> None:
    later = make_sim(origin_ms=ORIGIN_MS + 86_400_000).advance(60_000)
    first = make_sim().advance(60_000)
    assert [(e.at_ms, e.name, e.cue) for e in first] == [(e.at_ms, e.name, e.cue) for e in later]
    prices = [[f.get("price") for _, f in states(run)] for run in (first, later)]
    assert prices[0] == prices[1]


def test_another_seed_plays_other_games() -> None:
    ids = [plain(make_sim(seed=seed).advance(0)[0])["gameId"] for seed in (1, 2)]
    assert ids[0] != ids[1]
    assert all(len(name) == 25 and name[21] == "4" for name in ids)


def test_game_length_can_be_bounded_without_touching_prices() -> None:
    sim = make_sim(shortest_game=30, longest_game=60)
    done = [plain(e) for e in sim.advance(150_000) if e.cue == "reset"]
    for frame in done[1:]:
        game = frame["gameHistory"][0]
        assert 30 <= len(game["prices"]) - 1 <= 60
        path = price_path(game["provablyFair"]["serverSeed"], game["id"])
        assert list(path.prices) == game["prices"]


def test_sidebet_history_keeps_every_rule_of_the_real_one(happened: list[Emission]) -> None:
    _, frame = next(states(happened))
    kinds: Counter[str] = Counter()
    for game in frame["gameHistory"]:
        rug_tick = len(game["prices"]) - 1
        records = game["globalSidebets"]
        placed = {(r["playerId"], r["startedAtTick"]) for r in records if r["type"] == "placed"}
        settled = {(r["playerId"], r["startTick"]) for r in records if r["type"] == "payout"}
        assert placed == {key for key in settled if key[1] > 0}
        for record in records:
            kinds[record["type"]] += 1
            if record["type"] == "placed":
                assert record["end"] == record["startedAtTick"] + 40
                continue
            won = wins(record["endTick"], rug_tick)
            assert record["xPayout"] == 5
            assert record["payout"] == pytest.approx(5 * record["betAmount"] if won else 0)
            assert record["profit"] == pytest.approx(record["payout"] - record["betAmount"])
            assert record["tickIndex"] == (rug_tick if won else record["startTick"])
            assert ("level" in record, "price" in record) == (won, won)
            if won:
                assert record["price"] == game["prices"][-1]
    assert min(kinds["placed"], kinds["payout"]) > 50


def test_a_players_sidebets_never_overlap(happened: list[Emission]) -> None:
    _, frame = next(states(happened))
    for game in frame["gameHistory"]:
        starts: dict[str, list[int]] = {}
        for record in game["globalSidebets"]:
            if record["type"] == "payout":
                starts.setdefault(record["playerId"], []).append(record["startTick"])
        for ticks in starts.values():
            assert all(later - earlier >= 40 for earlier, later in pairwise(sorted(ticks)))


def test_the_leaderboard_is_ranked_and_adds_up(happened: list[Emission]) -> None:
    seen = 0
    for _, frame in states(happened):
        board = frame["leaderboard"]
        assert [entry["position"] for entry in board] == list(range(1, len(board) + 1))
        assert [e["pnl"] for e in board] == sorted((e["pnl"] for e in board), reverse=True)
        for entry in board:
            seen += 1
            assert len(entry["id"]) == 35
            if "regularPnl" in entry:
                parts = entry["regularPnl"] + entry["sidebetPnl"] + entry["shortPnl"]
                assert entry["pnl"] == pytest.approx(parts)
            else:
                assert frame["allowPreRoundBuys"]
            if entry["totalInvested"]:
                percent = entry["pnl"] / entry["totalInvested"] * 100
                assert entry["pnlPercent"] == pytest.approx(percent)
    assert seen > 1000


def test_trades_are_a_sample_every_two_seconds_at_the_published_price(
    happened: list[Emission],
) -> None:
    trades = [e for e in happened if e.name == "standard/newTrade"]
    assert len(trades) > 20
    assert all(e.at_ms % 2000 == 0 for e in trades)
    assert all(e.args[0]["__trace"] is True for e in trades)
    prices: dict[str, list[float]] = {}
    for e in happened:
        if e.cue == "reset":
            revealed = plain(e)["gameHistory"][0]
            prices[revealed["id"]] = revealed["prices"]
    for trade in (plain(e) for e in trades):
        if trade["gameId"] in prices:
            assert trade["price"] == prices[trade["gameId"]][trade["tickIndex"]]
        assert trade["amount"] == pytest.approx(trade["qty"] * trade["price"], abs=5e-9)


def test_trade_count_never_falls_within_a_game(happened: list[Emission]) -> None:
    counts = [
        f["tradeCount"] for _, f in first_round(happened) if "tradeCount" in f and f["active"]
    ]
    assert counts == sorted(counts)
    assert counts[0] > 0


def test_golden_hour_doubles_tick_zero_and_draws_after_the_rug() -> None:
    happened = make_sim(golden_hour=True, shortest_game=10).advance(60_000)
    assert Counter(e.name for e in happened)["goldenHourDrawing"] >= 1
    frames = [f for _, f in first_round(happened) if f.get("active")]
    assert [f["tickCount"] for f in frames[:3]] == [0, 0, 1]
    assert set(frames[1]) == HISTORY_KEYS


def test_big_history_frames_keep_their_shape() -> None:
    sim = make_sim()
    sim.big_history_bytes = 1_500_000
    frame = plain(sim.advance(0)[0])
    assert set(frame) == HISTORY_KEYS
    assert len(msgspec.json.encode(frame)) > 1_500_000
