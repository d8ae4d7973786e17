"""What the recorded account itself did in a recording: the line `then` of a practice's card.

Pure. Used by `foundation.practice`. It adds up the account's own trades and settled sidebets as the
server told them; trades told to nobody are not in it. Those in practice coins are counted, and
are in no figure: they are no SOL.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property

from msgspec import Struct

from vectra_player.foundation.paper_records import ScoreRow
from vectra_player.protocol.coins import is_money, is_sol
from vectra_player.protocol.game_payloads import NewTrade, SidebetEvent
from vectra_player.protocol.rugs import Event
from vectra_player.replay.recording import Recording


class _Deed(Struct, frozen=True):
    position: int
    game_id: str | None
    in_sol: bool = True
    profit: float = 0.0
    invested: float = 0.0
    staked: float = 0.0
    won: int = 0
    buys: int = 0
    bets: int = 0


class RecordedPlay:
    """The account's own deeds in a recording, by position."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def row(self, position: int) -> ScoreRow | None:
        """Sum up what was done until a position; None where the account never played."""
        if not self._deeds:
            return None
        done = self._deeds[: bisect_right(self._deeds, position, key=_position)]
        deeds = [deed for deed in done if deed.in_sol]
        return ScoreRow(
            who="then",
            profit=sum(deed.profit for deed in deeds),
            games=len({deed.game_id for deed in deeds}),
            buys=sum(deed.buys for deed in deeds),
            bets=sum(deed.bets for deed in deeds),
            bets_won=sum(deed.won for deed in deeds),
            invested=sum(deed.invested for deed in deeds),
            staked=sum(deed.staked for deed in deeds),
            expected=None,
            other_coins=len(done) - len(deeds),
        )

    @cached_property
    def _deeds(self) -> list[_Deed]:
        recording = self._recording
        own_id = recording.state_at(len(recording.events)).player_id
        found = (
            _deed(position, event, own_id)
            for position, event in enumerate(recording.events, start=1)
        )
        return [deed for deed in found if deed is not None]


def _position(deed: _Deed) -> int:
    return deed.position


def _deed(position: int, event: Event, own_id: str | None) -> _Deed | None:
    told = event.payload
    if event.direction == "sent" or event.kind != "event":
        return None
    if isinstance(told, NewTrade) and own_id is not None and told.player_id == own_id:
        return _trade(position, told)
    if isinstance(told, SidebetEvent) and event.name == "currentSidebetResult":
        return _sidebet(position, told)
    return None


def _trade(position: int, told: NewTrade) -> _Deed | None:
    amount = told.amount or 0.0
    if told.type not in ("buy", "sell"):
        return None
    if not is_money(told):
        return _Deed(position, told.game_id, in_sol=False)
    if told.type == "sell":
        return _Deed(position, told.game_id, profit=amount)
    return _Deed(position, told.game_id, profit=-amount, invested=amount, buys=1)


def _sidebet(position: int, told: SidebetEvent) -> _Deed:
    if not is_sol(told.coin_address):
        return _Deed(position, told.game_id, in_sol=False)
    stake, paid = told.bet_amount or 0.0, told.payout or 0.0
    won = 1 if paid > 0 else 0
    return _Deed(position, told.game_id, profit=paid - stake, staked=stake, won=won, bets=1)
