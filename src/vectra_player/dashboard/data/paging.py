"""Pages of a list: how they are asked for, and how many there are. Pure; every list uses it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Page = Annotated[int, Meta(ge=1, le=100_000, description="a page from 1")]
Size = Annotated[int, Meta(ge=1, le=200, description="rows a page, 1 to 200")]


def rows_of(page: int, size: int) -> slice:
    """Return where the rows of a page lie in the whole list."""
    return slice((page - 1) * size, page * size)


def pages_of(total: int, size: int) -> int:
    """Return how many pages `total` rows fill, at least one."""
    return max(1, -(-total // size))
