"""The account's short position: two samples of it were ever seen (protocol reference section 12).

Used by `alerts.watchers` only. Its value is the server's; a liquidation price is looked at where
the server sends one under the name documents give it, which no captured frame does.
"""

from __future__ import annotations

from typing import Any

import msgspec

from vectra_player.alerts.course import Course
from vectra_player.alerts.moment import Moment, Trigger
from vectra_player.alerts.watchers.base import Found, Watcher
from vectra_player.alerts.watchers.moves import OnEdge
from vectra_player.alerts.words import UNKNOWN, multiplier, number, percent, signed_percent, sol
from vectra_player.live.live_state import LiveState
from vectra_player.protocol.game_payloads import ShortState


class _Short(msgspec.Struct):
    at_risk: Any = msgspec.field(default=None, name="atRisk")
    liquidation_price: Any = msgspec.field(default=None, name="liquidationPrice")


class _Told(msgspec.Struct):
    short_position: _Short | None = msgspec.field(default=None, name="shortPosition")


_decode = msgspec.json.Decoder(_Told).decode


class ShortExit(OnEdge):
    """The price has left the entry of a short, either way."""

    def look(self, moment: Moment, course: Course) -> Found | None:
        """Compare with the entry."""
        short, price = moment.after.short, moment.after.price
        if short is None or not short.entry_price or price is None:
            return None
        moved = 100 * (price / short.entry_price - 1.0)
        if moved >= self.params["loss_percent"]:
            return Found(_values(moment.after, short, "against you"))
        if moved <= -self.params["gain_percent"]:
            return Found(_values(moment.after, short, "in your favour"))
        return None


class Liquidation(Watcher):
    """A short is close to being closed by force."""

    triggers = (Trigger.ACCOUNT,)

    def see(self, trigger: Trigger, moment: Moment, course: Course) -> Found | None:
        """Look at what the server states of the short."""
        short = moment.after.short
        if short is None:
            return None
        why = self._why(moment, short)
        return None if why is None else Found(_values(moment.after, short, why))

    def _why(self, moment: Moment, short: ShortState) -> str | None:
        share = _share(short)
        if share is not None and 100 * share <= self.params["value_percent"]:
            return "Little of its amount is left"
        try:
            told = _decode(moment.event.data).short_position
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None
        if told is not None and told.at_risk is True:
            return "The server calls it at risk"
        limit, price = number(told.liquidation_price) if told else None, moment.after.price
        if limit is not None and price is not None and price >= limit:
            return "The price is at the liquidation price"
        return None


def _share(short: ShortState) -> float | None:
    if not short.amount or short.current_value is None:
        return None
    return short.current_value / short.amount


def _values(state: LiveState, short: ShortState, why: str) -> dict[str, str]:
    entry, price, share = short.entry_price, state.price, _share(short)
    moved = None if not entry or price is None else price / entry - 1.0
    return {
        "why": why,
        "entry_price": UNKNOWN if entry is None else multiplier(entry),
        "change": UNKNOWN if moved is None else signed_percent(moved),
        "pnl": sol(short.pnl),
        "value": sol(short.current_value),
        "share": UNKNOWN if share is None else percent(share),
    }
