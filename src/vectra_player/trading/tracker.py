"""Follow an order from its press to the account that shows it. Pure: events in, records out.

One instance hears every event of one page. An order is CONFIRMED only when a reply names it (an
ack by its id on the same socket, or an echo by its trace id) and a `playerUpdate` shows it, which
`reconcile` says; what stays in doubt is UNKNOWN, for good. Sources: protocol reference sections 10
and 11.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Struct

from vectra_player.model.press import PressSeen
from vectra_player.model.units import Micros
from vectra_player.protocol.player_payloads import PlayerUpdate
from vectra_player.protocol.rugs import Event
from vectra_player.trading.followed import Followed, account_of, asked_of, order_of
from vectra_player.trading.records import AccountState, ActionRecord, OrderType

ORDER_TYPES: dict[str, OrderType] = {"BUY": "BUY", "SELL": "SELL", "SIDEBET": "SIDEBET"}
ECHOES = frozenset({"standard/newTrade", "newTrade", "currentSidebet"})
YET_DONE = "refused by its ack, yet carried out"
SOCKET_ENDS = frozenset({"vectra.disconnected", "vectra.gap"})


class Patience(Struct, frozen=True):
    """How long to wait, in seconds: for the frame after a press, for the replies after a frame.

    The slowest reply measured came 219 ms after its order.
    """

    frame_s: float = 3.0
    reply_s: float = 8.0
    remember_s: float = 120.0


class Step(Struct, frozen=True):
    """Something that became known of an order; `record` says all that is known then.

    done: nothing more becomes of it. late: a reply came after that, `record` is as it was told.
    `halt`: why nothing more may be pressed; empty where all is well.
    """

    stage: Literal["intent", "pressed", "sent", "replied", "done", "late"]
    record: ActionRecord
    halt: str = ""


class Tracker:
    """Every order under way, of whomever, and those that ended a moment ago."""

    def __init__(self, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()
        self._open: list[Followed] = []
        self._ended: list[Followed] = []
        self._account = AccountState()
        self._told_on: str | None = None

    @property
    def account(self) -> AccountState:
        """Return the account as the last `playerUpdate` stated it."""
        return self._account

    @property
    def known_account(self) -> AccountState:
        """Return the account; unknown again once the socket that told of it is gone."""
        return AccountState() if self._told_on is None else self._account

    @property
    def under_way(self) -> tuple[ActionRecord, ...]:
        """Return the orders whose outcome is open."""
        return tuple(each.record for each in self._open)

    @property
    def doubtful(self) -> tuple[ActionRecord, ...]:
        """Return the orders of unknown outcome that no account ever showed."""
        ended = (each for each in self._ended if not each.shown)
        return tuple(each.record for each in ended if each.record.outcome == "UNKNOWN")

    @property
    def traces(self) -> frozenset[str | None]:
        """Return the trace ids of orders that are under way or ended a moment ago."""
        return frozenset(each.record.trace_id for each in (*self._open, *self._ended))

    def follow(self, record: ActionRecord, now_us: Micros) -> Step:
        """Follow an order of ours; call it directly before the press."""
        self._open.append(Followed(record, now_us, ours=True))
        return Step("pressed", record)

    def seen(self, press: PressSeen, record: ActionRecord, now_us: Micros) -> Step:
        """Take a person's press of BUY, SELL or SIDEBET; its frame may have been heard before.

        `record`: what is known at the press. Returns what is known of the order then.
        """
        for each in self._open:
            if each.takes_press(press, record.action_type):
                each.join_press(record)
                return Step("sent", each.record)
        self._open.append(Followed(record, now_us, ours=False))
        return Step("pressed", record)

    def give_up(self, action_id: str, reason: str) -> list[Step]:
        """End an order whose press is in doubt or was not made: it stays UNKNOWN."""
        found = [each for each in self._open if each.record.action_id == action_id]
        return [self._end(each, "UNKNOWN", reason) for each in found]

    def drop(self, action_id: str) -> None:
        """Forget an order of which nothing was pressed after all."""
        self._open = [each for each in self._open if each.record.action_id != action_id]

    def hear(
        self, event: Event, stray: Callable[[], ActionRecord], shown: Container[str] = ()
    ) -> list[Step]:
        """Take an event of the page. `stray` makes the record of an order nobody pressed for.

        `shown`: what it shows as done, traces of trades and ids of orders (`Reconciler.shown`).
        """
        if event.kind == "fact":
            return self._fact(event)
        if event.direction == "sent":
            return self._sent(event, stray)
        if event.kind == "ack":
            return self._ack(event)
        if event.name in ECHOES:
            return self._echo(event)
        if event.name == "playerUpdate" and isinstance(event.payload, PlayerUpdate):
            return self._update(event, event.payload, shown)
        return []

    def due(self, now_us: Micros) -> list[Step]:
        """End what has waited too long."""
        patience = self._patience
        for each in (*self._open, *self._ended):
            each.since_us = min(each.since_us, now_us)  # the clock was set back: wait anew
        steps = [
            self._end(each, "UNKNOWN", each.doubt())
            for each in list(self._open)
            if now_us - each.since_us
            > 1e6 * (patience.frame_s if each.sent is None else patience.reply_s)
        ]
        kept = [each for each in self._ended if now_us - each.since_us < 1e6 * patience.remember_s]
        self._ended = kept
        return steps

    def _fact(self, event: Event) -> list[Step]:
        if event.name in SOCKET_ENDS:
            if _socket_of(event) == self._told_on:
                self._told_on = None
            for each in self._open:
                sent = each.sent
                each.cut |= sent is not None and event.socket_id in ("", sent.socket_id)
        return []

    def _sent(self, event: Event, stray: Callable[[], ActionRecord]) -> list[Step]:
        kind = order_of(event.name)
        if kind is None or event.kind != "event":
            return []
        asked = asked_of(event)
        may = [each for each in self._open if each.takes_frame(event, kind)]
        found = next((each for each in may if each.asks_for(asked)), may[0] if may else None)
        if found is None:
            found = Followed(
                msgspec.structs.replace(stray(), action_type=kind), event.ts, ours=False
            )
            self._open.append(found)
        found.join_frame(event)
        wrong = found.wrong_order(asked) if found.ours else ""
        if found.ours and not wrong:
            found.remark = self._of_an_earlier_press(kind, asked)
        return [Step("sent", found.record, wrong)]

    def _of_an_earlier_press(self, kind: OrderType, asked: Decimal | None) -> str:
        """Say so where a press that ended without a frame may have sent this one so late."""
        for each in self._ended:
            if each.sent is None and each.record.action_type == kind and each.asks_for(asked):
                return f"it may be the frame of {each.record.action_id}, sent late"
        return ""

    def _ack(self, event: Event) -> list[Step]:
        for each in self._open:
            if each.is_ack(event):
                each.join_ack(event)
                return self._replied(each)
        return self._late(each for each in self._ended if each.is_ack(event) and each.ack is None)

    def _echo(self, event: Event) -> list[Step]:
        for each in self._open:
            if each.is_echo(event) and not each.echoed:
                each.join_echo(event)
                return self._replied(each)
        for each in self._ended:
            if each.is_echo(event) and each.record.outcome == "REJECTED":
                return [Step("late", each.record, f"{each.record.action_id}: {YET_DONE}")]
        return self._late(each for each in self._ended if each.is_echo(event) and not each.echoed)

    def _replied(self, each: Followed) -> list[Step]:
        return self._concluded(each) or [Step("replied", each.record)]

    def _update(self, event: Event, update: PlayerUpdate, shown: Container[str]) -> list[Step]:
        """Learn what the account is, and which orders that shows."""
        after = account_of(update, self._account)
        self._account, self._told_on = after, event.socket_id
        steps: list[Step] = []
        done = [each for each in self._open if each.is_among(shown, event.ts)]
        kinds = {each.record.action_type for each in done}
        for each in list(self._open):
            if each in done:
                each.join_update(after, event.ts)
                steps += self._concluded(each)
            elif each.record.action_type in kinds:
                each.rebase(after)
        return steps

    def _concluded(self, each: Followed) -> list[Step]:
        """End an order when enough is known."""
        if each.ack is False and (each.echoed or each.shown):
            return [self._end(each, "UNKNOWN", YET_DONE, halt=True)]
        if each.remark and (each.ack is False or (each.shown and (each.echoed or each.ack))):
            return [self._end(each, "UNKNOWN", each.remark)]
        if each.ack is False:
            return [self._end(each, "REJECTED", each.refusal or "the server refused it")]
        if each.shown and (each.echoed or each.ack):
            return [self._end(each, "CONFIRMED", "")]
        return []

    def _end(
        self,
        each: Followed,
        outcome: Literal["CONFIRMED", "REJECTED", "UNKNOWN"],
        error: str,
        *,
        halt: bool = False,
    ) -> Step:
        self._open.remove(each)
        self._ended.append(each)
        each.conclude(outcome, error)
        doubtful = outcome == "UNKNOWN" and each.ours
        reason = f"{each.record.action_id}: {error}" if halt or doubtful else ""
        return Step("done", each.record, reason)

    def _late(self, found: Iterable[Followed]) -> list[Step]:
        """Tell of a reply to an order that ended without it; its outcome stays what was told."""
        return [Step("late", each.record) for each in found if each.record.outcome == "UNKNOWN"]


class _Ended(Struct):
    socket: str = ""


def _socket_of(event: Event) -> str:
    """Return which socket a fact says has ended."""
    try:
        return msgspec.json.decode(event.data, type=_Ended).socket
    except msgspec.DecodeError:
        return ""
