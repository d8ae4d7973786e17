"""Training episodes in the store: `ml_episode` rows made beside `live.derive`, replaced as a whole.

Rows that are no longer right go first, day by day, then all new ones arrive together: whatever dies
in between, no episode is there twice, and building again adds what is missing. The caller has the
right to change filed rows (`store.turn`). Used by `rl.episodes`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pyarrow as pa

from vectra_player.errors import DiskError
from vectra_player.model.rows import MlEpisode
from vectra_player.store.arrivals import finish_arrivals, take_in
from vectra_player.store.days import DayReplacer, sweep
from vectra_player.store.fsops import FileOps, Staged
from vectra_player.store.layout import DataDir, utc_date
from vectra_player.store.parquet import encode, partitions
from vectra_player.store.reads import Origins, StoreReader, of_origins, rows_of
from vectra_player.store.schema import to_table
from vectra_player.store.settings import Step, no_step

DOC_TYPE = MlEpisode.doc_type

_PREFIX = "episodes-"
_REPLACER = "episodes"

Key = tuple[str, int, int]
"""session_id, seq, sub."""


class Replaced(NamedTuple):
    """How many rows were added and removed; one that was made anew counts as both."""

    added: int
    removed: int


def read_episodes(reader: StoreReader, origins: Origins) -> list[MlEpisode]:
    """Return the episodes of games of these origins, in order of their keys."""
    where = of_origins(origins)
    found: list[MlEpisode] = []
    for span in reader.spans(DOC_TYPE, where):
        found += rows_of(MlEpisode, reader.read_span(DOC_TYPE, span, where))
    return found


def finish_earlier(data_dir: DataDir, ops: FileOps | None = None) -> None:
    """Bring a replacement that was cut short to its end; call before episodes are read.

    Raises:
        DiskError: the disk refused.
    """
    ops = ops or FileOps()
    try:
        finish_arrivals(data_dir, ops)
        sweep(data_dir, _REPLACER, ops)
        for leftover in data_dir.staging.glob(f"{_PREFIX}*"):
            ops.unlink(leftover)
    except OSError as error:
        raise _refused(error) from error


def replace_episodes(
    data_dir: DataDir,
    before: Iterable[MlEpisode],
    after: Iterable[MlEpisode],
    *,
    ops: FileOps | None = None,
    step: Step = no_step,
) -> Replaced:
    """Make `after` of `before`, all episodes there are; days without a change are not touched.

    Raises:
        DiskError: the disk refused; build again when it is well.
    """
    there, wanted = {_key(row): row for row in before}, {_key(row): row for row in after}
    stale = [row for key, row in there.items() if wanted.get(key) != row]
    new = [row for key, row in wanted.items() if there.get(key) != row]
    ops = ops or FileOps()
    try:
        _remove(data_dir, there.values(), stale, ops)
        step("episodes.removed")
        _add(data_dir, new, ops, step)
    except OSError as error:
        raise _refused(error) from error
    return Replaced(len(new), len(stale))


def without_players(table: pa.Table, *, player_id: str | None, names: set[str]) -> pa.Table:
    """Return a table of episodes without those of a player, by id or by name."""
    ids, usernames = (table.column(name).to_pylist() for name in ("player_id", "username"))
    keep = [
        not (name in names or (player_id is not None and one == player_id))
        for one, name in zip(ids, usernames, strict=True)
    ]
    return table.filter(pa.array(keep, pa.bool_()))


def _remove(
    data_dir: DataDir, there: Iterable[MlEpisode], stale: Sequence[MlEpisode], ops: FileOps
) -> None:
    """Exchange the days of stale rows for what is left of them."""
    if not stale:
        return
    gone, dates = {_key(row) for row in stale}, {utc_date(row.ts) for row in stale}
    left = [row for row in there if _key(row) not in gone and utc_date(row.ts) in dates]
    days = DayReplacer(data_dir, _REPLACER, ops)
    for part in partitions({DOC_TYPE: left}):
        days.put_table(DOC_TYPE, part.date, _name(), to_table(part.rows, MlEpisode))
    days.exchange([(DOC_TYPE, date) for date in sorted(dates)])


def _add(data_dir: DataDir, rows: Sequence[MlEpisode], ops: FileOps, step: Step) -> None:
    files = []
    for part in partitions({DOC_TYPE: rows}):
        name = _name()
        staged = data_dir.staging / name
        ops.write(staged, memoryview(encode(to_table(part.rows, MlEpisode))))
        ops.fsync(staged)
        files.append(Staged(staged, data_dir.day(DOC_TYPE, part.date) / name))
    step("episodes.staged")
    take_in(data_dir, files, ops, step)


def _refused(error: OSError) -> DiskError:
    return DiskError(
        f"Episodes could not be written: {error}.", advice="Mend the disk and build again."
    )


def _key(row: MlEpisode) -> Key:
    return (row.session_id, row.seq, row.sub)


def _name() -> str:
    return f"{_PREFIX}{secrets.token_hex(8)}.parquet"
