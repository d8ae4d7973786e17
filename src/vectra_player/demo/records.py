"""Wire records of trades, sidebets and leaderboard entries. Pure; the crowd and accounts use it.

Fields and their absence follow docs/protocol.md sections 6, 7 and 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vectra_player.demo.values import PRACTICE_MINT, SOL_MINT, Payload, number
from vectra_player.game.positions import Fill, Ledger
from vectra_player.game.sidebet import PAYOUT_MULTIPLE, Bet, Settlement
from vectra_player.model.units import to_sol

PRACTICE_COIN: Payload = {
    "address": PRACTICE_MINT,
    "ticker": "FREE",
    "name": "Free Practice Token",
    "max_bet": 10_000,
    "max_win": 50_000,
    "logoURI": "/icons/Icon_Free_Solana.png",
}


@dataclass(frozen=True, slots=True)
class Who:
    """A player as records name him."""

    id: str
    username: str | None
    level: int
    practice: bool = False


def coin_address(practice: bool) -> str:
    """Return the address that stands for the coin."""
    return PRACTICE_MINT if practice else SOL_MINT


def portions(amount: Decimal, practice: bool) -> Payload:
    """Split a stake; practice coins count as neither bonus nor real money."""
    return {"bonusPortion": 0, "realPortion": 0 if practice else number(amount)}


def trade(who: Who, game_id: str, fill: Fill, tick: int, trade_id: str) -> Payload:
    """Build the payload of `standard/newTrade`."""
    buy = fill.kind == "buy"
    return {
        "id": trade_id,
        "gameId": game_id,
        "playerId": who.id,
        "price": number(fill.price),
        "type": "buy" if buy else "sell",
        "qty": number(fill.qty),
        "tickIndex": tick,
        "coin": "solana",
        "amount": number(fill.amount),
        **({"leverage": 1} if buy else {}),
        **portions(fill.amount, who.practice),
        "username": who.username,
        "level": who.level,
    }


def placed(who: Who, game_id: str, bet: Bet, stamp_ms: int, record_id: str) -> Payload:
    """Build the `placed` record of a game's sidebet history."""
    return {
        "playerId": who.id,
        "username": who.username,
        "gameId": game_id,
        "betAmount": number(bet.stake),
        "xPayout": PAYOUT_MULTIPLE,
        "coinAddress": coin_address(bet.practice),
        **portions(bet.stake, bet.practice),
        "timestamp": stamp_ms,
        "type": "placed",
        "startedAtTick": bet.start_tick,
        "end": bet.end_tick,
        "id": record_id,
    }


def payout(
    who: Who, game_id: str, result: Settlement, rug_price: float, stamp_ms: int, record_id: str
) -> Payload:
    """Build the `payout` record; only a winner's has level and price."""
    record: Payload = {"playerId": who.id, "gameId": game_id, "username": who.username}
    if result.won:
        record["level"] = who.level
    record |= {
        "betAmount": number(result.bet.stake),
        "payout": number(result.payout),
        "profit": number(result.profit),
        "xPayout": PAYOUT_MULTIPLE,
        "coinAddress": coin_address(result.bet.practice),
        "endTick": result.bet.end_tick,
        "startTick": result.bet.start_tick,
        "tickIndex": result.record_tick,
    }
    if result.won:
        record["price"] = number(rug_price)
    return record | {"timestamp": stamp_ms, "type": "payout", "id": record_id}


def public_sidebet(who: Who, game_id: str, bet: Bet, price: float, stamp_ms: int) -> Payload:
    """Build the payload of `newSideBet` and `currentSidebet`."""
    return {
        "playerId": who.id,
        "gameId": game_id,
        "username": who.username,
        "level": who.level,
        "price": number(price),
        "betAmount": number(bet.stake),
        "xPayout": PAYOUT_MULTIPLE,
        "coinAddress": coin_address(bet.practice),
        "startTick": bet.start_tick,
        "endTick": bet.end_tick,
        "tickIndex": bet.start_tick,
        "timestamp": stamp_ms,
        "type": "placed",
    }


def open_sidebet(game_id: str, bet: Bet) -> Payload:
    """Build the `sideBet` object of a leaderboard entry."""
    return {
        "startedAtTick": bet.start_tick,
        "gameId": game_id,
        "end": bet.end_tick,
        "betAmount": number(bet.stake),
        "xPayout": PAYOUT_MULTIPLE,
        "coinAddress": coin_address(bet.practice),
        **portions(bet.stake, bet.practice),
    }


def leaderboard_entry(
    who: Who, game_id: str, ledger: Ledger, bet: Bet | None, price: float, *, presale: bool
) -> Payload:
    """Build a leaderboard entry without its `position`; in the presale without the parts of pnl."""
    position = ledger.position
    regular = number(ledger.realised + position.unrealised(price))
    side = number(ledger.sidebet_pnl)
    pnl = regular + side
    invested = ledger.total_invested
    entry: Payload = {"id": who.id, "username": who.username, "level": who.level, "pnl": pnl}
    if not presale:
        entry |= {"regularPnl": regular, "sidebetPnl": side, "shortPnl": 0}
    return entry | {
        "sidebetActive": True if bet else None,
        "sideBet": open_sidebet(game_id, bet) if bet else None,
        "shortPosition": None,
        "pnlPercent": number(pnl / float(invested) * 100) if invested else 0,
        "hasActiveTrades": True,
        "positionQty": number(position.qty),
        "avgCost": number(to_sol(position.avg_cost)),
        "totalInvested": number(invested),
        "selectedCoin": PRACTICE_COIN if who.practice else None,
    }
