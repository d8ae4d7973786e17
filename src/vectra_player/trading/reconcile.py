"""Compare what the server says of the account with what should have come of it. Pure.

Every change of cash or holding must be explained by something heard: an own trade, a bet, its
result, an order under way, or the rug. What nothing explains is a mismatch: the server is right,
and nothing more is pressed until a person has looked. What explains a change is shown by it:
`tracker` takes an order for done only then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Sequence
from decimal import Decimal
from itertools import chain, combinations

from msgspec import Struct
from msgspec.structs import replace

from vectra_player.live.values import sol
from vectra_player.model.units import Micros
from vectra_player.protocol.game_payloads import NewTrade, SidebetEvent
from vectra_player.protocol.phases import GamePhase
from vectra_player.protocol.player_payloads import PlayerUpdate
from vectra_player.protocol.rugs import Event
from vectra_player.trading.records import ZERO, ActionRecord

TOLERANCE = Decimal("0.000001")
"""SOL, or units held: the wire rounds to a lamport, amounts are shown with three decimals."""

UPDATES_TO_SHOW = 2
"""Of two orders in one tick the first update may show only one."""

RUG_TELLS_LATE_US = 1_000_000
"""What the rug takes is told before the frame of the rug: 175 ms, measured once."""

MOST_WAITING = 12
REMEMBERED_TRADES = 64
OVER = frozenset({GamePhase.RUGGED, GamePhase.COOLDOWN})


class Move(Struct, frozen=True):
    """A change that should show. `updates`: how many have come since without it."""

    what: str
    cash: Decimal
    qty: Decimal
    trace_id: str | None
    updates: int = 0


class Reconciler:
    """What one account should look like at its next update."""

    def __init__(self) -> None:
        self._player: str | None = None
        self._cash: Decimal | None = None
        self._qty: Decimal | None = None
        self._waiting: list[Move] = []
        self._shown_early: set[str] = set()
        self._unordered: tuple[str, Micros] | None = None
        self._heard_of: deque[tuple[str, str]] = deque(maxlen=REMEMBERED_TRADES)
        self._shown: frozenset[str] = frozenset()
        self._doubtful: Sequence[ActionRecord] = ()

    @property
    def shown(self) -> frozenset[str]:
        """Return what the event heard last shows as done: traces of trades, ids of orders."""
        return self._shown

    def hear(
        self,
        event: Event,
        under_way: Sequence[ActionRecord],
        phase: GamePhase,
        ordered: Container[str | None] = (),
        doubtful: Sequence[ActionRecord] = (),
    ) -> str:
        """Take an event; return what does not fit, in words, or nothing.

        `ordered`: traces of the orders that are known, under way or over. `doubtful`: orders that
        ended unknown; a change that one of them may have made shows no other.
        """
        self._doubtful = doubtful
        fault = self._heard(event, under_way, phase, ordered)
        return fault or self._nobody_ordered(event.ts, phase)

    def _heard(
        self,
        event: Event,
        under_way: Sequence[ActionRecord],
        phase: GamePhase,
        ordered: Container[str | None],
    ) -> str:
        told = event.payload
        self._shown = frozenset()
        if event.direction != "received":
            return ""
        if event.name == "playerUpdate" and isinstance(told, PlayerUpdate):
            return self._update(told, under_way, phase)
        move = self._move_of(event)
        if move is not None and self._is_new(move):
            if isinstance(told, NewTrade) and move.trace_id not in ordered:
                self._unordered = (move.what, event.ts)
            if move.trace_id in self._shown_early:
                self._shown_early.discard(move.trace_id or "")
            else:
                self._waiting = [*self._waiting[-MOST_WAITING + 1 :], move]
        return ""

    def _nobody_ordered(self, now_us: Micros, phase: GamePhase) -> str:
        """Tell of an own trade without an order, unless it was the rug's."""
        if self._unordered is None:
            return ""
        what, since_us = self._unordered
        if phase in OVER:
            self._unordered = None
        elif abs(now_us - since_us) > RUG_TELLS_LATE_US:  # abs: clocks are set back, too
            self._unordered = None
            return f"{what} was told that nobody ordered here"
        return ""

    def _move_of(self, event: Event) -> Move | None:
        told = event.payload
        if isinstance(told, NewTrade) and self._own(told.player_id):
            amount, qty = sol(told.amount) or ZERO, sol(told.qty) or ZERO
            if told.type == "buy":
                return Move("a buy", -amount, qty, event.trace_id)
            if told.type == "sell":
                return Move("a sale", amount, -qty, event.trace_id)
        if isinstance(told, SidebetEvent) and self._own(told.player_id):
            if event.name == "currentSidebet":
                return Move("a sidebet", -(sol(told.bet_amount) or ZERO), ZERO, event.trace_id)
            if event.name == "currentSidebetResult" and told.payout:
                return Move("a sidebet's win", sol(told.payout) or ZERO, ZERO, event.trace_id)
        return None

    def _is_new(self, move: Move) -> bool:
        """Tell whether a trade is told for the first time; the wire may double it."""
        if move.trace_id is None:
            return True
        key = (move.what, move.trace_id)
        known = key in self._heard_of
        self._heard_of.append(key)
        return not known

    def _own(self, player_id: str | None) -> bool:
        return player_id is not None and player_id == self._player

    def _update(
        self, told: PlayerUpdate, under_way: Sequence[ActionRecord], phase: GamePhase
    ) -> str:
        cash, qty = sol(told.cash), sol(told.position_qty)
        if told.id != self._player or self._cash is None or self._qty is None:
            self._player, self._waiting = told.id, []
            self._cash, self._qty = cash, qty
            return ""
        cash = self._cash if cash is None else cash
        qty = self._qty if qty is None else qty
        fault = self._judge(cash - self._cash, qty - self._qty, under_way, phase)
        self._cash, self._qty = cash, qty
        return fault

    def _judge(
        self,
        cash: Decimal,
        qty: Decimal,
        under_way: Sequence[ActionRecord],
        phase: GamePhase,
    ) -> str:
        """Explain a change: by what was told if that is enough, else by an order besides."""
        for shown in _subsets(self._waiting):
            left_cash, left_qty = _left(cash, qty, shown)
            nothing_left = _nothing(left_cash) and _nothing(left_qty)
            if nothing_left or self._taken_at_rug(left_cash, left_qty, phase):
                return self._explained(shown)
        told = {move.trace_id for move in self._waiting} | self._shown_early
        untold = [each for each in under_way if each.trace_id not in told]
        for shown in _subsets(self._waiting):
            left_cash, left_qty = _left(cash, qty, shown)
            held = (self._qty or ZERO) + qty - left_qty
            may = [each for each in untold if _does(each, left_cash, left_qty, held)]
            rivals = [each for each in self._doubtful if _does(each, left_cash, left_qty, held)]
            if may:
                self._shown_early.update(each.trace_id or "" for each in may)
                if len(may) == 1 and not rivals:
                    return self._explained(shown, may[0].action_id)
                self._explained(shown)
                return f"{_change(cash, qty)}, by one of {len(may) + len(rivals)} orders"
        self._waiting = []
        return f"{_change(cash, qty)} unexplained"

    def _explained(self, shown: Sequence[Move], *orders: str) -> str:
        traces = (move.trace_id for move in shown if move.trace_id)
        self._shown = frozenset((*traces, *orders))
        return self._grown_old(shown)

    def _grown_old(self, shown: Sequence[Move]) -> str:
        """Let the rest wait for the next update, but not for ever."""
        rest = [move for move in self._waiting if move not in shown]
        self._waiting = [replace(move, updates=move.updates + 1) for move in rest]
        old = next((move for move in self._waiting if move.updates >= UPDATES_TO_SHOW), None)
        if old is None:
            return ""
        self._waiting = []
        return f"{old.what} was told that the account does not show"

    def _taken_at_rug(self, cash: Decimal, qty: Decimal, phase: GamePhase) -> bool:
        gone = self._qty is not None and _nothing(self._qty + qty) and not _nothing(qty)
        return phase in OVER and gone and cash >= -TOLERANCE


