"""A sweep tries every variant once, survives a kill, and does not believe its own best."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.backtest_support import NOW, contestant, games_of, generated, recorded, strategy_file
from tests.command_support import wait_until

from vectra_player.analysis.backtest_tables import lamports_of
from vectra_player.analysis.grid import parse_grid
from vectra_player.analysis.jobs_pool import LocalEngine
from vectra_player.analysis.play import columns_of
from vectra_player.analysis.results import heads
from vectra_player.analysis.selection import Selected
from vectra_player.analysis.sweep import Request, Run, run_sweep
from vectra_player.errors import UsageError

CHOSEN = generated(80)
GRID = ["hold_ticks=10:100:10", "take_profit=1.2,1.5,3"]


def sweep(
    root: Path,
    word: str | Path = "momentum",
    grid: Sequence[str] = GRID,
    chosen: Selected = CHOSEN,
    jobs: int = 1,
    fresh: bool = False,
    **request: Any,
) -> Run:
    """Run a sweep whose results lie in the data directory."""
    return run_sweep(
        contestant(word, root),
        parse_grid(grid),
        chosen,
        Request(**request),
        LocalEngine(jobs),
        results=root / "results",
        made_at=NOW,
        fresh=fresh,
    )


def digest(run: Run, root: Path) -> str:
    """Return the SHA-256 of the sweep's Parquet file."""
    file = root / "results" / run.record.manifest.run_id / "variants.parquet"
    return hashlib.sha256(file.read_bytes()).hexdigest()


class Swept(NamedTuple):
    """A sweep that tests look at, and the data directory its results lie in."""

    run: Run
    root: Path


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    root = tmp_path_factory.mktemp("swept")
    return Swept(sweep(root), root)


def test_every_combination_is_there_once_with_what_the_event_engine_says(swept: Swept) -> None:
    run, tmp_path = swept
    rows = run.variants.to_pylist()
    pairs = {(row["param_hold_ticks"], row["param_take_profit"]) for row in rows}
    assert len(rows) == len(pairs) == 30
    assert run.record.fast == 30
    train = CHOSEN.games.take(range(run.record.train_games))
    for row in rows[::7]:
        values = {"hold_ticks": row["param_hold_ticks"], "take_profit": row["param_take_profit"]}
        result = contestant("momentum", tmp_path).with_params(values).play(train, seed=1)
        columns = columns_of(result.games, len(train))
        assert row["profit"] == result.profit
        assert row["put_in"] == Decimal(int(columns.at_risk.sum())).scaleb(-9)
        assert row["buys"] == columns.buys.sum()


def test_the_best_are_chosen_on_the_earlier_games_and_checked_on_the_later(tmp_path: Path) -> None:
    run = sweep(tmp_path, top=3)
    record = run.record
    assert record.train_games == 56
    assert [best.rank for best in record.best] == [1, 2, 3]
    rows = run.variants.to_pylist()
    scores = [row["deflated"] for row in rows]
    assert rows[record.best[0].variant]["deflated"] == max(scores)
    first = record.best[0]
    assert first.train.profit == rows[first.variant]["profit"]
    assert first.train.evidence.deflated == pytest.approx(rows[first.variant]["deflated"])
    assert first.train.evidence.variants == 30
    later = CHOSEN.games.take(range(56, 80))
    alone = contestant("momentum", tmp_path).with_params(first.params).play(later, seed=1)
    assert first.validation.profit == alone.profit
    assert first.validation.games == 24


def test_worthless_variants_are_not_believed_and_that_is_said(swept: Swept) -> None:
    record = swept.run.record
    assert not any(best.train.evidence.winner for best in record.best)
    assert "None is beyond chance: of 30 worthless variants" in record.warnings[0]
    assert "not beyond chance" in record.headline


def test_the_walk_forward_chooses_on_the_past_alone(tmp_path: Path) -> None:
    run = sweep(tmp_path, folds=3)
    train = CHOSEN.games.take(range(56))
    table = np.array(
        [
            columns_of(
                contestant("momentum", tmp_path)
                .with_params(_params(row))
                .play(train, seed=1)
                .games,
                56,
            ).profit
            for row in run.variants.to_pylist()
        ]
    )
    assert [(step.first, step.last) for step in run.record.walk] == [(14, 28), (28, 42), (42, 56)]
    for step in run.record.walk:
        past = table[:, : step.first]
        best = int(np.argmax(past.mean(axis=1) / past.std(axis=1)))
        assert step.variant == best
        assert step.profit == Decimal(int(table[best, step.first : step.last].sum())).scaleb(-9)


