"""Which coin an amount is in: SOL, or practice and event coins, which are no money.

Pure. Amounts of other coins stand in the same fields as SOL (docs/protocol.md sections 6 and 7);
whoever adds up SOL asks here first.
"""

from __future__ import annotations

SOL_NAMES = frozenset({"So11111111111111111111111111111111111111112", "solana", "SOL"})


def is_sol(coin: str | None) -> bool:
    """Tell whether a `coin` or `coinAddress` means SOL; a record without one does."""
    return coin is None or coin in SOL_NAMES
