"""Merge a closed day's many small files into few large, sorted ones.

The new directory is built in `staging/`, compared with the old one, and exchanged with it in one
step; a reader of the old names meets file-not-found once and never a wrong row set, since no file
name is ever used twice. The old directory stays for a moment so that a reader that is listing it
does not see it empty. Used by `store.writer`; the caller holds the filing lock and no plan is open.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from time import sleep
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from vectra_player.clock import Clock
from vectra_player.errors import DamageError
from vectra_player.model.rows import DOC_TYPES
from vectra_player.store.fsops import FileOps, make_directories, remove_tree
from vectra_player.store.layout import DataDir, utc_date
from vectra_player.store.parquet import write_options
from vectra_player.store.schema import KEY_COLUMNS, arrow_schema, sort_columns
from vectra_player.store.settings import CompactionReport, Step, StoreSettings

if TYPE_CHECKING:
    import duckdb

_BATCH_ROWS = 50_000

_BURST = 32
"""Days that are exchanged together, within a few milliseconds."""


class Day(NamedTuple):
    """A directory of one doc type and date, with its files."""

    doc_type: str
    date: str
    path: Path
    files: Sequence[Path]


class Prepared(NamedTuple):
    """A day whose new directory is ready."""

    day: Day
    staged: Path
    rows: int
    files: int


class Compactor:
    """Compacts days one at a time; one that cannot be compacted is left exactly as it was."""

    def __init__(
        self, data_dir: DataDir, settings: StoreSettings, clock: Clock, ops: FileOps, step: Step
    ) -> None:
        self._data_dir: Final = data_dir
        self._settings: Final = settings
        self._clock: Final = clock
        self._ops: Final = ops
        self._step: Final = step
        self._retired: list[tuple[float, Path]] = []

    def days(self, *, force: bool = False) -> list[Day]:
        """List what is worth compacting: closed days of several files; `force`: today as well."""
        today = utc_date(self._clock.now_us())
        found = []
        for path in sorted(self._data_dir.events.glob("doc_type=*/date=*")):
            date = path.name.removeprefix("date=")
            doc_type = path.parent.name.removeprefix("doc_type=")
            if doc_type not in DOC_TYPES or not (force or date < today):
                continue
            files = sorted(path.iterdir())
            size = sum(file.stat().st_size for file in files)
            if len(files) > 1 + size // self._settings.compact_file_bytes:
                found.append(Day(doc_type, date, path, files))
        return found

    def run(self, *, force: bool = False) -> CompactionReport:
        """Compact every day that is worth it; days that fail are named in the report."""
        started = self._clock.monotonic()
        done: list[Prepared] = []
        skipped: list[str] = []
        days = self.days(force=force)
        for start in range(0, len(days), _BURST):
            # A reader that met one exchange must not meet the next when it repeats: exchanges come
            # in short bursts with a pause between them.
            self.clear_retired(wait=True)
            prepared = self._prepare_all(days[start : start + _BURST], skipped)
            done += self._exchange_all(prepared, skipped)
        return CompactionReport(
            days=len(done),
            files_before=sum(len(one.day.files) for one in done),
            files_after=sum(one.files for one in done),
            rows=sum(one.rows for one in done),
            skipped=tuple(skipped),
            seconds=self._clock.monotonic() - started,
        )

    def prepare(self, day: Day, connection: duckdb.DuckDBPyConnection) -> Prepared:
        """Build a day's new directory in `staging/` and compare it with the old one.

        Raises:
            DamageError: the files hold a row twice, an unknown column, or no Parquet.
            OSError: the disk refused.
        """
        staged = self._data_dir.staging / f"compact-{day.doc_type}-{day.date}"
        self._discard(day, staged)
        make_directories(self._ops, staged)
        try:
            written, columns = self._write(connection, day, staged)
            rows = _compare(connection, columns, day.files, written)
            self._ops.fsync_dir(staged)
        except BaseException:
            self._remove(staged)
            raise
        self._step("compact.staged")
        return Prepared(day, staged, rows, len(written))

    def _prepare_all(self, days: Sequence[Day], skipped: list[str]) -> list[Prepared]:
        prepared = []
        with closing(self._connect()) as connection:
            for day in days:
                try:
                    prepared.append(self.prepare(day, connection))
                except (OSError, DamageError, pa.ArrowException, _duckdb().Error) as error:
                    skipped.append(f"{day.doc_type}/{day.date}: {error}")
        return prepared

    def _exchange_all(self, prepared: Sequence[Prepared], skipped: list[str]) -> list[Prepared]:
        done = []
        for one in prepared:
            try:
                self._ops.exchange(one.staged, one.day.path)
            except OSError as error:
                self._remove(one.staged)
                skipped.append(f"{one.day.doc_type}/{one.day.date}: {error}")
            else:
                done.append(one)
                self._step("compact.exchanged")
        synced = []
        for one in done:
            try:
                self._ops.fsync_dir(one.day.path.parent)
                self._ops.fsync_dir(self._data_dir.staging)
            except OSError as error:  # both directories stay; the next start looks again
                skipped.append(f"{one.day.doc_type}/{one.day.date}: {error}")
            else:
                synced.append(one)
                self._retired.append((self._clock.monotonic(), one.staged))
        return synced

    def _remove(self, path: Path) -> None:
        with suppress(OSError):  # what stays is removed by the next start
            remove_tree(self._ops, path)

    def clear_retired(self, *, wait: bool = False) -> None:
        """Remove exchanged directories that no reader can still be listing."""
        waiting = []
        for since, path in self._retired:
            left = since + self._settings.retire_s - self._clock.monotonic()
            if left > 0 and wait:
                sleep(min(left, self._settings.retire_s))
            elif left > 0:
                waiting.append((since, path))
                continue
            self._remove(path)
            self._step("compact.removed")
        self._retired = waiting

    def _discard(self, day: Day, staged: Path) -> None:
        if not staged.exists():
            return
        # It may be the old directory of an exchange that is visible but not on disk yet: see
        # `recovery.clean_staging`.
        self._ops.fsync_dir(day.path.parent)
        self._ops.fsync_dir(self._data_dir.staging)
        remove_tree(self._ops, staged)

    def _connect(self) -> duckdb.DuckDBPyConnection:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "threads": 2,
            "memory_limit": f"{self._settings.compact_memory_bytes}B",
            "temp_directory": str(self._data_dir.staging / "duckdb-spill"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        import duckdb

        return duckdb.connect(":memory:", config=settings)

    def _write(
        self, connection: duckdb.DuckDBPyConnection, day: Day, staged: Path
    ) -> tuple[list[Path], list[str]]:
        """Write the new files; return them and the columns of the old ones."""
        schema = arrow_schema(DOC_TYPES[day.doc_type])
        order = ", ".join(sort_columns(DOC_TYPES[day.doc_type]))
        rows = connection.read_parquet(
            list(map(str, day.files)), union_by_name=True, hive_partitioning=False
        )
        select = ", ".join(_select(rows.columns, schema))
        reader = rows.project(select).order(order).to_arrow_reader(_BATCH_ROWS)
        batches = (pa.Table.from_batches([batch]).cast(schema) for batch in reader)
        stem = hashlib.blake2b(
            "\n".join(file.name for file in day.files).encode(), digest_size=10
        ).hexdigest()
        written = []
        for number, data in enumerate(_encoded(batches, schema, self._settings.compact_file_bytes)):
            path = staged / f"compact-{stem}-{number}.parquet"
            self._ops.write(path, data)
            self._ops.fsync(path)
            written.append(path)
        return written, rows.columns


def _select(columns: Sequence[str], schema: pa.Schema) -> Iterator[str]:
    if unknown := set(columns) - set(schema.names):
        raise DamageError(f"unknown columns {', '.join(sorted(unknown))}")
    # A file of an older schema lacks a column: it is null there, as every reader sees it.
    return (name if name in columns else f"NULL AS {name}" for name in schema.names)


def _encoded(
    tables: Iterator[pa.Table], schema: pa.Schema, file_bytes: int
) -> Iterator[memoryview]:
    """Encode tables into files of about `file_bytes`."""
    sink = pa.BufferOutputStream()
    writer = pq.ParquetWriter(sink, schema, **write_options(schema))
    for table in tables:
        if sink.tell() >= file_bytes:
            writer.close()
            yield memoryview(sink.getvalue())
            sink = pa.BufferOutputStream()
            writer = pq.ParquetWriter(sink, schema, **write_options(schema))
        writer.write_table(table)
    writer.close()
    yield memoryview(sink.getvalue())


def _compare(
    connection: duckdb.DuckDBPyConnection,
    columns: Sequence[str],
    old: Sequence[Path],
    new: Sequence[Path],
) -> int:
    """Return the number of rows; both sides must hold the same rows, each key once.

    `columns`: those of the old files; another one is null there.
    """
    keys = ", ".join(KEY_COLUMNS)

    def count(files: Sequence[Path]) -> Any:
        question = (
            f"SELECT count(*), bit_xor(whole), sum(whole::HUGEINT), "  # noqa: S608
            f"count(DISTINCT ({keys})) FROM (SELECT {keys}, hash({', '.join(columns)}) AS whole "
            "FROM read_parquet(?, union_by_name = true, hive_partitioning = false))"
        )
        return connection.execute(question, [list(map(str, files))]).fetchall()[0]

    before, after = count(old), count(new)
    if before != after:
        raise DamageError("the compacted rows differ from the original ones")
    rows, _, _, distinct = before
    if rows != distinct:
        raise DamageError(f"{rows - distinct} rows are there twice; see `store check`")
    return int(rows)


def _duckdb() -> ModuleType:
    import duckdb

    return duckdb
