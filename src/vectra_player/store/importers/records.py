"""What the readers of all formats hand on: records column by column, and the lines that are bad.

Columns instead of one object a record: an import of 300,000 lines has a budget of microseconds a
line. Used by the modules of `store.importers` only.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from vectra_player.model.frame import Frame
from vectra_player.model.units import Direction

DEFAULT_ORIGIN = "backend.rugs.fun"
"""The host all known recordings come from (protocol.md section 1)."""

MAX_LINE_BYTES = 100 << 20
"""A longer line is not read into memory: it is no record of any recorder we know."""

INT64 = npt.NDArray[np.int64]


class Chunk(Struct, frozen=True, gc=False):
    """Whole lines of a file; `complete` is false when the last one has no newline."""

    data: bytes
    line: int
    offset: int
    complete: bool = True


class BadLine(Struct, frozen=True, gc=False):
    """A line that is not (only) records: where it stands, why it is bad, and its bytes.

    `salvaged` records were found inside it. `data` is None for a line too long to hold.
    """

    line: int
    offset: int
    length: int
    reason: str
    data: bytes | None
    salvaged: int = 0


class Records(Struct):
    """Records of one chunk in file order; the first five are columns of equal length.

    `micros` is wall time as written (µs since 1970 read as if UTC); where `utc` is set it is UTC
    already, elsewhere the recorder's zone has still to be taken off.
    """

    raws: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    directions: list[Direction] = field(default_factory=list)
    micros: list[int] = field(default_factory=list)
    utc: list[bool] = field(default_factory=list)
    games: set[str] = field(default_factory=set)
    bad: list[BadLine] = field(default_factory=list)


class OwnRecord(Struct, frozen=True, gc=False):
    """A row of an own export: a frame that keeps its place."""

    session_id: str
    seq: int
    frame: Frame
    game_id: str | None = None
