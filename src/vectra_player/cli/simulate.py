"""`simulate`: what many runs of a profile end with, and how widely."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vectra_player.cli.counting import counted
from vectra_player.cli.data import OriginChoice, iso_time
from vectra_player.cli.pages import PLOTS, REPORTS, check_file, show_page
from vectra_player.cli.session import Session
from vectra_player.errors import UsageError

if TYPE_CHECKING:
    from vectra_player.analysis.monte_carlo import Plan, Pool, Simulation
    from vectra_player.analysis.page import Page
    from vectra_player.strategy.profile import Profile


class GamesChoice(StrEnum):
    """What decides the bets."""

    generated = "generated"
    recorded = "recorded"
    win_rate = "win-rate"


class FigureChoice(StrEnum):
    """A plot of a simulation."""

    fan = "fan"
    finals = "finals"
    drawdown = "drawdown"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: vectra-player simulate fixed_baseline --report simulation.html")(
        simulate
    )


def simulate(
    context: typer.Context,
    profile: Annotated[
        str | None, typer.Argument(help="A profile, a preset, or the file of a profile.")
    ] = None,
    preset: Annotated[str | None, typer.Option(help="A preset by its name.")] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Compare with every preset, or only the presets.")
    ] = False,
    runs: Annotated[int, typer.Option(help="How many runs.")] = 10_000,
    games_per_run: Annotated[int, typer.Option(help="Games of each run.")] = 500,
    games_per_day: Annotated[
        int | None,
        typer.Option(help="Games of a day, for daily loss limits.", show_default="24 hours' worth"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same result.")] = 1,
    games: Annotated[
        GamesChoice, typer.Option(help="Draw generated or recorded games, or assume a win rate.")
    ] = GamesChoice.generated,
    win_rate: Annotated[
        float | None,
        typer.Option(help="Assumed win rate, with --games win-rate.", show_default="the profile's"),
    ] = None,
    origin: Annotated[
        OriginChoice, typer.Option(help="Recorded games of the real site, the demo server, or all.")
    ] = OriginChoice.real,
    plot: Annotated[Path | None, typer.Option(help="Write a plot (.svg or .png).")] = None,
    figure: Annotated[
        FigureChoice, typer.Option(help="Which plot --plot writes.")
    ] = FigureChoice.fan,
    report: Annotated[Path | None, typer.Option(help="Write one page (.html).")] = None,
    save: Annotated[
        bool, typer.Option("--save", help="Keep the figures in the profile itself.")
    ] = False,
) -> None:
    """Simulate many runs of a profile over drawn games; the mean stays negative, see how wide."""
    from vectra_player.analysis.monte_carlo import Plan, default_games_per_day

    session: Session = context.obj
    check_file(plot, PLOTS)
    check_file(report, REPORTS)
    if win_rate is not None and games is not GamesChoice.win_rate:
        raise UsageError(
            "--win-rate takes the place of games.", advice="Add --games win-rate, or leave it out."
        )
    chosen = _chosen(session, profile, preset, compare=compare, save=save)
    plan = Plan(
        runs=runs,
        games=games_per_run,
        seed=seed,
        games_per_day=default_games_per_day() if games_per_day is None else games_per_day,
    )
    pool = _pool(session, games, chosen, win_rate, origin)
    results = _simulated(session, chosen, pool, plan)
    if save:
        _save(session, chosen[0], results[0])
    _present(session, results, compare=compare, plot=plot, figure=figure.value, report=report)


def _chosen(
    session: Session, profile: str | None, preset: str | None, *, compare: bool, save: bool
) -> list[Profile]:
    """Return the profiles to simulate. Raises UsageError for none, or for two words."""
    from vectra_player.analysis.presets import PRESETS
    from vectra_player.analysis.profiles import ProfileStore

    if profile is not None and preset is not None:
        raise UsageError("Name a profile or a preset, not both.", advice="--compare takes all.")
    if preset is not None and preset not in PRESETS:
        raise UsageError(f"There is no preset {preset!r}.", advice=f"Those: {', '.join(PRESETS)}.")
    word = preset or profile
    if word is None and not compare:
        raise UsageError(
            "Name a profile or a preset, or say --compare.",
            advice=f"Presets: {', '.join(PRESETS)}.",
        )
    store = ProfileStore(session.home)
    if save and (compare or preset or word not in store.names()):
        raise UsageError(
            "--save writes into one stored profile.",
            advice="Make one with `vectra-player profiles new NAME --from PRESET`.",
        )
    if preset is not None:
        named = [PRESETS[preset]]
    else:
        named = [] if word is None else [store.find(word)[1]]
    taken = {one.name for one in named}
    return [*named, *(one for one in PRESETS.values() if compare and one.name not in taken)]


def _pool(
    session: Session,
    games: GamesChoice,
    chosen: Sequence[Profile],
    win_rate: float | None,
    origin: OriginChoice,
) -> Pool:
    from vectra_player.analysis.monte_carlo import coin_pool, generated_pool, recorded_pool

    if games is GamesChoice.win_rate:
        assumed = chosen[0].scaling.win_rate_assumption if win_rate is None else win_rate
        return coin_pool(assumed)
    if games is GamesChoice.generated:
        return generated_pool()
    from vectra_player.analysis.games import load_games
    from vectra_player.store.reads import GameFilter, StoreReader

    with StoreReader(session.recordings) as reader:
        pool = recorded_pool(load_games(reader, GameFilter(origins=origin.value)))
    if pool.left_out:
        session.note(f"{pool.left_out:,} games that were not heard whole are left out.")
    return pool


def _simulated(
    session: Session, chosen: Sequence[Profile], pool: Pool, plan: Plan
) -> list[Simulation]:
    from vectra_player.analysis.monte_carlo import simulate as run

    total = len(chosen) * plan.runs
    with counted(session, "runs") as show:

        def after(before: int) -> Callable[[int, int], None]:
            return lambda done, _: show(before + done, total)

        return [
            run(one, pool, plan, progress=after(number * plan.runs))
            for number, one in enumerate(chosen)
        ]


def _present(
    session: Session,
    results: Sequence[Simulation],
    *,
    compare: bool,
    plot: Path | None,
    figure: str,
    report: Path | None,
) -> None:
    """Write the files that were asked for, then print the answer."""
    from vectra_player.analysis import simulation_page as pages
    from vectra_player.analysis.simulation_record import record_of
    from vectra_player.clock import SystemClock

    page: Page = pages.comparison_page(results) if compare else pages.simulation_page(results[0])
    record = record_of(results, iso_time(SystemClock().now_us()))
    if plot is not None:
        drawn = pages.compared(results) if compare else pages.figure_of(results[0], figure)
        drawn.save(plot)
    if report is not None:
        page.report(record.manifest.lines()).write(report)
    session.result(record, lambda: show_page(session, page))
    for path in (plot, report):
        if path is not None:
            session.note(f"Written: {path}")


def _save(session: Session, profile: Profile, result: Simulation) -> None:
    from vectra_player.analysis.monte_carlo import metrics_of
    from vectra_player.analysis.profiles import ProfileStore

    store = ProfileStore(session.home)
    metrics = metrics_of(result, store.now())
    if store.keep_figures(profile, metrics):
        session.note(f"Kept in the profile {profile.name}.")
    else:
        session.note(f"{profile.name} was changed meanwhile: nothing was kept in it.")