def _params(row: dict[str, Any]) -> dict[str, Any]:
    return {"hold_ticks": row["param_hold_ticks"], "take_profit": row["param_take_profit"]}


def test_one_process_and_several_give_the_same_file(tmp_path: Path) -> None:
    grid = ["entry_tick=0:299", "num_bets=1,2"]
    files = []
    for jobs in (1, 2):
        root = tmp_path / str(jobs)
        run = sweep(root, "fixed_baseline", grid, jobs=jobs)
        files.append(digest(run, root))
        assert run.variants.num_rows == 600
    assert files[0] == files[1]


def test_a_random_part_of_the_grid_is_the_same_each_time(tmp_path: Path) -> None:
    grid = ["entry_tick=0:400", "num_bets=1:8", "kelly_fraction=0.01:1:0.01"]
    first = sweep(tmp_path / "a", "quarter_kelly", grid, random=40, seed=5)
    again = sweep(tmp_path / "b", "quarter_kelly", grid, random=40, seed=5)
    assert first.variants.equals(again.variants)
    assert first.variants.num_rows == 40
    assert first.record.grid_size == 401 * 8 * 100
    other = sweep(tmp_path / "a", "quarter_kelly", grid, random=40, seed=6)
    assert not other.variants.equals(first.variants)


def test_the_same_sweep_is_answered_from_the_kept_one(tmp_path: Path) -> None:
    first, again = sweep(tmp_path), sweep(tmp_path)
    assert (first.cached, again.cached) == (False, True)
    assert again.record == first.record
    assert not sweep(tmp_path, fresh=True).cached
    (head,) = heads(tmp_path / "results")
    assert (head.tried, head.strategy) == (30, "momentum")
    left = {path.name for path in (tmp_path / "results" / head.run_id).iterdir()}
    assert left == {"result.json", "variants.parquet", ".lock"}


def test_earlier_sweeps_over_the_same_games_raise_the_hurdle(tmp_path: Path) -> None:
    sweep(tmp_path)
    later = sweep(tmp_path, grid=["hold_ticks=200,201"])
    assert later.record.earlier == 30
    assert later.record.best[0].train.evidence.variants == 32
    assert any("30 other variants" in warning for warning in later.record.warnings)


def test_variants_that_cannot_be_are_counted_and_the_rest_goes_on(tmp_path: Path) -> None:
    run = sweep(tmp_path, "fixed_baseline", ["entry_tick=4900,4960", "num_bets=1,2,3"])
    rows = run.variants.to_pylist()
    assert [row["error"] is None for row in rows] == [True, True, False, True, False, False]
    assert run.record.impossible == 3
    assert run.record.tried == 3
    assert any("3 variants cannot be" in warning for warning in run.record.warnings)
    with pytest.raises(UsageError, match="must be 0 to 4960"):
        sweep(tmp_path, "fixed_baseline", ["entry_tick=5000,6000"])


def test_a_strategy_that_fails_in_some_variants_is_reported_and_the_rest_goes_on(
    tmp_path: Path,
) -> None:
    body = "1 / 0 if self.params.hold == 7 and context.game_id == 'game-2' else None"
    file = strategy_file(tmp_path / "buyer.py", body)
    chosen = recorded(games_of(*[[1.0 + 0.01 * tick for tick in range(30)]] * 6))
    run = sweep(tmp_path, file, ["hold=7,8"], chosen)
    failed, played = run.variants.column("error").to_pylist()
    assert "ZeroDivisionError" in failed
    assert played is None
    assert run.record.failed == 1
    assert [best.params["hold"] for best in run.record.best] == [8]