def _does(order: ActionRecord, cash: Decimal, qty: Decimal, held: Decimal) -> bool:
    """Tell whether a change is exactly what an order under way makes of what was held."""
    if order.client_ts is None:
        return False
    if order.action_type == "SELL":
        sold = held * Decimal(str(order.percentage or 0)) / 100
        return qty < 0 <= cash + TOLERANCE and _nothing(qty + sold)
    paid = order.amount is not None and _nothing(cash + order.amount)
    return paid and (qty > 0 if order.action_type == "BUY" else _nothing(qty))


def _left(cash: Decimal, qty: Decimal, shown: Sequence[Move]) -> tuple[Decimal, Decimal]:
    """Return what of a change these do not explain."""
    left_cash = cash - sum((move.cash for move in shown), ZERO)
    return left_cash, qty - sum((move.qty for move in shown), ZERO)


def _subsets(moves: Sequence[Move]) -> Iterable[tuple[Move, ...]]:
    """List the subsets, the largest first: most often everything shows at once."""
    sizes = range(len(moves), -1, -1)
    return chain.from_iterable(combinations(moves, size) for size in sizes)


def _nothing(value: Decimal) -> bool:
    return abs(value) <= TOLERANCE


def _change(cash: Decimal, qty: Decimal) -> str:
    return f"The account changed by {_signed(cash)} SOL and {_signed(qty)} units"


def _signed(value: Decimal) -> str:
    return f"{float(value):+g}"
