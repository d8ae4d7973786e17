"""Column types shared by all records: what a value is, and its unit.

Parquet types follow from these annotations (`store.schema`), so a column is described once.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Literal

from msgspec import Meta

SOL_DECIMALS = 9
"""Lamports: protocol.md section 6, amounts carry at most nine decimals."""

_LAMPORT = Decimal(1).scaleb(-SOL_DECIMALS)

Sol = Annotated[Decimal, Meta(extra={"arrow": "decimal128(18,9)"})]
"""An amount of SOL, exact to a lamport."""

Tick = Annotated[int, Meta(extra={"arrow": "int32"})]
"""Index of a price step in its game, from 0; steps are 250 ms."""

Micros = Annotated[int, Meta(extra={"arrow": "timestamp[us, tz=UTC]"})]
"""Microseconds since the Unix epoch, UTC."""

Millis = Annotated[int, Meta(extra={"arrow": "timestamp[ms, tz=UTC]"})]
"""Milliseconds since the Unix epoch, UTC, as the server stamps them."""

Direction = Literal["sent", "received"]
"""As the page saw it: `sent` by the browser, `received` from the server."""

Source = Literal["cdp", "public_ws", "demo", "import", "ui"]

RawFormat = Literal["engineio", "fact", "capture", "legacy", "history"]
"""How `raw` is to be read: a packet, a fact of our own, or a record of an imported file."""


def to_sol(value: float | int | str | Decimal) -> Decimal:
    """Round a wire number to a lamport; floats go through their shortest text."""
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    return exact.quantize(_LAMPORT, rounding=ROUND_HALF_EVEN)
