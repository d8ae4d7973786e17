"""A file without the rows that others have: how a session that is in two stores is read once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from vectra_player.store.parquet import encode
from vectra_player.store.schema import KEY_COLUMNS


def without_rivals(path: Path, rivals: Sequence[Path]) -> Iterator[bytes]:
    """Yield a Parquet file of those rows of `path` whose key is in none of the rivals."""
    table = pq.read_table(path, partitioning=None, page_checksum_verification=True)
    own = table.select(list(KEY_COLUMNS)).append_column("row", pa.array(np.arange(table.num_rows)))
    for rival in rivals:
        keys = pq.read_table(
            rival, columns=list(KEY_COLUMNS), partitioning=None, page_checksum_verification=True
        )
        own = own.join(keys, keys=list(KEY_COLUMNS), join_type="left anti")
    rows = np.sort(own.column("row").to_numpy())
    yield encode(table.take(pa.array(rows))).to_pybytes()
