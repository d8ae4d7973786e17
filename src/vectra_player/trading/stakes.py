"""What a sidebet of the account has at stake, as trading itself heard it. Pure; used by `trader`.

`playerUpdate` was never captured with a bet running (protocol reference section 10): where it tells
nothing of one, or in another form, a stake that was heard of counts until its result or another
game.
"""

from __future__ import annotations

from decimal import Decimal

from vectra_player.live.live_state import LiveState
from vectra_player.live.values import sol
from vectra_player.protocol.game_payloads import SidebetEvent
from vectra_player.protocol.rugs import Event
from vectra_player.trading.records import ZERO, ActionRecord


class OpenStake:
    """The one bet the game takes at a time."""

    def __init__(self) -> None:
        self._game_id: str | None = None
        self._amount = ZERO

    def hear(self, event: Event, game_id: str | None) -> None:
        """Take an event of the page, heard in a game."""
        told = event.payload
        if not isinstance(told, SidebetEvent):
            return
        if event.name == "currentSidebet":
            self._open(told.game_id or game_id, sol(told.bet_amount))
        elif event.name == "currentSidebetResult":
            self._amount = ZERO

    def end_of(self, record: ActionRecord) -> None:
        """Take what became of an order: it may be a bet that no echo told."""
        placed = record.action_type == "SIDEBET" and record.outcome == "CONFIRMED"
        if placed and record.executed_tick is None:
            self._open(record.game_id, record.amount)

    def at_risk(self, live: LiveState) -> Decimal:
        """Return the stake that is open, SOL."""
        told = live.sidebet.amount if live.sidebet is not None else None
        heard = self._amount if self._game_id == live.game_id else ZERO
        return max(told or ZERO, heard)

    def _open(self, game_id: str | None, amount: Decimal | None) -> None:
        self._game_id, self._amount = game_id, amount or ZERO
