"""`CONTEXT.md`, the reference and the forecast say what is so."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from vectra_player.model.rows import DOC_TYPES
from vectra_player.store.context import FENCED_EXAMPLES, examples, write_context
from vectra_player.store.forecast import disk_forecast
from vectra_player.store.query import open_query
from vectra_player.store.reference import schema_markdown
from vectra_player.store.schema import arrow_schema


class At:
    """A clock that stands."""

    def __init__(self, now_us: int) -> None:
        self._now = now_us

    def now_us(self) -> int:
        return self._now

    def monotonic(self) -> float:
        return 0.0


def test_context_lists_what_lies_here(recorded: Any) -> None:
    write_context(recorded.data_dir, clock=At(recorded.T0))
    text = recorded.data_dir.context_file.read_text()
    assert "- sessions: 2" in text
    assert "2026-01-01 to 2026-01-02" in text
    assert "| ws_event | 84 |" in text
    assert all(f"| {doc_type} |" in text for doc_type in DOC_TYPES)
    assert "`gameStateUpdate` | 80" in text


def test_every_example_query_works_as_printed(recorded: Any) -> None:
    write_context(recorded.data_dir)
    text = recorded.data_dir.context_file.read_text()
    for example in examples(recorded.data_dir):
        assert example.sql in text
        with duckdb.connect() as connection:
            assert connection.execute(example.sql).fetchall(), example.title
    with open_query(recorded.root) as session:
        for example in FENCED_EXAMPLES:
            assert example.sql in text
            session.query(example.sql)


def test_names_from_outside_cannot_break_the_page(tree: Any) -> None:
    tree.add(tree.ws(1, "2", event_name="x|`<script>\n# head"))
    write_context(tree.data_dir)
    text = tree.data_dir.context_file.read_text()
    assert "<script>" not in text
    assert "\n# head" not in text


def test_an_empty_store_has_a_page_too(tree: Any) -> None:
    write_context(tree.data_dir)
    assert "no recording yet" in tree.data_dir.context_file.read_text()


def test_the_reference_names_every_column() -> None:
    text = schema_markdown()
    for doc_type, row_type in DOC_TYPES.items():
        assert f"## {doc_type}\n" in text
        for name in arrow_schema(row_type).names:
            assert f"| `{name}` |" in text


def test_the_forecast_follows_the_last_days(recorded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    free = SimpleNamespace(total=2 * 10**9, used=10**9, free=10**9)
    monkeypatch.setattr("shutil.disk_usage", lambda path: free)
    forecast = disk_forecast(recorded.data_dir, At(recorded.T0 + 86_400_000_000))
    assert forecast.bytes_per_day == forecast.stored_bytes / 2
    assert forecast.days_left == pytest.approx(10**9 / (forecast.stored_bytes / 2))
    later = disk_forecast(recorded.data_dir, At(recorded.T0 + 30 * 86_400_000_000))
    assert later.days_left is None
