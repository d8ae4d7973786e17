"""A strategy run as it is told: the details of `vectra.strategy_run` facts.

The program that runs the strategy tells them through the service, which stores them; the drift
report plays the run again from them. `state` tells which of the four a fact is. Amounts are SOL to
a lamport.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

from vectra_player.model.action import Mode
from vectra_player.model.units import Micros, Tick

STRATEGY_RUN = "strategy_run"
"""Kind of the facts: their events are named `vectra.strategy_run`."""

PAPER_WALLET = "paper_wallet"
"""Kind of the fact that a paper account began anew; its detail is a `RunWallet`."""

ActionName = Literal["buy", "sell", "sidebet"]

Span = tuple[Tick, Tick]
"""Ticks from the first to the last, both included."""


class RunAccount(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An account at a moment; `bet_start` is the start tick of the open sidebet, None without."""

    cash: Decimal
    qty: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    at_risk: Decimal = Decimal(0)
    bet_start: Tick | None = None
    entry_tick: Tick | None = None
    entry_price: float | None = None
    realised: Decimal = Decimal(0)
    sidebet_pnl: Decimal = Decimal(0)
    invested: Decimal = Decimal(0)

    @property
    def flat(self) -> bool:
        """Tell whether nothing is held or staked."""
        return not (self.qty or self.at_risk)


class RunWallet(Struct, frozen=True, kw_only=True):
    """A new paper wallet, and who began it."""

    cash: Decimal
    latency_ms: float
    actor: str


class RunPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is run, and how.

    strategy: its name or path; name: of the profile or preset that names it, else the same.
    limits: those of the run, by name. games: how many were asked for. latency_ms: simulated, None
    where orders take the time they take. digest: SHA-256 of a user's file. account: at the begin.
    """

    strategy: str
    name: str
    source: str
    params: dict[str, Any]
    account: RunAccount
    mode: Mode = "paper"
    profile: dict[str, Any] | None = None
    seed: int = 0
    limits: dict[str, Decimal | float] = {}
    games: int | None = None
    latency_ms: float | None = None
    digest: str | None = None

    @property
    def cash(self) -> Decimal:
        """Return the SOL that was free at the begin."""
        return self.account.cash


class RunCountdown(Struct, frozen=True):
    """A step before a game that told news: COOLDOWN or BETTING, with what the timer showed."""

    phase: str
    timer_ms: int | None


class RunPending(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An order under way; `value` in SOL or percent."""

    number: int
    action: ActionName
    value: Decimal
    tick: Tick


class RunShown(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The account as the strategy was shown it: from a step on, or after a decision.

    again: from a later step of the same countdown on, at which the strategy is not asked.
    """

    account: RunAccount
    pending: tuple[RunPending, ...] = ()
    phase: str = ""
    tick: Tick = 0
    again: bool = False


class RunDecision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the strategy decided at a step. `action_id` None: the service answered none.

    `tick`, `phase`: of the step the strategy was shown; the order may have met a later one.
    shown: the account right after it.
    """

    number: int
    action_id: str | None
    action: ActionName
    value: Decimal
    phase: str
    tick: Tick
    shown: RunShown


class RunOutcome(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the run heard of a decision, or of anything else that moved its account.

    `number` is that of its decision; one that is none of the run's is of somebody else. `phase`,
    `heard`: the step at which the strategy knew; at_once: the order was answered with it.
    """

    number: int | None
    kind: str
    tick: Tick
    price: float
    amount: Decimal
    qty: Decimal
    profit: Decimal
    cash: Decimal
    phase: str
    heard: Tick
    at_once: bool = False
    reason: str | None = None
    message: str = ""


class RunGame(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One game of a run, as the strategy saw it.

    number: from 1. shown: where it was shown another account than before. seen: LIVE ticks it was
    asked at. late: (tick, at) of prices it was told at a later tick. rug_tick None: it did not see
    the rug. equity: cash, stake and holding at its end. cut: the run ended before the game did.
    A busy game comes in `parts`, which differ in their decisions, outcomes and accounts alone.
    """

    number: int
    game_id: str
    started_us: Micros | None
    countdown: tuple[RunCountdown, ...]
    seen: tuple[Span, ...]
    late: tuple[tuple[Tick, Tick], ...]
    rug_tick: Tick | None
    decisions: tuple[RunDecision, ...]
    outcomes: tuple[RunOutcome, ...]
    shown: tuple[RunShown, ...]
    cash_before: Decimal
    cash_after: Decimal
    equity: Decimal
    cut: bool = False
    part: int = 0
    parts: int = 1


class RunFigures(Struct, frozen=True, kw_only=True):
    """What a run came to. `stopped`: why the strategy decided nothing more, None: it was not so."""

    games: int
    actions: int
    cash: Decimal
    profit: Decimal
    invested: Decimal
    staked: Decimal
    stopped: str | None = None


class RunEnding(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why and how a run ended."""

    reason: str
    result: RunFigures


class RunStarted(RunPlan, frozen=True, kw_only=True, tag_field="state", tag="started"):
    """A run began."""

    run_id: str


class RunContinued(RunPlan, frozen=True, kw_only=True, tag_field="state", tag="continued"):
    """A run goes on in another session, or with another service: `account` is what it has then.

    restart: the service was another one, so that what was open had ended with it.
    """

    run_id: str
    restart: bool = False


class RunPlayed(Struct, frozen=True, kw_only=True, tag_field="state", tag="game"):
    """A game of a run is over, or the run is."""

    run_id: str
    game_id: str
    game: RunGame


class RunEnded(RunEnding, frozen=True, kw_only=True, tag_field="state", tag="ended"):
    """A run ended."""

    run_id: str
    strategy: str
    mode: Mode


RunFact = RunStarted | RunContinued | RunPlayed | RunEnded
