"""A sweep: many variants of one strategy over the same games, and what is left of the best.

Variants are tried on the earlier games alone; only the few that did best there are played on the
later ones, on the event engine. Finished chunks are kept, so a sweep that was killed goes on where
it was and ends in the same files. Used by the command and the dashboard.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from vectra_player.analysis.contestant import Contestant
from vectra_player.analysis.fastpath import why_not
from vectra_player.analysis.games import Games
from vectra_player.analysis.grid import Grid
from vectra_player.analysis.jobs_pool import ChunkEngine
from vectra_player.analysis.manifest import Manifest, digest, make_manifest
from vectra_player.analysis.results import heads, load_record, save_record, save_table, tried_before
from vectra_player.analysis.selection import Selected
from vectra_player.analysis.significance import Moments, Numbers, deflated_scores, hurdle_of
from vectra_player.analysis.splits import DEFAULT_FOLDS, DEFAULT_TRAIN_SHARE, split_by_time
from vectra_player.analysis.sweep_best import Best, Judge, best_rows, pieces_of, steps_of
from vectra_player.analysis.sweep_record import Sweep, headline, warnings_of
from vectra_player.analysis.sweep_work import ChunkWork, OwnFile, share_games
from vectra_player.errors import UsageError
from vectra_player.store.fsops import FileOps, make_directories, remove_tree, replace_file

VARIANTS = "variants.parquet"
CHUNK_FAST, CHUNK_EVENTS, CHUNK_OWN = 250, 20, 2
"""Variants of a chunk: a second of work or so, whichever path plays them."""

Progress = Callable[[int, int], None]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked beside the strategy and the games. `random`: variants drawn; None is all."""

    random: int | None = None
    seed: int = 1
    train_share: float = DEFAULT_TRAIN_SHARE
    folds: int = DEFAULT_FOLDS
    top: int = 10


@dataclass(frozen=True)
class Run:
    """A sweep with its table, one row a variant. `cached`: answered from an earlier run."""

    record: Sweep
    variants: pa.Table
    cached: bool


def run_sweep(
    contestant: Contestant,
    grid: Grid,
    chosen: Selected,
    request: Request,
    engine: ChunkEngine,
    *,
    results: Path,
    made_at: str,
    fresh: bool = False,
    progress: Progress = lambda done, total: None,
) -> Run:
    """Run, keep and return a sweep; what an earlier run of it finished is not done again.

    `progress` is told (variants done, all of them) after each chunk. Raises UsageError for a
    grid that cannot be, too few games, or while the same sweep runs elsewhere.
    """
    _check(contestant, grid, chosen, request)
    manifest = _manifest(contestant, grid, chosen, request, made_at)
    folder = results / manifest.run_id
    kept = None if fresh else load_run(folder)
    if kept is not None:
        return kept
    make_directories(FileOps(), folder)
    with _alone(folder):
        if fresh:
            _clear(folder)
        plan = _plan(folder, results, contestant, chosen, manifest)
        task = _Task(contestant, grid, chosen, request, folder, plan)
        table = _variants(task, engine, progress)
        run = _conclude(task, table)
        save_table(folder / VARIANTS, run.variants)
        save_record(folder, run.record)
        _clear(folder)
    return run


def load_run(folder: Path) -> Run | None:
    """Return a kept sweep, None where the folder holds none."""
    record = load_record(folder, Sweep)
    return None if record is None else Run(record, pq.read_table(folder / VARIANTS), cached=True)


# Before ------------------------------------------------------------------------------------------


class _Plan(msgspec.Struct, frozen=True):
    """What was known when the sweep was first begun; a run that goes on keeps to it."""

    manifest: Manifest
    earlier: int


@dataclass(frozen=True)
class _Task:
    contestant: Contestant
    grid: Grid
    chosen: Selected
    request: Request
    folder: Path
    plan: _Plan


def _check(contestant: Contestant, grid: Grid, chosen: Selected, request: Request) -> None:
    if len(chosen.games) < 2:
        raise UsageError(
            "A sweep needs games to choose on and games to check on.", advice=chosen.advice()
        )
    if request.top < 1:
        raise UsageError(f"The best {request.top} cannot be shown.", advice="Give --top 1 or more.")
    known = contestant.param_names()
    for axis in grid.axes:
        if axis.name.rpartition(".")[2] not in known:
            raise UsageError(
                f"{contestant.name} has no parameter {axis.name!r}.",
                advice=f"It has: {', '.join(known) or 'none'}.",
            )


def _manifest(
    contestant: Contestant, grid: Grid, chosen: Selected, request: Request, made_at: str
) -> Manifest:
    return make_manifest(
        "sweep",
        made_at=made_at,
        data=chosen.games.digest,
        question={
            "contestant": contestant.identity(),
            "grid": _axes(grid),
            "request": msgspec.to_builtins(request),
            "games": chosen.asked,
        },
        seed=request.seed,
        files=contestant.files,
    )


def _axes(grid: Grid) -> dict[str, str]:
    return {axis.name: axis.text for axis in grid.axes}


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep a second process from running the same sweep; the kernel frees it however we end."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                "The same sweep is running in another process.", advice="Wait for its end."
            ) from None
        yield


def _clear(folder: Path) -> None:
    for name in ("chunks", "shared", "plan.json"):
        remove_tree(FileOps(), folder / name)


def _plan(
    folder: Path, results: Path, contestant: Contestant, chosen: Selected, manifest: Manifest
) -> _Plan:
    with suppress(FileNotFoundError, msgspec.DecodeError):
        return msgspec.json.decode((folder / "plan.json").read_bytes(), type=_Plan)
    earlier = tried_before(
        [head for head in heads(results) if head.run_id != manifest.run_id],
        strategy=contestant.name,
        data=chosen.games.digest,
        variant="",
    )
    plan = _Plan(manifest, earlier)
    replace_file(FileOps(), folder / "plan.json", msgspec.json.encode(plan))
    return plan


