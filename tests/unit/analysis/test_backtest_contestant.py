"""One word stands for what plays; everything that decides how it plays is its identity."""

from __future__ import annotations

import os
import pickle
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from tests.backtest_support import contestant, strategy_file

from vectra_player.analysis.games import Games, generate_games
from vectra_player.analysis.lookahead import check_lookahead
from vectra_player.analysis.profiles import ProfileStore
from vectra_player.errors import UsageError
from vectra_player.protocol.phases import GamePhase
from vectra_player.strategy.loading import FOLDER
from vectra_player.strategy.profile import Profile, changed
from vectra_player.strategy.records import Decision, RunResult

GAMES = generate_games(20, seed=5)


def test_a_word_is_a_preset_a_profile_a_strategy_or_a_file(tmp_path: Path) -> None:
    ProfileStore(tmp_path).save(changed(Profile(name="mine"), {"execution.entry_tick": 77}))
    (tmp_path / FOLDER).mkdir(exist_ok=True)
    strategy_file(tmp_path / FOLDER / "owned.py")
    elsewhere = strategy_file(tmp_path / "elsewhere.py")
    sources = {
        word: contestant(word, tmp_path).source
        for word in ("fixed_baseline", "mine", "momentum", "owned", str(elsewhere))
    }
    assert list(sources.values()) == ["preset", "profile", "built-in", "file", "file"]
    mine = contestant("mine", tmp_path)
    assert mine.profile is not None
    assert mine.profile.execution.entry_tick == 77
    assert mine.conditions.cash == mine.profile.execution.initial_balance
    assert contestant("momentum", tmp_path).conditions.cash == 10


def test_a_profile_may_name_another_strategy(tmp_path: Path) -> None:
    profile = Profile(name="trader", strategy="momentum", params={"hold_ticks": 33})
    ProfileStore(tmp_path).save(profile)
    found = contestant("trader", tmp_path)
    assert not found.by_profile
    assert found.params["hold_ticks"] == 33
    assert found.params["lookback"] == 20
    assert found.make().name == "momentum"


def test_a_word_that_stands_for_nothing_lists_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no profile and no strategy 'nope'") as refused:
        contestant("nope", tmp_path)
    assert "momentum" in str(refused.value)
    assert "fixed_baseline" in str(refused.value)
    with pytest.raises(UsageError, match="There is no file"):
        contestant(tmp_path / "missing.py", tmp_path)


def test_cash_goes_before_the_profile_and_must_be_something(tmp_path: Path) -> None:
    found = contestant("fixed_baseline", tmp_path, cash=Decimal("0.7"))
    assert found.conditions.cash == Decimal("0.7")
    assert found.profile is not None
    assert found.profile.execution.initial_balance == Decimal("0.7")
    for impossible in ("0", "1e-12", "1e30"):
        with pytest.raises(UsageError, match=r"--cash from 0\.001 to 1000000"):
            contestant("momentum", tmp_path, cash=Decimal(impossible))


def test_parameters_are_replaced_by_name_or_path_within_their_ranges(tmp_path: Path) -> None:
    base = contestant("fixed_baseline", tmp_path)
    other = base.with_params({"entry_tick": 5, "scaling.mode": "kelly", "num_bets": 2})
    assert other.profile is not None
    assert other.profile.execution.entry_tick == 5
    assert other.profile.scaling.mode == "kelly"
    sized = base.with_params({"bet_size": 0.004, "num_bets": 3}).profile
    assert sized is not None
    assert sized.execution.bet_sizes == (Decimal("0.004"),) * 3
    assert "bet_size" in base.param_names()
    for wrong in ({"entry_tick": -1}, {"nothing": 1}, {"mode": "lucky"}):
        with pytest.raises(UsageError):
            base.with_params(wrong)
    with pytest.raises(UsageError, match="hold_ticks"):
        contestant("momentum", tmp_path).with_params({"hold_ticks": 0})


def test_whatever_decides_is_part_of_the_identity(tmp_path: Path) -> None:
    base = contestant("fixed_baseline", tmp_path)
    others = (
        base.with_params({"entry_tick": 6}),
        base.with_params({"daily_loss_limit": 0.01}),
        contestant("fixed_baseline", tmp_path, latency_ms=219.0),
        contestant("fixed_baseline", tmp_path, rug_payout="nothing"),
        contestant("quarter_kelly", tmp_path),
    )
    assert all(other.identity() != base.identity() for other in others)
    assert contestant("fixed_baseline", tmp_path).identity() == base.identity()


def test_it_travels_to_another_process_and_plays_the_same(tmp_path: Path) -> None:
    for word in ("momentum", "fixed_baseline"):
        here = contestant(word, tmp_path)
        there = pickle.loads(pickle.dumps(here))
        assert there.play(GAMES, seed=3) == here.play(GAMES, seed=3)


def test_a_users_strategy_is_kept_in_a_process_of_its_own(tmp_path: Path) -> None:
    marker = tmp_path / "ran_here"
    body = f"import os; open({str(marker)!r}, 'w').write(str(os.getpid()))"
    found = contestant(strategy_file(tmp_path / "buyer.py", body), tmp_path)
    assert found.own
    assert found.params == {"tick": 5, "hold": 10}
    found.play(GAMES.take([0]), seed=1)
    assert int(marker.read_text()) != os.getpid()


# Looking ahead -----------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["momentum", "fixed_baseline", "coin-flip"])
def test_strategies_that_come_with_the_product_do_not_look_ahead(word: str, tmp_path: Path) -> None:
    found = contestant(word, tmp_path)
    checked = check_lookahead(
        lambda games: found.play(games, seed=1), GAMES, found.play(GAMES, seed=1), seed=1
    )
    assert checked.problem is None
    assert checked.games == 12


def test_a_strategy_that_remembers_the_games_it_was_tuned_on_is_found_out(tmp_path: Path) -> None:
    known = {game: int(rug) for game, rug in zip(GAMES.game_ids, GAMES.rug_ticks, strict=True)}
    body = f"if {known!r}.get(context.game_id, 0) < 40: return"
    found = contestant(strategy_file(tmp_path / "cheat.py", body), tmp_path)
    long = GAMES.take([int(GAMES.rug_ticks.argmax())])
    checked = check_lookahead(
        lambda games: found.play(games, seed=1), long, found.play(long, seed=1), seed=1
    )
    assert checked.problem is not None
    assert "recognises them" in checked.problem


def test_an_engine_that_shows_the_future_is_found_out(tmp_path: Path) -> None:
    found = contestant("momentum", tmp_path)

    def peeking(games: Games) -> RunResult:
        """Decide by how long the game will be, as a leak of the future would let it."""
        result = found.play(games, seed=1)
        length = Decimal(int(games.rug_ticks[0]))
        leak = Decision(1, games.game_ids[0], GamePhase.LIVE, 0, 1.0, "buy", length)
        return msgspec.structs.replace(result, decisions=(leak, *result.decisions))

    checked = check_lookahead(peeking, GAMES, found.play(GAMES, seed=1), seed=1)
    assert checked.problem is not None
    assert "depends on what came after" in checked.problem
