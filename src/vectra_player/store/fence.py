"""What a query may say: exactly one SELECT that reads our views and calls no side door.

The connection is fenced as well (`store.query`); this is the first of two walls, and the one
that can say what was wrong. It judges the parsed statement, never its text: name lists over text
are bypassed by quoting and comments. Called by `store.query` only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb

from vectra_player.errors import QueryRefusedError

TABLE_FUNCTIONS = frozenset(
    {
        "range", "generate_series", "unnest", "json_each", "json_tree", "repeat", "repeat_row",
        "histogram", "histogram_values", "pragma_version", "duckdb_columns", "duckdb_tables",
        "duckdb_views", "duckdb_functions", "duckdb_types", "duckdb_keywords",
    }
)  # fmt: skip
"""Table functions that read nothing but their arguments and the catalog; all others are refused.

Some of the others reach files (`read_text`, `glob`), take raw pointers (`arrow_scan`) or change
the process (`enable_profiling`, `add_grammar_extension`).
"""

SCALAR_REFUSED = frozenset({"sleep_ms", "write_log", "nextval", "setval", "setseed", "getenv"})
"""Scalar functions with an effect outside the answer."""

MAX_STATEMENT_CHARS = 100_000

_ADVICE = "Ask with one SELECT over the doc types (`SELECT ... FROM game_tick`)."


def check_statement(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """Return the statement to run.

    Raises:
        QueryRefusedError: it is not exactly one SELECT, or calls what is not allowed.
    """
    if len(sql) > MAX_STATEMENT_CHARS:
        raise QueryRefusedError(f"The statement has {len(sql)} characters.", advice=_ADVICE)
    if "\0" in sql:
        raise QueryRefusedError("The statement holds a NUL character.", advice=_ADVICE)
    try:
        statements = connection.extract_statements(sql)
    except (duckdb.Error, UnicodeError) as error:
        raise QueryRefusedError(f"That is no SQL: {_first_line(error)}.") from error
    if len(statements) != 1:
        raise QueryRefusedError(f"Those are {len(statements)} statements.", advice=_ADVICE)
    kind = _kind(statements[0])
    if kind != "SELECT":
        raise QueryRefusedError(f"{kind} is not allowed.", advice=_advice_for(kind))
    for node in _nodes(_parsed(connection, sql)):
        _check_function(node)
    return str(statements[0].query)


def _kind(statement: duckdb.Statement) -> str:
    try:
        return statement.type.name
    except ValueError:  # DuckDB knows more kinds than its Python enumeration names
        return "That statement"


def _advice_for(kind: str) -> str:
    if kind == "EXPLAIN":
        return "Give the SELECT alone with --explain."
    return _ADVICE


def _parsed(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    try:
        row = connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
    except duckdb.Error as error:
        raise QueryRefusedError(f"That cannot be judged: {_first_line(error)}.") from error
    try:
        tree = json.loads(row[0][0]) if row else {"error": True}
    except RecursionError as error:
        raise QueryRefusedError("The statement is nested too deeply.", advice=_ADVICE) from error
    if tree.get("error"):
        reason = tree.get("error_message", "unknown")
        raise QueryRefusedError(f"That cannot be judged: {reason}", advice=_ADVICE)
    return tree["statements"]


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Walk every object of the tree without recursion: its depth is the attacker's choice."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _check_function(node: dict[str, Any]) -> None:
    if node.get("type") == "TABLE_FUNCTION":
        called = node.get("function")
        name = str(called.get("function_name", "")).lower() if isinstance(called, dict) else ""
        if name not in TABLE_FUNCTIONS:
            raise QueryRefusedError(
                f"The table function {name or '?'} is not allowed.", advice=_ADVICE
            )
    elif str(node.get("function_name", "")).lower() in SCALAR_REFUSED:
        raise QueryRefusedError(f"The function {node['function_name']} is not allowed.")


def _first_line(error: BaseException) -> str:
    return str(error).split("\n", 1)[0].rstrip(".")
