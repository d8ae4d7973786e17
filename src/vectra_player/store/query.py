"""Queries over the store: a fenced DuckDB with a view for every doc type.

Two walls (reliability.md S8): `store.fence` lets one SELECT through; the connection has no
external access, no allowed directory, no extensions to load, no spill directory and a locked
configuration, so that a statement that slips past the first wall still reaches no file. Statements
of users run in a process of their own (`store.query_process`), which bounds what a single function
call may take; this module alone bounds time between vectors, rows and DuckDB's own memory.
Called by `store.reads` with statements of ours and by the query process with those of users.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import duckdb
import pyarrow as pa

from vectra_player.errors import QueryRefusedError
from vectra_player.model.rows import DOC_TYPES
from vectra_player.store.dataset import StoreRoot, open_root, retrying, vanished
from vectra_player.store.fence import check_statement
from vectra_player.store.views import BEST_ROWS, REGISTERED_AS, WS_EVENT_VIEW, BestRows

T = TypeVar("T")

_BATCH_ROWS = 2048
_FETCH_ROWS = 65_536


class QueryLimits(NamedTuple):
    """What one statement may take."""

    timeout_s: float = 30.0
    rows: int = 10_000
    memory_mb: int = 1000
    threads: int = 2
    result_mb: int = 256


DEFAULT_LIMITS = QueryLimits()


class QueryResult(NamedTuple):
    """Answer of one statement; `truncated` says that a limit cut it."""

    table: pa.Table
    truncated: bool
    elapsed_ms: float

    @property
    def columns(self) -> list[str]:
        """Names of the columns in order; two may be equal."""
        return list(self.table.schema.names)

    def rows(self) -> list[tuple[Any, ...]]:
        """Values as Python objects: times aware and UTC, whole decimals (HUGEINT) as int."""
        columns = [_python_values(column) for column in self.table.columns]
        return list(zip(*columns, strict=True)) if columns else []


class QuerySession:
    """One fenced connection. Not shared between threads; `interrupt` may come from any."""

    def __init__(self, root: StoreRoot, limits: QueryLimits) -> None:
        self.root = root
        self._limits = limits
        self._listed: dict[str, tuple[str, ...]] = {}
        self._connection = duckdb.connect(config=_fenced_config(limits))
        retrying(self._register)
        self._connection.execute(f"CREATE TEMP VIEW ws_event AS {WS_EVENT_VIEW}")
        self._ranked: dict[str, tuple[str, ...]] = {}
        for best in BEST_ROWS:
            self._view(best.name, best.plain)
        _lock(self._connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the connection."""
        self._connection.close()

    def interrupt(self) -> None:
        """Stop the running statement."""
        self._connection.interrupt()

    def query(self, sql: str, *, explain: bool = False) -> QueryResult:
        """Run one SELECT of a user over the files as they are now.

        Raises:
            QueryRefusedError: it is not one SELECT, reaches outside, or broke a limit.
        """
        statement = check_statement(self._connection, sql)
        if explain:
            statement = f"EXPLAIN {statement}"
        return self._run(sql, lambda: self._limited(statement))

    def fetch(self, sql: str, parameters: list[object] | None = None) -> pa.Table:
        """Run one of our own SELECTs whole; `?` takes the parameters."""
        return self._run(sql, lambda: self._whole(sql, parameters or []))

    def _run(self, sql: str, read: Callable[[], T]) -> T:
        def fresh() -> T:
            self.root.trouble = None
            self._register()
            with self._deadline(), self._with_its_cause():
                try:
                    for best in BEST_ROWS:
                        if re.search(rf"\b{best.name}\b", sql, re.IGNORECASE):
                            self._rank(best)
                except duckdb.Error as error:
                    raise _as_refusal(error, self._limits) from error
                return read()

        return retrying(fresh)

    def _whole(self, sql: str, parameters: list[object]) -> pa.Table:
        with self._connection.sql(sql, params=parameters).to_arrow_reader(_FETCH_ROWS) as reader:
            table: pa.Table = reader.read_all()
            return table

    def _limited(self, sql: str) -> QueryResult:
        started = perf_counter()
        try:
            with self._connection.sql(sql).to_arrow_reader(_BATCH_ROWS) as reader:
                table, truncated = _read_limited(reader, self._limits)
        except (duckdb.Error, pa.ArrowException) as error:
            raise _as_refusal(error, self._limits) from error
        return QueryResult(table, truncated, (perf_counter() - started) * 1000)

    def _register(self) -> None:
        """Offer the files that exist now; doc types whose list is unchanged keep their footers."""
        for doc_type in DOC_TYPES:
            files = self.root.files(doc_type)
            listing = tuple(f"{file.path}:{file.size}" for file in files)
            if self._listed.get(doc_type) == listing:
                continue
            dataset = self.root.dataset(doc_type, files)
            self._connection.register(REGISTERED_AS.get(doc_type, doc_type), dataset)
            self._listed[doc_type] = listing

    def _rank(self, best: BestRows) -> None:
        """Find the rows of a best-row view that lose, once for each set of files."""
        listing = self._listed[best.name]
        if self._ranked.get(best.name) == listing:
            return
        for statement in best.prepare:
            self._connection.execute(statement).fetchall()
        found = self._connection.execute(f"SELECT count(*) FROM {best.losers}").fetchall()  # noqa: S608
        self._view(best.name, best.choosing if found[0][0] else best.plain)
        self._ranked[best.name] = listing

    def _view(self, name: str, select: str) -> None:
        self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {select}").fetchall()

    @contextmanager
    def _with_its_cause(self) -> Iterator[None]:
        """Raise why a file could not be opened rather than what became of that on its way."""
        try:
            yield
        except Exception as error:
            if self.root.trouble is not None:
                raise self.root.trouble from error
            raise

    @contextmanager
    def _deadline(self) -> Iterator[None]:
        timer = threading.Timer(self._limits.timeout_s, self._connection.interrupt)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def open_query(
    location: str | Path | StoreRoot, limits: QueryLimits = DEFAULT_LIMITS
) -> QuerySession:
    """Open a data directory (or an fsspec URL of a copy) for queries.

    Raises:
        UsageError: nothing lies there.
    """
    return QuerySession(open_root(location), limits)


