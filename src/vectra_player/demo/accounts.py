"""The accounts of connected clients: what they hold, what they may do, what they are told. Pure.

The server calls it with the table of the moment; book-keeping and sidebet rules are `game`'s.
Payloads follow docs/protocol.md section 10.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from vectra_player.demo import records
from vectra_player.demo.frames import Table
from vectra_player.demo.people import new_id
from vectra_player.demo.values import PRACTICE_MINT, SOL_MINT, Payload, new_uuid, number, stream
from vectra_player.errors import UsageError
from vectra_player.game.positions import Fill, Ledger
from vectra_player.game.sidebet import (
    PAYOUT_MULTIPLE,
    PRESALE_START_TICK,
    Bet,
    Settlement,
    check_stake,
    settle,
    settle_at,
)
from vectra_player.model.units import to_sol

MIN_BUY_SOL = Decimal("0.001")
"""Claimed by notes on the page; no smaller buy was ever seen."""

PRACTICE_COINS = Decimal(10_000)
"""What an account has of the practice coin."""


@dataclass(slots=True)
class Account:
    """One account; `ledger` is of the current game and the chosen coin, its cash is for good.

    `aside` is what the account has of the coin that is not chosen.
    """

    who: records.Who
    ledger: Ledger
    rng: random.Random
    bet: Bet | None = None
    interacted: bool = False
    trades: list[Payload] = field(default_factory=list)
    xp: int = 2140
    aside: Decimal = field(default_factory=lambda: to_sol(PRACTICE_COINS))

    @property
    def takes_part(self) -> bool:
        """Tell whether the account has bought or bet in this game."""
        return bool(self.ledger.total_invested)

    def new_round(self) -> None:
        """Begin a game: cash stays, the books of the last one are closed."""
        self.ledger = Ledger(self.ledger.cash)
        self.bet = None
        self.trades.clear()

    def choose_coin(self, *, practice: bool) -> None:
        """Play with practice coins or with SOL. Raises UsageError once in a game."""
        if practice == self.who.practice:
            return
        _demand(not self.takes_part, "The coin is locked until the next round")
        self.ledger, self.aside = Ledger(self.aside), self.ledger.cash
        self.who = replace(self.who, practice=practice)

    def adjust_cash(self, amount: Decimal) -> None:
        """Add to the cash without any order, as a deposit or a withdrawal would."""
        self.ledger = replace(self.ledger, cash=max(to_sol(0), self.ledger.cash + amount))

    def lose_everything_open(self) -> None:
        """Forget the holding and the sidebet; what was paid for them is lost."""
        self.new_round()

    def buy(self, table: Table, payload: Any) -> Payload:
        """Execute `buyOrder`; return the trade. Raises UsageError when refused."""
        amount = _amount(payload, "amount")
        _demand(table.presale or _live(table), "Trading is closed")
        if amount < MIN_BUY_SOL:
            raise UsageError(f"Minimum buy is {MIN_BUY_SOL} SOL")
        self.ledger, fill = self.ledger.buy(amount, table.price)
        return self._traded(table, fill)

    def sell(self, table: Table, payload: Any) -> Payload:
        """Execute `sellOrder`; return the trade. Raises UsageError when refused."""
        percentage = _amount(payload, "percentage")
        _demand(_live(table), "Trading is closed")
        self.ledger, fill = self.ledger.sell(percentage, table.price)
        return self._traded(table, fill)

    def place(self, table: Table, payload: Any, stamp_ms: int) -> Payload:
        """Execute `requestSidebet`; return `currentSidebet`. Raises UsageError when refused."""
        amount = _amount(payload, "amount")
        coin = payload.get("coinAddress", SOL_MINT)
        _demand(table.presale or _live(table), "Sidebets are closed")
        practice = self.who.practice
        _demand(coin == records.coin_address(practice), "This coin is not available")
        _demand(payload.get("xPayout", PAYOUT_MULTIPLE) == PAYOUT_MULTIPLE, "Wrong payout")
        _demand(self.bet is None, "One sidebet at a time")
        stake = check_stake(amount, practice=practice)
        self.ledger = self.ledger.stake(stake)
        tick = table.tick if table.active else PRESALE_START_TICK
        self.bet = Bet(self.who.id, tick, stake, practice)
        self.interacted = True
        if tick != PRESALE_START_TICK:
            table.game.own_sidebets.append(
                records.placed(self.who, table.game.game_id, self.bet, stamp_ms, new_uuid(self.rng))
            )
        return records.public_sidebet(self.who, table.game.game_id, self.bet, table.price, stamp_ms)

    def pass_tick(self, table: Table, stamp_ms: int) -> Payload | None:
        """Let a tick pass; return `currentSidebetResult` when the open sidebet is lost."""
        result = settle_at(self.bet, table.tick, rugged=False) if self.bet else None
        return self._settled(table, result, stamp_ms) if result else None

    def settle_sidebet(self, table: Table, stamp_ms: int) -> Payload | None:
        """Settle the open sidebet at the rug; return `currentSidebetResult`."""
        if self.bet is None:
            return None
        return self._settled(table, settle(self.bet, table.game.rug_tick), stamp_ms)

    def forced_sell(self, table: Table) -> Payload | None:
        """Sell what is left at the rug price; return the trade."""
        self.ledger, fill = self.ledger.close_at_rug(table.game.path.prices[-1])
        return self._traded(table, fill, table.game.rug_tick) if fill else None

    def update(self, table: Table) -> Payload:
        """Build `playerUpdate`."""
        ledger = self.ledger
        pnl = ledger.pnl(table.price)
        invested = ledger.total_invested
        bet = records.open_sidebet(table.game.game_id, self.bet) if self.bet else None
        practice = self.who.practice
        sol, coins = (self.aside, ledger.cash) if practice else (ledger.cash, self.aside)
        return {
            "id": self.who.id,
            "role": None,
            "cash": number(sol),
            "bonusBalance": 0,
            "bonusWagerReq": 0,
            "bonusWagered": 0,
            "positionQty": number(ledger.position.qty),
            "avgCost": number(to_sol(ledger.position.avg_cost)),
            "cumulativePnL": number(ledger.realised),
            "sidebetPnl": number(ledger.sidebet_pnl),
            "pnlPercent": number(float(pnl) / float(invested) * 100) if invested else 0,
            "totalInvested": number(invested),
            "hasInteracted": self.interacted,
            "selectedCoin": records.PRACTICE_COIN if practice else None,
            "levelInfo": {
                "level": self.who.level,
                "xp": self.xp,
                "xpForNextLevel": 5000,
                "totalXP": 20_000 + self.xp,
            },
            "crateKeys": dict.fromkeys(("gold", "diamond", "coal", "iron", "tier0"), 0),
            "recentCrateRewards": [],
            "shitcoinBalances": {PRACTICE_MINT: number(coins)},
            "authenticated": True,
            "hitMaxWin": False,
            "xpBoost": {"active": False, "activeUntil": None, "available": 0},
            "sideBet": bet,
            "sidebets": [bet] if bet else [],
            "shortPosition": None,
            "leveragedPositions": [],
            "autobuysEnabled": False,
            "autosellPrice": None,
        }

    def entry(self, table: Table) -> Payload:
        """Build the account's own leaderboard entry."""
        entry = records.leaderboard_entry(
            self.who,
            table.game.game_id,
            self.ledger,
            self.bet,
            table.price,
            presale=not table.active,
        )
        better = sum(other["pnl"] > entry["pnl"] for other in table.leaderboard)
        return entry | {"position": better + 1}

    def _traded(self, table: Table, fill: Fill, tick: int | None = None) -> Payload:
        self.interacted = True
        at_tick = table.tick if tick is None else tick
        trade = records.trade(self.who, table.game.game_id, fill, at_tick, new_uuid(self.rng))
        self.trades.append(trade)
        return trade

    def _settled(self, table: Table, result: Settlement, stamp_ms: int) -> Payload:
        self.bet = None
        self.ledger = self.ledger.settle_sidebet(result)
        game = table.game
        rug_price = game.path.prices[-1] if result.won else table.price
        game.own_sidebets.append(
            records.payout(self.who, game.game_id, result, rug_price, stamp_ms, new_uuid(self.rng))
        )
        return records.public_sidebet(self.who, game.game_id, result.bet, rug_price, stamp_ms) | {
            "tickIndex": result.record_tick,
            "type": "payout",
            "payout": number(result.payout),
            "profit": number(result.profit),
        }


class Accounts:
    """All accounts by the token that opens them; a token always opens the same account."""

    def __init__(self, balance: Decimal) -> None:
        self._balance = balance
        self._by_token: dict[str, Account] = {}

    def open(self, token: str) -> Account:
        """Return the account of a token, made on its first use."""
        account = self._by_token.get(token)
        if account is None:
            rng = stream("account", token)
            who = records.Who(new_id(rng), f"demo{rng.randrange(1000, 10_000)}", 14)
            account = Account(who, Ledger(to_sol(self._balance)), rng)
            self._by_token[token] = account
        return account

    def __iter__(self) -> Any:
        return iter(list(self._by_token.values()))


def _live(table: Table) -> bool:
    return table.active and not table.settled


def _demand(allowed: bool, message: str) -> None:
    if not allowed:
        raise UsageError(message)


def _amount(payload: Any, name: str) -> Decimal:
    value = payload.get(name) if isinstance(payload, dict) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UsageError(f"{name} is missing")
    try:
        amount = to_sol(value)
    except InvalidOperation:
        raise UsageError(f"{name} is impossible") from None
    _demand(amount > 0, f"{name} must be above 0")
    return amount
