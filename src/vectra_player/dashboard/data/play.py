"""Own play: the games of one own account, what each brought, its days, and one game in full.

Won and lost is the change of the account's money as the server states it (`analysis.own_play`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

from vectra_player.analysis.own_play import (
    Alternative,
    Balance,
    OwnBet,
    alternatives,
    seen_profit,
)
from vectra_player.dashboard.data.game import GameData, read_game
from vectra_player.dashboard.data.games import Day, midnight
from vectra_player.dashboard.data.own import Account, accounts, balances_of, own_trades
from vectra_player.dashboard.data.paging import Page, Size, pages_of, rows_of
from vectra_player.dashboard.data.scope import Scope
from vectra_player.dashboard.data.store import Store
from vectra_player.dashboard.faults import MissingError
from vectra_player.game.positions import ZERO
from vectra_player.game.sidebet import FAIR_EXPECTED_VALUE, FAIR_WIN_CHANCE
from vectra_player.protocol.coins import is_sol

if TYPE_CHECKING:
    from vectra_player.store.reads import StoreReader

Sort = Literal["time", "profit", "bought", "bets", "staked", "ticks", "peak"]
AccountId = Annotated[str, Meta(max_length=128, description="the id of an own account")]
_TABLES = ("server_state", "sidebet", "game")


class PlayWanted(msgspec.Struct, frozen=True):
    """Whose games, of which days, in which order, which page. `until` includes its day."""

    account: AccountId = ""
    since: Day | None = None
    until: Day | None = None
    sort: Annotated[Sort, Meta(description="time, profit, bought, bets, staked, ticks or peak")] = (
        "time"
    )
    order: Annotated[Literal["asc", "desc"], Meta(description="asc or desc")] = "desc"
    page: Page = 1
    size: Size = 25


class OwnGameWanted(msgspec.Struct, frozen=True):
    """Whose game; nothing: the account that played it."""

    account: AccountId = ""


class OwnLine(msgspec.Struct, frozen=True):
    """One own game. Amounts in SOL as decimal text, `started_at` in microseconds UTC.

    `profit` null: the server did not tell the account's money before and after it.
    """

    game_id: str
    started_at: int
    rug_tick: int | None
    peak: float | None
    profit: str | None
    bought: str
    buys: int
    sells: int
    bets: int
    bets_won: int
    staked: str


class PlayDay(msgspec.Struct, frozen=True):
    """One UTC day; `unknown`: games whose result is not known."""

    date: str
    games: int
    unknown: int
    profit: str


class PlayTotals(msgspec.Struct, frozen=True):
    """Sums over the games that fit. `bets_mean`: what such sidebets bring on average if fair."""

    games: int
    unknown: int
    profit: str
    bought: str
    buys: int
    sells: int
    staked: str
    bets: int
    bets_won: int
    bets_mean: str
    fair_win_chance: float = FAIR_WIN_CHANCE


class Play(msgspec.Struct, frozen=True):
    """One page of own games. `account`: whose they are; null where no account is known."""

    accounts: list[Account]
    account: str | None
    totals: PlayTotals
    days: list[PlayDay]
    games: list[OwnLine]
    total: int
    page: int
    size: int
    pages: int


class OwnGame(msgspec.Struct, frozen=True):
    """One own game in full. `seen`: what the trades and sidebets that were seen add up to."""

    game: GameData
    accounts: list[Account]
    account: str
    line: OwnLine
    seen: str | None
    before: str | None
    after: str | None
    alternatives: list[Alternative]
    fair_win_chance: float = FAIR_WIN_CHANCE


def list_play(store: Store, wanted: PlayWanted) -> Play:
    """Return a page of an account's games. Raises StoreBusyError, MissingError."""
    known = accounts(store)
    account = _chosen(store, known, wanted.account)
    lines = [] if account is None else own_lines(store, account)
    first = 0 if wanted.since is None else midnight("since", wanted.since)
    last = None if wanted.until is None else midnight("until", wanted.until, 1)
    fit = [
        line
        for line in lines
        if line.started_at >= first and (last is None or line.started_at < last)
    ]
    return Play(
        accounts=known,
        account=account,
        totals=_totals(fit),
        days=_days(lines),
        games=_sorted(fit, wanted)[rows_of(wanted.page, wanted.size)],
        total=len(fit),
        page=wanted.page,
        size=wanted.size,
        pages=pages_of(len(fit), wanted.size),
    )


def own_lines(store: Store, account: str) -> list[OwnLine]:
    """Return every game an account played, oldest first."""
    balances = balances_of(store, account)

    def read(reader: StoreReader) -> list[OwnLine]:
        bets = _bets_by_game(reader, account)
        played = [g for g, balance in balances.items() if balance.played or g in bets]
        ids = [*played, *(g for g in bets if g not in balances)]
        facts = _facts(reader, ids)
        lines = [_line(g, balances.get(g), facts.get(g, {}), bets.get(g, [])) for g in ids]
        return sorted(lines, key=lambda line: (line.started_at, line.game_id))

    return store.kept(("own lines", account), _TABLES, read)


