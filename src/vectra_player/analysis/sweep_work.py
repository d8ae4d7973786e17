"""What a process of a sweep does: turn a chunk of variants into a table of figures.

Picklable, and the same for every engine of `analysis.jobs_pool`. The games lie in a folder as
plain arrays that all processes of a machine map into memory, or travel with the work to others.
Used by `analysis.sweep` alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vectra_player.analysis.backtest_tables import sol_array
from vectra_player.analysis.contestant import Contestant
from vectra_player.analysis.fastpath import Brief, play_fast, play_profiles, why_not
from vectra_player.analysis.games import Games
from vectra_player.analysis.grid import Axis, Grid, Value
from vectra_player.analysis.play import columns_of
from vectra_player.analysis.significance import moments
from vectra_player.analysis.splits import Part
from vectra_player.errors import UsageError
from vectra_player.store.fsops import FileOps, make_directories, replace_file
from vectra_player.strategy.sizing import to_lamports

ARRAYS = ("offsets", "prices", "rug_ticks", "first_ticks", "ended_at")

PARAM = "param_"
"""Parameters' columns begin with it, so that none is taken for a figure."""

_COUNTS = ("buys", "bets", "bets_won")

Amounts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class OwnFile:
    """A user's strategy on its way to a machine that does not see its file.

    beside: the files it names that lie in its folder, such as a trained agent; names with contents.
    """

    path: Path
    text: bytes
    beside: tuple[tuple[str, bytes], ...] = ()

    @classmethod
    def of(cls, contestant: Contestant) -> OwnFile | None:
        """Read the file of a contestant; None where it plays what comes with us."""
        for path in contestant.files:
            text = path.read_bytes()
            return cls(path, text, tuple(_named(text, path.parent)))
        return None

    def placed(self, contestant: Contestant) -> Contestant:
        """Return the contestant as it is played here, from a copy of the file."""
        copy = _unpacked(self)
        if contestant.plays == self.path.stem:
            return replace(contestant, folder=copy.parent)
        _, _, wanted = contestant.plays.partition(".py:")
        return replace(contestant, plays=f"{copy}:{wanted}" if wanted else str(copy))

    def told(self, text: str | None) -> str | None:
        """Return what is said of the copies as it would be said of the files."""
        copy = _unpacked(self)
        for name in (self.path.name, *(name for name, _ in self.beside)):
            text = text and text.replace(str(copy.with_name(name)), str(self.path.with_name(name)))
        return text


@dataclass(frozen=True)
class ChunkWork:
    """Everything a chunk is computed from; called with its number.

    games: the folder they lie in, or themselves for workers that do not see it.
    count, seed: how many variants of the grid are drawn, and by which seed; see `Grid.choose`.
    size: variants of a chunk. pieces: stretches of games whose sums are kept for the walk forward.
    """

    games: Path | Games
    contestant: Contestant
    grid: Grid
    count: int | None
    seed: int
    size: int
    pieces: tuple[Part, ...]
    own: OwnFile | None = None

    def variants(self, chunk: int) -> list[dict[str, Value]]:
        """Return the parameters of a chunk's variants."""
        first = chunk * self.size
        numbers = _numbers(self.grid, self.count, self.seed)[first : first + self.size]
        return [self.grid.variant(number) for number in numbers]

    def __call__(self, chunk: int) -> pa.Table:
        """Play a chunk and return its table, one row a variant in order."""
        games = open_games(self.games) if isinstance(self.games, Path) else self.games
        variants = self.variants(chunk)
        contestant = self.own.placed(self.contestant) if self.own else self.contestant
        rows = [_tried(contestant, values) for values in variants]
        _play(rows, games, self.seed)
        if self.own is not None:
            rows = [replace(row, error=self.own.told(row.error)) for row in rows]
        first = chunk * self.size
        return _table(self.grid, variants, rows, first, self.pieces, len(games))


@dataclass
class _Row:
    """A variant on its way to a row of the table."""

    contestant: Contestant | None
    error: str | None = None
    path: str | None = None
    brief: Brief | None = None


def share_games(folder: Path, games: Games) -> None:
    """Write games as arrays that processes map into memory."""
    make_directories(FileOps(), folder)
    for name in ARRAYS:
        with (folder / f"{name}.npy.new").open("wb") as file:
            np.save(file, getattr(games, name))
        (folder / f"{name}.npy.new").replace(folder / f"{name}.npy")
    names = {"game_ids": games.game_ids, "versions": games.versions}
    replace_file(FileOps(), folder / "names.json", msgspec.json.encode(names))


@cache
def open_games(folder: Path) -> Games:
    """Map shared games into memory; once in a process."""
    names = msgspec.json.decode((folder / "names.json").read_bytes())
    arrays: dict[str, Any] = {
        name: np.asarray(np.load(folder / f"{name}.npy", mmap_mode="c")) for name in ARRAYS
    }
    return Games(game_ids=tuple(names["game_ids"]), versions=tuple(names["versions"]), **arrays)


