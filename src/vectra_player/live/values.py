"""Wire values as column values: what a column cannot hold becomes null, its raw text is kept.

Used by the modules of `live`. A number beyond a column's range must not stop the
filing of everything else.
"""

from __future__ import annotations

import math
from decimal import Decimal

from vectra_player.model.units import to_sol

_SOL_LIMIT = 1e9
_INT_LIMIT = 1 << 63
_TICK_LIMIT = 1 << 31


def sol(value: float | Decimal | None) -> Decimal | None:
    """Round an amount to a lamport; null beyond DECIMAL(18,9)."""
    if value is None or (isinstance(value, Decimal) and not value.is_finite()):
        return None
    if not math.isfinite(value) or abs(float(value)) >= _SOL_LIMIT:
        return None
    return to_sol(value)


def whole(value: float | None) -> int | None:
    """Take a whole number; null beyond int64."""
    if value is None or not math.isfinite(value) or abs(value) >= _INT_LIMIT:
        return None
    return int(value)


def tick_value(value: int | None) -> int | None:
    """Take a tick; null beyond int32."""
    return value if value is not None and abs(value) < _TICK_LIMIT else None


def millis(value: int | None) -> int | None:
    """Take a stamp in ms; null where microseconds would not fit into int64."""
    return value if value is not None and abs(value) < _INT_LIMIT // 1000 else None
