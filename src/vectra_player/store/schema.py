"""Arrow schemas and fast tables made from the row classes: a column is described once.

The types come from the annotations of `model.rows`; nothing here names a column but
`schema_version`. `doc_type` and `date` are hive directories, not columns of a file.
Used by everything in `store` that writes Parquet, and by the layers above to publish the schema.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Sequence
from functools import cache
from operator import attrgetter
from typing import Any

import msgspec
import pyarrow as pa

from vectra_player.model.rows import SCHEMA_VERSION, Row

VERSION_COLUMN = "schema_version"

KEY_COLUMNS = ("session_id", "seq", "sub")
"""Unique within a doc type (contracts.md section 3)."""

_PLAIN: dict[object, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
}

_NAMED: dict[str, pa.DataType] = {
    "int32": pa.int32(),
    "decimal128(18,9)": pa.decimal128(18, 9),
    "timestamp[us, tz=UTC]": pa.timestamp("us", tz="UTC"),
    "timestamp[ms, tz=UTC]": pa.timestamp("ms", tz="UTC"),
}


@cache
def arrow_schema(row_type: type[Row]) -> pa.Schema:
    """Return the columns of a doc type's files, in the order of the class."""
    hints = typing.get_type_hints(row_type, include_extras=True)
    fields = [_field(field.name, hints[field.name]) for field in msgspec.structs.fields(row_type)]
    fields.append(pa.field(VERSION_COLUMN, pa.string(), nullable=False))
    return pa.schema(fields, metadata={VERSION_COLUMN: SCHEMA_VERSION})


def to_table(rows: Sequence[Row], row_type: type[Row]) -> pa.Table:
    """Turn rows of one doc type into a table, order kept.

    Raises:
        pyarrow.ArrowInvalid: a value does not fit its column (a Decimal with more than 9 decimals).
    """
    schema = arrow_schema(row_type)
    columns = [
        pa.array(list(map(column, rows)), type=field.type)
        for column, field in zip(_readers(row_type), schema, strict=False)
    ]
    columns.append(pa.repeat(pa.scalar(SCHEMA_VERSION), len(rows)))
    return pa.Table.from_arrays(columns, schema=schema)


@cache
def sort_columns(row_type: type[Row]) -> tuple[str, ...]:
    """Return the columns a file of this doc type is sorted by: what its readers filter on."""
    if row_type.doc_type == "game_tick":
        return ("game_id", "tick", "session_id", "seq")
    return KEY_COLUMNS


@cache
def _readers(row_type: type[Row]) -> tuple[attrgetter[Any], ...]:
    return tuple(attrgetter(field.name) for field in msgspec.structs.fields(row_type))


def _field(name: str, hint: object) -> pa.Field[Any]:
    nullable = False
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        members = [member for member in typing.get_args(hint) if member is not type(None)]
        if len(members) != 1:
            raise TypeError(f"column {name}: a column has one type, not {hint}")
        nullable, hint = True, members[0]
    return pa.field(name, _arrow_type(name, hint), nullable=nullable)


def _arrow_type(name: str, hint: object) -> pa.DataType:
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        plain, *extras = typing.get_args(hint)
        for extra in extras:
            if isinstance(extra, msgspec.Meta) and extra.extra and "arrow" in extra.extra:
                return _NAMED[extra.extra["arrow"]]
        return _arrow_type(name, plain)
    if origin is typing.Literal:
        return pa.string()
    if origin is list:
        return pa.list_(_arrow_type(name, typing.get_args(hint)[0]))
    if hint in _PLAIN:
        return _PLAIN[hint]
    raise TypeError(f"column {name}: no Arrow type for {hint}")
