"""A run played again with what really became of its orders: does the strategy decide the same?

The broker here carries nothing out: it books what the run heard, at the step at which it heard it,
and checks it against the rules. Where the strategy then decides as it did in the run, every other
difference to a backtest comes from those outcomes. Used by `analysis.drift`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from vectra_player.game.positions import RUG_PAYOUT, ZERO, Ledger, Position, RugPayout
from vectra_player.game.refusal import RefusedError
from vectra_player.game.sidebet import PAYOUT_MULTIPLE, Bet
from vectra_player.model.run import RunAccount, RunDecision, RunGame, RunOutcome
from vectra_player.model.units import Tick, to_sol
from vectra_player.protocol.phases import GamePhase
from vectra_player.strategy.actions import Action, Buy, PlaceSidebet
from vectra_player.strategy.market import Market
from vectra_player.strategy.paper import Submitted
from vectra_player.strategy.records import ActionName, Decision, Outcome, OutcomeReason

STAGES = {
    GamePhase.COOLDOWN.value: 0,
    GamePhase.BETTING.value: 1,
    GamePhase.LIVE.value: 2,
    GamePhase.RUGGED.value: 3,
}
SET_BACK = frozenset({"reset", "restart"})
"""Kinds of outcomes that put another account in the place of the one there was."""


@dataclass(frozen=True)
class Otherwise:
    """A place where the strategy decides otherwise than in the run; None: nothing at all."""

    game_id: str
    tick: Tick
    then: str | None
    now: str | None

    def sentence(self) -> str:
        """Say it."""
        return (
            f"tick {self.tick}: the run decided {self.then or 'nothing'}, "
            f"shown the same again the strategy decides {self.now or 'nothing'}"
        )


@dataclass(frozen=True)
class Misbooked:
    """An outcome that is not what the rules give: `told` and `ruled` are the cash after it."""

    game_id: str
    outcome: RunOutcome
    told: Decimal
    ruled: Decimal


class Retold:
    """A broker that repeats what a run heard; see `strategy.engine.Broker`."""

    def __init__(self, account: RunAccount, games: Sequence[RunGame]) -> None:
        self._games = {game.game_id: game for game in games}
        self._ledger = _ledger(account)
        start = account.bet_start
        self._bet = None if start is None else Bet("me", start, account.at_risk)
        self._entry = (account.entry_tick, account.entry_price)
        self._market: Market | None = None
        self._pending: dict[int, Decision] = {}
        self._due: list[RunDecision] = []
        self._coming: list[RunOutcome] = []
        self._own: set[int] = set()
        self.otherwise: list[Otherwise] = []
        self.misbooked: list[Misbooked] = []

    @property
    def rug_payout(self) -> RugPayout:
        """Return what a holding pays at the rug."""
        return RUG_PAYOUT

    @property
    def ledger(self) -> Ledger:
        """Return the books."""
        return self._ledger

    @property
    def bet(self) -> Bet | None:
        """Return the open sidebet."""
        return self._bet

    @property
    def pending(self) -> tuple[Decision, ...]:
        """Return the decisions under way."""
        return tuple(self._pending.values())

    @property
    def entry_tick(self) -> Tick | None:
        """Return the tick the holding was first bought at."""
        return self._entry[0]

    @property
    def entry_price(self) -> float | None:
        """Return the price the holding was first bought at."""
        return self._entry[1]

    def step(self, market: Market) -> list[Outcome]:
        """Move on; book what the run had heard by then."""
        heard: list[Outcome] = []
        if self._market is None or self._market.game_id != market.game_id:
            heard = self.abandon()
            self._open(market)
        else:
            self._check_due(market)
        self._market = market
        return heard + self._arrived((STAGES[market.phase.value], market.tick))

    def submit(self, action: Action) -> Submitted:
        """Take in a decision: it is the next one of the run, or the strategy decides otherwise."""
        return self._answered(action, None)

    def refuse(self, action: Action, reason: OutcomeReason, message: str) -> Submitted:
        """Take in a decision that a limit of the run forbids."""
        return self._answered(action, (reason, message))

    def abandon(self) -> list[Outcome]:
        """Book what is left of a game."""
        if self._market is not None:
            self._check_due(None)
        heard = self._arrived((4, 0))
        self._pending.clear()
        return heard

    # Inside ---------------------------------------------------------------------------------

    def _open(self, market: Market) -> None:
        game = self._games.get(market.game_id)
        self._due = list(game.decisions) if game is not None else []
        self._coming = list(game.outcomes) if game is not None else []
        self._own = {decision.number for decision in self._due}

    def _check_due(self, market: Market | None) -> None:
        """Note the decisions of the run at earlier steps that did not come again."""
        here = (4, 0) if market is None else (STAGES[market.phase.value], market.tick)
        while self._due and (STAGES[self._due[0].phase], self._due[0].tick) < here:
            missing = self._due.pop(0)
            self._differs(missing.tick, _said(missing.action, missing.value), None)

    def _answered(self, action: Action, refused: tuple[OutcomeReason, str] | None) -> Submitted:
        market = self._market
        if market is None:
            raise ValueError("no step of a game was seen yet")
        name, value = _named(action)
        place = (market.phase.value, market.tick)
        due = (
            self._due[0] if self._due and (self._due[0].phase, self._due[0].tick) == place else None
        )
        if due is None or (due.action, due.value) != (name, value):
            then = None if due is None else _said(due.action, due.value)
            self._differs(market.tick, then, _said(name, value))
            return Submitted(*self._nothing(market, name, value, refused))
        self._due.pop(0)
        decision = Decision(
            due.number, market.game_id, market.phase, market.tick, market.price, name, value
        )
        for outcome in self._coming:
            if outcome.number == due.number and outcome.at_once:
                self._coming.remove(outcome)
                return Submitted(decision, self._book(outcome))
        self._pending[due.number] = decision
        return Submitted(decision)

    def _nothing(
        self,
        market: Market,
        name: ActionName,
        value: Decimal,
        refused: tuple[OutcomeReason, str] | None,
    ) -> tuple[Decision, Outcome]:
        """Refuse what the run did not decide."""
        reason, message = refused or ("closed", "the run did not decide this")
        at = (market.game_id, market.phase, market.tick, market.price)
        outcome = Outcome(
            0, "refused", market.game_id, market.tick, market.price, ZERO, ZERO, ZERO,
            self._ledger.cash, reason, message,
        )  # fmt: skip
        return Decision(0, *at, name, value), outcome

    def _differs(self, tick: Tick, then: str | None, now: str | None) -> None:
        game_id = self._market.game_id if self._market is not None else ""
        self.otherwise.append(Otherwise(game_id, tick, then, now))

    def _arrived(self, here: tuple[int, Tick]) -> list[Outcome]:
        """Book what was heard by a place; not what is of a decision that comes only later."""
        ready = [
            one
            for one in self._coming
            if (STAGES[one.phase], one.heard) <= here
            and not one.at_once
            and (one.number in self._pending or one.number not in self._own or _ends(one))
        ]
        for one in ready:
            self._coming.remove(one)
        return [self._book(one) for one in ready if self._set_back(one)]

    def _set_back(self, outcome: RunOutcome) -> bool:
        """Put another account in place where an outcome says so; tell whether it is another."""
        if outcome.kind not in SET_BACK:
            return True
        self._ledger = Ledger(outcome.cash, Position(outcome.qty, outcome.amount))
        self._bet, self._entry = None, (None, None)
        self._pending.clear()
        return False

    def _book(self, outcome: RunOutcome) -> Outcome:
        """Move the books as the run heard it, and check them by the rules."""
        if outcome.number is not None:
            self._pending.pop(outcome.number, None)
        ruled = self._ruled(outcome)
        ledger = self._ledger
        position, realised = ledger.position, ledger.realised
        if outcome.kind == "bought":
            position = Position(position.qty + outcome.qty, position.cost + outcome.amount)
            ledger = replace(ledger, total_invested=ledger.total_invested + outcome.amount)
            if self._entry[0] is None:
                self._entry = (outcome.tick, outcome.price)
        elif outcome.kind in ("sold", "rugged"):
            cost = outcome.amount - outcome.profit
            position = Position(position.qty - outcome.qty, position.cost - cost)
            realised += outcome.profit
            if not position.qty:
                position, self._entry = Position(), (None, None)
        elif outcome.kind == "placed":
            start = outcome.tick if STAGES[outcome.phase] >= STAGES["LIVE"] else 0
            self._bet = Bet("me", start, outcome.amount)
            invested = ledger.total_invested + outcome.amount
            ledger = replace(ledger, at_risk=outcome.amount, total_invested=invested)
        elif outcome.kind in ("won", "lost", "void"):
            self._bet = None
            pnl = ledger.sidebet_pnl + outcome.profit
            ledger = replace(ledger, at_risk=ZERO, sidebet_pnl=pnl)
        self._ledger = replace(ledger, cash=outcome.cash, position=position, realised=realised)
        if ruled is not None and ruled != outcome.cash:
            game_id = self._market.game_id if self._market is not None else ""
            self.misbooked.append(Misbooked(game_id, outcome, outcome.cash, ruled))
        return _outcome(outcome, self._market)

    def _ruled(self, outcome: RunOutcome) -> Decimal | None:
        """Return the cash the rules give after an outcome; None where they say nothing."""
        ledger = self._ledger
        try:
            if outcome.kind == "bought":
                return ledger.buy(outcome.amount, outcome.price)[0].cash
            if outcome.kind == "sold":
                return ledger.cash + to_sol(outcome.qty * Decimal(str(outcome.price)))
            if outcome.kind == "rugged":
                price = 0.0 if outcome.reason else outcome.price
                return ledger.close_at_rug(price)[0].cash
            if outcome.kind == "placed":
                return ledger.cash - outcome.amount
        except RefusedError:
            return None
        if outcome.kind == "won":
            return ledger.cash + to_sol(ledger.at_risk * PAYOUT_MULTIPLE)
        if outcome.kind == "void":
            return ledger.cash + ledger.at_risk
        return ledger.cash if outcome.kind in ("lost", "refused", "missed") else None


def _ends(outcome: RunOutcome) -> bool:
    """Tell whether an outcome is the end of what an earlier one began."""
    return outcome.kind in ("won", "lost", "void")


def _ledger(account: RunAccount) -> Ledger:
    position = Position(account.qty, account.cost)
    return Ledger(account.cash, position, account.at_risk)


def _named(action: Action) -> tuple[ActionName, Decimal]:
    if isinstance(action, Buy | PlaceSidebet):
        return ("buy" if isinstance(action, Buy) else "sidebet"), action.amount
    return "sell", action.percentage


def _said(name: str, value: Decimal) -> str:
    return f"{name} {value.normalize():f}{' %' if name == 'sell' else ' SOL'}"


def _outcome(told: RunOutcome, market: Market | None) -> Outcome:
    return Outcome(
        told.number,
        told.kind,  # type: ignore[arg-type]
        market.game_id if market is not None else "",
        told.tick,
        told.price,
        told.amount,
        told.qty,
        told.profit,
        told.cash,
        told.reason,  # type: ignore[arg-type]
        told.message,
    )
