"""Prices follow from the revealed seed to the last bit, in plain Python and compiled."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vectra_player.game import kernels
from vectra_player.game.price_path import (
    RULES,
    V3,
    commitment,
    price_path,
    price_paths,
    rug_price,
    rules_of,
)

# (own seed, version, prices, draws, SHA-256 of the prices), made with Node 20 and seedrandom.
NODE_GAMES = [
    (0, "v2", 300, 1193, "a9bae2ba8c03debe9d06b6c1ecf7e6c1a64b9cc2f1bd701a97d0ded841cf83f9"),
    (0, "v3", 582, 2901, "d9062672cf3ce671e209516ef9f45f033020dbcb49245dd2a1f5d41792e81f43"),
    (1, "v1", 85, 333, "ae5f25187d78090019f215bb3d8496c8eb166910c9e45a80c0e76b503ebe5f20"),
    (1, "v3", 368, 1831, "70c57b8ded54ad70e9502e591e2b63292f029b2b109dd29802a5c5dc2b155d51"),
    # rug at the first check
    (226, "v3", 2, 1, "dddd3909963136fb40fe1e2bee825ddce62daec6bf2de1b47944e4963da0e344"),
    # god candles
    (1707, "v3", 344, 1708, "326a8135aa072c53916fdd1cf2913032f07043a42ecd0f0bdbc808ba3f2e463d"),
    (1995, "v3", 96, 468, "b9625de33d2ce7406e15a862e3d181beb4cdc9daf7ecde177d993ce6d935c047"),
    # above 100: the cap of the noise tells v1 from v2
    (12626, "v3", 287, 1423, "af319a5e79f8910f593b7715bfc3e15230b013da4078c15b0cd30f8e032d3e83"),
    (42659, "v1", 290, 1153, "1feab7de1aa2aa13017ab7f876ba7e3983f24f3b544b57156f680ffb7e2a7053"),
    (42659, "v2", 290, 1153, "9e96cf6b4e0ef61449e5865e2cb2a21761994cbbde0fa0fb081b98524ff8690f"),
    # a god candle drawn, but suppressed above 100
    (302678, "v3", 698, 3481, "4b1b01fa23791183a43053ee2cc971766fb678779ea73bb5ca874d701aa024fd"),
]


def _own(number: int) -> tuple[str, str]:
    seed = hashlib.sha256(f"own-{number}".encode()).hexdigest()
    return seed, f"20260101-{seed[:16]}"


def _sha(prices: Any) -> str:
    return hashlib.sha256(np.asarray(prices, "<f8").tobytes()).hexdigest()


def _both(seed: str, game_id: str, version: str) -> list[tuple[Any, bool, float, float, int]]:
    """Return (prices, rugged, peak, low, draws) of the plain and of the compiled way."""
    one = price_path(seed, game_id, version)
    many = price_paths([seed], [game_id], version)
    return [
        (one.prices, one.rugged, one.peak, one.low, one.draws),
        (
            many.prices_of(0),
            bool(many.rugged[0]),
            float(many.peaks[0]),
            float(many.lows[0]),
            int(many.draws[0]),
        ),
    ]


@pytest.fixture(scope="session")
def vectors(real_data: Path) -> dict[str, list[dict[str, Any]]]:
    loaded: dict[str, list[dict[str, Any]]] = json.loads(
        (real_data / "fairness_vectors.json").read_text()
    )
    return loaded


@pytest.mark.parametrize(("number", "version", "length", "draws", "sha"), NODE_GAMES)
def test_own_games_equal_node_to_the_last_bit(
    number: int, version: str, length: int, draws: int, sha: str
) -> None:
    for prices, rugged, peak, low, spent in _both(*_own(number), version):
        assert (len(prices), spent, _sha(prices)) == (length, draws, sha)
        assert rugged
        assert (peak, low) == (max(prices[:-1]), min(prices[:-1]))


@pytest.mark.real_data
def test_revealed_games_are_replayed_to_the_last_bit(
    vectors: dict[str, list[dict[str, Any]]],
) -> None:
    assert len(vectors["games"]) == 20
    for game in vectors["games"]:
        assert commitment(game["serverSeed"]) == game["serverSeedHash"]
        for prices, _, peak, low, draws in _both(game["serverSeed"], game["id"], game["version"]):
            assert (_sha(prices), _sha(prices[:-1])) == (game["pricesSha256"], game["pathSha256"])
            assert (len(prices), draws) == (game["length"], game["draws"])
            assert (peak, low, prices[-1]) == (game["peak"], game["minPath"], game["rugPrice"])


@pytest.mark.real_data
def test_published_prices_are_recomputed_to_the_last_bit(real_data: Path) -> None:
    lines = (real_data / "games_with_seeds.jsonl").read_text().splitlines()
    games = [json.loads(line) for line in lines]
    assert len(games) == 22
    seeds = [game["provablyFair"]["serverSeed"] for game in games]
    batch = price_paths(seeds, [game["id"] for game in games], threads=2)
    for index, (seed, game) in enumerate(zip(seeds, games, strict=True)):
        one = price_path(seed, game["id"], game["gameVersion"])
        assert one.prices == tuple(game["prices"]) == tuple(batch.prices_of(index))
        assert one.peak == game["peakMultiplier"] == batch.peaks[index]
        assert one.rug_tick == len(game["prices"]) - 1 == batch.rug_ticks[index]
        assert rug_price(one.path) == game["prices"][-1]
        assert commitment(seed) == game["provablyFair"]["serverSeedHash"]


@pytest.mark.real_data
def test_documented_games_show_their_peaks(vectors: dict[str, list[dict[str, Any]]]) -> None:
    checked = 0
    for game in vectors["documented"]:
        assert commitment(game["serverSeed"]) == game["serverSeedHash"]
        for version, replayed in game["replayed"].items():
            for prices, _, peak, _, _ in _both(game["serverSeed"], game["id"], version):
                assert (peak, len(prices) - 1) == (replayed["peak"], replayed["pathLength"])
                shown = game["shownPeak"][version]
                assert round(peak, len(shown.partition(".")[2])) == float(shown)
                checked += 1
    assert checked >= 6


@pytest.mark.real_data
def test_synthetic_edge_games_are_replayed(vectors: dict[str, list[dict[str, Any]]]) -> None:
    assert len(vectors["synthetic"]) == 14
    for game in vectors["synthetic"]:
        for prices, rugged, peak, _, _ in _both(game["serverSeed"], game["id"], game["version"]):
            path = prices[:-1] if rugged else prices
            assert (_sha(path), len(path)) == (game["pathSha256"], game["pathLength"])
            assert peak == game["peak"]


def test_the_commitment_is_the_hash_of_the_seeds_text() -> None:
    assert commitment("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_game_rugged_at_once_has_the_start_and_the_rug_price() -> None:
    path = price_path(*_own(226))
    assert path.prices == (1.0, 1 - 0.98)
    assert (path.rug_tick, path.path, path.peak, path.low) == (1, (1.0,), 1.0, 1.0)


def test_threads_and_small_buffers_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds, ids = zip(*[_own(number) for number in range(150)], strict=True)
    whole = price_paths(seeds, ids)
    monkeypatch.setattr("vectra_player.game.price_path._MEAN_SLOTS", 1)
    for threads in (0, 1, 2, 7, 400):
        split = price_paths(seeds, ids, threads=threads)
        assert split.prices.tobytes() == whole.prices.tobytes()
        assert np.array_equal(split.offsets, whole.offsets)
        assert np.array_equal(split.draws, whole.draws)
    assert len(whole) == 150


def test_no_games_give_an_empty_batch() -> None:
    batch = price_paths([], [], threads=2)
    assert (len(batch), batch.offsets.tolist(), len(batch.prices)) == (0, [0], 0)


def test_unknown_versions_and_uneven_batches_are_refused() -> None:
    with pytest.raises(ValueError, match="v4"):
        price_path("00", "game", "v4")
    with pytest.raises(ValueError, match="v4"):
        price_paths(["00"], ["game"], "v4")
    with pytest.raises(ValueError, match="shorter"):
        price_paths(["00"], [])


def test_a_game_that_reaches_the_tick_limit_ends_without_a_rug(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    endless = V3._replace(rug_chance=0.0, max_ticks=300)
    monkeypatch.setattr("vectra_player.game.price_path.RULES", {"v3": endless})
    path = price_path(*_own(0))
    batch = price_paths(*([part] for part in _own(0)))
    assert (len(path.prices), path.rugged, path.rug_tick) == (301, False, None)
    assert path.path == path.prices == tuple(batch.prices_of(0))
    assert batch.rug_ticks.tolist() == [-1]


def test_a_price_never_falls_below_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    wild = V3._replace(noise=3.0, rug_chance=0.0, max_ticks=100)
    monkeypatch.setattr("vectra_player.game.price_path.RULES", {"v3": wild})
    path = price_path(*_own(0))
    assert path.low == 0.0
    assert path.prices == tuple(price_paths(*([part] for part in _own(0))).prices_of(0))


def test_versions_differ_only_where_the_notes_say() -> None:
    assert set(RULES) == {"v1", "v2", "v3"}
    assert rules_of("v2") == V3._replace(god_chance=0.0)
    assert rules_of("v1") == V3._replace(god_chance=0.0, noise_cap=math.inf)
    for rules in RULES.values():
        assert rules.rug_chance == 0.005


def test_batches_work_where_no_cache_folder_is_writable(monkeypatch: pytest.MonkeyPatch) -> None:
    import numba

    real = numba.njit

    def refuse_cache(**options: Any) -> Any:
        if options.pop("cache", False):
            raise RuntimeError("cannot cache function: no locator available")
        return real(**options)

    monkeypatch.setattr(numba, "njit", refuse_cache)
    uncached = kernels.compiled.__wrapped__(kernels.draw_batch)  # type: ignore[attr-defined]
    result = np.empty((1, 3))
    uncached(np.array([97], np.uint8), np.array([0, 1]), result)
    assert 0.0 <= result.min() <= result.max() < 1.0
