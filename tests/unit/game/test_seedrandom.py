"""The generator draws what npm seedrandom draws, plain and compiled."""

from __future__ import annotations

import hashlib
import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vectra_player.game.seedrandom import SeedRandom, doubles, key_of

DRAWS = 1000

# SHA-256 of 1,000 little-endian doubles, made with Node 20 and seedrandom.
NODE_HASHES = {
    "": "c147087b9ba0967053936a6ee2d5ced30717631cf21a3c222a400477866e6cb9",
    "a": "66cbe7af3d5fee62d53539a7432f6706fcd4a26242b85594bf286dbc80ec50bf",
    "ünïcode 🎲\0": "d68b421235c23a707d3f1977f135a4229de82fc1c47e4dfe30fef9a0943d17e5",
    "0.5": "578204b84257b142a25ceb702dc4967d76749e9eb9fb94353445fc328aacefc2",
    "x" * 256: "caad534aeb3cb16a28697eba71f9af664df78d5034ca62457858f956d797e214",
    "abc" * 100: "81aec99030d03a671195dbd7c851cbff72d460cb700fb0ae953cb681ca2a8099",
    "\ud800 lone": "1988dd2c600bd67e26a4897796b0ecc3c072fad6f30c244f5c62faf3c5b8b20b",
    "z" * 640: "2deea5ff165a3028fdb7092770f23f48d2e4297b5f70afcc94f54236d338091f",
}


def _plain(seed: str, count: int) -> bytes:
    generator = SeedRandom(seed)
    return struct.pack(f"<{count}d", *[generator.random() for _ in range(count)])


@pytest.mark.parametrize("seed", NODE_HASHES, ids=range(len(NODE_HASHES)))
def test_plain_draws_equal_node_for_seeds_of_every_kind(seed: str) -> None:
    assert hashlib.sha256(_plain(seed, DRAWS)).hexdigest() == NODE_HASHES[seed]


def test_compiled_draws_equal_node_for_seeds_of_every_kind() -> None:
    rows = doubles(list(NODE_HASHES), DRAWS)
    found = [hashlib.sha256(row.astype("<f8").tobytes()).hexdigest() for row in rows]
    assert found == list(NODE_HASHES.values())


@pytest.mark.real_data
def test_both_ways_draw_the_recorded_doubles(real_data: Path) -> None:
    vectors = json.loads((real_data / "fairness_vectors.json").read_text())["seedrandom"]
    assert len(vectors) == 30
    for vector, row in zip(vectors, doubles([v["seed"] for v in vectors], 10), strict=True):
        assert _plain(vector["seed"], 10).hex() == vector["hexLE"]
        assert row.astype("<f8").tobytes().hex() == vector["hexLE"]


def test_a_key_has_one_byte_for_each_utf16_unit_and_never_more_than_256() -> None:
    assert key_of("") == b"\0"
    assert key_of("Aé") == b"A\xe9"
    assert key_of("🎲") == bytes([0xD83C & 255, 0xDFB2 & 255])
    assert len(key_of("k" * 256)) == len(key_of("k" * 1000)) == 256
    assert key_of("k" * 256) != key_of("k" * 257)


def test_no_seeds_give_no_draws() -> None:
    assert doubles([], 5).shape == (0, 5)
    assert doubles(["a"], 0).shape == (1, 0)


def test_draws_stay_below_one_and_differ() -> None:
    block = doubles([f"seed {k}" for k in range(50)], 200)
    assert block.min() >= 0.0
    assert block.max() < 1.0
    assert len(np.unique(block)) == block.size


def test_a_short_seed_and_its_repetition_draw_the_same() -> None:
    # The key is used cyclically; game seeds are 90 characters and never repeat themselves.
    assert _plain("ab", 20) == _plain("ababab", 20)


def test_playing_single_games_never_loads_numba() -> None:
    code = (
        "import sys\n"
        "from vectra_player.game import positions, sidebet, timing\n"
        "from vectra_player.game.price_path import price_path\n"
        "price_path('00', 'game')\n"
        "sys.exit('numba' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