def read_own_game(store: Store, game_id: str, wanted: OwnGameWanted) -> OwnGame:
    """Return one own game. Raises MissingError, StoreBusyError."""
    game = read_game(store, game_id)
    known = accounts(store)
    lines = {
        account.id: line
        for account in known
        for line in own_lines(store, account.id)
        if line.game_id == game_id
    }
    account = wanted.account or next(iter(lines), "")
    if account not in lines:
        raise MissingError(
            f"No own play of game {game_id} is recorded.",
            advice="The game itself is on its page under Games.",
        )
    balance = balances_of(store, account).get(game_id)
    with store.reader() as reader:
        trades = [] if balance is None else own_trades(Scope(reader, game_id), account, balance)
        bets = _bets_by_game(reader, account, game_id).get(game_id, [])
    facts = game.facts
    seen = seen_profit(trades, bets, facts.rug_tick, facts.rug_price)
    return OwnGame(
        game=game,
        accounts=[each for each in known if each.id in lines],
        account=account,
        line=lines[account],
        seen=_text(seen),
        before=_text(None if balance is None else balance.before),
        after=_text(None if balance is None else balance.after),
        alternatives=alternatives(trades, bets, facts.rug_tick, facts.rug_price),
    )


def _chosen(store: Store, known: list[Account], wanted: str) -> str | None:
    """Return the account that was asked for, else the first that played, else the first."""
    if wanted:
        if all(account.id != wanted for account in known):
            raise MissingError("No such account is recorded.", advice="Choose one of the list.")
        return wanted
    played = (account.id for account in known if own_lines(store, account.id))
    return next(played, known[0].id if known else None)


class _ToldBet(OwnBet, frozen=True, kw_only=True):
    won: bool
    placed_us: int


def _bets_by_game(
    reader: StoreReader, account: str, game_id: str | None = None
) -> dict[str, list[_ToldBet]]:
    """Return an account's sidebets in SOL by game."""
    rows = reader.fetch(
        "SELECT game_id, start_tick, bet_amount, profit, coin_address, outcome = 'won' AS won,"
        " epoch_us(coalesce(placed_at, settled_at, ts)) AS placed_us FROM sidebet"
        " WHERE player_id = ? AND bet_amount IS NOT NULL AND (game_id = ? OR ? IS NULL)"
        " ORDER BY game_id, start_tick",
        [account, game_id, game_id],
    )
    found: dict[str, list[_ToldBet]] = {}
    for row in rows.to_pylist():
        if is_sol(row["coin_address"]):
            bet = _ToldBet(
                start_tick=row["start_tick"],
                stake=row["bet_amount"],
                profit=row["profit"],
                won=bool(row["won"]),
                placed_us=row["placed_us"],
            )
            found.setdefault(row["game_id"], []).append(bet)
    return found


def _facts(reader: StoreReader, ids: list[str]) -> dict[str, dict[str, Any]]:
    rows = reader.fetch(
        "SELECT game_id, rug_tick, peak FROM game WHERE game_id IN (SELECT unnest(?::VARCHAR[]))",
        [ids],
    )
    return {row["game_id"]: row for row in rows.to_pylist()}


def _line(
    game_id: str, balance: Balance | None, facts: Mapping[str, Any], bets: list[_ToldBet]
) -> OwnLine:
    buys = [trade for trade in (balance.trades if balance else ()) if trade.side == "BUY"]
    bought = sum((trade.amount or ZERO for trade in buys), ZERO)
    return OwnLine(
        game_id=game_id,
        started_at=balance.started_at if balance else min(bet.placed_us for bet in bets),
        rug_tick=facts.get("rug_tick"),
        peak=facts.get("peak"),
        profit=_text(balance.profit if balance else None),
        bought=f"{bought:f}",
        buys=len(buys),
        sells=len(balance.trades) - len(buys) if balance else 0,
        bets=len(bets),
        bets_won=sum(bet.won for bet in bets),
        staked=f"{sum((bet.stake for bet in bets), ZERO):f}",
    )


def _totals(lines: list[OwnLine]) -> PlayTotals:
    staked = _sum(line.staked for line in lines)
    mean = staked * Decimal(str(FAIR_EXPECTED_VALUE))
    return PlayTotals(
        games=len(lines),
        unknown=sum(line.profit is None for line in lines),
        profit=f"{_sum(line.profit for line in lines):f}",
        bought=f"{_sum(line.bought for line in lines):f}",
        buys=sum(line.buys for line in lines),
        sells=sum(line.sells for line in lines),
        staked=f"{staked:f}",
        bets=sum(line.bets for line in lines),
        bets_won=sum(line.bets_won for line in lines),
        bets_mean=f"{mean.quantize(ZERO):f}",
    )


def _days(lines: list[OwnLine]) -> list[PlayDay]:
    days: dict[str, list[OwnLine]] = {}
    for line in lines:
        moment = dt.datetime.fromtimestamp(line.started_at / 1e6, dt.UTC)
        days.setdefault(str(moment.date()), []).append(line)
    return [
        PlayDay(
            date=date,
            games=len(mine),
            unknown=sum(line.profit is None for line in mine),
            profit=f"{_sum(line.profit for line in mine):f}",
        )
        for date, mine in sorted(days.items())
    ]


def _sorted(lines: list[OwnLine], wanted: PlayWanted) -> list[OwnLine]:
    """Sort; what is not known comes last either way."""

    def value(line: OwnLine) -> Decimal | None:
        told = {
            "time": line.started_at,
            "profit": line.profit,
            "bought": line.bought,
            "bets": line.bets,
            "staked": line.staked,
            "ticks": line.rug_tick,
            "peak": line.peak,
        }[wanted.sort]
        return None if told is None else Decimal(str(told))

    sign = 1 if wanted.order == "asc" else -1
    return sorted(lines, key=lambda line: ((v := value(line)) is None, sign * (v or ZERO)))


def _sum(texts: Iterable[str | None]) -> Decimal:
    return sum((Decimal(text) for text in texts if text is not None), ZERO)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