def _named(source: bytes, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a folder that a text of the source is the name of; no code is run."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError):  # it is refused where it is loaded
        return
    texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
    for path in sorted(folder.iterdir()):
        if path.name in texts and path.is_file():
            yield path.name, path.read_bytes()


def _unpacked(own: OwnFile) -> Path:
    """Return where a copy of the file lies, the same for the life of this process."""
    copy = Path(_folder(own).name) / own.path.name
    if not copy.exists():
        for name, content in own.beside:
            replace_file(FileOps(), copy.with_name(name), content)
        replace_file(FileOps(), copy, own.text)
    return copy


@cache
def _folder(own: OwnFile) -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="vectra-strategy-", ignore_cleanup_errors=True)


@cache
def _numbers(grid: Grid, count: int | None, seed: int) -> list[int]:
    return grid.choose(count, seed)


def _tried(contestant: Contestant, values: dict[str, Value]) -> _Row:
    try:
        return _Row(contestant.with_params(values))
    except UsageError as error:
        return _Row(None, error=error.message)


def _play(rows: Sequence[_Row], games: Games, seed: int) -> None:
    """Play every variant that can be: together where the fast path may, else one by one.

    Variants differ in their parameters alone: what the fast path may play of one, it may of all.
    """
    able = [(row, row.contestant) for row in rows if row.contestant is not None]
    if not able:
        return
    contestants = [contestant for _, contestant in able]
    first = contestants[0]
    if first.own or why_not(first.make(), games, first.conditions) is not None:
        for row, contestant in able:
            _play_events(row, contestant, games, seed)
        return
    profiles = [each.profile for each in contestants if each.by_profile and each.profile]
    if profiles:
        briefs = play_profiles(profiles, games)
    else:
        makers = [contestant.make for contestant in contestants]
        conditions = [contestant.conditions for contestant in contestants]
        briefs = play_fast(makers, games, conditions, seed=seed)
    for (row, _), brief in zip(able, briefs, strict=True):
        row.brief, row.path = brief, "fast"


def _play_events(row: _Row, contestant: Contestant, games: Games, seed: int) -> None:
    try:
        result = contestant.play(games, seed=seed)
    except UsageError as error:
        row.error = error.message
        return
    row.path = "event"
    row.brief = Brief.of(columns_of(result.games, len(games)))
    if result.stopped is not None and result.stopped.reason in ("error", "timeout"):
        row.error = result.stopped.message


def _table(
    grid: Grid,
    variants: Sequence[dict[str, Value]],
    rows: Sequence[_Row],
    first: int,
    pieces: Sequence[Part],
    n_games: int,
) -> pa.Table:
    profit = _matrix(rows, "profit", n_games)
    at_risk = _matrix(rows, "at_risk", n_games)
    counts = {name: _matrix(rows, name, n_games).sum(axis=1) for name in _COUNTS}
    found = moments(profit)
    cash = _cash(rows)[:, None] + np.cumsum(np.c_[np.zeros(len(rows), np.int64), profit], axis=1)
    fall = (np.maximum.accumulate(cash, axis=1) - cash).max(axis=1)
    columns: dict[str, Any] = {
        "variant": pa.array(range(first, first + len(rows)), pa.int64()),
        **{PARAM + axis.name: _params(axis, variants) for axis in grid.axes},
        "error": pa.array([row.error for row in rows], pa.string()),
        "path": pa.array([row.path for row in rows], pa.string()),
        "games_played": pa.array((at_risk > 0).sum(axis=1)),
        **{name: pa.array(values) for name, values in counts.items()},
        "put_in": sol_array(at_risk.sum(axis=1)),
        "profit": sol_array(profit.sum(axis=1)),
        "max_drawdown": sol_array(fall),
        "mean": pa.array(found.mean),
        "sd": pa.array(found.sd),
        "skew": pa.array(found.skew),
        "kurtosis": pa.array(found.kurtosis),
        "sharpe": pa.array(found.sharpe, mask=np.isnan(found.sharpe)),
        "sums": _sums(profit, pieces),
        "squares": _sums((profit / 1e9) ** 2, pieces),
    }
    return pa.table(columns)


def _matrix(rows: Sequence[_Row], name: str, n_games: int) -> Amounts:
    nothing = np.zeros(n_games, np.int64)
    found = [nothing if row.brief is None else getattr(row.brief, name) for row in rows]
    return np.array(found, np.int64).reshape(len(rows), n_games)


def _cash(rows: Sequence[_Row]) -> Amounts:
    cash = [row.contestant.conditions.cash if row.contestant else None for row in rows]
    return np.array([0 if each is None else to_lamports(each) for each in cash], np.int64)


def _sums(table: npt.NDArray[Any], pieces: Sequence[Part]) -> pa.Array[Any]:
    sums = np.array([table[:, piece.slice].sum(axis=1) for piece in pieces], np.float64).T
    return pa.array(list(sums.reshape(len(table), len(pieces))), pa.list_(pa.float64()))


def _params(axis: Axis, variants: Sequence[dict[str, Value]]) -> pa.Array[Any]:
    """Return an axis as a column: numbers where all its values are, else text."""
    kinds = {type(value) for value in axis.values}
    values = [variant[axis.name] for variant in variants]
    if kinds == {int}:
        return pa.array(values, pa.int64())
    if kinds <= {int, float}:
        return pa.array([float(value) for value in values], pa.float64())
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    return pa.array([str(value) for value in values], pa.string())
