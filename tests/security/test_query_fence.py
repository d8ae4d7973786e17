"""Statements that try to leave the store, change it, or take the machine with them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from vectra_player.errors import QueryRefusedError
from vectra_player.model.rows import GameTick
from vectra_player.store.layout import DataDir
from vectra_player.store.query import QueryLimits, open_query
from vectra_player.store.query_process import QueryProcess
from vectra_player.store.schema import to_table

SECRET = "canary-4711"

WRITES = [
    "COPY game_tick TO '{out}'",
    "COPY (SELECT 1) TO '{out}' (FORMAT parquet)",
    "COPY game_tick TO '{parquet}' (FORMAT parquet, OVERWRITE_OR_IGNORE)",
    "COPY (SELECT 1) TO '{parquet}' (USE_TMP_FILE false)",
    "COPY game_tick FROM '{secret}'",
    "EXPLAIN ANALYZE COPY game_tick TO '{parquet}'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{out}'",
    "EXPLAIN COPY (SELECT 1) TO '{out}'",
    "EXPLAIN ANALYZE SELECT 1",
    "EXPLAIN SELECT 1",
    "EXPORT DATABASE '{out}'",
    "IMPORT DATABASE '{out}'",
    "ATTACH '{out}' AS other",
    "ATTACH ':memory:' AS other",
    "DETACH memory",
    "USE memory",
    "CREATE TABLE t AS SELECT 1",
    "CREATE TEMP TABLE t (a INT)",
    "CREATE VIEW v AS SELECT 1",
    "CREATE OR REPLACE TEMP VIEW game_tick AS SELECT 1",
    "CREATE MACRO f(a) AS a",
    "CREATE SCHEMA s",
    "CREATE SEQUENCE s",
    "CREATE TYPE m AS ENUM ('a')",
    "CREATE SECRET (TYPE s3, KEY_ID 'a', SECRET 'b')",
    "CREATE INDEX i ON game_tick (tick)",
    "DROP VIEW game_tick",
    "ALTER TABLE game_tick ADD COLUMN a INT",
    "INSERT INTO game_tick VALUES (1)",
    "UPDATE game_tick SET tick = 1",
    "DELETE FROM game_tick",
    "TRUNCATE game_tick",
    "MERGE INTO game_tick USING (SELECT 1 a) s ON s.a = tick WHEN MATCHED THEN DELETE",
    "WITH a AS (DELETE FROM game_tick RETURNING *) SELECT * FROM a",
    "COMMENT ON TABLE game_tick IS 'x'",
    "VACUUM",
    "ANALYZE",
    "CHECKPOINT",
    "BEGIN",
    "BEGIN TRANSACTION; SELECT 1",
    "COMMIT",
    "ROLLBACK",
]

SETTINGS = [
    "SET memory_limit = '50GB'",
    "SET enable_external_access = true",
    "SET GLOBAL threads = 64",
    "SET lock_configuration = false",
    "SET python_enable_replacements = true",
    "SET temp_directory = '{dir}'",
    "SET allowed_directories = ['/']",
    "SET VARIABLE a = 1",
    "RESET memory_limit",
    "RESET ALL",
    "PRAGMA memory_limit = '50GB'",
    "PRAGMA database_list",
    "PRAGMA enable_profiling",
    "PRAGMA profiling_output = '{out}'",
    "PRAGMA version",
    "INSTALL httpfs",
    "FORCE INSTALL spatial",
    "LOAD httpfs",
    "LOAD '{out}'",
    "UPDATE EXTENSIONS",
    "CALL pragma_version()",
    "CALL enable_profiling()",
    "CALL force_checkpoint()",
    "CALL enable_logging(storage = 'file', storage_path = '{dir}')",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "DEALLOCATE p",
]

READS = [
    "SELECT * FROM read_text('{secret}')",
    "SELECT * FROM READ_TEXT('{secret}')",
    "SELECT * FROM \"read_text\"('{secret}')",
    "SELECT * FROM main.read_text('{secret}')",
    "SELECT * FROM system.main.read_text('{secret}')",
    "SELECT * FROM /* x */ read_text /* y */ ('{secret}')",
    "SELECT * FROM read_text\n--x\n('{secret}')",
    "SELECT * FROM read_blob('{secret}')",
    "SELECT * FROM read_csv('{secret}')",
    "SELECT * FROM read_csv_auto('{secret}')",
    "SELECT * FROM sniff_csv('{secret}')",
    "SELECT * FROM read_json('{secret}')",
    "SELECT * FROM read_json_auto('{secret}')",
    "SELECT * FROM read_ndjson_objects('{secret}')",
    "SELECT * FROM read_parquet('{parquet}')",
    "SELECT * FROM parquet_scan('{parquet}')",
    "SELECT * FROM parquet_metadata('{parquet}')",
    "SELECT * FROM parquet_schema('{parquet}')",
    "SELECT * FROM parquet_kv_metadata('{parquet}')",
    "SELECT * FROM read_duckdb('{out}')",
    "SELECT * FROM glob('{dir}/*')",
    "SELECT * FROM '{parquet}'",
    "SELECT * FROM '{secret}'",
    'SELECT * FROM "{secret}"',
    "FROM '{parquet}'",
    "DESCRIBE SELECT * FROM '{parquet}'",
    "SUMMARIZE '{parquet}'",
    "SELECT * FROM 'https://example.invalid/a.parquet'",
    "SELECT * FROM read_text('https://example.invalid/a')",
    "SELECT (SELECT content FROM read_text('{secret}'))",
    "SELECT 1 WHERE EXISTS (FROM read_text('{secret}'))",
    "WITH a AS (SELECT * FROM read_text('{secret}')) SELECT * FROM a",
    "WITH a AS MATERIALIZED (FROM glob('/*')) SELECT * FROM a",
    "SELECT 1 UNION ALL SELECT count(*) FROM read_text('{secret}')",
    "SELECT * FROM range(1), LATERAL read_text('{secret}')",
    "SELECT * FROM game_tick JOIN read_text('{secret}') ON true",
    "SELECT 1 ORDER BY (SELECT count(*) FROM glob('/*'))",
    "SELECT 1 LIMIT (SELECT count(*) FROM glob('/*'))",
    "SELECT * FROM query('SELECT * FROM read_text(''{secret}'')')",
    "SELECT * FROM query_table('{parquet}')",
    "SELECT * FROM json_execute_serialized_sql('x')",
    "SELECT * FROM python_map_function(1)",
    "SELECT * FROM arrow_scan(140000000000, 140000000000, 140000000000)",
    "SELECT * FROM pandas_scan(140000000000)",
    "SELECT * FROM python_arrow_scan(140000000000)",
    "SELECT * FROM add_grammar_extension('x')",
    "SELECT * FROM create_external_resource('x')",
    "SELECT * FROM enable_profiling()",
    "SELECT * FROM enable_logging()",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM which_secret('{secret}', 's3')",
    "SELECT * FROM checkpoint()",
    "SELECT * FROM pragma_storage_info('game_tick')",
    "SELECT getenv('HOME')",
    "SELECT write_log('x')",
    "SELECT sleep_ms(100000)",
    "SELECT nextval('s')",
    "FROM python_local",
    "SELECT * FROM table_in_the_caller",
]

SHAPES = [
    "SELECT 1; SELECT 2",
    "SELECT 1; COPY (SELECT 1) TO '{out}'",
    "SELECT 1;; DROP VIEW game_tick",
    "/* SELECT */ DROP VIEW game_tick",
    "-- SELECT 1\nDROP VIEW game_tick",
    "",
    "   ",
    ";",
    "-- nothing",
    "SELEKT 1",
    "SELECT 'unfinished",
    "SELECT 1 /* unfinished",
    "SELECT \0 1",
    "SELECT '" + "x" * 200_000 + "'",
    "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
    "SELECT " + "+".join("1" for _ in range(40_000)),
    "PIVOT game_tick ON tick",
]

BOMBS = [
    "SELECT count(*) FROM range(1000000000000000)",
    "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT count(*) FROM r",
    "SELECT length(repeat('x', 3000000000))",
    "SELECT range(2000000000)",
    "SELECT list(range) FROM range(1000000000)",
    "SELECT list_sum(list_transform(range(100000000), lambda x: x * x))",
    "SELECT string_agg(repeat('x', 100000), '') FROM range(1000000)",
    "SELECT levenshtein(repeat('a', 300000), repeat('b', 300000))",
    "SELECT * FROM repeat(1, 100000000000) ORDER BY 1",
    "SELECT * FROM range(1000000) a, range(1000000) b ORDER BY random()",
    "SELECT count(DISTINCT hash(a.range, b.range)) FROM range(100000) a, range(100000) b",
]

SECONDS = 1.0


class Lake:
    """A small store with a secret beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "data"
        directory = DataDir.open_or_create(self.root)
        day = directory.day("game_tick", "2026-01-01")
        day.mkdir(parents=True)
        tick = GameTick(
            session_id="s",
            seq=1,
            ts=1_767_225_600_000_000,
            source="demo",
            origin="127.0.0.1:1",
            tick=0,
            price=1.0,
            phase="LIVE",
            active=True,
            rugged=False,
            price_source="live",
        )
        self.parquet = day / "s-1-1.parquet"
        pq.write_table(to_table([tick], GameTick), self.parquet)
        self.secret = folder / "secret.txt"
        self.secret.write_text(SECRET)

    def fill(self, statement: str) -> str:
        """Put real paths into a statement."""
        for name, path in {
            "{out}": self.folder / "out",
            "{dir}": self.folder,
            "{parquet}": self.parquet,
            "{secret}": self.secret,
        }.items():
            statement = statement.replace(name, str(path))
        return statement

    def digest(self) -> str:
        """Hash of every path and byte beneath the folder."""
        sha = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            sha.update(str(path.relative_to(self.folder)).encode())
            if path.is_file():
                sha.update(path.read_bytes())
        return sha.hexdigest()


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="module")
def process(lake: Lake) -> Iterator[QueryProcess]:
    with QueryProcess(lake.root, QueryLimits(timeout_s=SECONDS, memory_mb=500)) as running:
        yield running


