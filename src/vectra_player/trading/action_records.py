"""Make the records of actions: of an order, of a person's press, of what nobody saw the end of.

Pure; used by `trader` only.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from msgspec.structs import replace

from vectra_player.live.values import sol
from vectra_player.model.press import PressSeen
from vectra_player.model.units import Millis
from vectra_player.trading.memory import UnderWay
from vectra_player.trading.records import (
    AccountState,
    ActionRecord,
    ClickMode,
    Order,
    OrderType,
    Refusal,
    Scene,
)


def of_order(order: Order, scene: Scene, account: AccountState) -> ActionRecord:
    """Return the record of an order that is about to be carried out."""
    return ActionRecord(
        action_id=order.action_id,
        action_type=order.action_type,
        button=order.action_type,
        actor=order.actor,
        mode=order.mode,
        outcome="UNKNOWN",
        amount=order.amount,
        percentage=None if order.percentage is None else float(order.percentage),
        strategy=order.strategy,
        intent_ts=scene.now_us // 1000,
        state_before=account,
        **context(scene),
    )


def of_lost(way: UnderWay) -> ActionRecord:
    """Return the record of an order of a service before this one."""
    return ActionRecord(
        action_id=way.action_id,
        action_type=way.action_type,
        button=way.action_type,
        actor=way.actor,
        mode=way.mode,
        outcome="UNKNOWN",
        amount=way.amount,
        percentage=None if way.percentage is None else float(way.percentage),
        strategy=way.strategy,
        game_id=way.game_id,
        intent_ts=way.at_us // 1000,
        error="the service ended before its outcome was known",
    )


def by_person(action_id: str, mode: ClickMode, scene: Scene, account: AccountState) -> ActionRecord:
    """Return the record of something nobody ordered through us."""
    return ActionRecord(
        action_id=action_id,
        action_type="BUY",
        button="",
        actor="human",
        mode=mode,
        outcome="UNKNOWN",
        state_before=account,
        **context(scene),
    )


def pressed_order(
    record: ActionRecord, kind: OrderType, press: PressSeen, sequence: str | None
) -> ActionRecord:
    """Return a person's record with what a press of an order's button tells."""
    sells = kind == "SELL"
    return replace(
        record,
        action_type=kind,
        amount=None if sells else _number(press.amount),
        percentage=_percent(press.percentage) if sells else None,
        sequence=sequence,
    )


def prepared(record: ActionRecord, press: PressSeen | None) -> ActionRecord:
    """Return the record of a press that sends nothing: all there is is what the page showed."""
    share = record.button.endswith("%")
    amount = None if share or press is None else _number(press.amount)
    percentage = _percent(press.percentage) if share and press is not None else None
    shown = percentage == _percent(record.button) if share else _added(record.button, amount)
    taken = press is not None and press.trusted and shown
    return replace(
        record,
        action_type="PERCENTAGE" if share else "BET_INCREMENT",
        outcome="CONFIRMED" if taken else "UNKNOWN",
        amount=amount,
        percentage=percentage,
        error=None if taken else "the page does not show it",
    )


def _added(button: str, amount: Decimal | None) -> bool:
    """Tell whether an amount can be what is left after a press of this button."""
    least = _number(button.removeprefix("+")) if button.startswith("+") else Decimal(0)
    return amount is not None and least is not None and amount >= least


def blocked(record: ActionRecord, refusal: Refusal) -> ActionRecord:
    """Return the record of an order that was not pressed, with the reason."""
    return replace(record, outcome="BLOCKED", error=f"{refusal.code}: {refusal.message}")


def at_press(record: ActionRecord, scene: Scene, press_ts: Millis) -> ActionRecord:
    """Return an order's record with the moment of its press."""
    return replace(record, press_ts=press_ts, **context(scene))


def context(scene: Scene) -> dict[str, Any]:
    """Return the fields that say where the game stood."""
    return {
        "game_id": scene.game_id,
        "game_context_tick": scene.tick,
        "game_context_price": scene.price,
        "game_context_phase": scene.phase.value,
    }


def _number(text: str | None) -> Decimal | None:
    try:
        return None if text is None else sol(Decimal(text.strip().replace(",", ".")))
    except InvalidOperation:
        return None


def _percent(text: str | None) -> float | None:
    number = _number(None if text is None else text.removesuffix("%"))
    return None if number is None else float(number)