def _fenced_config(limits: QueryLimits) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "threads": limits.threads,
        "memory_limit": f"{limits.memory_mb}MB",
        "temp_directory": "",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
    }


def _lock(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET python_enable_replacements = false")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _read_limited(reader: pa.RecordBatchReader, limits: QueryLimits) -> tuple[pa.Table, bool]:
    batches: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in reader:
        if rows + batch.num_rows > limits.rows:
            batches.append(batch.slice(0, limits.rows - rows))
            return pa.Table.from_batches(batches, reader.schema), True
        rows += batch.num_rows
        size += batch.nbytes
        batches.append(batch)
        if size > limits.result_mb << 20:
            return pa.Table.from_batches(batches, reader.schema), True
    return pa.Table.from_batches(batches, reader.schema), False


def _as_refusal(error: Exception, limits: QueryLimits) -> Exception:
    """Say what a failed statement did wrong; a vanished file is passed on for the retry."""
    if vanished(error):
        return error
    text = str(error).split("\n", 1)[0]
    if isinstance(error, duckdb.InterruptException) or "INTERRUPT" in text:
        return QueryRefusedError(
            f"The query ran longer than {limits.timeout_s:g} s and was stopped.",
            advice="Narrow it by date, session or game, or raise the time limit.",
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return QueryRefusedError(
            f"The query needs more than {limits.memory_mb} MB.",
            advice="Narrow it by date, session or game, or aggregate first.",
        )
    return QueryRefusedError(f"The query failed: {text}")


def _python_values(column: pa.ChunkedArray[Any]) -> list[Any]:
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.cast(column.type.storage_type)
    values = column.to_pylist()
    if pa.types.is_decimal(column.type) and column.type.scale == 0:
        return [None if value is None else int(value) for value in values]
    return values
