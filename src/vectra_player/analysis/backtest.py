"""A backtest: one strategy over games in order of time, with everything needed to doubt it.

The event engine plays, so every trade is there. What the run says is one record (`Backtest`)
that the table, the JSON and the report are made of. Used by the command and the dashboard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from vectra_player.analysis.backtest_tables import games_table, sol, trades_table
from vectra_player.analysis.contestant import Contestant
from vectra_player.analysis.doubts import doubts
from vectra_player.analysis.lookahead import LookAhead, check_lookahead
from vectra_player.analysis.manifest import Manifest, digest, make_manifest
from vectra_player.analysis.measures import Measures, measure
from vectra_player.analysis.play import Columns, columns_of, play
from vectra_player.analysis.results import heads, load_record, save_record, save_table, tried_before
from vectra_player.analysis.selection import Selected
from vectra_player.analysis.significance import bootstrap_interval
from vectra_player.analysis.splits import (
    DEFAULT_FOLDS,
    DEFAULT_TRAIN_SHARE,
    Part,
    split_by_time,
    walk_forward,
)
from vectra_player.errors import UsageError
from vectra_player.strategy.api import Strategy
from vectra_player.strategy.builtin.baselines import CoinFlip, NeverBet
from vectra_player.strategy.records import RunResult, Stopped
from vectra_player.strategy.sizing import from_lamports, to_lamports

TRADES, GAMES = "trades.parquet", "games.parquet"

Progress = Callable[[int, int, str], None]
"""Is told how much is done, of how much, of what."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked beside the strategy and the games. `variants`: tried elsewhere, if any."""

    seed: int = 1
    train_share: float = DEFAULT_TRAIN_SHARE
    folds: int = DEFAULT_FOLDS
    variants: int = 1
    check_lookahead: bool = False


