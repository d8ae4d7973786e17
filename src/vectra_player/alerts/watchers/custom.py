"""Signals of the user's own: a condition that has become true. Used by `alerts.watchers` only."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vectra_player.alerts.conditions import Condition, Value, parse
from vectra_player.alerts.course import STEPS, Course, change, volatility
from vectra_player.alerts.moment import Moment, Trigger
from vectra_player.alerts.odds import Measured
from vectra_player.alerts.rules import Rule
from vectra_player.alerts.watchers.base import Edge, Found, Watcher
from vectra_player.alerts.watchers.own import gain_of, pnl_of
from vectra_player.live.live_state import LiveState
from vectra_player.protocol.phases import GamePhase

RUNNING = (GamePhase.LIVE, GamePhase.RUGGED)


class CustomSignal(Watcher):
    """The user's condition has become true."""

    triggers = (Trigger.MOVED, Trigger.ACCOUNT, Trigger.LINK)

    def __init__(self, rule: Rule, measured: Measured) -> None:
        super().__init__(rule, measured)
        self._text = str(rule.params["when"])
        self._condition: Condition | None = parse(self._text) if self._text else None
        self._edge = Edge()

    def see(self, trigger: Trigger, moment: Moment, course: Course) -> Found | None:
        """Tell when the condition becomes true."""
        if self._condition is None:
            return None
        state = moment.after
        holds = self._condition.holds(lambda name: ASKED[name](state, course))
        if not self._edge.rises(state.game_id, holds):
            return None
        return Found({"condition": self._text})


def _peak(state: LiveState, course: Course) -> float | None:
    return course.peak if course.game_id == state.game_id is not None else None


def _drop(state: LiveState, course: Course) -> float | None:
    peak = _peak(state, course)
    return None if not peak or state.price is None else 100 * (1.0 - state.price / peak)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _left(state: LiveState, course: Course) -> float | None:
    bet = state.sidebet
    if bet is None or state.tick is None or bet.game_id not in (None, state.game_id):
        return None
    return max(0, bet.end_tick - state.tick)


def _plain(name: str) -> Callable[[LiveState, Course], Value]:
    def ask(state: LiveState, course: Course) -> Value:
        found = getattr(state, name)
        return None if found is None else float(found)

    return ask


def _running(name: str) -> Callable[[LiveState, Course], Value]:
    """Ask what only a running game has: between games the last one's is not known any more."""
    plain = _plain(name)
    return lambda state, course: plain(state, course) if state.game_phase in RUNNING else None


ASKED: Mapping[str, Callable[[LiveState, Course], Value]] = {
    "phase": lambda state, course: state.game_phase.value,
    "price": _running("price"),
    "tick": _running("tick"),
    "peak": _peak,
    "drop_percent": _drop,
    "change_percent": lambda state, course: _percent(change(state, STEPS)),
    "volatility_percent": lambda state, course: _percent(volatility(state, STEPS)),
    "players": _plain("connected_players"),
    "trades": _plain("trade_count"),
    "countdown_ms": lambda state, course: state.cooldown_ms,
    "balance": _plain("balance"),
    "position": _plain("position_qty"),
    "entry_price": _plain("avg_cost"),
    "pnl": lambda state, course: pnl_of(state),
    "pnl_percent": lambda state, course: _percent(gain_of(state)),
    "held_ticks": _plain("time_in_position"),
    "sidebet_ticks_left": _left,
    "delay_ms": lambda state, course: state.connection.delay_ms,
}
"""How each field of `conditions.FIELDS` is read."""