@pytest.mark.parametrize(
    ("word", "grid", "advice"),
    [
        ("momentum", ["entry_tick=1,2"], "hold_ticks"),
        ("fixed_baseline", ["hold_ticks=1,2"], "entry_tick"),
        ("momentum", ["hold_ticks=abc"], "int"),
    ],
)
def test_a_parameter_that_is_not_there_is_refused(
    word: str, grid: list[str], advice: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=advice):
        sweep(tmp_path, word, grid)


def test_one_game_is_too_few(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="games to choose on"):
        sweep(tmp_path, chosen=generated(1))


KILLED = """
import sys, time
from pathlib import Path
sys.path.insert(0, ".")
from tests.unit.analysis import test_sweep as t
from vectra_player.analysis import sweep_work

if __name__ == "__main__":
    play = sweep_work._play
    def slowly(*arguments):
        time.sleep(0.6)
        play(*arguments)
    sweep_work._play = slowly
    t.killed_sweep(Path(sys.argv[1]))
"""


def killed_sweep(root: Path) -> Run:
    """Run the sweep that is killed, in one process."""
    return sweep(root, "fixed_baseline", ["entry_tick=0:1499"])


def test_a_sweep_killed_half_way_goes_on_and_ends_in_the_identical_file(tmp_path: Path) -> None:
    (tmp_path / "killed.py").write_text(KILLED)
    root = tmp_path / "data"
    running = subprocess.Popen([sys.executable, str(tmp_path / "killed.py"), str(root)])
    chunks = root / "results"
    wait_until(lambda: len(list(chunks.glob("*/chunks/*.parquet"))) >= 2, "some chunks are kept")
    running.kill()
    running.wait()
    kept = {path: path.stat().st_mtime_ns for path in chunks.glob("*/chunks/*.parquet")}
    assert 2 <= len(kept) < 6
    assert not list(chunks.glob("*/result.json"))
    done: list[tuple[int, int]] = []
    whole = run_sweep(
        contestant("fixed_baseline", root),
        parse_grid(["entry_tick=0:1499"]),
        CHOSEN,
        Request(),
        LocalEngine(1),
        results=root / "results",
        made_at="2027-05-05T00:00:00.000+00:00",
        progress=lambda now, total: done.append((now, total)),
    )
    assert done[0] == (250 * len(kept), 1500)
    assert done[-1] == (1500, 1500)
    undisturbed = killed_sweep(tmp_path / "other")
    assert digest(whole, root) == digest(undisturbed, tmp_path / "other")
    assert whole.record == undisturbed.record


def test_a_torn_chunk_is_computed_again(tmp_path: Path) -> None:
    class Stops(LocalEngine):
        """Stops asking after the first chunk, as Ctrl-C would."""

        def run(self, work: Any, chunks: Sequence[int]) -> Any:
            running = super().run(work, chunks)
            yield next(running)
            raise KeyboardInterrupt

    arguments = (contestant("fixed_baseline", tmp_path), parse_grid(["entry_tick=0:599"]), CHOSEN)
    results = tmp_path / "results"
    with pytest.raises(KeyboardInterrupt):
        run_sweep(*arguments, Request(), Stops(1), results=results, made_at=NOW)
    (chunk,) = results.glob("*/chunks/*.parquet")
    chunk.write_bytes(chunk.read_bytes()[:100])
    run = run_sweep(*arguments, Request(), LocalEngine(1), results=results, made_at=NOW)
    assert run.variants.num_rows == 600
    assert lamports_of(run.variants, "put_in").sum() > 0


def test_the_same_sweep_does_not_run_twice_at_once(tmp_path: Path) -> None:
    class Meanwhile(LocalEngine):
        """Starts the sweep again while it runs."""

        def run(self, work: Any, chunks: Sequence[int]) -> Any:
            with pytest.raises(UsageError, match="another process"):
                sweep(tmp_path)
            yield from super().run(work, chunks)

    run_sweep(
        contestant("momentum", tmp_path),
        parse_grid(GRID),
        CHOSEN,
        Request(),
        Meanwhile(1),
        results=tmp_path / "results",
        made_at=NOW,
    )


def test_the_kept_table_is_plain_parquet(swept: Swept) -> None:
    run = swept.run
    file = swept.root / "results" / run.record.manifest.run_id / "variants.parquet"
    assert pq.read_table(file).equals(run.variants)
