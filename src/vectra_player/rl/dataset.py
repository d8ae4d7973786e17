"""`episodes export`: a folder of data sets that appears whole or not at all, and stands alone.

`parquet/` has the flat files (`rl.flat`), `minari/` the data sets for Minari (`rl.offline`),
`dataset.json` what they were made of. Used by `cli`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec
import psutil

from vectra_player.analysis.jobs_pool import IN_PROCESS, ChunkEngine
from vectra_player.analysis.splits import DEFAULT_TRAIN_SHARE
from vectra_player.errors import UsageError
from vectra_player.extras import needed
from vectra_player.rl.actions import CASH, SIDEBET, STAKES, TRADING, EnvName
from vectra_player.rl.episodes import gather, nothing_complete
from vectra_player.rl.features import FEATURE_VERSION, NAMES
from vectra_player.rl.flat import FlatWriter
from vectra_player.rl.observed import observed_plays, sample_of
from vectra_player.rl.stories import (
    PARTS,
    UNMASKED,
    Evaluation,
    Masks,
    MinariSet,
    Story,
    StoryPart,
    cut_by_time,
    plays_in,
    stories,
)
from vectra_player.store.fsops import FileOps, remove_tree
from vectra_player.store.layout import DataDir
from vectra_player.store.plain import plain
from vectra_player.store.pseudonyms import Pseudonyms, load_key
from vectra_player.store.reads import Origins, StoreReader

Format = Literal["minari", "parquet", "both"]

MANIFEST = "dataset.json"
MADE_BY = "vectra-player episodes export"

PACKAGES = ("gymnasium", "minari", "PIL")
"""What writing for Minari imports; PIL because its Arrow files do."""

_PARTIAL = ".partial-"

Progress = Callable[[int, int], None]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What to export. `train_share`: of the games, the earliest, for training."""

    origins: Origins = "real"
    formats: Format = "both"
    train_share: float = DEFAULT_TRAIN_SHARE
    pseudonymise: bool = False


class ExportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was written, and of what.

    unplayed: parts in which nobody was seen to play as in an environment, so without a data set.
    games, episodes: how many a part; kinds: episodes by kind. broadcast_share: of the trades that
    were made in watched games, what was broadcast; null where nothing was watched. evaluate_from:
    games that ended then or later are to evaluate on, UTC; null where no game has a date.
    """

    made_by: str
    path: str
    origins: Origins
    games: dict[str, int]
    episodes: dict[str, int]
    kinds: dict[str, int]
    left_out: dict[str, int]
    broadcast_share: float | None
    train_share: float
    evaluate_from: str | None
    pseudonymised: bool
    minari: list[MinariSet]
    unplayed: dict[EnvName, list[StoryPart]]
    feature_version: int
    features: list[str]
    actions: dict[str, list[str]]
    stakes_sol: list[str]
    cash_sol: str


def export_dataset(
    data_dir: DataDir,
    out: Path,
    wanted: Wanted,
    *,
    force: bool = False,
    progress: Progress = lambda done, total: None,
    engine: ChunkEngine = IN_PROCESS,
) -> ExportReport:
    """Write the data sets of a store to a new folder, or with `force` in place of an earlier one.

    Raises:
        UsageError: no complete game, a folder that is none of ours or there already, packages
            that are not installed, an impossible share.
    """
    if wanted.formats != "parquet":
        needed("rl", "A Minari data set", *PACKAGES)
    target = _checked(data_dir, out, force=force)
    left_out: Counter[str] = Counter()
    with StoreReader(data_dir.root) as reader:
        found = gather(reader, wanted.origins)
        if not found.known:
            raise nothing_complete(wanted.origins, found.gaps)
        cut = cut_by_time(found.known, wanted.train_share)
        seen = observed_plays(reader, wanted.origins, left_out)
        share = sample_of(reader, wanted.origins).share
    told = stories(found, seen, cut.parts, left_out, _masks(data_dir, wanted))
    evaluation = Evaluation(wanted.origins, _iso(cut.evaluate_from))
    with _whole(target) as folder:
        sets = _write(folder, told, wanted.formats, evaluation, progress, engine)
        report = _report(target, told, wanted, evaluation, share, left_out, sets)
        (folder / MANIFEST).write_bytes(_manifest(report))
    return report


def _write(
    folder: Path,
    told: Sequence[Story],
    formats: Format,
    evaluation: Evaluation,
    progress: Progress,
    engine: ChunkEngine,
) -> list[MinariSet]:
    flat = told if formats != "minari" else ()
    chosen = _chosen(told) if formats != "parquet" else {}
    total = len(flat) + sum(map(len, chosen.values()))
    done = 0

    def one() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    if formats != "minari":
        (folder / "parquet").mkdir()
        with FlatWriter(folder / "parquet") as writer:
            for story in flat:
                writer.add(story)
                one()
    if formats == "parquet":
        return []
    from vectra_player.rl.offline import write_set

    (folder / "minari").mkdir()
    return [
        write_set(folder / "minari", env, part, mine, evaluation, one, engine)
        for (env, part), mine in chosen.items()
    ]


def _chosen(told: Sequence[Story]) -> dict[tuple[EnvName, StoryPart], list[Story]]:
    """Return the episodes of each Minari data set, without those that would be empty."""
    chosen = {
        (env, part): [story for story in told if story.part == part and plays_in(env, story)]
        for env in get_args(EnvName)
        for part in PARTS
    }
    return {key: mine for key, mine in chosen.items() if mine}


def _unplayed(told: Sequence[Story]) -> dict[EnvName, list[StoryPart]]:
    played = _chosen(told)
    lacking: dict[EnvName, list[StoryPart]] = {
        env: [part for part in PARTS if (env, part) not in played] for env in get_args(EnvName)
    }
    return {env: parts for env, parts in lacking.items() if parts}


def _report(
    target: Path,
    told: Sequence[Story],
    wanted: Wanted,
    evaluation: Evaluation,
    share: float | None,
    left_out: Counter[str],
    sets: list[MinariSet],
) -> ExportReport:
    games: dict[str, int] = {}
    episodes: dict[str, int] = {}
    for part in PARTS:
        mine = [story for story in told if story.part == part]
        games[part], episodes[part] = len({story.key for story in mine}), len(mine)
    return ExportReport(
        made_by=MADE_BY,
        path=str(target),
        origins=wanted.origins,
        games=games,
        episodes=episodes,
        kinds=dict(Counter(story.kind for story in told)),
        left_out={why: count for why, count in left_out.items() if count},
        broadcast_share=share,
        train_share=wanted.train_share,
        evaluate_from=evaluation.evaluate_from,
        pseudonymised=wanted.pseudonymise,
        minari=sets,
        unplayed=_unplayed(told),
        feature_version=FEATURE_VERSION,
        features=list(NAMES),
        actions={table.env: list(table.names) for table in (SIDEBET, TRADING)},
        stakes_sol=[f"{stake:f}" for stake in STAKES],
        cash_sol=f"{CASH:f}",
    )


def _iso(micros: int | None) -> str | None:
    if micros is None:
        return None
    time: str = plain(datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros))
    return time


def _manifest(report: ExportReport) -> bytes:
    """Return what lies beside the data: everything but the place on this machine."""
    told = msgspec.to_builtins(report)
    del told["path"]
    return msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"


def _masks(data_dir: DataDir, wanted: Wanted) -> Masks:
    if not wanted.pseudonymise:
        return UNMASKED
    names = Pseudonyms(load_key(data_dir.manifests))
    return Masks(names.player_id, names.username)


# The folder -----------------------------------------------------------------------------------


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """Give a folder to fill that takes the target's place when the block ends well."""
    ops = FileOps()
    _sweep(target, ops)
    partial = target.with_name(f".{target.name}{_PARTIAL}{os.getpid()}")
    remove_tree(ops, partial)
    partial.mkdir(mode=0o700)
    try:
        yield partial
        os.sync()  # thousands of small files, for Minari: one call puts them all on disk
        if target.is_dir():
            ops.exchange(partial, target)
        else:
            ops.rename(partial, target)
        ops.fsync_dir(target.parent)
    finally:
        remove_tree(ops, partial)


def _sweep(target: Path, ops: FileOps) -> None:
    """Remove what killed exports to the same place left."""
    start = f".{target.name}{_PARTIAL}"
    for path in target.parent.iterdir():
        number = path.name.removeprefix(start)
        if (
            path.name.startswith(start)
            and number.isdecimal()
            and not psutil.pid_exists(int(number))
        ):
            remove_tree(ops, path)


def _checked(data_dir: DataDir, out: Path, *, force: bool) -> Path:
    text = str(out)
    if not text.strip() or any(ord(char) < 32 for char in text) or out.name in ("", ".."):
        raise UsageError(f"{text!r} is no folder name.", advice="Give --out DIR.")
    given = out.expanduser().absolute()
    if not given.parent.is_dir():
        raise UsageError(f"There is no directory {given.parent}.", advice="Make it first.")
    target = given.parent.resolve() / given.name
    root, exports = data_dir.root.resolve(), data_dir.exports.resolve()
    if root in (target, *target.parents) and exports not in target.parents:
        raise UsageError(
            f"{target} belongs to the data directory.", advice=f"Export into {exports}."
        )
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise UsageError(f"{target} is no folder.", advice="Give another --out.")
    if target.is_dir() and any(target.iterdir()):
        if not _is_ours(target):
            raise UsageError(
                f"{target} holds something that no export made.", advice="Give another --out."
            )
        if not force:
            raise UsageError(f"{target} exists already.", advice="Give another --out, or --force.")
    return target


def _is_ours(folder: Path) -> bool:
    try:
        told = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):
        return False
    return told.get("made_by") == MADE_BY
