"""No lamport is made or lost, whatever is bought, sold, bet and rugged."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from vectra_player.game.positions import Ledger, RugPayout
from vectra_player.game.refusal import RefusedError
from vectra_player.game.sidebet import PAYOUT_MULTIPLE, SidebetBook
from vectra_player.model.units import to_sol

START = Decimal(10)
lamports = st.integers(min_value=1, max_value=3 * 10**9).map(lambda n: Decimal(n).scaleb(-9))
prices = st.floats(min_value=1e-4, max_value=1e5)
moves = st.one_of(
    st.tuples(st.just("buy"), lamports, prices),
    st.tuples(st.just("sell"), st.decimals(1, 100, places=3), prices),
    st.tuples(st.just("bet"), lamports, prices),
    st.tuples(st.just("wait"), st.just(Decimal(7)), prices),
)


def _check(ledger: Ledger, price: float) -> None:
    held = ledger.cash + ledger.position.cost + ledger.at_risk
    assert held == START + ledger.realised + ledger.sidebet_pnl
    assert ledger.equity(price) == START + ledger.pnl(price)
    for amount in (ledger.cash, ledger.position.qty, ledger.position.cost, ledger.at_risk):
        assert amount >= 0
        assert amount == to_sol(amount)
    if not ledger.position.qty:
        assert ledger.position.cost == 0


@given(st.lists(moves, max_size=30), prices, st.sampled_from(["rug_price", "nothing"]))
def test_money_is_conserved_through_any_round(
    played: list[tuple[str, Decimal, float]], rug: float, payout: RugPayout
) -> None:
    ledger, book, received, spent = Ledger(START), SidebetBook(), Decimal(0), Decimal(0)
    for tick, (kind, number, price) in enumerate(played):
        for result in book.advance(tick * 9, rugged=False):
            ledger = ledger.settle_sidebet(result)
        try:
            if kind == "buy":
                ledger, fill = ledger.buy(number, price)
                spent += fill.amount
            elif kind == "sell":
                ledger, fill = ledger.sell(number, price)
                received += fill.amount
            elif kind == "bet":
                staked = ledger.stake(number)
                book.place("me", number, tick * 9)
                ledger = staked
        except RefusedError:
            pass
        _check(ledger, price)
    for result in book.advance(len(played) * 9, rugged=True):
        ledger = ledger.settle_sidebet(result)
    ledger, last = ledger.close_at_rug(rug, payout)
    _check(ledger, rug)
    assert (ledger.at_risk, ledger.position.qty) == (0, 0)
    received += last.amount if last else 0
    assert ledger.cash == START - spent + received + ledger.sidebet_pnl


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.integers(0, 120), lamports), min_size=1, max_size=40
    ),
    st.integers(1, 150),
)
def test_every_bet_is_settled_once_and_pays_nothing_or_five_times_its_stake(
    wanted: list[tuple[str, int, Decimal]], rug_tick: int
) -> None:
    book = SidebetBook()
    placed, settled = [], []
    for tick in range(rug_tick + 1):
        settled += book.advance(tick, rugged=tick == rug_tick)
        if tick == rug_tick:
            break
        for player, at, stake in wanted:
            if at == tick:
                try:
                    placed.append(book.place(player, stake, tick))
                except RefusedError:
                    continue
    assert len(book) == 0
    assert sorted(map(id, placed)) == sorted(id(result.bet) for result in settled)
    for result in settled:
        assert result.won == (rug_tick - result.bet.start_tick <= 40)
        assert result.payout == (result.bet.stake * PAYOUT_MULTIPLE if result.won else 0)
        assert result.profit == result.payout - result.bet.stake
