"""The error of a move the rules do not allow: raised by `game`, any layer may catch it."""

from __future__ import annotations

from typing import Literal

from vectra_player.errors import UsageError

Reason = Literal["stake", "open_bet", "cash", "amount", "percentage", "no_position", "price"]


class RefusedError(UsageError):
    """The rules refuse this move; nothing was changed. `reason` says which rule."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason
