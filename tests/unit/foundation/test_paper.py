"""A paper account: what actions do to it, what is told of them, and how it compares."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from vectra_player.errors import UsageError
from vectra_player.foundation.paper import NOTES_KEPT, PaperAccount
from vectra_player.foundation.paper_records import WalletLimits, WalletRequest
from vectra_player.protocol.phases import GamePhase
from vectra_player.strategy import Buy, PlaceSidebet, Sell
from vectra_player.strategy.market import Market

AT_ONCE = WalletRequest(cash=1, latency_ms=0)


def live(tick: int, price: float, game: str = "g1") -> Market:
    return Market(game, GamePhase.LIVE, tick, price)


def rug(tick: int, game: str = "g1") -> Market:
    return Market(game, GamePhase.RUGGED, tick, 0.02)


def account(wallet: WalletRequest = AT_ONCE) -> PaperAccount:
    return PaperAccount(wallet, "paper")


def play(one: PaperAccount, steps: Iterable[Market]) -> list[str]:
    """Show steps; return the kinds of the notes they made."""
    return [note.kind for step in steps for note in one.see(step, 0)]


def test_a_buy_and_a_sale_move_cash_and_holding() -> None:
    one = account()
    play(one, [live(0, 1.0)])
    bought = one.act(Buy("0.4"), "human", 5)
    assert (bought.kind, bought.outcome, bought.amount, bought.ts) == (
        "bought",
        "CONFIRMED",
        0.4,
        5,
    )
    holding = one.view().holding
    assert holding is not None
    assert (holding.qty, holding.avg_cost, holding.entry_tick) == (0.4, 1.0, 0)
    play(one, [live(1, 1.5)])
    assert one.view().equity == pytest.approx(1.2)
    sold = one.act(Sell(50), "human", 6)
    assert (sold.kind, sold.amount, sold.profit) == ("sold", 0.3, 0.1)
    assert (sold.percentage, sold.executed_tick, sold.executed_price) == (50, 1, 1.5)
    assert one.view().cash == pytest.approx(0.9)


def test_an_order_under_way_is_told_twice_and_done_at_a_later_tick() -> None:
    one = account(WalletRequest(cash=1, latency_ms=300))
    play(one, [live(10, 2.0)])
    note = one.act(Buy("0.1"), "bot", 0)
    assert (note.kind, note.outcome, note.game_context_tick) == ("submitted", None, 10)
    assert [order.action_id for order in one.view().pending] == [note.action_id]
    assert play(one, [live(11, 2.1)]) == []
    (done,) = one.see(live(12, 2.2), 9)
    assert (done.action_id, done.kind, done.actor) == (note.action_id, "bought", "bot")
    assert (done.game_context_tick, done.executed_tick, done.executed_price) == (10, 12, 2.2)


def test_a_sidebet_is_open_until_it_is_lost_or_wins() -> None:
    one = account()
    play(one, [live(0, 1.0)])
    one.act(PlaceSidebet("0.1"), "human", 0)
    bet = one.view().sidebet
    assert bet is not None
    assert (bet.start_tick, bet.end_tick, bet.game_id) == (0, 40, "g1")
    lost = [note for n in range(1, 41) for note in one.see(live(n, 1.0), 0)]
    assert [(note.kind, note.profit, note.amount) for note in lost] == [("lost", -0.1, 0.1)]
    one.act(PlaceSidebet("0.1"), "human", 0)
    (won,) = one.see(rug(60), 0)
    assert (won.kind, won.action_type, won.profit) == ("won", "SIDEBET", 0.4)
    assert one.view().cash == pytest.approx(1.3)
    assert one.idle


def test_a_holding_is_taken_at_the_rug() -> None:
    one = account()
    play(one, [live(0, 1.0)])
    one.act(Buy("0.5"), "bot", 0)
    (taken,) = one.see(rug(3), 0)
    assert (taken.kind, taken.action_type, taken.actor) == ("rugged", "SELL", "bot")
    assert taken.profit == pytest.approx(-0.49)
    assert one.between_games


@pytest.mark.parametrize(
    ("action", "reason"),
    [(Buy(5), "cash"), (Sell(100), "no_position"), (PlaceSidebet("0.0001"), "stake")],
)
def test_what_the_rules_refuse_is_told_with_its_reason(
    action: Buy | Sell | PlaceSidebet, reason: str
) -> None:
    one = account()
    play(one, [live(0, 1.0)])
    note = one.act(action, "human", 0)
    assert (note.outcome, note.kind, note.reason) == ("REJECTED", "refused", reason)
    assert note.error
    assert one.view().cash == 1.0


def test_a_limit_blocks_and_says_which() -> None:
    limits = WalletLimits(max_stake_sol=0.05)
    one = account(WalletRequest(cash=1, latency_ms=0, limits=limits))
    play(one, [live(0, 1.0)])
    note = one.act(Buy("0.06"), "human", 0)
    assert (note.outcome, note.reason) == ("BLOCKED", "limit")
    assert "max_stake_sol" in (note.error or "")


def test_between_games_nothing_is_done() -> None:
    one = account()
    with pytest.raises(UsageError, match="No game is known"):
        one.act(Buy(1), "human", 0)
    play(one, [Market("g1", GamePhase.COOLDOWN, 0, 1.0, timer_ms=12_000)])
    assert one.act(Buy("0.1"), "human", 0).reason == "closed"
    play(one, [Market("g1", GamePhase.BETTING, 0, 1.0, timer_ms=9_000)])
    assert one.act(Buy("0.1"), "human", 0).kind == "bought"


def test_a_presale_order_is_done_later_in_the_countdown() -> None:
    one = account(WalletRequest(cash=1))
    play(one, [Market("g1", GamePhase.BETTING, 0, 1.0, timer_ms=9_000)])
    one.act(Buy("0.1"), "human", 0)
    assert play(one, [Market("g1", GamePhase.BETTING, 0, 1.0, timer_ms=8_800)]) == []
    assert play(one, [Market("g1", GamePhase.BETTING, 0, 1.0, timer_ms=8_700)]) == ["bought"]


def test_a_game_whose_end_nobody_saw_gives_the_stake_back() -> None:
    one = account()
    play(one, [live(0, 1.0)])
    one.act(PlaceSidebet("0.1"), "human", 0)
    assert play(one, [live(3, 1.0, "g2")]) == ["void"]
    assert one.view().cash == 1.0


def test_the_score_card_counts_finished_games_beside_nothing_and_a_coin() -> None:
    one = account()
    for game in range(6):
        name = f"g{game}"
        play(one, [live(0, 1.0, name)])
        one.act(PlaceSidebet("0.1"), "human", 0)
        play(one, [*(live(n, 1.0, name) for n in range(1, 60)), rug(60, name)])
    you, never, coin = one.state().score
    assert (you.who, you.games, you.bets, you.bets_won) == ("you", 6, 6, 0)
    assert you.profit == pytest.approx(-0.6)
    assert you.expected == pytest.approx(0.6 * -0.0916, abs=1e-4)
    assert (never.who, never.profit, never.bets) == ("never betting", 0.0, 0)
    assert coin.who == "coin flip"
    assert 0 < coin.bets <= 6
    assert coin.staked == pytest.approx(0.1 * coin.bets)


def test_the_coin_holds_as_long_and_as_much_as_the_account_did() -> None:
    one = account()
    play(one, [live(0, 1.0)])
    one.act(Buy("0.2"), "human", 0)
    play(one, [live(n, 1.0) for n in range(1, 8)])
    one.act(Sell(), "human", 0)
    play(one, [*(live(n, 1.0) for n in range(8, 400)), rug(400)])
    coin = one.state().score[-1]
    assert (coin.buys, coin.invested, coin.profit) == (1, 0.2, 0.0)


def test_the_log_is_bounded() -> None:
    one = account()
    play(one, [live(0, 1.0)])
    for _ in range(2 * NOTES_KEPT):
        one.act(Sell(), "bot", 0)
    notes = one.state().actions
    assert len(notes) == NOTES_KEPT
    assert notes[0].action_id == f"paper-{2 * NOTES_KEPT}"
