"""What pages, programs and the feed are told of paper trades and practice. Frozen, JSON-ready.

Made by `foundation.paper`; served by the monitor and published as `action` messages. Amounts are
SOL as numbers, exact to a lamport below 9 million SOL; null is what is not known.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from vectra_player.model.run import RunPlan
from vectra_player.model.units import to_sol
from vectra_player.strategy.latency import BUY_ORDER_MS
from vectra_player.strategy.limits import Limits
from vectra_player.strategy.records import OutcomeKind, OutcomeReason

Actor = Literal["human", "bot"]
Mode = Literal["paper", "practice", "live"]
ActionType = Literal["BUY", "SELL", "SIDEBET", "RESET"]

START_CASH = 10.0
MOST_CASH = 1_000_000
MOST_SOL = 1_000_000_000
"""Above it no account of the store holds an amount."""
LONGEST_LATENCY_MS = 60_000

_Sol = Annotated[float, Meta(gt=0, lt=MOST_SOL)]
_Percent = Annotated[float, Meta(ge=1, le=100)]
_Share = Annotated[float, Meta(gt=0, le=1)]
_Latency = Annotated[float, Meta(ge=0, le=LONGEST_LATENCY_MS)]


class WalletLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a wallet may risk, in SOL; null is no limit. `max_drawdown`: share of its peak."""

    max_stake_sol: _Sol | None = None
    max_exposure_sol: _Sol | None = None
    max_loss_game_sol: _Sol | None = None
    max_loss_day_sol: _Sol | None = None
    max_loss_run_sol: _Sol | None = None
    max_drawdown: _Share | None = None

    def of_a_run(self) -> Limits:
        """Return them as the engine takes them."""
        given: dict[str, Any] = {
            name: value if name == "max_drawdown" else to_sol(Decimal(str(value)))
            for name in self.__struct_fields__
            if (value := getattr(self, name)) is not None
        }
        return Limits(**given)


class WalletRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new wallet. `latency_ms`: how long an order is under way; 219 ms was measured once."""

    cash: Annotated[float, Meta(gt=0, le=MOST_CASH)] = START_CASH
    latency_ms: _Latency = BUY_ORDER_MS
    limits: WalletLimits = WalletLimits()
    mode: str = "PAPER"

    @property
    def start_cash(self) -> Decimal:
        """Return the cash to a lamport."""
        return to_sol(Decimal(str(self.cash)))


class NewWallet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new wallet as it is asked for.

    `latency_ms` left out: what orders through the page took while this service ran, else 219 ms.
    """

    cash: Annotated[float, Meta(gt=0, le=MOST_CASH)] = START_CASH
    latency_ms: _Latency | None = None
    limits: WalletLimits = WalletLimits()
    mode: str = "PAPER"

    def wallet(self, measured_ms: float | None) -> WalletRequest:
        """Return the wallet; `measured_ms`: how long an order takes, when that is known."""
        known = BUY_ORDER_MS if measured_ms is None else measured_ms
        return WalletRequest(
            cash=self.cash,
            latency_ms=known if self.latency_ms is None else self.latency_ms,
            limits=self.limits,
            mode=self.mode,
        )


class AmountRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Buy or bet for an amount of SOL."""

    amount: _Sol
    mode: str = "PAPER"


class SellRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Sell a part of the holding."""

    percentage: _Percent = 100.0
    mode: str = "PAPER"


class RunRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A strategy run begins; with the id it has from an earlier service it goes on."""

    plan: RunPlan
    run_id: str | None = None


class RunAnswer(Struct, frozen=True, kw_only=True):
    """The id of a run. `restart`: this service had not known it."""

    run_id: str
    restart: bool = False


class PracticeRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Trade in a replay: `amount` belongs to buy and sidebet, `percentage` to sell.

    `reset` takes `amount` for the cash of the new wallet, and `latency_ms`.
    """

    action: Literal["buy", "sell", "sidebet", "reset"]
    amount: _Sol | None = None
    percentage: _Percent = 100.0
    latency_ms: _Latency = BUY_ORDER_MS


class ActionNote(Struct, frozen=True, kw_only=True):
    """One step in the life of an action: the data of an `action` message, in a row's names.

    `outcome` null: under way. `kind`: what the broker did, or `submitted`, `reset`. A sidebet's
    end and a holding taken at the rug come as further notes.
    """

    action_id: str | None
    action_type: ActionType
    actor: Actor
    mode: Mode
    outcome: Literal["CONFIRMED", "REJECTED", "BLOCKED", "UNKNOWN"] | None
    kind: OutcomeKind | Literal["submitted", "reset"]
    ts: int
    game_id: str | None = None
    amount: float | None = None
    percentage: float | None = None
    game_context_tick: int | None = None
    game_context_price: float | None = None
    game_context_phase: str | None = None
    executed_tick: int | None = None
    executed_price: float | None = None
    qty: float | None = None
    profit: float | None = None
    cash: float | None = None
    reason: OutcomeReason | None = None
    error: str | None = None


class Holding(Struct, frozen=True, kw_only=True):
    """What is held. `avg_cost`: price paid a unit; `entry_tick`: where it was first bought."""

    qty: float
    cost: float
    avg_cost: float
    entry_tick: int | None
    entry_price: float | None


class OpenBet(Struct, frozen=True, kw_only=True):
    """The open sidebet; it wins when the rug comes at `end_tick` or before."""

    game_id: str | None
    start_tick: int
    end_tick: int
    amount: float


class Pending(Struct, frozen=True, kw_only=True):
    """An order under way."""

    action_id: str
    action_type: ActionType
    value: float
    tick: int


class AccountView(Struct, frozen=True, kw_only=True):
    """An account now. `equity` counts the holding at the current price and an open stake whole."""

    start_cash: float
    cash: float
    at_risk: float
    equity: float
    profit: float
    realised: float
    sidebet_pnl: float
    invested: float
    holding: Holding | None
    sidebet: OpenBet | None
    pending: list[Pending]
    stopped: str | None


class ScoreRow(Struct, frozen=True, kw_only=True):
    """One line of the score card, over the games that are over. `expected`: mean of fair odds.

    `games`: those in which something was bought or bet. Null is what is not known.
    `other_coins`: trades and sidebets in practice coins, which are in none of the figures.
    """

    who: Literal["you", "then", "never betting", "coin flip"]
    profit: float | None
    games: int
    buys: int
    bets: int
    bets_won: int
    invested: float
    staked: float
    expected: float | None
    other_coins: int = 0


class TradeState(Struct, frozen=True, kw_only=True):
    """Everything of an account: what it has, what it did (newest first), how it compares."""

    mode: Literal["PAPER", "PRACTICE", "LIVE"]
    account: AccountView
    latency_ms: float
    limits: WalletLimits
    actions: list[ActionNote]
    score: list[ScoreRow]


class TradeAnswer(Struct, frozen=True, kw_only=True):
    """What became of an action at once, and the account then; null: no server told it yet."""

    action: ActionNote
    account: AccountView | None


class ActionData(ActionNote, frozen=True, kw_only=True):
    """The data of an `action` message: the note, and the account after it, null if unknown."""

    account: AccountView | None
