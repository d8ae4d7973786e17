"""Arrow tables as arrays: nulls have one meaning everywhere."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from vectra_player.analysis.columns import (
    UNKNOWN,
    codes,
    flags,
    floats,
    game_keys,
    integers,
    places,
)

TABLE = pa.table(
    {
        "game_id": ["a", "b", "a", "a"],
        "is_real": [True, True, False, True],
        "tick": pa.array([3, None, 0, 7], pa.int32()),
        "own": [True, None, False, True],
        "amount": pa.array([0.5, None, 2.0, 1.0]),
    }
)


def test_nulls_are_unknown_false_and_nan() -> None:
    assert integers(TABLE, "tick").tolist() == [3, UNKNOWN, 0, 7]
    assert flags(TABLE, "own").tolist() == [True, False, False, True]
    np.testing.assert_array_equal(floats(TABLE, "amount"), [0.5, np.nan, 2.0, 1.0])


def test_a_game_is_named_by_its_id_and_its_server() -> None:
    keys = game_keys(TABLE)
    number, names = codes(keys)
    assert number.tolist() == [0, 1, 2, 0]
    assert len(names) == 3
    assert places(keys, keys.slice(2)).tolist() == [1, UNKNOWN, 0, 1]


def test_a_table_in_pieces_or_without_rows_is_read_alike() -> None:
    pieces = pa.concat_tables([TABLE.slice(0, 1), TABLE.slice(1)])
    assert codes(pieces.column("game_id"))[0].tolist() == [0, 1, 0, 0]
    nothing = TABLE.slice(0, 0)
    assert integers(nothing, "tick").shape == floats(nothing, "amount").shape == (0,)
    assert codes(game_keys(nothing))[1] == []
