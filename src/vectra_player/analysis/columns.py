"""Arrow tables as arrays: the few conversions every reader of the store needs.

Pure. Used by `analysis` only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

UNKNOWN = -1
"""Stands for a null among whole numbers."""


def integers(table: Any, name: str) -> npt.NDArray[np.int64]:
    """Return a column of whole numbers or flags, UNKNOWN where null: (n_rows,)."""
    return np.asarray(pc.fill_null(table.column(name).cast(pa.int64()), UNKNOWN), np.int64)


def flags(table: Any, name: str) -> npt.NDArray[np.bool_]:
    """Return a column of flags, false where null: (n_rows,)."""
    told: npt.NDArray[np.bool_] = integers(table, name) == 1
    return told


def floats(table: Any, name: str) -> npt.NDArray[np.float64]:
    """Return a column of numbers, NaN where null: (n_rows,)."""
    return np.asarray(table.column(name).cast(pa.float64()).to_numpy(), np.float64)


def game_keys(table: Any) -> Any:
    """Return what names each row's game: the demo server may play a real game once more."""
    origin = table.column("is_real").cast(pa.string())
    return pc.binary_join_element_wise(table.column("game_id"), origin, "/").combine_chunks()


def places(names: Any, among: Any) -> npt.NDArray[np.int64]:
    """Return the index of each name in `among`, UNKNOWN where it is not there: (n_names,)."""
    found: Any = pc.index_in(names, value_set=among)
    return np.asarray(pc.fill_null(found, UNKNOWN), np.int64)


def codes(names: Any) -> tuple[npt.NDArray[np.int64], list[Any]]:
    """Number names from 0 in order of appearance: (n_names,), and the names by number."""
    whole = names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names
    encoded: Any = pc.dictionary_encode(whole, null_encoding="encode")
    return np.asarray(encoded.indices, np.int64), encoded.dictionary.to_pylist()
