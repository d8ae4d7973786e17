"""Episodes as plain Parquet: one row an episode, and one row a step with its exact amounts.

For whatever reads tables. A step is the presale or a tick before the rug (`rl.plays`); what a row
says of the account is as the step begins, what was done is what took effect at it, and the reward
is the change of the equity until the next step, or until after the rug. Used by `rl.dataset`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from vectra_player.game.positions import ZERO
from vectra_player.rl.plays import Course, OrderKind, steps_of
from vectra_player.rl.stories import PARTS, Story, StoryPart
from vectra_player.store.parquet import write_options

_SOL = pa.decimal128(18, 9)
_TIME = pa.timestamp("us", tz="UTC")
_ROWS = 100_000

_EPISODE_COLUMNS: Final[list[tuple[str, pa.DataType]]] = [
    ("episode_id", pa.string()),
    ("part", pa.string()),
    ("kind", pa.string()),
    ("game_id", pa.string()),
    ("is_real", pa.bool_()),
    ("game_version", pa.string()),
    ("mode", pa.string()),
    ("actor", pa.string()),
    ("strategy", pa.string()),
    ("player_id", pa.string()),
    ("username", pa.string()),
    ("sampled", pa.bool_()),
    ("outcome", pa.string()),
    ("started_at", _TIME),
    ("ended_at", _TIME),
    ("rug_tick", pa.int32()),
    ("rug_price", pa.float64()),
    ("steps", pa.int32()),
    ("actions", pa.int32()),
    ("profit", _SOL),
    ("max_drawdown", _SOL),
    ("session_id", pa.string()),
    ("seq", pa.int64()),
]
EPISODES: Final = pa.schema(_EPISODE_COLUMNS)
"""`session_id`, `seq`: the frame that told the game's end. `sampled`: trades may be missing."""

_STEP_COLUMNS: Final[list[tuple[str, pa.DataType]]] = [
    ("episode_id", pa.string()),
    ("step", pa.int32()),
    ("tick", pa.int32()),
    ("price", pa.float64()),
    ("holding", _SOL),
    ("at_stake", _SOL),
    ("equity", _SOL),
    ("bought", _SOL),
    ("bought_qty", _SOL),
    ("sold", _SOL),
    ("sold_qty", _SOL),
    ("staked", _SOL),
    ("reward", _SOL),
    ("terminated", pa.bool_()),
]
STEPS: Final = pa.schema(_STEP_COLUMNS)
"""`tick` is null in the presale, whose price is 1. Amounts in SOL, `*_qty` and `holding` in units;
`equity` counts from 0, an open stake as it is."""

EPISODES_FILE = "episodes.parquet"


def steps_file(part: StoryPart) -> str:
    """Return the name of the file with the steps of a part."""
    return f"steps-{part}.parquet"


class FlatWriter:
    """Writes the three files of a folder, a bounded number of rows in memory at a time."""

    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        self._episodes = _Rows(self._opened(folder / EPISODES_FILE, EPISODES), EPISODES)
        self._steps = {
            part: _Rows(self._opened(folder / steps_file(part), STEPS), STEPS) for part in PARTS
        }

    def __enter__(self) -> FlatWriter:
        return self

    def __exit__(self, *exc: object) -> None:
        if exc[0] is None:
            for rows in (self._episodes, *self._steps.values()):
                rows.flush()
        self._stack.close()

    def add(self, story: Story) -> None:
        """Write one episode. Raises OSError."""
        course = story.course
        self._episodes.add([_episode(story, course)])
        self._steps[story.part].add(_steps(story, course))

    def _opened(self, path: Path, schema: pa.Schema) -> pq.ParquetWriter:
        return self._stack.enter_context(pq.ParquetWriter(path, schema, **write_options(schema)))


class _Rows:
    def __init__(self, writer: pq.ParquetWriter, schema: pa.Schema) -> None:
        self._writer = writer
        self._schema = schema
        self._waiting: list[Sequence[Any]] = []

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        self._waiting += rows
        if len(self._waiting) >= _ROWS:
            self.flush()

    def flush(self) -> None:
        if self._waiting:
            columns = [
                pa.array(column, field.type)
                for column, field in zip(
                    zip(*self._waiting, strict=True), self._schema, strict=True
                )
            ]
            self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
            self._waiting = []


def _episode(story: Story, course: Course) -> Sequence[Any]:
    came_to = course.totals
    game, row = story.game, story.end.row
    began, ended = story.end.span(game.rug_tick)
    return (
        story.episode_id,
        story.part,
        story.kind,
        story.key.game_id,
        story.key.is_real,
        game.games.versions[game.number],
        story.mode,
        story.actor,
        story.strategy,
        story.player_id,
        story.username,
        story.sampled,
        came_to.outcome,
        began,
        ended,
        game.rug_tick,
        game.prices[game.rug_tick],
        steps_of(game.rug_tick),
        len(story.orders),
        came_to.total_reward,
        came_to.max_drawdown,
        row["session_id"],
        row["seq"],
    )


def _steps(story: Story, course: Course) -> list[Sequence[Any]]:
    prices, last = story.game.prices, story.game.rug_tick
    done = dict(_done(story))
    return [
        (
            story.episode_id,
            step,
            step - 1 if step else None,
            prices[step - 1] if step else 1.0,
            course.qty[step],
            course.staked[step],
            course.equity[step],
            *done.get(step, _NOTHING),
            course.equity[step + 1] - course.equity[step],
            step == last,
        )
        for step in range(steps_of(last))
    ]


_NOTHING = (ZERO,) * 5
_PLACES: dict[OrderKind, int] = {"buy": 0, "sell": 2, "sidebet": 4}


def _done(story: Story) -> Iterator[tuple[int, list[Decimal]]]:
    """Yield what was bought, sold and staked at each step at which something was."""
    found: dict[int, list[Decimal]] = {}
    for order in story.orders:
        sums = found.setdefault(order.step, list(_NOTHING))
        place = _PLACES[order.kind]
        sums[place] += order.amount
        if order.kind != "sidebet":
            sums[place + 1] += order.qty
    yield from found.items()
