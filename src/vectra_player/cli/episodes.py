"""`episodes build|export`: recorded games as training episodes, and as data sets to learn from."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vectra_player.cli.arguments import Working
from vectra_player.cli.bundles import unbundled
from vectra_player.cli.counting import counted
from vectra_player.cli.data import OriginChoice
from vectra_player.cli.session import Session, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vectra_player.rl.dataset import ExportReport
    from vectra_player.rl.episodes import BuildReport

app = typer.Typer(
    help="Recorded games as training episodes, and as data sets to learn from.",
    no_args_is_help=True,
)


class DatasetFormat(StrEnum):
    """What is written: data sets for Minari, flat Parquet, or both."""

    both = "both"
    minari = "minari"
    parquet = "parquet"


OriginOption = Annotated[
    OriginChoice, typer.Option(help="Games of the real site, of the demo server, or all.")
]


@app.command(epilog="Example: vectra-player episodes build")
def build(context: typer.Context, origin: OriginOption = OriginChoice.real) -> None:
    """Mark every complete game and every own play as an episode, in the table ml_episode."""
    from vectra_player.app.upkeep import refresh
    from vectra_player.rl.episodes import build_episodes
    from vectra_player.store.layout import DataDir

    session: Session = context.obj
    data_dir = DataDir.open_existing(session.data_dir)
    with counted(session, "games and plays") as progress:
        report = build_episodes(data_dir, origin.value, progress=progress)
    refresh(session.data_dir)
    session.result(report, lambda: _show_build(session, report))


def _show_build(session: Session, report: BuildReport) -> None:
    say(
        f"{report.market + report.own:,} episodes: {report.market:,} games, {report.own:,} own"
        f" plays; {report.added:,} rows added, {report.removed:,} removed."
    )
    say("Outcomes: " + (_listed(report.outcomes) or "none") + ".")
    if report.left_out:
        session.note(f"Left out: {_listed(report.left_out)}.")


@app.command(epilog="Example: vectra-player episodes export --out ~/rugs-dataset")
@unbundled
def export(
    context: typer.Context,
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to make.")],
    formats: Annotated[
        DatasetFormat, typer.Option("--format", help="For Minari, flat Parquet, or both.")
    ] = DatasetFormat.both,
    origin: OriginOption = OriginChoice.real,
    train_share: Annotated[
        float, typer.Option(help="Share of the games, the earliest, to train on.")
    ] = 0.7,
    pseudonymise: Annotated[
        bool, typer.Option("--pseudonymise", help="Replace player ids and names.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an earlier export in this folder.")
    ] = False,
    working: Working,
) -> None:
    """Write own and observed play as data sets, the later games set apart for evaluation."""
    from vectra_player.rl.dataset import Wanted, export_dataset
    from vectra_player.store.layout import DataDir

    session: Session = context.obj
    data_dir = DataDir.open_existing(session.data_dir)
    wanted = Wanted(
        origins=origin.value,
        formats=formats.value,
        train_share=train_share,
        pseudonymise=pseudonymise,
    )
    with (
        working.opened(session, jobs=1) as engine,
        counted(session, "episodes") as progress,
    ):
        report = export_dataset(
            data_dir, out, wanted, force=force, progress=progress, engine=engine
        )
    session.result(report, lambda: _show_export(session, report, formats))


def _show_export(session: Session, report: ExportReport, formats: DatasetFormat) -> None:
    early, late = report.games["train"], report.games["evaluate"]
    say(f"{early:,} games to train on, {late:,} later ones to evaluate on.")
    say(f"{sum(report.episodes.values()):,} episodes: {_listed(report.kinds)}.")
    for one in report.minari:
        say(f"{one.id}: {one.episodes:,} episodes, {one.steps:,} steps, {one.actions:,} actions.")
    if formats is not DatasetFormat.parquet:
        for line in _missing_sets(report):
            session.note(line)
    if report.broadcast_share is not None:
        session.note(f"Of the trades of others {report.broadcast_share:.0%} were broadcast.")
    if report.left_out:
        session.note(f"Left out: {_listed(report.left_out)}.")
    say(f"Written to {report.path}.")


_PLAY = {"sidebet": "sidebet", "trading": "buy"}
_ADVICE = {
    "train": "a larger --train-share takes in later games",
    "evaluate": "a smaller --train-share leaves it earlier games",
}


def _missing_sets(report: ExportReport) -> Iterator[str]:
    """Say which data sets for Minari there are not, and what would give them."""
    from vectra_player.rl.stories import dataset_id

    if not report.minari:
        yield "No sidebet or buy is recorded in these games: nothing for Minari."
        return
    for env, parts in report.unplayed.items():
        what = f"No {_PLAY[env]} is recorded in the games"
        if len(parts) == len(report.games):
            yield f"{what}: no data set vectra-{env}."
            continue
        for part in parts:
            yield f"{what} to {part} on: no {dataset_id(env, part)}; {_ADVICE[part]}."


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())
