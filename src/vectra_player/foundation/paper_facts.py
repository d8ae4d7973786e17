"""What is recorded of a paper order: one `ActionRecord` when its first outcome is known.

Pure. Used by `foundation.paper`.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from vectra_player.foundation.paper_records import Actor, Mode
from vectra_player.game.positions import Ledger
from vectra_player.model.action import AccountState, ActionRecord, OutcomeName
from vectra_player.model.units import Millis
from vectra_player.strategy.records import ActionName, Decision, Outcome, OutcomeKind

OrderType = Literal["BUY", "SELL", "SIDEBET"]
TYPES: dict[ActionName, OrderType] = {"buy": "BUY", "sell": "SELL", "sidebet": "SIDEBET"}

_FIRST: frozenset[OutcomeKind] = frozenset({"bought", "sold", "placed", "refused", "missed"})
"""What becomes of an order itself; a sidebet's end comes after it was placed."""

FAILED: frozenset[OutcomeKind] = frozenset({"refused", "missed"})


class Made(Struct, frozen=True, kw_only=True):
    """A decision under way: by whom and which run, when, and what the account was then."""

    decision: Decision
    actor: Actor
    run: str | None
    made_ms: Millis
    before: AccountState


def verdict(outcome: Outcome) -> OutcomeName:
    """Return the outcome as an action's row tells it."""
    if outcome.kind not in FAILED:
        return "CONFIRMED"
    return "BLOCKED" if outcome.reason == "limit" else "REJECTED"


def state_of(ledger: Ledger) -> AccountState:
    """Return the books as an action's row tells them."""
    position = ledger.position
    return AccountState(
        cash=ledger.cash,
        position_qty=position.qty,
        avg_cost=float(position.avg_cost) if position.qty else None,
    )


def record_of(
    made: Made, outcome: Outcome, after: AccountState, mode: Mode, now_ms: Millis
) -> ActionRecord | None:
    """Return the record of an order at its first outcome, None at a later one.

    Its latency is the simulated one, by the clock of this machine: from the decision to the step
    of the game that carried it out.
    """
    if outcome.kind not in _FIRST:
        return None
    decision, failed = made.decision, outcome.kind in FAILED
    share = decision.action == "sell"
    took_ms = float(now_ms - made.made_ms)
    blocked = outcome.reason == "limit"
    return ActionRecord(
        action_id=f"{mode}-{decision.number}",
        action_type=TYPES[decision.action],
        button=TYPES[decision.action],
        actor=made.actor,
        mode=mode,
        outcome=verdict(outcome),
        amount=None if share and failed else (outcome.amount if share else decision.value),
        percentage=float(decision.value) if share else None,
        strategy=made.run,
        game_id=decision.game_id,
        intent_ts=made.made_ms,
        game_context_tick=decision.tick,
        game_context_price=decision.price,
        game_context_phase=decision.phase.value,
        state_before=made.before,
        state_after=after,
        client_ts=None if blocked else made.made_ms,
        confirmed_ts=None if failed else now_ms,
        confirm_latency_ms=None if failed else took_ms,
        total_latency_ms=None if failed else took_ms,
        executed_price=None if failed else outcome.price,
        executed_tick=None if failed else outcome.tick,
        qty=outcome.qty or None,
        profit=outcome.profit if outcome.kind == "sold" else None,
        error=outcome.message or None,
    )
