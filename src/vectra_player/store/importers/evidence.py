"""Collect what the head of a file proves about the zone of its recorder.

Used by `store.importers.run` only.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path

from msgspec import Struct

from vectra_player.store.importers.captures import stamped
from vectra_player.store.importers.lines import LineFormat, read_chunk, read_element, read_rest
from vectra_player.store.importers.reader import BOM, read_elements, read_lines
from vectra_player.store.importers.records import BadLine, Records
from vectra_player.store.importers.times import Choice, Evidence, choose_zone, parse_stamp

HEAD_BYTES = 8 << 20
HEAD_LINES_BYTES = 4096
"""One tick of a legacy file says all it can say: the date of its one game."""

LEGACY_ZONE = "America/New_York"
"""The legacy recorder is known to have run in this zone only (protocol.md section 0)."""

CAPTURE_ZONE = "UTC"


def read_records(
    path: Path, fmt: LineFormat, *, array: bool, limit: int | None = None
) -> Iterator[Records]:
    """Yield the records of a file batch by batch, bad lines among them. Raises OSError."""
    for piece in read_elements(path, limit) if array else read_lines(path, limit):
        if isinstance(piece, BadLine):
            yield read_rest(fmt, piece)
        elif array:
            yield read_element(fmt, piece)
        else:
            yield read_chunk(fmt, piece)


class First(Struct, frozen=True):
    """The first record of a file."""

    raw: str
    micros: int
    utc: bool


def first_record(path: Path, fmt: LineFormat, *, array: bool) -> First | None:
    """Return the first record that can be read, None when there is none. Raises OSError."""
    if not array:
        for text, micros, utc in _head_records(path, fmt):
            return First(text, micros, utc)
    for records in read_records(path, fmt, array=array):
        if records.raws:
            return First(records.raws[0], records.micros[0], records.utc[0])
    return None


def collect(path: Path, fmt: LineFormat, *, array: bool) -> list[Evidence]:
    """Return the bounds the file's head sets; empty when all its times are UTC already."""
    if fmt.raw_format == "legacy":
        return _first_tick(path, fmt)
    found = []
    for records in read_records(path, fmt, array=array, limit=HEAD_BYTES):
        for name, raw, micros, utc in zip(
            records.names, records.raws, records.micros, records.utc, strict=True
        ):
            item = None if utc else fmt.evidence(name, raw, micros)
            if item is not None:
                found.append(item)
    return stamped(found)


def _first_tick(path: Path, fmt: LineFormat) -> list[Evidence]:
    for text, micros, utc in _head_records(path, fmt):
        item = None if utc else fmt.evidence(fmt.entry(text).name, text, micros)
        if item is not None:
            return [item]
    return []


def _head_records(path: Path, fmt: LineFormat) -> Iterator[tuple[str, int, bool]]:
    """Yield text and time of the whole, sound lines in the first few kilobytes."""
    with path.open("rb") as file:
        head = file.read(HEAD_LINES_BYTES).removeprefix(BOM)
    for line in head.split(b"\n")[:-1]:
        try:
            text = line.removesuffix(b"\r").decode()
            micros, utc = parse_stamp(fmt.entry(text).stamp)
        except (ValueError, RecursionError):
            continue
        yield text, micros, utc


def choose(per_file: list[list[Evidence]], fmt: LineFormat, wish: tzinfo | None) -> list[Choice]:
    """Choose the zone of each file: legacy files come from one machine and decide together."""
    if fmt.raw_format != "legacy":
        return [choose_zone(items, wish, CAPTURE_ZONE) for items in per_file]
    together = choose_zone([item for items in per_file for item in items], wish, LEGACY_ZONE)
    if together.how != "assumed" or len(per_file) == 1:
        return [together] * len(per_file)
    return [choose_zone(items, wish, LEGACY_ZONE) for items in per_file]