# The chunks --------------------------------------------------------------------------------------


def _train_games(task: _Task) -> Games:
    games = task.chosen.games
    return games.take(range(split_by_time(len(games), task.request.train_share).train.last))


def _variants(task: _Task, engine: ChunkEngine, progress: Progress) -> pa.Table:
    """Compute the chunks that are not there yet and return all of them as one table."""
    work = _work(task, engine)
    total = len(task.grid.choose(task.request.random, task.request.seed))
    numbers = range(-(-total // work.size))
    files = {number: task.folder / "chunks" / f"{number:06}.parquet" for number in numbers}
    missing = [number for number in numbers if _kept_chunk(files[number]) is None]
    done = total - sum(min(work.size, total - number * work.size) for number in missing)
    progress(done, total)
    with closing(engine.run(work, missing)) as results:
        for place, table in results:
            save_table(files[missing[place]], table)
            done += table.num_rows
            progress(done, total)
    return pa.concat_tables([pq.read_table(files[number]) for number in numbers])


def _work(task: _Task, engine: ChunkEngine) -> ChunkWork:
    train = _train_games(task)
    if engine.here:
        share_games(task.folder / "shared", train)
    if task.contestant.own:
        size = CHUNK_OWN
    elif why_not(task.contestant.make(), train, task.contestant.conditions) is None:
        size = CHUNK_FAST
    else:
        size = CHUNK_EVENTS
    return ChunkWork(
        games=task.folder / "shared" if engine.here else train,
        contestant=task.contestant,
        own=None if engine.here else OwnFile.of(task.contestant),
        grid=task.grid,
        count=task.request.random,
        seed=task.request.seed,
        size=size,
        pieces=pieces_of(len(train), task.request.folds),
    )


def _kept_chunk(path: Path) -> pa.Table | None:
    try:
        return pq.read_table(path)
    except (FileNotFoundError, pa.ArrowInvalid):
        return None


# After -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Scores:
    """What all variants together say. scores: (n_variants,), nan where nothing can be said."""

    played: npt.NDArray[np.bool_]
    failed: npt.NDArray[np.bool_]
    sharpes: Numbers
    tried: int
    hurdle: float
    scores: Numbers


def _score(task: _Task, table: pa.Table, games: int) -> _Scores:
    errors = table.column("error").is_valid().to_numpy()
    played = table.column("path").is_valid().to_numpy()
    if not played.any():
        raise UsageError(
            f"None of the {table.num_rows:,} variants can be played: {table.column('error')[0]}"
        )
    sharpes = _sharpes(table, errors)
    tried = int(played.sum()) + task.plan.earlier
    hurdle = hurdle_of(sharpes, games, tried)
    scores = deflated_scores(_moments(table, games), hurdle)
    return _Scores(played, errors & played, sharpes, tried, hurdle, scores)


def _conclude(task: _Task, table: pa.Table) -> Run:
    """Score the variants, play the best again, and put it all into a record."""
    train = _train_games(task)
    found = _score(task, table, len(train))
    record = _record(task, table, found, train)
    record = msgspec.structs.replace(record, warnings=tuple(warnings_of(record, table)))
    kept = table.drop_columns(["sums", "squares"])
    scores = pa.array(found.scores, mask=np.isnan(found.scores))
    return Run(record, kept.append_column("deflated", scores), cached=False)


def _record(task: _Task, table: pa.Table, found: _Scores, train: Games) -> Sweep:
    request, contestant = task.request, task.contestant.identity()
    numbers = task.grid.choose(request.random, request.seed)

    def params(variant: int) -> dict[str, Any]:
        return dict(task.grid.variant(numbers[variant]))

    best = _best(task, table, found, train, params)
    return Sweep(
        strategy=task.contestant.name,
        variant=digest([contestant, _axes(task.grid), request.random, request.seed]),
        tried=int(found.played.sum()),
        headline=headline(best, found.tried),
        manifest=task.plan.manifest,
        contestant=contestant,
        grid=_axes(task.grid),
        grid_size=task.grid.size,
        games=task.chosen.told(),
        train_games=len(train),
        earlier=task.plan.earlier,
        impossible=int((~found.played).sum()),
        failed=int(found.failed.sum()),
        fast=table.column("path").to_pylist().count("fast"),
        hurdle=found.hurdle,
        best=best,
        walk=steps_of(table, pieces_of(len(train), request.folds), params),
        warnings=(),
    )


def _best(
    task: _Task,
    table: pa.Table,
    found: _Scores,
    train: Games,
    params: Callable[[int], dict[str, Any]],
) -> tuple[Best, ...]:
    games, request = task.chosen.games, task.request
    rows = best_rows(table, found.scores, request.top)
    judge = Judge(
        contestant=task.contestant,
        train=train,
        validation=games.take(range(len(train), len(games))),
        sharpes=found.sharpes,
        tried=found.tried,
        shown=len(rows),
        seed=request.seed,
    )
    told = (table.slice(row, 1).to_pylist()[0] for row in rows)
    return tuple(judge.judge(rank, row, params(row["variant"])) for rank, row in enumerate(told, 1))


def _moments(table: pa.Table, games: int) -> Moments:
    names = ("mean", "sd", "skew", "kurtosis")
    return Moments(games, *(table.column(name).to_numpy() for name in names))


def _sharpes(table: pa.Table, errors: npt.NDArray[np.bool_]) -> Numbers:
    sharpes: Numbers = table.column("sharpe").to_numpy().astype(np.float64)
    return sharpes[~errors & np.isfinite(sharpes)]
