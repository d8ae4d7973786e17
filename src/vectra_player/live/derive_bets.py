"""Sidebet rows: one for each session, game, player and start tick, once it is settled.

Used by `live.derive` only. An own result gives its row at once, public bets with the game's
history entry, what is left when the session ends. A bet whose result was not sent is decided by
`game.sidebet`'s rule where the rug is known.
"""

from __future__ import annotations

from collections.abc import Iterable

from vectra_player.game import sidebet
from vectra_player.live.derive_state import Bet, DeriveState, OpenGame, Stamp
from vectra_player.live.values import millis, sol, tick_value
from vectra_player.model.rows import Row, Sidebet, SidebetOutcome
from vectra_player.protocol.game_payloads import SidebetEvent, SidebetRecord

PLACED = "placed"
PAYOUT = "payout"


def live_bet(
    state: DeriveState, stamp: Stamp, game: OpenGame, event: SidebetEvent, *, own: bool
) -> Bet | None:
    """Note a bet the feed told of, and its result; None when it cannot be named."""
    if event.player_id is None or event.start_tick is None:
        return None
    bet = _bet(game, event.player_id, event.start_tick, event.end_tick)
    bet.own = own or bet.own or event.player_id == state.own_id
    _common(bet, event)
    if event.type == PAYOUT or event.payout is not None:
        _paid(bet, event)
    else:
        bet.placed_at = event.timestamp
        bet.bonus, bet.real = event.bonus_portion, event.real_portion
    return bet


def history_bets(state: DeriveState, game: OpenGame, records: Iterable[SidebetRecord]) -> None:
    """Join the records of a history entry with each other and with what the feed told."""
    for record in records:
        start = record.started_at_tick if record.start_tick is None else record.start_tick
        if record.player_id is None or start is None:
            continue
        end = record.end if record.end_tick is None else record.end_tick
        bet = _bet(game, record.player_id, start, end)
        bet.own = bet.own or record.player_id == state.own_id
        _common(bet, record)
        if record.type == PAYOUT:
            _paid(bet, record)
        else:
            bet.bet_id = record.id
            bet.placed_at = record.timestamp
            bet.bonus, bet.real = record.bonus_portion, record.real_portion


def settle_all(
    state: DeriveState, stamp: Stamp, game_id: str, game: OpenGame, rows: list[Row]
) -> None:
    """Give the rows of all bets of a game that have none yet."""
    for bet in list(game.bets.values()):
        settle(state, stamp, game_id, game, bet, rows)


def settle(
    state: DeriveState, stamp: Stamp, game_id: str, game: OpenGame, bet: Bet, rows: list[Row]
) -> None:
    """Give the row of a bet, once."""
    key = _key(bet.player_id, bet.start)
    if key in game.settled:
        return
    game.settled.add(key)
    game.bets.pop(key, None)
    outcome = _outcome(game, bet)
    rows.append(
        Sidebet(
            session_id=stamp.session_id,
            seq=stamp.seq,
            sub=state.next_sub(Sidebet.doc_type),
            ts=stamp.ts,
            source=stamp.source,
            origin=stamp.origin,
            game_id=game_id,
            player_id=bet.player_id,
            username=bet.username,
            sidebet_id=bet.bet_id,
            own=bet.own,
            start_tick=bet.start,
            end_tick=bet.end,
            bet_amount=sol(bet.amount),
            x_payout=bet.x_payout,
            coin_address=bet.coin,
            bonus_portion=sol(bet.bonus),
            real_portion=sol(bet.real),
            payout=sol(bet.payout),
            profit=sol(bet.profit),
            outcome=outcome,
            settle_tick=_settle_tick(game, bet, outcome),
            placed_at=millis(bet.placed_at),
            settled_at=millis(bet.settled_at),
        )
    )


def _bet(game: OpenGame, player_id: str, start: int, end: int | None) -> Bet:
    key = _key(player_id, start)
    bet = game.bets.get(key)
    if bet is None:
        start = tick_value(start) or 0
        last = tick_value(end)
        bet = Bet(player_id, start, sidebet.end_of(start) if last is None else last)
        if key not in game.settled:
            game.bets[key] = bet
    return bet


def _common(bet: Bet, told: SidebetEvent | SidebetRecord) -> None:
    """Take over what is told; what a record leaves out stays as it was."""
    bet.username = told.username or bet.username
    bet.bet_id = bet.bet_id or told.id
    bet.amount = bet.amount if told.bet_amount is None else told.bet_amount
    bet.x_payout = bet.x_payout if told.x_payout is None else told.x_payout
    bet.coin = told.coin_address or bet.coin


def _paid(bet: Bet, told: SidebetEvent | SidebetRecord) -> None:
    bet.paid = True
    bet.payout, bet.profit = told.payout, told.profit
    bet.settled_at, bet.record_tick = told.timestamp, told.tick_index


def _outcome(game: OpenGame, bet: Bet) -> SidebetOutcome:
    if bet.paid and bet.payout is not None:
        return "won" if bet.payout > 0 else "lost"
    if game.rug_tick is not None:
        return "won" if sidebet.wins(bet.end, game.rug_tick) else "lost"
    newest = len(game.prices) - 1
    return "lost" if newest >= bet.end else "unknown"


def _settle_tick(game: OpenGame, bet: Bet, outcome: SidebetOutcome) -> int | None:
    """Return the tick that decided: the rug for a win, the end of the window for a loss.

    Records of losses carry the start tick instead (protocol reference section 8).
    """
    if outcome == "won":
        return game.rug_tick if game.rug_tick is not None else tick_value(bet.record_tick)
    return bet.end if outcome == "lost" else None


def _key(player_id: str, start: int) -> str:
    return f"{start} {player_id}"
