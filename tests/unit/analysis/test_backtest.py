"""A backtest says what was played, how little it proves, and how to repeat it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.backtest_support import (
    NOW,
    backtest,
    contestant,
    games_of,
    generated,
    recorded,
    strategy_file,
)

from vectra_player.analysis.backtest import Question, run_backtest
from vectra_player.analysis.backtest_tables import lamports_of, sol
from vectra_player.analysis.results import heads
from vectra_player.analysis.selection import Selected
from vectra_player.errors import UsageError

CHOSEN = generated(60)


def test_the_parts_add_up_to_the_whole_and_follow_each_other(tmp_path: Path) -> None:
    record = backtest(tmp_path, "momentum", CHOSEN).record
    assert record.train.games + record.validation.games == record.whole.games == 60
    assert record.train.games == 42
    assert record.train.profit + record.validation.profit == record.whole.profit
    assert record.train.cash_before == record.whole.cash_before == Decimal(10)
    assert record.train.cash_after == record.validation.cash_before
    assert record.validation.cash_after == record.whole.cash_after
    folds = [(fold.first, fold.last) for fold in record.folds]
    assert folds == [(10, 20), (20, 30), (30, 40), (40, 50), (50, 60)]


def test_the_tables_say_what_the_record_says(tmp_path: Path) -> None:
    run = backtest(tmp_path, "momentum", CHOSEN)
    profit = lamports_of(run.per_game, "profit").sum()
    assert Decimal(int(profit)).scaleb(-9) == run.record.whole.profit
    rows = run.trades.to_pylist()
    assert sum(row["profit"] for row in rows) == run.record.whole.profit
    assert sum(row["kind"] == "bought" for row in rows) == run.record.whole.buys
    assert rows[-1]["cash"] == run.record.whole.cash_after
    parts = run.per_game.column("part").to_pylist()
    assert parts == ["train"] * 42 + ["validation"] * 18


def test_never_betting_keeps_everything_and_the_coin_bets_as_much(tmp_path: Path) -> None:
    record = backtest(tmp_path, "momentum", generated(300)).record
    assert record.never.profit == 0
    assert record.never.games_played == 0
    assert record.never.evidence.why_not == ("it won nothing",)
    assert record.coin_flip.buys >= 0.85 * record.whole.buys
    assert (
        record.coin_flip.put_in / record.coin_flip.buys == record.whole.put_in / record.whole.buys
    )
    assert record.coin_flip.profit != record.whole.profit


def test_the_same_question_is_answered_from_the_kept_run(tmp_path: Path) -> None:
    first = backtest(tmp_path, "momentum", CHOSEN)
    again = backtest(tmp_path, "momentum", CHOSEN)
    assert (first.cached, again.cached) == (False, True)
    assert again.record == first.record
    assert again.trades.equals(first.trades)
    assert again.per_game.equals(first.per_game)
    fresh = run_backtest(
        contestant("momentum", tmp_path),
        CHOSEN,
        Question(),
        results=tmp_path / "results",
        made_at="2027-01-01T00:00:00.000+00:00",
        fresh=True,
    )
    assert not fresh.cached
    assert fresh.record.whole == first.record.whole
    assert fresh.record.manifest.run_id == first.record.manifest.run_id


def test_a_torn_record_is_no_answer(tmp_path: Path) -> None:
    run = backtest(tmp_path, "momentum", CHOSEN)
    (tmp_path / "results" / run.record.manifest.run_id / "result.json").write_text('{"strat')
    assert not backtest(tmp_path, "momentum", CHOSEN).cached


def test_a_run_is_kept_where_pages_can_list_it(tmp_path: Path) -> None:
    run = backtest(tmp_path, "momentum", CHOSEN)
    (head,) = heads(tmp_path / "results")
    assert (head.run_id, head.strategy, head.tried) == (run.record.manifest.run_id, "momentum", 1)
    assert head.headline == run.record.headline
    folder = tmp_path / "results" / head.run_id
    assert pq.read_table(folder / "trades.parquet").num_rows == run.trades.num_rows


def test_variants_tried_on_the_same_games_are_counted_by_themselves(tmp_path: Path) -> None:
    backtest(tmp_path, "momentum", CHOSEN)
    results = tmp_path / "results"
    for number, hold in enumerate((11, 12, 12, 13), 1):
        changed = contestant("momentum", tmp_path).with_params({"hold_ticks": hold})
        run = run_backtest(changed, CHOSEN, Question(), results=results, made_at=NOW)
        expected = {1: 2, 2: 3, 3: 3, 4: 4}[number]
        assert run.record.tried == run.record.whole.evidence.variants == expected
        assert any("variants were tried" in warning for warning in run.record.warnings)
    assert backtest(tmp_path, "momentum", generated(61)).record.tried == 1  # other games
    assert backtest(tmp_path, "pullback", CHOSEN).record.tried == 1  # another strategy
    assert backtest(tmp_path, "pullback", CHOSEN, variants=500).record.tried == 500


def test_one_lucky_game_is_pointed_out(tmp_path: Path) -> None:
    flat = [1.0] * 40
    chosen = recorded(games_of(*[flat] * 39, [1.0] * 12 + [50.0] * 40))
    file = strategy_file(tmp_path / "buyer.py")
    record = backtest(tmp_path, file, chosen).record
    assert record.whole.profit > 0
    assert not record.whole.evidence.winner
    assert any("One game made all the profit" in warning for warning in record.warnings)


def test_a_way_that_really_works_is_called_a_winner(tmp_path: Path) -> None:
    rising = [[1.0 + 0.01 * tick + 0.002 * (game % 3) for tick in range(60)] for game in range(200)]
    rising += [[1.0] * 6 + [0.9] * 20] * 10
    chosen = recorded(games_of(*rising))
    file = strategy_file(tmp_path / "buyer.py")
    record = backtest(tmp_path, file, chosen).record
    assert record.whole.evidence.winner, record.whole.evidence.why_not
    assert "beyond chance" in record.headline
    assert "not beyond chance" not in record.headline


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("1 / 0 if context.game_id == 'game-3' else None", "error"),
        ("while context.game_id == 'game-3': pass", "timeout"),
    ],
)
def test_a_strategy_that_fails_ends_its_run_and_what_it_did_stays(
    body: str, reason: str, tmp_path: Path
) -> None:
    file = strategy_file(tmp_path / "buyer.py", body)
    chosen = recorded(games_of(*[[1.0 + 0.01 * tick for tick in range(30)]] * 6))
    record = backtest(tmp_path, file, chosen).record
    assert record.stopped is not None
    assert (record.stopped.reason, record.stopped.game_id) == (reason, "game-3")
    assert record.whole.buys == 3
    assert record.whole.games == 6
    assert "ended early, in game game-3" in record.warnings[0]


def test_games_with_gaps_and_unseen_ends_are_played_where_they_are_asked_for(
    tmp_path: Path,
) -> None:
    games = games_of([1.0] * 4 + [float("nan")] * 3 + [1.2] * 20, [1.0 + k / 50 for k in range(12)])
    cut = replace(
        games,
        prices=games.prices[:-1],
        offsets=np.array([0, 28, 40]),
        rug_ticks=np.array([27, -1]),
    )
    run = backtest(tmp_path, strategy_file(tmp_path / "buyer.py"), recorded(cut))
    first, second = run.per_game.to_pylist()
    assert (first["buys"], second["buys"]) == (0, 1)  # tick 5 of the first was missed
    assert second["profit"] == -second["invested"]  # nobody saw how the second ended
    assert second["rug_tick"] is None
    assert any("2 games have gaps" in warning for warning in run.record.warnings)


def test_without_games_there_is_advice_and_nothing_is_kept(tmp_path: Path) -> None:
    nothing = Selected(games_of(), "all", "real", {"ticks are missing": 4})
    with pytest.raises(UsageError, match="--include-incomplete"):
        backtest(tmp_path, "momentum", nothing)
    with pytest.raises(UsageError, match="vectra-player import"):
        backtest(tmp_path, "momentum", Selected(games_of(), "all", "real", {}))
    assert not list(heads(tmp_path / "results"))


def test_a_strategy_that_does_nothing_is_no_winner(tmp_path: Path) -> None:
    record = backtest(tmp_path, "never-bet", CHOSEN).record
    assert record.whole.result is None
    assert "Nothing was bought or bet" in record.warnings[0]


def test_generated_games_and_missing_latency_are_pointed_out(tmp_path: Path) -> None:
    told = " ".join(backtest(tmp_path, "momentum", CHOSEN).record.warnings)
    assert "fair by construction" in told
    assert "--latency-ms 219" in told
    slow = contestant("momentum", tmp_path, latency_ms=219.0)
    record = run_backtest(
        slow, CHOSEN, Question(), results=tmp_path / "results", made_at=NOW
    ).record
    assert "--latency-ms" not in " ".join(record.warnings)


def test_amounts_are_written_exactly_and_without_noise() -> None:
    assert sol(Decimal("1.500000000")) == "1.5"
    assert sol(Decimal("0.000000001"), "+") == "+0.000000001"
    assert sol(Decimal(10)) == "10"
    assert sol(Decimal("0E-9"), "+") == "0"
    assert sol(Decimal("-0.0100"), "+") == "-0.01"


def test_a_run_tells_how_far_it_is_before_each_game(tmp_path: Path) -> None:
    chosen, heard = generated(6), list[tuple[int, int, str]]()
    run_backtest(
        contestant("conservative", tmp_path),
        chosen,
        Question(),
        results=tmp_path / "results",
        made_at=NOW,
        progress=lambda done, total, what: heard.append((done, total, what)),
    )
    assert heard[:6] == [(done, 6, "games") for done in range(6)]
    assert (5, 6, "games of the coin flip") in heard
    own = strategy_file(tmp_path / "own.py")
    told = list[int]()
    contestant(own, tmp_path).play(
        chosen.games, seed=1, progress=lambda done, total: told.append(done)
    )
    assert told == list(range(6))
