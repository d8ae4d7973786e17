"""Which coin an amount is in: SOL, or practice and event coins, which are no money.

Pure. Amounts of other coins stand in the same fields as SOL (docs/protocol.md sections 6 and 7);
whoever adds up SOL asks here first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vectra_player.protocol.game_payloads import NewTrade

SOL_NAMES = frozenset({"So11111111111111111111111111111111111111112", "solana", "SOL"})


def is_sol(coin: str | None) -> bool:
    """Tell whether a `coin` or `coinAddress` means SOL; a record without one does."""
    return coin is None or coin in SOL_NAMES


def is_money(trade: NewTrade) -> bool:
    """Tell whether a trade moved SOL: its coin is, and some of it is bonus or real money.

    Practice trades may name SOL; they have neither part (docs/protocol.md section 7).
    """
    no_part = trade.bonus_portion == 0 and trade.real_portion == 0
    return is_sol(trade.coin) and not (trade.amount and no_part)
