"""Decide, before anything is written, which files an import reads, in which order and zone.

Used by `store.importers.run` only.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, tzinfo
from pathlib import Path

from msgspec import Struct

from vectra_player.errors import DecodeError, UsageError
from vectra_player.store.importers import earlier_parquet, evidence
from vectra_player.store.importers.detect import DERIVED, Detected, Kind, detect
from vectra_player.store.importers.lines import LineFormat
from vectra_player.store.importers.parquet import ParquetReader
from vectra_player.store.importers.report import ImportReport, shown
from vectra_player.store.importers.times import Choice, Evidence

NAMESPACE = uuid.UUID("6f0a9a4e-2a5b-5c1d-9d0e-3b1f5a7c9e21")
"""Session ids of imports are UUIDv5 in this namespace: the same file, the same session."""

_OWN_COLUMNS = frozenset({"session_id", "seq", "raw", "raw_format"})
_DERIVED_COLUMNS = frozenset({"session_id", "seq", "sub"})


class Source(Struct):
    """A file to import. `session_id` is empty where each row names its own."""

    path: Path
    size: int
    kind: Kind
    format: LineFormat | None = None
    session_id: str = ""
    first_micros: int = 0
    evidence: list[Evidence] = []
    choice: Choice = Choice(UTC, "UTC in the data")
    earlier: bool = False


def session_of(raw_format: str, key: str) -> str:
    """Derive a session id from content: the format and what names its first record."""
    return str(uuid.uuid5(NAMESPACE, f"{raw_format}\n{key}"))


def find_files(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield files; folders are searched through. Raises UsageError when a path does not exist."""
    seen: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise UsageError(f"no such file or folder: {path}.", advice="Check the path.")
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in found:
            real = file.resolve()
            if file.is_file() and real not in seen:
                seen.add(real)
                yield file


def make_plan(
    paths: Sequence[Path],
    report: ImportReport,
    reader: ParquetReader,
    wish: tzinfo | None,
    tick: Callable[[], None],
) -> list[Source]:
    """Look at every file and return those to import, in order; the others are `skipped`.

    `tick` is called between files and may raise to stop. Raises UsageError.
    """
    sources = []
    for path in find_files(paths):
        tick()
        try:
            source = _look(path, report, reader)
        except OSError as error:
            report.skip(path, f"cannot be read: {error.strerror or error}")
            continue
        if source is not None:
            sources.append(source)
    _choose_zones(sources, report, wish)
    return _in_order(sources)


def _look(path: Path, report: ImportReport, reader: ParquetReader) -> Source | None:
    found = detect(path)
    if found.kind is Kind.PARQUET:
        return _look_parquet(path, report, reader)
    if found.kind is Kind.SKIP:
        report.skip(path, found.reason)
        return None
    source = Source(path, path.stat().st_size, found.kind, found.format)
    return source if found.format is None else _look_at_records(source, found, report)


def _look_at_records(source: Source, found: Detected, report: ImportReport) -> Source | None:
    fmt = found.format
    if fmt is None:
        return source
    first = evidence.first_record(source.path, fmt, array=found.kind is Kind.ARRAY)
    if first is None:
        report.skip(source.path, "no whole record")
        return None
    source.session_id = session_of(fmt.raw_format, fmt.session_key(first.raw))
    source.first_micros = first.micros
    if not first.utc:
        source.choice = Choice(UTC, "")
        source.evidence = evidence.collect(source.path, fmt, array=found.kind is Kind.ARRAY)
    return source


def _look_parquet(path: Path, report: ImportReport, reader: ParquetReader) -> Source | None:
    source = Source(path, path.stat().st_size, Kind.PARQUET)
    try:
        names, row = reader.peek(path)
    except DecodeError as error:
        report.skip(path, error.message)
        return None
    columns = set(names)
    if columns >= _OWN_COLUMNS:
        return source
    if columns >= _DERIVED_COLUMNS:
        report.skip(path, DERIVED)
        return None
    if not earlier_parquet.is_earlier(columns):
        report.skip(path, earlier_parquet.UNKNOWN)
        return None
    if not earlier_parquet.is_event_file(path, row):
        report.skip(path, earlier_parquet.DERIVED_EARLIER)
        return None
    source.earlier = True
    moment = row.get("ts") if row else None
    source.first_micros = moment if isinstance(moment, int) else 0
    return source


def _choose_zones(sources: list[Source], report: ImportReport, wish: tzinfo | None) -> None:
    groups: dict[str, list[Source]] = {}
    for source in sources:
        if source.format is not None and not source.choice.how:
            groups.setdefault(source.format.raw_format, []).append(source)
    for group in groups.values():
        fmt = group[0].format
        if fmt is None:
            continue
        choices = evidence.choose([source.evidence for source in group], fmt, wish)
        for source, choice in zip(group, choices, strict=True):
            source.choice = choice
        _warn(group, report)


def _warn(group: list[Source], report: ImportReport) -> None:
    """Say each doubt once, with the files it is about."""
    doubts: dict[str, list[Path]] = {}
    for source in group:
        if source.choice.warning:
            doubts.setdefault(source.choice.warning, []).append(source.path)
    for doubt, paths in doubts.items():
        more = f" and {len(paths) - 1} more files" if len(paths) > 1 else ""
        report.warnings.append(f"{shown(paths[0])}{more}: {doubt}")


def _in_order(sources: list[Source]) -> list[Source]:
    """Keep the order of the paths; parts of one session together, the earliest first."""
    place: dict[str, int] = {}
    for number, source in enumerate(sources):
        place.setdefault(source.session_id or f"#{source.earlier}", number)
    return sorted(
        sources, key=lambda item: (place[item.session_id or f"#{item.earlier}"], item.first_micros)
    )
