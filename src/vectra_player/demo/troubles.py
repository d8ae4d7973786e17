"""What goes wrong with the answers to orders until the server is told otherwise. Pure.

`mischief` sets it from faults, `orders` asks it at each order.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Answer = Literal["acks", "echo", "updates"]
OrderKind = Literal["buy", "sell", "sidebet"]

MODES: dict[str, frozenset[str]] = {
    "acks": frozenset(
        (
            "normal",
            "slow",
            "missing",
            "double",
            "rejected",
            "ignored",
            "delayed",
            "denied",
            "claimed",
        )
    ),
    "echo": frozenset(("normal", "slow", "missing", "double")),
    "updates": frozenset(("normal", "slow", "missing", "double", "position", "cash")),
}
"""What may happen to each answer.

slow: so much later. missing: never sent, though the order is done. double: sent twice.
acks: `rejected` refuses the order, `ignored` neither does nor answers it, `delayed` does it so
much later, `denied` does it and says no, `claimed` says yes and does nothing.
updates: `position` and `cash` tell a wrong one.
"""

ORDERS: tuple[OrderKind, ...] = ("buy", "sell", "sidebet")


class Trouble(NamedTuple):
    """How an answer is given: its mode, and how much later where that counts."""

    mode: str = "normal"
    seconds: float = 0.0


class Troubles:
    """The troubles in force, by answer and kind of order."""

    def __init__(self) -> None:
        self._now: dict[tuple[Answer, OrderKind], Trouble] = {}

    def set(self, answer: Answer, order: OrderKind | None, trouble: Trouble) -> None:
        """Put a trouble in force for one kind of order, or for all of them."""
        for kind in ORDERS if order is None else (order,):
            self._now[answer, kind] = trouble

    def of(self, answer: Answer, order: OrderKind) -> Trouble:
        """Return how this answer to such an order is given."""
        return self._now.get((answer, order), Trouble())

    def everywhere(self, answer: Answer, mode: str) -> bool:
        """Tell whether an answer fails in this way for every kind of order."""
        return all(self.of(answer, kind).mode == mode for kind in ORDERS)

    def with_mode(self, answer: Answer, mode: str) -> frozenset[OrderKind]:
        """Return the kinds of order whose answer fails in this way."""
        return frozenset(kind for kind in ORDERS if self.of(answer, kind).mode == mode)
