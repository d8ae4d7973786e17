"""Pages of a list hold every row once."""

from __future__ import annotations

import pytest

from vectra_player.dashboard.data.paging import pages_of, rows_of


@pytest.mark.parametrize(("total", "size", "pages"), [(0, 25, 1), (25, 25, 1), (26, 25, 2)])
def test_a_list_has_a_page_even_when_it_is_empty(total: int, size: int, pages: int) -> None:
    assert pages_of(total, size) == pages


def test_pages_hold_every_row_once() -> None:
    rows = list(range(53))
    shown = [rows[rows_of(page, 10)] for page in range(1, pages_of(len(rows), 10) + 1)]
    assert [row for page in shown for row in page] == rows
    assert rows[rows_of(7, 10)] == []
