"""The account's own play: presses, positions and sidebets, as the server states them.

Used by `alerts.watchers` only. What a position has gained is the server's quantity and average
price beside the newest price; balances and settlements are the server's alone.
"""

from __future__ import annotations

from typing import Any

import msgspec

from vectra_player.alerts.course import Course
from vectra_player.alerts.moment import Moment, Trigger
from vectra_player.alerts.odds import Measured
from vectra_player.alerts.rules import Rule
from vectra_player.alerts.watchers.base import Found, Watcher
from vectra_player.alerts.words import (
    UNKNOWN,
    amount,
    clean,
    milliseconds,
    multiplier,
    number,
    percent,
    signed_percent,
    sol,
)
from vectra_player.live.live_state import LiveState, SidebetResult

CONFIRMED = "CONFIRMED"
_TOLD_AS = {
    "REJECTED": "rejected",
    "BLOCKED": "blocked",
    "UNKNOWN": "unknown: it may or may not have happened",
}
_LOOK = "Look at your position before you act again."
_ADVICE = {"REJECTED": _LOOK, "BLOCKED": "Nothing was ordered.", "UNKNOWN": _LOOK}


class OutcomeTold(msgspec.Struct):
    """What is read of a `vectra.outcome` fact; any type, as a file may hold any."""

    action_type: Any = None
    actor: Any = None
    mode: Any = None
    outcome: Any = None
    amount: Any = None
    percentage: Any = None
    executed_price: Any = None
    error: Any = None
    total_latency_ms: Any = None


_decode = msgspec.json.Decoder(OutcomeTold).decode


def outcome_of(data: bytes) -> OutcomeTold | None:
    """Read the detail of an outcome; None where it is none."""
    try:
        return _decode(data)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


class _Trade(Watcher):
    triggers = (Trigger.OUTCOME,)
    good: bool

    def see(self, trigger: Trigger, moment: Moment, course: Course) -> Found | None:
        """Tell of an outcome that is of this rule's kind."""
        told = outcome_of(moment.event.data)
        if told is None or not isinstance(told.action_type, str):
            return None
        known = told.outcome == CONFIRMED if self.good else told.outcome in _TOLD_AS
        if not known or told.action_type in self.params["skip"]:
            return None
        return Found(_values_of(told))


def _values_of(told: OutcomeTold) -> dict[str, str]:
    price = number(told.executed_price)
    return {
        "action": clean(told.action_type),
        "amount": amount(told.amount),
        "size": _size(told),
        "executed_price": "an unknown price" if price is None else multiplier(price),
        "latency": milliseconds(number(told.total_latency_ms)),
        "mode": clean(told.mode),
        "actor": clean(told.actor),
        "error": clean(told.error or "no reason was given", 160).rstrip("."),
        "outcome": _TOLD_AS.get(str(told.outcome), "confirmed"),
        "advice": _ADVICE.get(str(told.outcome), ""),
    }


def _size(told: OutcomeTold) -> str:
    """Write what was ordered: an amount, or the share of a position."""
    share = number(told.percentage)
    return f"{amount(told.amount)} SOL" if share is None else f"{share:g} %"


class TradeSuccess(_Trade):
    """A press was confirmed."""

    good = True


class TradeFailed(_Trade):
    """A press was rejected or blocked, or nobody knows."""

    good = False


class _Position(Watcher):
    """Tells each level once a position: a position ends when the server says so."""

    triggers = (Trigger.TICK, Trigger.ACCOUNT)
    sign: int

    def __init__(self, rule: Rule, measured: Measured) -> None:
        super().__init__(rule, measured)
        self._game: str | None = None
        self._told = 0.0

    def see(self, trigger: Trigger, moment: Moment, course: Course) -> Found | None:
        """Tell the highest level newly reached."""
        state = moment.after
        gain = gain_of(state)
        if gain is None or state.game_id != self._game:
            self._game, self._told = state.game_id, 0.0
        if gain is None or trigger is not Trigger.TICK:
            return None
        reached = [one for one in self.params["levels_percent"] if one <= 100 * self.sign * gain]
        level = max(reached, default=0.0)
        if level <= self._told:
            return None
        self._told = level
        return Found(
            {
                "gain": signed_percent(gain),
                "loss": percent(-gain),
                "level": f"{level:g} %",
                "pnl": sol(pnl_of(state)),
                "entry_price": UNKNOWN if state.avg_cost is None else multiplier(state.avg_cost),
            }
        )


class PositionProfit(_Position):
    """A position has gained."""

    sign = 1


class PositionLoss(_Position):
    """A position has lost."""

    sign = -1


def gain_of(state: LiveState) -> float | None:
    """Return by what share an open position has gained; None without one, or where not known."""
    if not state.position_qty or not state.avg_cost or state.price is None:
        return None
    return state.price / state.avg_cost - 1.0


def pnl_of(state: LiveState) -> float | None:
    """Return the same in SOL."""
    if not state.position_qty or state.avg_cost is None or state.price is None:
        return None
    return float(state.position_qty) * (state.price - state.avg_cost)


class _Sidebet(Watcher):
    triggers = (Trigger.RESULT,)
    won: bool

    def see(self, trigger: Trigger, moment: Moment, course: Course) -> Found | None:
        """Tell of a settled bet."""
        result = moment.after.last_sidebet_result
        if result is None or result is moment.before.last_sidebet_result:
            return None
        return Found(_bet_values(result)) if result.won is self.won else None


def _bet_values(result: SidebetResult) -> dict[str, str]:
    paid, profit = result.payout, result.profit
    stake = None if paid is None or profit is None else paid - profit
    start = "unknown" if result.start_tick is None else f"{result.start_tick}"
    return {"stake": sol(stake), "payout": sol(paid), "profit": sol(profit), "start_tick": start}


class SidebetWon(_Sidebet):
    """The server settled a sidebet as won."""

    won = True


class SidebetLost(_Sidebet):
    """The server settled a sidebet as lost."""

    won = False
