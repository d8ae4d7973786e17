"""The orders that have leave to be pressed, and the counts of them. Used by `gate` only.

An action is one order, once: it gets one permit for its money button in its whole life, and a
bounded number of presses for its amount. When it is over its id is worth nothing any more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from decimal import Decimal

from msgspec.structs import replace

from vectra_player.clock import Clock
from vectra_player.model.units import Micros
from vectra_player.trading.limits import MAX_PRESSES, RATE_WINDOW_S, buttons_of
from vectra_player.trading.memory import UnderWay
from vectra_player.trading.records import ZERO, Order, Refusal

OVERDUE_S = 30.0
"""An order of which nothing was heard for so long counts as UNKNOWN, whoever was to tell."""

REMEMBERED_ACTIONS = 10_000


class Orders:
    """Orders under way, by action id; what each was given; the last minute's count."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ways: dict[str, UnderWay] = {}
        self._begun_s: dict[str, float] = {}
        self._given: dict[str, int] = {}
        self._decided: set[str] = set()
        self._closing: dict[str, UnderWay] = {}
        self._over: deque[str] = deque(maxlen=REMEMBERED_ACTIONS)
        self._times: dict[bool, deque[float]] = {True: deque(), False: deque()}

    @property
    def under_way(self) -> tuple[UnderWay, ...]:
        """Every order whose outcome is open, those of unknown outcome included."""
        return tuple(self._ways.values())

    @property
    def written(self) -> tuple[UnderWay, ...]:
        """What must stand on the disk: also orders that ended, until their outcome does."""
        return (*self._ways.values(), *self._closing.values())

    def get(self, action_id: str) -> UnderWay | None:
        """Return an order under way."""
        return self._ways.get(action_id)

    def others(self, action_id: str) -> tuple[UnderWay, ...]:
        """Return the orders under way beside one."""
        return tuple(way for way in self._ways.values() if way.action_id != action_id)

    def coming(self, action_id: str) -> Decimal:
        """Return the SOL of the orders under way beside one."""
        return sum((way.amount or ZERO for way in self.others(action_id)), ZERO)

    def misused(self, order: Order) -> Refusal | None:
        """Refuse an action that is over, or that was another order before."""
        if order.action_id in self._over:
            return Refusal(code="action_over", message="This action is over. Give a new order.")
        way = self._ways.get(order.action_id)
        if way is None or _told(way) == _told(order):
            return None
        return Refusal(code="bad_order", message="This action was another order before.")

    def wrong_button(self, order: Order, button: str) -> Refusal | None:
        """Refuse a button of another order, a second press of its own, and endless ones."""
        if button not in buttons_of(order):
            return Refusal(code="wrong_button", message=f"{button!r} is no button of this order.")
        if order.action_id in self._decided:
            return Refusal(
                code="pressed_already", message="This action had its press. It is never repeated."
            )
        own = button == order.action_type
        if not own and self._given.get(order.action_id, 0) >= MAX_PRESSES:
            return Refusal(
                code="presses", message=f"An amount takes {MAX_PRESSES} presses at most."
            )
        return None

    def begin(self, order: Order, game_id: str | None) -> None:
        """Take an order in and count it."""
        now_s = self._clock.monotonic()
        self._ways[order.action_id] = UnderWay(
            action_id=order.action_id,
            action_type=order.action_type,
            mode=order.mode,
            actor=order.actor,
            at_us=self._clock.now_us(),
            amount=order.amount,
            percentage=order.percentage,
            strategy=order.strategy,
            game_id=game_id,
        )
        self._begun_s[order.action_id] = now_s
        self._times[order.action_type == "SELL"].append(now_s)

    def give(self, order: Order, button: str) -> None:
        """Count a permit; one for the money button is the last of its action."""
        if button == order.action_type:
            self._decided.add(order.action_id)
        else:
            self._given[order.action_id] = self._given.get(order.action_id, 0) + 1

    def end(self, action_id: str) -> None:
        """End an order: its id is used up. It stays written until its outcome is on the disk."""
        self._closing[action_id] = self._ways[action_id]
        self.forget(action_id)

    def forget(self, action_id: str) -> None:
        """Let an order go of which nothing more need be told."""
        self._ways.pop(action_id, None)
        self._begun_s.pop(action_id, None)
        self._given.pop(action_id, None)
        self._decided.discard(action_id)
        self._over.append(action_id)

    def lose_sight(self, action_id: str) -> None:
        """Mark an order as one of unknown outcome."""
        self._ways[action_id] = replace(self._ways[action_id], unknown=True)

    def note_durable(self, action_id: str) -> bool:
        """Learn that an outcome is on the disk; tell whether that changes what must be written."""
        way = self._ways.get(action_id)
        if way is not None and way.unknown and not way.told:
            self._ways[action_id] = replace(way, told=True)
            return True
        return self._closing.pop(action_id, None) is not None

    def overdue(self) -> list[UnderWay]:
        """Return the orders nothing was heard of for too long."""
        begin_s = self._clock.monotonic() - OVERDUE_S
        return [
            way
            for key, way in self._ways.items()
            if not way.unknown and self._begun_s[key] < begin_s
        ]

    def recent(self, *, sells: bool) -> int:
        """Count the orders of the last minute: SELL, or BUY and SIDEBET together."""
        times = self._times[sells]
        begin_s = self._clock.monotonic() - RATE_WINDOW_S
        while times and times[0] <= begin_s:
            times.popleft()
        return len(times)

    def stamps(self, *, sells: bool) -> tuple[Micros, ...]:
        """Return the times of the recent orders by the wall clock, to be kept."""
        self.recent(sells=sells)
        now_us, now_s = self._clock.now_us(), self._clock.monotonic()
        return tuple(now_us - int((now_s - time) * 1e6) for time in self._times[sells])

    def resume(
        self, ways: Iterable[UnderWay], orders: Iterable[Micros], sells: Iterable[Micros]
    ) -> None:
        """Go on where a service before ended: what was under way is unknown.

        Times in the future, of a clock that was set back, count as now.
        """
        now_us, now_s = self._clock.now_us(), self._clock.monotonic()
        for selling, stamps in ((False, orders), (True, sells)):
            ages = (max(0.0, (now_us - stamp) / 1e6) for stamp in stamps)
            self._times[selling] = deque(sorted(now_s - age for age in ages))
        for way in ways:
            self._ways[way.action_id] = replace(way, unknown=True)
            self._begun_s[way.action_id] = now_s


def _told(order: Order | UnderWay) -> tuple[object, ...]:
    return order.action_type, order.mode, order.amount, order.percentage
