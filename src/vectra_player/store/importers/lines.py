"""The one way a chunk of lines becomes records: all at once, or line by line where that fails.

A format says what one record looks like (`LineFormat`); this module finds the bad lines, repairs
them and keeps the good. Used by `store.importers` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import DecodeError, Struct

from vectra_player.model.units import Direction, RawFormat
from vectra_player.store.importers import repair, times
from vectra_player.store.importers.reader import split_lines
from vectra_player.store.importers.records import BadLine, Chunk, Records
from vectra_player.store.importers.times import Evidence

Stamp = str | int | float


class Entry(Struct, frozen=True, gc=False):
    """What the importer needs to know of one record; its text is kept beside it."""

    stamp: Stamp
    name: str
    direction: Direction
    games: tuple[str, ...] = ()


class LineFormat(Protocol):
    """A format of one JSON object a record."""

    raw_format: RawFormat
    first_keys: frozenset[str]

    def entry(self, text: str) -> Entry:
        """Read one record. Raises ValueError (also msgspec's) when it is none of this format."""
        ...

    def all(self, data: bytes, raws: list[str]) -> Records | None:
        """Read a chunk at once; None when any of it is out of the ordinary."""
        ...

    def complete_fragment(self, text: str) -> str | None:
        """Return an overwritten record with its whole fields only, or None if too much is lost."""
        ...

    def evidence(self, name: str, raw: str, naive: int) -> Evidence | None:
        """Say what one record proves about the recorder's zone."""
        ...

    def session_key(self, raw: str) -> str:
        """Return what names the session of a file that begins with this record."""
        ...


def read_chunk(fmt: LineFormat, chunk: Chunk) -> Records:
    """Return the records of whole lines; bad lines are repaired as far as they can be."""
    try:
        raws = chunk.data.decode().split("\n")
    except UnicodeDecodeError:
        return _each_line(fmt, chunk)
    if not raws[-1]:
        raws.pop()
    quick = None if b"\r" in chunk.data else _try_all(fmt, chunk.data, raws)
    return quick if quick is not None else _each_line(fmt, chunk)


def _try_all(fmt: LineFormat, data: bytes, raws: list[str]) -> Records | None:
    try:
        return fmt.all(data, raws)
    except (DecodeError, RecursionError):
        return None


def read_element(fmt: LineFormat, chunk: Chunk) -> Records:
    """Return the record that is one element of a JSON array."""
    out = Records()
    _one_line(fmt, out, chunk.line, chunk.offset, chunk.data, last=False)
    return out


def read_rest(fmt: LineFormat, bad: BadLine) -> Records:
    """Return what can be saved of a stretch that is bad as a whole."""
    out = Records()
    if bad.data is None or bad.length == 0:
        out.bad.append(bad)
    else:
        _salvage(fmt, out, bad, last=False)
    return out


def _each_line(fmt: LineFormat, chunk: Chunk) -> Records:
    out = Records()
    end = chunk.offset + len(chunk.data)
    for number, offset, data in split_lines(chunk):
        if data.strip():
            last = not chunk.complete and offset + len(data) >= end
            _one_line(fmt, out, number, offset, data, last=last)
    return out


def _one_line(
    fmt: LineFormat, out: Records, line: int, offset: int, data: bytes, *, last: bool
) -> None:
    reason = _try_one(fmt, out, data)
    if reason is not None:
        _salvage(fmt, out, BadLine(line, offset, len(data), reason, data), last=last)


def _try_one(fmt: LineFormat, out: Records, data: bytes) -> str | None:
    """Add the record; return the reason when it is none."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return f"not UTF-8 at byte {error.start}"
    try:
        _add(out, text, fmt.entry(text))
    except (ValueError, RecursionError) as error:
        return _reason(error)
    return None


def _reason(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:200] or type(error).__name__


def _add(out: Records, raw: str, entry: Entry) -> None:
    micros, utc = times.parse_stamp(entry.stamp)
    out.raws.append(raw)
    out.names.append(entry.name)
    out.directions.append(entry.direction)
    out.micros.append(micros)
    out.utc.append(utc)
    out.games.update(entry.games)


def _salvage(fmt: LineFormat, out: Records, bad: BadLine, *, last: bool) -> None:
    """Keep the records inside a bad line. A last line without newline may still be growing.

    Of such a line only whole objects are taken: the rest may be complete at the next import.
    """
    text = (bad.data or b"").decode("utf-8", "surrogateescape")
    found = seen = 0
    for piece in repair.pieces(text, fmt.first_keys):
        seen += 1
        raw = piece.text if piece.whole else _fragment(fmt, piece.text, last=last)
        if raw is None or not _is_text(raw):
            continue
        try:
            _add(out, raw, fmt.entry(raw))
        except (ValueError, RecursionError):
            continue
        found += 1
    how = "cut off at the end of the file: " if last else "overlaid records: " if seen > 1 else ""
    out.bad.append(
        BadLine(bad.line, bad.offset, bad.length, how + bad.reason, bad.data, salvaged=found)
    )


def _fragment(fmt: LineFormat, text: str, *, last: bool) -> str | None:
    return None if last else fmt.complete_fragment(text)


def _is_text(raw: str) -> bool:
    """Tell whether the bytes were UTF-8 (no surrogate stands for a wrong byte)."""
    try:
        raw.encode()
    except UnicodeEncodeError:
        return False
    return True


def columns(
    raws: list[str], names: list[str], stamps: Sequence[str], games: set[str]
) -> Records | None:
    """Build received records from parallel columns; None when a time is out of the ordinary."""
    count = len(raws)
    if len(names) != count:
        return None
    micros = times.parse_uniform(stamps)
    if micros is None:
        return None
    received: list[Any] = ["received"] * count
    return Records(raws, names, received, micros.tolist(), [False] * count, games)
