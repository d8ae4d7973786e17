"""Runs that were kept: one folder each under <data>/results/, listed for people and pages.

Used by backtests, sweeps, their commands and the pages. `result.json` is written last, so a
folder that has it is whole; a run with the same key is answered from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from vectra_player.analysis.manifest import Manifest
from vectra_player.store.fsops import FileOps, make_directories, replace_file

RECORD = "result.json"

T = TypeVar("T")


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What every kept result begins with, enough to list it.

    variant: digest of what was tried, however often and when. tried: how many variants the run
    itself tried.
    """

    strategy: str
    variant: str
    tried: int
    headline: str
    manifest: Manifest

    @property
    def run_id(self) -> str:
        """Return the name of the run and of its folder."""
        return self.manifest.run_id


def save_record(folder: Path, record: msgspec.Struct) -> None:
    """Write the record of a run whose other files are in place; the run is kept from now on."""
    text = msgspec.json.format(msgspec.json.encode(plain(record)), indent=2)
    make_directories(FileOps(), folder)
    replace_file(FileOps(), folder / RECORD, text + b"\n")


def plain(record: Any) -> Any:
    """Return a record as values JSON can carry; decimals become plain text such as 0.000000001."""
    return _plain(msgspec.to_builtins(record, builtin_types=(Decimal,)))


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def save_table(path: Path, table: pa.Table) -> None:
    """Write a table of a run as Parquet, whole or not at all; equal tables make equal files."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", compression_level=3)
    make_directories(FileOps(), path.parent)
    replace_file(FileOps(), path, sink.getvalue().to_pybytes())


def load_record(folder: Path, kind: type[T]) -> T | None:
    """Return the record of a kept run; None where there is none, or none that can be read."""
    try:
        return msgspec.json.decode((folder / RECORD).read_bytes(), type=kind)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None


def heads(results: Path) -> Iterator[Head]:
    """Yield what is kept, newest first; folders without a record are passed over."""
    found = [
        head for path in results.glob(f"*/{RECORD}") if (head := load_record(path.parent, Head))
    ]
    yield from sorted(found, key=lambda head: head.manifest.made_at, reverse=True)


def tried_before(kept: Sequence[Head], *, strategy: str, data: str, variant: str) -> int:
    """Count the other variants of a strategy that were tried on the same games.

    A variant of a backtest counts once however often it was run, a sweep with all of its own.
    """
    same = [head for head in kept if head.strategy == strategy and head.manifest.data == data]
    single = {head.variant for head in same if head.manifest.kind == "backtest"} - {variant}
    swept: Mapping[str, int] = {
        head.variant: head.tried for head in same if head.manifest.kind == "sweep"
    }
    return len(single) + sum(swept.values())
