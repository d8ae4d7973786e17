"""Who did well, what a sample of trades can tell of it, and how many would by luck."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from tests.analysis_support import Tree, game_of_length, recorded_game, ticks

from vectra_player.analysis.games import load_games
from vectra_player.analysis.players import FEWEST, LuckTest, Players, luck, players, read_crowd
from vectra_player.game.sidebet import FAIR_WIN_CHANCE
from vectra_player.model.rows import OtherPlayer, ServerState
from vectra_player.model.units import to_sol
from vectra_player.store.crowd import sampled_trades
from vectra_player.store.reads import GameFilter, StoreReader

REAL = GameFilter(origins="real")
PRACTICE = {"address": "0xPractice", "ticker": "FREE"}
_numbers = count(1)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "data")


def trade(game: str, tick: int, who: str, action: str = "BUY", **changes: Any) -> OtherPlayer:
    """Build a trade that was broadcast."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "session_id": "s1",
        "seq": number,
        "ts": Tree.T0 + number,
        "source": "cdp",
        "origin": Tree.ORIGIN,
        "game_id": game,
        "player_id": who,
        "username": f"name of {who}",
        "trade_id": f"t{number}",
        "action_type": action,
        "amount": to_sol(1),
        "price": 1.0,
        "tick": tick,
        "game_phase": "LIVE",
    }
    return OtherPlayer(**{**values, **changes})


def settled(game: str, start: int, who: str, *, won: bool, **changes: Any) -> Any:
    """Build a settled sidebet."""
    values = {
        "seq": next(_numbers),
        "game_id": game,
        "start_tick": start,
        "end_tick": start + 40,
        "player_id": who,
        "username": None,
        "outcome": "won" if won else "lost",
        "bet_amount": to_sol(1),
        "payout": to_sol(5 if won else 0),
    }
    return Tree.sidebet(**{**values, **changes})


def board(game: str, seq: int, entries: Sequence[dict[str, Any]]) -> list[Any]:
    """Build the frame of a rug with its leaderboard, and the tick it tells."""
    payload = {"gameId": game, "active": True, "rugged": True, "leaderboard": entries}
    raw = "42" + json.dumps(["gameStateUpdate", payload])
    rug = Tree.tick(9, 0.02, game, seq=seq, rugged=True, phase="RUGGED", sub=9)
    return [Tree.ws(seq, raw, game_id=game), rug]


def entry(who: str, place: int, pnl: float, **changes: Any) -> dict[str, Any]:
    """Build a line of a leaderboard."""
    values = {
        "id": who,
        "username": who,
        "position": place,
        "pnl": pnl,
        "sidebetPnl": 0,
        "totalInvested": 1.0,
        "selectedCoin": None,
    }
    return {**values, **changes}


def ask(tree: Tree, horizon: int = 40) -> Players:
    with StoreReader(tree.root) as reader:
        return players(load_games(reader, unfinished=True), read_crowd(reader, REAL), horizon)


# Luck --------------------------------------------------------------------------------------------


def test_a_p_value_is_the_chance_to_do_at_least_as_well() -> None:
    (test,) = luck(np.asarray([5]), np.asarray([9]), 0.2)
    assert test.p_value == pytest.approx(stats.binomtest(5, 9, 0.2, "greater").pvalue)
    assert test.by_chance == pytest.approx(test.p_value)


def test_players_who_look_good_by_luck_are_as_many_as_it_says() -> None:
    """Over 400 fields of 60 lucky players each, the mean number at the best one's level."""
    random = np.random.default_rng(11)
    found, expected = [], []
    tries = random.integers(FEWEST, 40, 60)
    p_of_three = luck(np.asarray([9]), np.asarray([20]), FAIR_WIN_CHANCE)[0].p_value
    reference = luck(np.append(9, np.zeros(60, int)), np.append(20, tries), FAIR_WIN_CHANCE)[0]
    for _ in range(400):
        good = random.binomial(tries, FAIR_WIN_CHANCE)
        tests = luck(good, tries, FAIR_WIN_CHANCE)
        found.append(sum(test.p_value <= p_of_three for test in tests))
        expected.append(min(test.adjusted for test in tests))
    assert np.mean(found) == pytest.approx(reference.by_chance - p_of_three, abs=0.15)
    assert 0.01 <= np.mean(np.asarray(expected) <= 0.05) <= 0.07


# Buys --------------------------------------------------------------------------------------------


def test_a_buy_succeeds_when_the_game_stands_higher_later(tree: Tree) -> None:
    tree.add(
        recorded_game("up", [1 + t / 10 for t in range(20)] + [0.02]),
        recorded_game("down", [1 / (1 + t) for t in range(20)] + [0.02], 1),
    )
    tree.add(
        trade("up", 3, "a"),
        trade("down", 3, "b"),
        trade("up", 16, "c"),  # rugged within the horizon
        trade("down", 19, "d"),
        trade("up", 4, "e", "SELL"),  # no buy
        trade("unknown", 4, "f"),
    )
    found = ask(tree, 5).buys
    assert (found.players, found.tested, found.together.n) == (4, 0, 4)
    assert found.together.value == pytest.approx(1 / 4)


def test_only_the_first_buy_of_a_player_in_a_game_counts(tree: Tree) -> None:
    rising = [1 + t / 10 for t in range(60)]
    tree.add(*(recorded_game(f"g{n}", [*rising, 0.02], n) for n in range(FEWEST)))
    tree.add(*(trade(f"g{n}", tick, "a") for n in range(FEWEST) for tick in (30, 1, 2)))
    (record,) = ask(tree).buys.best
    assert (record.player_id, record.username) == ("a", "name of a")
    assert (record.games, record.rate.n, record.rate.value) == (FEWEST, FEWEST, 1.0)
    assert record.rate.fair == pytest.approx(0.464, abs=0.01)
    assert record.luck.p_value == pytest.approx((record.rate.fair or 0) ** FEWEST)


def test_a_buy_whose_sequel_nobody_watched_is_left_out(tree: Tree) -> None:
    tree.add(*ticks("open", [1.0, 1.1, 1.2, 1.3, 1.4]))
    tree.add(trade("open", 0, "a"), trade("open", 2, "b"))
    found = ask(tree, 3).buys
    assert (found.players, found.together.n) == (1, 1)


def test_own_trades_seen_by_another_recording_are_left_out(tree: Tree) -> None:
    own = ServerState(
        session_id="s2", seq=1, ts=Tree.T0, source="cdp", origin=Tree.ORIGIN, player_id="me"
    )
    tree.add(own, trade("g", 1, "me"), trade("g", 1, "you"))
    with StoreReader(tree.root) as reader:
        assert sampled_trades(reader, REAL).column("player_id").to_pylist() == ["you"]


def test_a_trade_two_sessions_heard_counts_once(tree: Tree) -> None:
    tree.add(trade("g", 1, "a", trade_id="x"), trade("g", 1, "a", trade_id="x", session_id="s2"))
    tree.add(trade("g", 1, "a", trade_id=None), trade("g", 1, "a", trade_id=None))
    assert ask(tree).trades_sampled == 3


# Sampling ----------------------------------------------------------------------------------------


def test_the_share_of_trades_seen_is_told_by_the_games_own_count(tree: Tree) -> None:
    counts = [5, 5, 15, 25]  # the first tick's trades are those of the presale
    watched = [Tree.tick(t, 1.0, "g", seq=t + 1, trade_count=c) for t, c in enumerate(counts, 1)]
    rug = Tree.tick(5, 0.02, "g", seq=9, rugged=True, trade_count=90)
    tree.add(*watched, rug, recorded_game("g", game_of_length(5)))
    tree.add(*(trade("g", tick, "a") for tick in (0, 1, 2, 3, 3, 4)))
    tree.add(*(Tree.tick(t, 1.0, "h", "mute", seq=t + 1, trade_count=t) for t in range(9)))
    coverage = ask(tree).coverage
    assert coverage is not None
    assert (coverage.games, coverage.sampled, coverage.made) == (1, 4, 20)
    assert coverage.share.value == pytest.approx(0.2)
    assert coverage.widening == pytest.approx(5**0.5)


