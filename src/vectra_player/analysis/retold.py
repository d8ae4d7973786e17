"""A run played again with what really became of its orders: does the strategy decide the same?

The broker here carries nothing out: it shows the account as the run was shown it and repeats what
it heard, step by step. Where the strategy then decides as it did in the run, every difference to a
backtest comes from those outcomes. `misbooked` checks them by the rules. Used by `analysis.drift`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from vectra_player.analysis.drift_lines import STAGE
from vectra_player.game.positions import RUG_PAYOUT, ZERO, Ledger, Position, RugPayout
from vectra_player.game.sidebet import PAYOUT_MULTIPLE, Bet
from vectra_player.model.run import RunAccount, RunDecision, RunGame, RunOutcome, RunShown
from vectra_player.model.units import Tick, to_sol
from vectra_player.protocol.phases import GamePhase
from vectra_player.strategy.actions import Action, Buy, PlaceSidebet
from vectra_player.strategy.market import Market
from vectra_player.strategy.paper import Submitted
from vectra_player.strategy.records import ActionName, Decision, Outcome, OutcomeReason

OVER = (4, 0)
"""A place after every step of a game."""

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
            f"at tick {self.tick} the run decided {self.then or 'nothing'}; "
            f"shown the same again the strategy decides {self.now or 'nothing'}"
        )


class Retold:
    """A broker that repeats what a run was shown and heard; see `strategy.engine.Broker`."""

    def __init__(self, account: RunAccount, games: Sequence[RunGame]) -> None:
        self._games = {game.game_id: game for game in games}
        self._market: Market | None = None
        self._due: list[RunDecision] = []
        self._coming: list[RunOutcome] = []
        self._shown: list[RunShown] = []
        self._here = (-1, 0)
        self.otherwise: list[Otherwise] = []
        self._show(RunShown(account=account))

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
        return self._pending

    @property
    def entry_tick(self) -> Tick | None:
        """Return the tick the holding was first bought at."""
        return self._account.entry_tick

    @property
    def entry_price(self) -> float | None:
        """Return the price the holding was first bought at."""
        return self._account.entry_price

    def step(self, market: Market) -> list[Outcome]:
        """Move on: show the account of that step, and return what the run had heard by then."""
        heard: list[Outcome] = []
        if self._market is None or self._market.game_id != market.game_id:
            heard = self.abandon()
            self._open(market)
            self._here = (-1, 0)
        here = STAGE[market.phase.value], market.tick
        self._check_due(here)
        again, self._market, self._here = here == self._here, market, here
        while self._shown and self._is_due(self._shown[0], again):
            self._show(self._shown.pop(0))
        return heard + self._heard(here)

    def submit(self, action: Action) -> Submitted:
        """Take in a decision: it is the next one of the run, or the strategy decides otherwise."""
        return self._answered(action, "closed", "the run did not decide this")

    def refuse(self, action: Action, reason: OutcomeReason, message: str) -> Submitted:
        """Take in a decision that a limit of the run forbids."""
        return self._answered(action, reason, message)

    def abandon(self) -> list[Outcome]:
        """Return what was heard at the end of a game."""
        self._check_due(OVER)
        return self._heard(OVER)

    # Inside ---------------------------------------------------------------------------------

    def _open(self, market: Market) -> None:
        game = self._games.get(market.game_id)
        self._due = list(game.decisions) if game is not None else []
        self._coming = list(game.outcomes) if game is not None else []
        self._shown = list(game.shown) if game is not None else []

    def _is_due(self, shown: RunShown, again: bool) -> bool:
        """Tell whether an account is shown at this step; `again`: it is told a second time."""
        place = STAGE[shown.phase], shown.tick
        return place < self._here or (place == self._here and (again or not shown.again))

    def _show(self, shown: RunShown) -> None:
        account = self._account = shown.account
        position = Position(account.qty, account.cost)
        self._ledger = Ledger(
            account.cash, position, account.at_risk, account.realised, account.sidebet_pnl,
            account.invested,
        )  # fmt: skip
        start = account.bet_start
        self._bet = None if start is None else Bet("me", start, account.at_risk)
        game_id = self._market.game_id if self._market is not None else ""
        self._pending = tuple(
            Decision(one.number, game_id, GamePhase.LIVE, one.tick, 0.0, one.action, one.value)
            for one in shown.pending
        )

    def _check_due(self, here: tuple[int, Tick]) -> None:
        """Note the decisions of the run at earlier steps that did not come again."""
        while self._due and (STAGE[self._due[0].phase], self._due[0].tick) < here:
            missing = self._due.pop(0)
            self._differs(missing.tick, _said(missing.action, missing.value), None)

    def _answered(self, action: Action, reason: OutcomeReason, message: str) -> Submitted:
        market = self._market
        if market is None:
            raise ValueError("no step of a game was seen yet")
        name, value = _named(action)
        due = self._next(market)
        if due is None or (due.action, due.value) != (name, value):
            then = None if due is None else _said(due.action, due.value)
            self._differs(market.tick, then, _said(name, value))
            return self._refused(market, name, value, reason, message)
        self._due.pop(0)
        at = (market.game_id, market.phase, market.tick, market.price)
        decision = Decision(due.number, *at, name, value)
        self._show(due.shown)
        for told in self._coming:
            if told.number == due.number and told.at_once:
                self._coming.remove(told)
                return Submitted(decision, _outcome(told, market.game_id))
        return Submitted(decision)

    def _next(self, market: Market) -> RunDecision | None:
        due = self._due[0] if self._due else None
        here = (market.phase.value, market.tick)
        return due if due is not None and (due.phase, due.tick) == here else None

    def _refused(
        self,
        market: Market,
        name: ActionName,
        value: Decimal,
        reason: OutcomeReason,
        message: str,
    ) -> Submitted:
        """Refuse what the run did not decide."""
        at = (market.game_id, market.phase, market.tick, market.price)
        outcome = Outcome(
            0, "refused", market.game_id, market.tick, market.price, ZERO, ZERO, ZERO,
            self._ledger.cash, reason, message,
        )  # fmt: skip
        return Submitted(Decision(0, *at, name, value), outcome)

    def _differs(self, tick: Tick, then: str | None, now: str | None) -> None:
        game_id = self._market.game_id if self._market is not None else ""
        self.otherwise.append(Otherwise(game_id, tick, then, now))

    def _heard(self, here: tuple[int, Tick]) -> list[Outcome]:
        """Return what was heard by a place, and not as the answer to a decision."""
        ready = [
            one for one in self._coming if not one.at_once and (STAGE[one.phase], one.heard) <= here
        ]
        for one in ready:
            self._coming.remove(one)
        game_id = self._market.game_id if self._market is not None else ""
        return [_outcome(one, game_id) for one in ready if one.kind not in SET_BACK]


# The rules ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Misbooked:
    """An outcome whose amount is not what the rules give, or at the end the cash itself."""

    game_id: str
    what: str
    told: Decimal
    ruled: Decimal


def misbooked(
    start: Decimal, games: Sequence[RunGame], *, late: bool = False
) -> Iterator[Misbooked]:
    """Yield what the rules do not give: amounts of outcomes, and the cash they lead to.

    late: the account is told after what moved it, so that a game's cash is that of the next begin.
    """
    cash, stakes, wrong = start, dict[int | None, Decimal](), False
    for game in games:
        if late and cash != game.cash_before and not wrong:
            wrong = True
            yield Misbooked(game.game_id, "cash at its begin", game.cash_before, cash)
        for told in game.outcomes:
            if told.kind in SET_BACK:
                cash = told.cash
                continue
            if told.kind == "placed":
                stakes[told.number] = told.amount
            ruled = _ruled(told, stakes.get(told.number))
            if ruled is not None and ruled[0] != ruled[1]:
                what = f"{told.kind} at tick {told.tick}"
                yield Misbooked(game.game_id, what, *ruled)
            cash += _moved(told)
    if games and not late and not games[-1].cut and cash != games[-1].cash_after:
        last = games[-1]
        yield Misbooked(last.game_id, "cash at the end", last.cash_after, cash)


def _ruled(told: RunOutcome, stake: Decimal | None) -> tuple[Decimal, Decimal] | None:
    """Return an amount as it was told and as the rules give it; None where they say nothing."""
    price = Decimal(str(told.price))
    if told.kind == "bought" and price:
        return told.qty, to_sol(told.amount / price)
    if told.kind == "sold" or (told.kind == "rugged" and told.reason is None):
        return told.amount, to_sol(told.qty * price)
    if told.kind == "won" and stake is not None:
        return told.amount, to_sol(stake * PAYOUT_MULTIPLE)
    return None


def _moved(told: RunOutcome) -> Decimal:
    """Return what an outcome adds to the free cash."""
    if told.kind in ("bought", "placed"):
        return -told.amount
    return told.amount if told.kind in ("sold", "rugged", "won", "void") else ZERO


def _named(action: Action) -> tuple[ActionName, Decimal]:
    if isinstance(action, Buy | PlaceSidebet):
        return ("buy" if isinstance(action, Buy) else "sidebet"), action.amount
    return "sell", action.percentage


def _said(name: str, value: Decimal) -> str:
    return f"{name} {value.normalize():f}{' %' if name == 'sell' else ' SOL'}"


def _outcome(told: RunOutcome, game_id: str) -> Outcome:
    return Outcome(
        told.number,
        told.kind,  # type: ignore[arg-type]
        game_id,
        told.tick,
        told.price,
        told.amount,
        told.qty,
        told.profit,
        told.cash,
        told.reason,  # type: ignore[arg-type]
        told.message,
    )
