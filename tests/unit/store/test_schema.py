"""Schemas follow from the row classes, and tables keep every value exactly."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from vectra_player.model.rows import DOC_TYPES, ROW_TYPES, SCHEMA_VERSION, Game, GameTick, Sidebet
from vectra_player.store.schema import arrow_schema, sort_columns, to_table


def test_every_doc_type_has_a_schema_that_ends_with_its_version() -> None:
    for row_type in ROW_TYPES:
        schema = arrow_schema(row_type)
        assert schema.names[:9] == [
            *("session_id", "seq", "sub", "ts", "source", "origin"),
            *("game_id", "player_id", "username"),
        ]
        assert schema.names[-1] == "schema_version"
        assert "doc_type" not in schema.names
        assert "date" not in schema.names


def test_a_column_name_has_one_type_everywhere() -> None:
    seen: dict[str, pa.DataType] = {}
    for row_type in ROW_TYPES:
        for field in arrow_schema(row_type):
            assert seen.setdefault(field.name, field.type) == field.type, field.name


def test_types_carry_their_units() -> None:
    tick = arrow_schema(GameTick)
    assert tick.field("ts").type == pa.timestamp("us", tz="UTC")
    assert tick.field("tick").type == pa.int32()
    assert tick.field("price").type == pa.float64()
    assert not tick.field("price").nullable
    assert tick.field("trade_count").nullable
    sidebet = arrow_schema(Sidebet)
    assert sidebet.field("bet_amount").type == pa.decimal128(18, 9)
    assert sidebet.field("placed_at").type == pa.timestamp("ms", tz="UTC")
    assert arrow_schema(Game).field("prices").type == pa.list_(pa.float64())


def test_values_come_back_bit_for_bit() -> None:
    price = 1.0000000000000002
    rows = [
        GameTick(
            session_id="s",
            seq=seq,
            sub=7,
            ts=1_761_000_000_000_001,
            source="demo",
            origin="127.0.0.1",
            tick=7,
            price=price,
            phase="LIVE",
            active=True,
            rugged=False,
            price_source="live",
        )
        for seq in (1, 2)
    ]
    table = to_table(rows, GameTick)
    assert table.column("price").to_pylist() == [price, price]
    assert table.column("ts").cast(pa.int64()).to_pylist() == [1_761_000_000_000_001] * 2
    assert table.column("trade_count").to_pylist() == [None, None]
    assert table.column("schema_version").to_pylist() == [SCHEMA_VERSION] * 2


def test_money_keeps_its_lamports() -> None:
    bet = Sidebet(
        session_id="s",
        seq=1,
        ts=0,
        source="demo",
        origin="o",
        own=True,
        start_tick=0,
        end_tick=40,
        bet_amount=Decimal("0.000000001"),
        outcome="unknown",
    )
    assert to_table([bet], Sidebet).column("bet_amount").to_pylist() == [Decimal("0.000000001")]


def test_no_rows_make_an_empty_table_with_all_columns() -> None:
    for name, row_type in DOC_TYPES.items():
        assert to_table([], row_type).schema.equals(arrow_schema(row_type)), name


def test_ticks_are_sorted_by_game_and_the_rest_by_seq() -> None:
    assert sort_columns(GameTick)[:2] == ("game_id", "tick")
    assert sort_columns(Game) == ("session_id", "seq", "sub")


def test_a_class_with_an_unknown_column_type_is_refused() -> None:
    class Odd(GameTick, frozen=True, kw_only=True):
        extra: complex

    with pytest.raises(TypeError, match="extra"):
        arrow_schema(Odd)