def test_there_are_at_least_a_hundred_hostile_statements() -> None:
    assert len({*WRITES, *SETTINGS, *READS, *SHAPES, *BOMBS}) >= 150


@pytest.mark.parametrize("statement", [*WRITES, *SETTINGS, *READS, *SHAPES])
def test_a_hostile_statement_is_refused_and_changes_nothing(lake: Lake, statement: str) -> None:
    python_local = table_in_the_caller = "visible to replacement scans"
    assert python_local == table_in_the_caller
    before = lake.digest()
    with (
        open_query(lake.root, QueryLimits(timeout_s=SECONDS)) as session,
        pytest.raises(QueryRefusedError) as refusal,
    ):
        session.query(lake.fill(statement))
    assert SECRET not in str(refusal.value)
    assert lake.digest() == before


@pytest.mark.parametrize("statement", [*WRITES, *SETTINGS, *READS])
def test_the_process_refuses_it_as_well(lake: Lake, process: QueryProcess, statement: str) -> None:
    before = lake.digest()
    with pytest.raises(QueryRefusedError) as refusal:
        process.query(lake.fill(statement))
    assert SECRET not in str(refusal.value)
    assert lake.digest() == before


@pytest.mark.parametrize("statement", BOMBS)
def test_a_bomb_is_stopped_in_its_process(process: QueryProcess, statement: str) -> None:
    started = time.monotonic()
    with pytest.raises(QueryRefusedError):
        process.query(statement)
    assert time.monotonic() - started < 60
    assert process.query("SELECT count(*) FROM game_tick").rows() == [(1,)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('{secret}')",
        "COPY (SELECT 1) TO '{out}'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{parquet}'",
        "ATTACH '{out}' AS other",
        "SELECT * FROM glob('{dir}/*')",
        "SET enable_external_access = true",
        "INSTALL httpfs",
    ],
)
def test_the_connection_refuses_what_the_first_wall_lets_through(
    lake: Lake, statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vectra_player.store.query.check_statement", lambda connection, sql: sql)
    before = lake.digest()
    with open_query(lake.root) as session, pytest.raises(QueryRefusedError):
        session.query(lake.fill(statement))
    assert lake.digest() == before


def test_harmless_statements_pass(lake: Lake, process: QueryProcess) -> None:
    for statement in (
        "SELECT 1;",
        "  -- a comment\n SELECT 'COPY x TO y; DROP TABLE z' AS text",
        "WITH a AS (SELECT tick FROM game_tick) SELECT * FROM a, range(3)",
        "FROM game_tick SELECT count(*)",
        "DESCRIBE game_tick",
        "SELECT * FROM (VALUES (1), (2)) t(a)",
        "SELECT unnest([1, 2, 3])",
    ):
        assert process.query(statement).rows()
