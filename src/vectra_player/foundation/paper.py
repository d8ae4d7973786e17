"""A paper account: the engine by hand, what happened to its actions, and how it compares.

Pure: it is shown steps of a game and given actions; no clock, no I/O. Paper trading on the live
feed (`paper_desk`) and practice in a replay (`practice`) keep one each.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Literal

import msgspec
from msgspec import Struct

from vectra_player.foundation.paper_facts import FAILED, TYPES, Made, record_of, state_of, verdict
from vectra_player.foundation.paper_records import (
    AccountView,
    ActionNote,
    Actor,
    Holding,
    Mode,
    OpenBet,
    Pending,
    ScoreRow,
    TradeState,
    WalletRequest,
)
from vectra_player.foundation.paper_score import CoinShadow, Score, Sums, kept
from vectra_player.model.action import ActionRecord
from vectra_player.strategy.actions import Action
from vectra_player.strategy.hand import HandEngine
from vectra_player.strategy.latency import Latency
from vectra_player.strategy.limits import Marks
from vectra_player.strategy.market import Market
from vectra_player.strategy.paper import PaperBroker
from vectra_player.strategy.records import Decision, Outcome

NOTES_KEPT = 50

_OVER = frozenset({"sold", "refused", "missed", "won", "lost", "void", "bought"})
"""After these nothing more becomes of a decision."""


class Saved(Struct, frozen=True):
    """An account as it is worth keeping: no game of it is open. `cash` is free, to a lamport.

    marks: what its limits are measured from; None in a file of an earlier version.
    """

    wallet: WalletRequest
    cash: Decimal
    score: Sums
    coin_cash: Decimal
    coin_score: Sums
    marks: Marks | None = None


def unheard(record: ActionRecord) -> None:
    """Take no notice of what became of an order."""


class PaperAccount:
    """A wallet, its orders and bets over any number of games."""

    def __init__(
        self,
        wallet: WalletRequest,
        mode: Mode,
        saved: Saved | None = None,
        *,
        numbers_after: int = 0,
        keep: Callable[[ActionRecord], None] = unheard,
    ) -> None:
        """`saved`: go on from there; its wallet must be this one.

        `numbers_after`: actions are numbered on from there. `keep` is given what became of each
        order, once.
        """
        self.wallet = wallet
        self._mode: Mode = mode
        cash = wallet.start_cash if saved is None else saved.cash
        self._broker = PaperBroker(
            cash, latency=Latency.ms(wallet.latency_ms), numbers_after=numbers_after
        )
        self._engine = HandEngine(
            self._broker,
            limits=wallet.limits.of_a_run(),
            start_cash=wallet.start_cash,
            marks=None if saved is None else saved.marks,
        )
        self._coin = CoinShadow(
            wallet, None if saved is None else (saved.coin_cash, saved.coin_score)
        )
        self._score = Score(Sums() if saved is None else saved.score)
        self._keep = keep
        self._made: dict[int, Made] = {}
        self._holder: Actor = "human"
        self._acted_in = -1
        self._notes: deque[ActionNote] = deque(maxlen=NOTES_KEPT)

    @property
    def idle(self) -> bool:
        """Tell whether nothing is held, staked or under way."""
        broker = self._broker
        return not (broker.ledger.position.qty or broker.bet or broker.pending)

    @property
    def last_number(self) -> int:
        """Return the number of the last action."""
        return self._broker.last_number

    @property
    def resting(self) -> bool:
        """Tell whether steps that are left out now would change nothing of what is told."""
        played = self._engine.context.games_played != self._acted_in
        return played and self.idle and self._coin.idle

    @property
    def between_games(self) -> bool:
        """Tell whether the books of the last game shown are closed."""
        return not self._engine.playing

    def see(self, market: Market, now_ms: int) -> list[ActionNote]:
        """Move on to a step; return what became of earlier actions."""
        self._engine.step(market)
        self._coin.see(market)
        self._score.take(self._engine.context)
        return self._told(now_ms)

    def act(self, action: Action, actor: Actor, now_ms: int, run: str | None = None) -> ActionNote:
        """Take in an action; return what became of it at once. Raises UsageError: no game yet.

        `run`: the strategy run that decided it.
        """
        before = state_of(self._broker.ledger)
        done = self._engine.act(action)
        self._acted_in = self._engine.context.games_played
        self._made[done.decision.number] = Made(
            decision=done.decision, actor=actor, run=run, made_ms=now_ms, before=before
        )
        if done.outcome is not None:
            return self._told(now_ms)[-1]
        note = self._note_of(done.decision, actor, now_ms)
        self._notes.appendleft(note)
        return note

    def saved(self) -> Saved:
        """Return what to keep: what is open counts as in a game whose end nobody saw."""
        free, score = kept(self._broker.ledger, self._score.sums, self.wallet)
        return Saved(self.wallet, free, score, *self._coin.saved(), self._engine.marks)

    def view(self) -> AccountView:
        """Return the account as it stands."""
        ledger, bet, context = self._broker.ledger, self._broker.bet, self._engine.context
        equity = ledger.equity(context.price if ledger.position.qty else 0.0)
        stopped = self._engine.stopped
        return AccountView(
            start_cash=self.wallet.cash,
            cash=float(ledger.cash),
            at_risk=float(ledger.at_risk),
            equity=float(equity),
            profit=float(equity - self.wallet.start_cash),
            realised=float(ledger.realised),
            sidebet_pnl=float(ledger.sidebet_pnl),
            invested=float(ledger.total_invested),
            holding=self._holding(),
            sidebet=None
            if bet is None
            else OpenBet(
                game_id=context.game_id,
                start_tick=bet.start_tick,
                end_tick=bet.end_tick,
                amount=float(bet.stake),
            ),
            pending=[self._pending(decision) for decision in self._broker.pending],
            stopped=None if stopped is None else stopped.message,
        )

    def state(self, more: Iterable[ScoreRow] = ()) -> TradeState:
        """Return everything of the account; `more`: lines for the score card."""
        mode: Literal["PAPER", "PRACTICE"] = "PAPER" if self._mode == "paper" else "PRACTICE"
        nothing = Score().row("never betting")
        rows = [self._score.row("you"), *more, nothing, self._coin.row()]
        return TradeState(
            mode=mode,
            account=self.view(),
            latency_ms=self.wallet.latency_ms,
            limits=self.wallet.limits,
            actions=list(self._notes),
            score=rows,
        )

    def _holding(self) -> Holding | None:
        position = self._broker.ledger.position
        if not position.qty:
            return None
        return Holding(
            qty=float(position.qty),
            cost=float(position.cost),
            avg_cost=float(position.avg_cost),
            entry_tick=self._broker.entry_tick,
            entry_price=self._broker.entry_price,
        )

    def _pending(self, decision: Decision) -> Pending:
        return Pending(
            action_id=self._name(decision.number),
            action_type=TYPES[decision.action],
            value=float(decision.value),
            tick=decision.tick,
        )

    def _name(self, number: int) -> str:
        return f"{self._mode}-{number}"

    def _told(self, now_ms: int) -> list[ActionNote]:
        """Write down what the engine noted since the last call, oldest first."""
        notes = []
        for outcome in self._engine.outcomes:
            self._coin.follow(outcome, self._broker)
            note = self._note_on(outcome, now_ms)
            self._notes.appendleft(note)
            notes.append(note)
        self._engine.outcomes.clear()
        self._engine.decisions.clear()
        return notes

    def _note_of(self, decision: Decision, actor: Actor, now_ms: int) -> ActionNote:
        share = decision.action == "sell"
        return ActionNote(
            action_id=self._name(decision.number),
            action_type=TYPES[decision.action],
            actor=actor,
            mode=self._mode,
            outcome=None,
            kind="submitted",
            ts=now_ms,
            game_id=decision.game_id,
            amount=None if share else float(decision.value),
            percentage=float(decision.value) if share else None,
            game_context_tick=decision.tick,
            game_context_price=decision.price,
            game_context_phase=decision.phase.value,
        )

    def _note_on(self, outcome: Outcome, now_ms: int) -> ActionNote:
        number = outcome.number
        made = None if number is None else self._made.get(number)
        if outcome.kind in _OVER and number is not None:
            self._made.pop(number, None)
        if made is None:
            return self._note_at_rug(outcome, now_ms)
        if outcome.kind == "bought":
            self._holder = made.actor
        failed = outcome.kind in FAILED
        record = record_of(made, outcome, state_of(self._broker.ledger), self._mode, now_ms)
        if record is not None:
            self._keep(record)
        return msgspec.structs.replace(
            self._note_of(made.decision, made.actor, now_ms),
            outcome=verdict(outcome),
            kind=outcome.kind,
            executed_tick=None if failed else outcome.tick,
            executed_price=None if failed else outcome.price,
            error=outcome.message or None,
            **_figures(outcome),
        )

    def _note_at_rug(self, outcome: Outcome, now_ms: int) -> ActionNote:
        """Tell what was taken without a decision: the holding at the rug."""
        return ActionNote(
            action_id=None,
            action_type="SELL",
            actor=self._holder,
            mode=self._mode,
            outcome="CONFIRMED",
            kind=outcome.kind,
            ts=now_ms,
            game_id=outcome.game_id,
            executed_tick=outcome.tick,
            executed_price=outcome.price,
            error=outcome.message or None,
            **_figures(outcome),
        )


def _figures(outcome: Outcome) -> dict[str, Any]:
    """Return what an outcome moved: nothing for a refused order, no amount at a bet's end."""
    told: dict[str, Any] = {"cash": float(outcome.cash), "reason": outcome.reason}
    if outcome.kind in ("refused", "missed"):
        return told
    if outcome.kind in ("bought", "sold", "rugged", "placed"):
        told["amount"] = float(outcome.amount)
    qty = float(outcome.qty) if outcome.qty else None
    return {**told, "qty": qty, "profit": float(outcome.profit)}
