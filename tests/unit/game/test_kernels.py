"""The batch bodies are ordinary Python too: compiled or not, they compute the same."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectra_player.game import kernels
from vectra_player.game.price_path import V3, price_path, seed_text
from vectra_player.game.seedrandom import doubles, pack_keys

GAMES = [("00", "first"), ("ff", "second"), ("0a", "third")]


def test_an_uncompiled_batch_equals_the_single_games() -> None:
    keys, offsets = pack_keys([seed_text(*game) for game in GAMES])
    prices, facts = np.empty(3 * 5002), np.zeros((3, 5))
    game, used = kernels.walk_batch(keys, offsets, V3, 0, 3, prices, facts)
    expected = [price_path(*one) for one in GAMES]
    assert game == 3
    assert prices[:used].tolist() == [price for path in expected for price in path.prices]
    assert facts.tolist() == [
        [len(path.prices), float(path.rugged), path.draws, path.low, path.peak] for path in expected
    ]


@pytest.mark.parametrize("compile_it", [False, True])
def test_a_batch_stops_before_a_game_that_might_not_fit(compile_it: bool) -> None:
    keys, offsets = pack_keys([seed_text(*game) for game in GAMES])
    body = kernels.compiled(kernels.walk_batch) if compile_it else kernels.walk_batch
    first = len(price_path(*GAMES[0]).prices)
    prices, facts = np.full(5002 + first - 1, -1.0), np.zeros((3, 5))
    assert body(keys, offsets, V3, 0, 3, prices, facts) == (1, first)
    assert (prices[first:] == -1.0).all()
    assert body(keys, offsets, V3, 1, 3, prices[:5001], facts) == (1, 0)


def test_uncompiled_draws_equal_compiled_ones() -> None:
    seeds = ["", "a", "longer than one block " * 20]
    keys, offsets = pack_keys(seeds)
    plain = np.empty((3, 50))
    kernels.draw_batch(keys, offsets, plain)
    assert plain.tolist() == doubles(seeds, 50).tolist()


def _draw_as_published(state: list[int]) -> float:
    """Draw in floats as seedrandom's source does, from the same bytes."""
    box, i, j = state[:256], state[256], state[257]

    def take() -> int:
        nonlocal i, j
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        return box[(box[i] + box[j]) % 256]

    n, d, x = 0.0, 2.0**48, 0
    for _ in range(6):
        n = n * 256 + take()
    while n < 2.0**52:
        n, d, x = (n + x) * 256, d * 256, take()
    while n >= 2.0**53:
        n, d, x = n / 2, d / 2, x >> 1
    return (n + x) / d


@given(st.integers(0, 2**64), st.integers(0, 255), st.integers(0, 255))
def test_drawing_in_whole_numbers_equals_drawing_in_floats(shuffle: int, i: int, j: int) -> None:
    box = list(range(256))
    random.Random(shuffle).shuffle(box)
    state = [*box, i, j]
    for _ in range(5):
        expected = _draw_as_published(state)
        assert kernels.next_double(state) == expected


def test_a_draw_of_many_zero_bytes_is_tiny_and_exact() -> None:
    state = [0] * kernels.STATE_SIZE
    state[13] = 7
    expected = _draw_as_published(state)
    assert 0.0 < expected < 1e-30
    assert kernels.next_double(state) == expected