def test_the_widening_is_that_of_thinned_samples() -> None:
    """Intervals from every fifth trade are 1 / sqrt(0.2) times as wide as from all."""
    random = np.random.default_rng(2)
    every = random.random(20_000) < 0.46
    thinned = every[random.random(20_000) < 0.2]
    widths = [
        np.subtract(*stats.binomtest(int(some.sum()), len(some)).proportion_ci()[::-1])
        for some in (every, thinned)
    ]
    assert widths[1] / widths[0] == pytest.approx((1 / 0.2) ** 0.5, rel=0.05)


def test_nothing_heard_gives_no_share(tree: Tree) -> None:
    found = ask(tree)
    assert found.coverage is None
    assert (found.trades_sampled, found.buys.players, found.bets.players) == (0, 0, 0)
    assert found.boards.best == found.buys.best == ()
    assert found.bets.together.value is None


# Sidebets ----------------------------------------------------------------------------------------


def test_sidebets_are_judged_by_player_without_own_ones(tree: Tree) -> None:
    tree.add(*(recorded_game(f"g{n}", game_of_length(50 if n % 2 else 90), n) for n in range(8)))
    tree.add(*(settled(f"g{n}", 20, "lucky", won=n % 2 == 1) for n in range(8)))
    tree.add(*(settled(f"g{n}", 5, "other", won=False) for n in range(0, 8, 2)))
    tree.add(*(settled(f"g{n}", 5, "me", won=True, own=True) for n in range(8)))
    found = ask(tree).bets
    assert (found.players, found.tested) == (2, 1)
    assert found.together.n == 12
    (record,) = found.best
    assert (record.player_id, record.games, record.rate.value) == ("lucky", 8, 0.5)
    assert record.luck == luck(np.asarray([4]), np.asarray([8]), FAIR_WIN_CHANCE)[0]
    assert isinstance(record.luck, LuckTest)


# Leaderboards ------------------------------------------------------------------------------------


def test_the_last_leaderboard_of_a_game_counts(tree: Tree) -> None:
    early = board("g", 10, [entry("a", 1, 9.0)])
    late = [Tree.ws(12, early[0].raw.replace("9.0", "3.0"), game_id="g")]
    later = [Tree.ws(13, early[0].raw.replace("9.0", "1.0"), game_id="next")]
    tree.add(*early, *late, *later)
    (record,) = ask(tree).boards.best
    assert (record.profit, record.boards, record.best_place) == (3.0, 1, 1)


def test_boards_add_up_what_sol_players_put_in_and_took_out(tree: Tree) -> None:
    ten = [entry(f"p{k}", k + 1, 1.0 - k / 10) for k in range(9)]
    practice = entry("rich", 10, 99.0, selectedCoin=PRACTICE)
    rows = [
        *board("g1", 10, [*ten, practice]),
        *board("g2", 20, [entry("p0", 1, -0.5, totalInvested=3.0)]),
        *board("g3", 30, [entry("p0", 2, 0.25, totalInvested=1.0)]),
    ]
    tree.add(*rows)
    found = ask(tree).boards
    assert (found.games, found.full, found.players) == (3, 1, 9)
    records = {record.player_id: record for record in found.best}
    assert "rich" not in records
    assert records["p0"].boards == 3
    assert records["p0"].result.value == pytest.approx(0.75 / 5)
    assert records["p1"].result.low is None


def test_a_table_without_rows_can_be_read(tree: Tree) -> None:
    with StoreReader(tree.root) as reader:
        tables = read_crowd(reader, REAL)
    assert all(isinstance(table, pa.Table) and table.num_rows == 0 for table in tables)
