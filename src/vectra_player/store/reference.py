"""The reference of the store's schema as Markdown, made from the row classes.

Used by the documentation build and by `store.context`; a test compares it with the published page.
"""

from __future__ import annotations

import inspect

import pyarrow as pa

from vectra_player.model.rows import DOC_TYPES, SCHEMA_VERSION, Row
from vectra_player.store.schema import VERSION_COLUMN, arrow_schema

_COMMON = frozenset(Row.__struct_fields__) | {VERSION_COLUMN}


def schema_markdown() -> str:
    """Return a page that lists every doc type with its columns, types and nullability."""
    common = arrow_schema(Row)
    parts = [
        "# Schema",
        f"Version {SCHEMA_VERSION}. Files lie in "
        "`events_parquet/doc_type=<doc type>/date=<UTC date of ts>/*.parquet`; `doc_type` and "
        "`date` are partition columns. (`session_id`, doc type, `seq`, `sub`) is unique.",
        "## Columns of every doc type",
        _table(common, list(common.names)),
    ]
    for doc_type, row_type in DOC_TYPES.items():
        schema = arrow_schema(row_type)
        own = [name for name in schema.names if name not in _COMMON]
        parts += [f"## {doc_type}", inspect.cleandoc(row_type.__doc__ or ""), _table(schema, own)]
    return "\n\n".join(parts) + "\n"


def _table(schema: pa.Schema, names: list[str]) -> str:
    lines = ["| column | type | null |", "|---|---|---|"]
    for name in names:
        field = schema.field(name)
        lines.append(
            f"| `{name}` | {type_name(field.type)} | {'yes' if field.nullable else 'no'} |"
        )
    return "\n".join(lines)


def type_name(kind: pa.DataType) -> str:
    """Return a type as DuckDB calls it."""
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return f"TIMESTAMPTZ ({kind.unit})"
    if pa.types.is_list(kind):
        return f"{type_name(kind.value_type)}[]"
    plain = {"string": "VARCHAR", "int64": "BIGINT", "int32": "INTEGER", "double": "DOUBLE"}
    return plain.get(str(kind), "BOOLEAN" if str(kind) == "bool" else str(kind).upper())
