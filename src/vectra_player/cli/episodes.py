"""`episodes build|export`: recorded games as training episodes, and as data sets to learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vectra_player.cli.counting import counted
from vectra_player.cli.data import OriginChoice
from vectra_player.cli.session import Session, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vectra_player.rl.episodes import BuildReport

app = typer.Typer(
    help="Recorded games as training episodes, and as data sets to learn from.",
    no_args_is_help=True,
)

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


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())