class FoldResult(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of a walk forward: games `first` to `last` - 1. Means are SOL a game."""

    first: int
    last: int
    games_played: int
    profit: Decimal
    mean: float
    low: float
    high: float


class Backtest(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a backtest; `results.Head` is its beginning.

    train, validation: the earlier and the later games; whole: both. never, coin_flip: the same
    games without any bet, and with as many bets of the same size at random moments.
    """

    strategy: str
    variant: str
    tried: int
    headline: str
    manifest: Manifest
    contestant: dict[str, Any]
    games: dict[str, Any]
    whole: Measures
    train: Measures
    validation: Measures
    coin_flip: Measures
    never: Measures
    folds: tuple[FoldResult, ...]
    warnings: tuple[str, ...]
    stopped: Stopped | None
    lookahead: LookAhead | None


@dataclass(frozen=True)
class Run:
    """A backtest with its tables. `cached`: it was answered from an earlier run.

    trades: one row for everything that became of a decision. per_game: one row a game.
    """

    record: Backtest
    trades: pa.Table
    per_game: pa.Table
    cached: bool


def run_backtest(
    contestant: Contestant,
    chosen: Selected,
    question: Question,
    *,
    results: Path,
    made_at: str,
    fresh: bool = False,
    progress: Progress = lambda done, total, what: None,
) -> Run:
    """Run, keep and return a backtest; one that was run before is returned as it was kept.

    `progress` is told before each game. Raises UsageError without games.
    """
    if not len(chosen.games):
        raise UsageError("There is no game to play.", advice=chosen.advice())
    match = _match(contestant, chosen, question, results, made_at)
    folder = results / match.manifest.run_id
    kept = None if fresh else load_run(folder)
    if kept is not None:
        return kept
    run = _compute(match, progress)
    save_table(folder / TRADES, run.trades)
    save_table(folder / GAMES, run.per_game)
    save_record(folder, run.record)
    return run


def load_run(folder: Path) -> Run | None:
    """Return a kept backtest, None where the folder holds none."""
    record = load_record(folder, Backtest)
    if record is None:
        return None
    trades, per_game = (pq.read_table(folder / name) for name in (TRADES, GAMES))
    return Run(record, trades, per_game, cached=True)


def headline(whole: Measures) -> str:
    """Say in one line what came of it."""
    if whole.result is None:
        return f"nothing was bet in {whole.games:,} games"
    verdict = "beyond chance" if whole.evidence.winner else "not beyond chance"
    return (
        f"{sol(whole.profit, '+')} SOL ({whole.result:+.2%} of what was put in) "
        f"in {whole.games:,} games, {verdict}"
    )


@dataclass(frozen=True)
class _Match:
    """Everything a backtest is computed from."""

    contestant: Contestant
    chosen: Selected
    question: Question
    manifest: Manifest
    variant: str
    tried: int


def _match(
    contestant: Contestant, chosen: Selected, question: Question, results: Path, made_at: str
) -> _Match:
    """Identify a run; how many variants were tried before it is part of what it is."""
    identity, data = contestant.identity(), chosen.games.digest
    variant = digest(identity)
    before = tried_before(
        list(heads(results)), strategy=contestant.name, data=data, variant=variant
    )
    tried = max(question.variants, before + 1)
    manifest = make_manifest(
        "backtest",
        made_at=made_at,
        data=data,
        question={
            "contestant": identity,
            "question": msgspec.to_builtins(question),
            "games": chosen.asked,
            "tried": tried,
        },
        seed=question.seed,
        files=contestant.files,
    )
    return _Match(contestant, chosen, question, manifest, variant, tried)


def _compute(match: _Match, progress: Progress) -> Run:
    contestant, games, question = match.contestant, match.chosen.games, match.question

    def told(what: str) -> Callable[[int, int], None]:
        return lambda done, total: progress(done, total, what)

    result = contestant.play(games, seed=question.seed, progress=told("games"))
    columns = columns_of(result.games, len(games))

    def beside(strategy: Strategy, what: str) -> Columns:
        how, seed = contestant.conditions, question.seed
        found = play(strategy, games, how, seed=seed, progress=told(what))
        return columns_of(found.games, len(games))

    coins = beside(CoinFlip.like(result), "games of the coin flip")
    nothing = beside(NeverBet(), "games of never betting")
    progress(0, 0, "intervals")
    record = _record(match, result, columns, coins, nothing)
    n_train = split_by_time(len(games), question.train_share).train.last
    table = games_table(games, columns, coins, n_train)
    return Run(record, trades_table(result), table, cached=False)


def _record(
    match: _Match, result: RunResult, columns: Columns, coins: Columns, nothing: Columns
) -> Backtest:
    chosen, question, tried = match.chosen, match.question, match.tried
    contestant = match.contestant
    split = split_by_time(len(columns), question.train_share)
    every = Part(0, len(columns))
    cash = to_lamports(contestant.conditions.cash)

    def figures(name: str, of: Columns, part: Part, variants: int = 1) -> Measures:
        before = cash + int(of.profit[: part.first].sum())
        return measure(name, of.cut(part.slice), before, seed=question.seed, variants=variants)

    parts: dict[str, Measures] = {
        "whole": figures("whole", columns, every, tried),
        "train": figures("train", columns, split.train, tried),
        "validation": figures("validation", columns, split.validation, tried),
        "coin_flip": figures("coin flip", coins, every),
    }
    warnings = doubts(
        **parts,
        tried=tried,
        generated=chosen.generated,
        incomplete=int((~chosen.games.complete).sum()),
        latency_ms=contestant.conditions.latency_ms,
        stopped=result.stopped,
    )
    return Backtest(
        strategy=contestant.name,
        variant=match.variant,
        tried=tried,
        headline=headline(parts["whole"]),
        manifest=match.manifest,
        contestant=contestant.identity(),
        games=chosen.told(),
        **parts,
        never=figures("never bet", nothing, every),
        folds=tuple(_folds(columns, question)),
        warnings=tuple(warnings),
        stopped=result.stopped,
        lookahead=_lookahead(match, result) if question.check_lookahead else None,
    )


def _lookahead(match: _Match, result: RunResult) -> LookAhead:
    seed = match.question.seed
    return check_lookahead(
        lambda games: match.contestant.play(games, seed=seed),
        match.chosen.games,
        result,
        seed=seed,
    )


def _folds(columns: Columns, question: Question) -> Iterator[FoldResult]:
    for fold in walk_forward(len(columns), question.folds):
        part = fold.validation
        profit = columns.profit[part.slice]
        low, high = bootstrap_interval(profit, question.seed)
        yield FoldResult(
            first=part.first,
            last=part.last,
            games_played=int((columns.at_risk[part.slice] > 0).sum()),
            profit=from_lamports(int(profit.sum())),
            mean=float(profit.mean()) / 1e9,
            low=low,
            high=high,
        )
