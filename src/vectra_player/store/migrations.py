"""Old data stays readable: one converter a version step, and the move from an earlier system.

A column added to `model.rows` needs no step: it is null in older files. Anything else needs a new
`SCHEMA_VERSION` and a `Step` here; as long as there is none, nothing calls `upgrade`. A newer store
is refused when it is opened (`store.layout`). Used by `cli` (`store migrate`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import StoreVersionError, UsageError
from vectra_player.model.rows import SCHEMA_VERSION
from vectra_player.store.fsops import FileOps, replace_file
from vectra_player.store.importers import ImportReport, import_paths
from vectra_player.store.layout import LAYOUT, DataDir

MIGRATION_FILE = "migration.json"
"""Beside the tree while a migration is under way; names what was set aside."""

Convert = Callable[[str, pa.Table], pa.Table]
"""Turn a doc type's table of one version into the next version's."""


class Step(NamedTuple):
    """One version step."""

    before: str
    after: str
    convert: Convert


STEPS: tuple[Step, ...] = ()
"""2.0.0 is the first version of this layout: there is nothing to convert from yet."""


class MigrationPlan(NamedTuple):
    """What a migration would do. `unreadable` files stay in the tree that is set aside."""

    tree: Path
    set_aside_as: Path
    files: int
    rows: dict[str, int]
    unreadable: list[str]


class MigrationReport(NamedTuple):
    """What was done; `imported` is None on a dry run."""

    plan: MigrationPlan
    imported: ImportReport | None


class _State(msgspec.Struct):
    set_aside: str
    manifests_aside: str


def convert_chain(
    version: str, steps: Sequence[Step] = STEPS, current: str = SCHEMA_VERSION
) -> list[Step]:
    """Return the steps that lead from a version to ours, in order.

    Raises:
        StoreVersionError: no chain of steps leads here.
    """
    by_version = {step.before: step for step in steps}
    chain: list[Step] = []
    while version != current:
        step = by_version.get(version)
        if step is None or len(chain) > len(steps):
            raise StoreVersionError(
                f"There is no way from schema {version} to {current}.",
                advice="A newer vectra-player may know it.",
            )
        chain.append(step)
        version = step.after
    return chain


def upgrade(
    doc_type: str,
    table: pa.Table,
    version: str,
    steps: Sequence[Step] = STEPS,
    current: str = SCHEMA_VERSION,
) -> pa.Table:
    """Bring a table of an older version up to ours, step by step.

    For `store migrate` once `STEPS` has a first step; 2.0.0 being the first version, no store
    needs it yet, and no reader calls it.

    Raises:
        StoreVersionError: no chain of steps leads here.
    """
    for step in convert_chain(version, steps, current):
        table = step.convert(doc_type, table)
    return table


def plan_migration(root: Path, clock: Clock | None = None) -> MigrationPlan:
    """Look at a directory an earlier system filled; change nothing.

    Raises:
        UsageError: it is one of ours already, or holds no Parquet of an earlier system.
    """
    root = root.expanduser().absolute()
    data_dir = DataDir(root)
    state = _read_state(root)
    if state is None and data_dir.version().get("layout") == LAYOUT:
        raise UsageError(f"{root} needs no migration: it is up to date.")
    tree = root / state.set_aside if state else data_dir.events
    if not tree.is_dir():
        raise UsageError(
            f"There is no events_parquet in {root}.", advice="Name the earlier data directory."
        )
    rows: dict[str, int] = {}
    unreadable = []
    files = sorted(tree.rglob("*.parquet"))
    for path in files:
        doc_type = _doc_type(path.relative_to(tree))
        try:
            rows[doc_type] = rows.get(doc_type, 0) + pq.read_metadata(path).num_rows
        except (pa.ArrowException, OSError):
            unreadable.append(str(path.relative_to(root)))
    aside = tree if state else _free_name(root, "events_parquet", clock or SystemClock())
    return MigrationPlan(tree, aside, len(files), rows, unreadable)


def migrate(
    root: Path,
    *,
    dry_run: bool = False,
    tz: str | None = None,
    clock: Clock | None = None,
) -> MigrationReport:
    """Set an earlier system's tree aside and import its recordings into a new one.

    Can be cut short at any moment and run again: what was set aside is noted before anything
    moves, and the import adds only what is missing. Nothing is deleted.

    Raises:
        UsageError: nothing to migrate.
        DiskError: the disk refused.
    """
    root = root.expanduser().absolute()
    plan = plan_migration(root, clock)
    if dry_run:
        return MigrationReport(plan, None)
    state = _read_state(root) or _begin(root, plan, clock or SystemClock())
    _set_aside(root, state)
    data_dir = DataDir.open_or_create(root)
    report = import_paths([root / state.set_aside], data_dir, tz=tz)
    if not report.stopped:
        FileOps().unlink(root / MIGRATION_FILE)
    return MigrationReport(plan, report)


def _begin(root: Path, plan: MigrationPlan, clock: Clock) -> _State:
    manifests = _free_name(root, "manifests", clock)
    state = _State(plan.set_aside_as.name, manifests.name)
    replace_file(FileOps(), root / MIGRATION_FILE, msgspec.json.encode(state))
    return state


def _set_aside(root: Path, state: _State) -> None:
    ops = FileOps()
    for name, aside in (("manifests", state.manifests_aside), ("events_parquet", state.set_aside)):
        ours = DataDir(root).version().get("layout") == LAYOUT
        if (root / name).is_dir() and not (root / aside).exists() and not ours:
            ops.rename(root / name, root / aside)
            ops.fsync_dir(root)


def _read_state(root: Path) -> _State | None:
    with suppress(FileNotFoundError):
        return msgspec.json.decode((root / MIGRATION_FILE).read_bytes(), type=_State)
    return None


def _free_name(root: Path, name: str, clock: Clock) -> Path:
    day = dt.datetime.fromtimestamp(clock.now_us() / 1_000_000, dt.UTC).date().isoformat()
    path, count = root / f"{name}.before-{day}", 1
    while path.exists():
        count += 1
        path = root / f"{name}.before-{day}-{count}"
    return path


def _doc_type(relative: Path) -> str:
    first = relative.parts[0]
    return first.removeprefix("doc_type=") if first.startswith("doc_type=") else "?"
