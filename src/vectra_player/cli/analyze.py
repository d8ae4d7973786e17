"""`analyze ...`: what recorded or generated games say, with intervals and the fair baseline."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from vectra_player.cli.bundles import unbundled
from vectra_player.cli.data import OriginChoice, iso_time, moment
from vectra_player.cli.pages import PLOTS, REPORTS, check_file, show_page
from vectra_player.cli.session import Session
from vectra_player.errors import UsageError

if TYPE_CHECKING:
    from vectra_player.analysis.answers import Answer, Source
    from vectra_player.analysis.games import Games
    from vectra_player.analysis.page import Page
    from vectra_player.store.reads import StoreReader

app = typer.Typer(
    help="What games say: survival, sidebets, volatility, players.", no_args_is_help=True
)

_MOST_TICKS = 100_000
"""Beyond any game; a larger number is a slip of the finger."""

Starts = Annotated[
    list[int] | None,
    typer.Option(
        "--at", min=0, max=_MOST_TICKS, help="Tick the game is alive at; may be repeated."
    ),
]


@dataclass(frozen=True)
class RecordedGames:
    """Which recorded games are asked about."""

    origin: Annotated[
        OriginChoice | None,
        typer.Option(
            help="Games of the real site, of the demo server, or all.", show_default="real"
        ),
    ] = None
    since: Annotated[str | None, typer.Option(help="From this date or time (UTC).")] = None
    until: Annotated[str | None, typer.Option(help="Before this date or time (UTC).")] = None

    def source(self) -> Source:
        """Return them as the analysis names them. Raises UsageError for what is no time."""
        from vectra_player.analysis.answers import Source

        return Source(
            origins=(self.origin or OriginChoice.real).value,
            since=moment(self.since),
            until=moment(self.until),
        )


@dataclass(frozen=True)
class AnyGames(RecordedGames):
    """Which games are asked about, recorded or generated."""

    generated: Annotated[
        int | None,
        typer.Option(min=1, help="Analyse so many fair games made by the published algorithm."),
    ] = None
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of the generated games.", show_default="0")
    ] = None

    def source(self) -> Source:
        """Return them as the analysis names them. Raises UsageError for options that contradict."""
        if self.generated is None and self.seed is not None:
            raise UsageError("--seed is of generated games.", advice="Add --generated N.")
        if self.generated is not None and (self.origin or self.since or self.until):
            raise UsageError(
                "Generated games have no origin and no time.",
                advice="Leave out --origin, --since and --until, or --generated.",
            )
        source = super().source()
        return msgspec.structs.replace(source, generated=self.generated, seed=self.seed or 0)


@dataclass(frozen=True)
class Files:
    """What is written beside the answer."""

    plot: Annotated[Path | None, typer.Option(help="Write the main plot (.svg or .png).")] = None
    report: Annotated[Path | None, typer.Option(help="Write one page (.html).")] = None

    def check(self) -> None:
        """Refuse what could not be written, before anything is computed. Raises UsageError."""
        check_file(self.plot, PLOTS)
        check_file(self.report, REPORTS)


@app.command(epilog="Example: vectra-player analyze survival --at 100 --within 40")
@unbundled
def survival(
    context: typer.Context,
    *,
    at: Starts = None,
    within: Annotated[
        int | None,
        typer.Option(
            min=1, max=_MOST_TICKS, help="Ticks within which the rug is to come.", show_default="40"
        ),
    ] = None,
    games: AnyGames,
    files: Files,
) -> None:
    """How long games last: hazard by age, survival, chance of a rug within the next ticks."""
    from vectra_player.analysis.survival import START_TICKS
    from vectra_player.analysis.survival import survival as analyse
    from vectra_player.analysis.survival_page import survival_page
    from vectra_player.game.sidebet import WINDOW_TICKS

    starts, ticks = list(at or START_TICKS), within or WINDOW_TICKS
    _run(
        context.obj,
        ("survival", {"at": starts, "within": ticks}),
        games.source(),
        lambda found, _: analyse(found, starts, ticks),
        survival_page,
        files,
    )


@app.command(epilog="Example: vectra-player analyze sidebet --generated 50000 --bets 3")
@unbundled
def sidebet(
    context: typer.Context,
    *,
    at: Starts = None,
    bets: Annotated[int, typer.Option(min=1, max=25, help="Bets in a row.")] = 4,
    games: AnyGames,
    files: Files,
) -> None:
    """What sidebets are worth: by start tick, in a row, and as players made them."""
    from vectra_player.analysis.sidebets import START_TICKS, sidebets
    from vectra_player.analysis.sidebets_page import sidebets_page
    from vectra_player.store.crowd import settled_sidebets

    source = games.source()
    starts = list(at or START_TICKS)

    def analyse(found: Games, reader: StoreReader | None) -> Any:
        recorded = None if reader is None else settled_sidebets(reader, source.chosen)
        return sidebets(found, recorded, starts, (starts[0], bets))

    asked = ("sidebet", {"at": starts, "bets": bets})
    _run(context.obj, asked, source, analyse, sidebets_page, files)


@app.command(epilog="Example: vectra-player analyze volatility --plot volatility.svg")
@unbundled
def volatility(
    context: typer.Context,
    *,
    within: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=_MOST_TICKS,
            help="Ticks of a block of the volatility by age.",
            show_default="40",
        ),
    ] = None,
    games: AnyGames,
    files: Files,
) -> None:
    """How prices move: volatility, big moves, peaks, and what holding gives."""
    from vectra_player.analysis.movement_page import Movement, movement_page
    from vectra_player.analysis.peaks import peaks
    from vectra_player.analysis.volatility import volatility as analyse
    from vectra_player.game.sidebet import WINDOW_TICKS

    ticks = within or WINDOW_TICKS
    _run(
        context.obj,
        ("volatility", {"within": ticks}),
        games.source(),
        lambda found, _: Movement(volatility=analyse(found, ticks), peaks=peaks(found)),
        movement_page,
        files,
    )


@app.command(epilog="Example: vectra-player analyze players --report players.html")
@unbundled
def players(
    context: typer.Context,
    *,
    within: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=_MOST_TICKS,
            help="Ticks after a buy at which it is judged.",
            show_default="40",
        ),
    ] = None,
    games: RecordedGames,
    files: Files,
) -> None:
    """Who did well, by sidebets, sampled trades and leaderboards, and who would by luck."""
    from vectra_player.analysis.players import players as analyse
    from vectra_player.analysis.players import read_crowd
    from vectra_player.analysis.players_page import players_page
    from vectra_player.game.sidebet import WINDOW_TICKS

    source, ticks = games.source(), within or WINDOW_TICKS

    def ask(found: Games, reader: StoreReader | None) -> Any:
        assert reader is not None  # recorded games only
        return analyse(found, read_crowd(reader, source.chosen), ticks)

    _run(context.obj, ("players", {"within": ticks}), source, ask, players_page, files)


def _run(
    session: Session,
    asked: tuple[str, dict[str, Any]],
    source: Source,
    analyse: Callable[[Games, StoreReader | None], Any],
    lay_out: Callable[[Any], Page],
    files: Files,
) -> None:
    """Load the games, analyse them, show and write the answer. asked: its name and options."""
    from vectra_player.analysis.answers import Answer, games_of_source, ground_of

    files.check()
    with ExitStack() as stack:
        reader = None if source.generated is not None else stack.enter_context(_reader(session))
        games = games_of_source(source, reader)
        result = analyse(games, reader)
    name, options = asked
    answer = Answer(analysis=name, asked=options, ground=ground_of(source, games), result=result)
    page = lay_out(result)
    _write(page, answer, files)
    session.note(f"{page.title}: {source.words}.\n")
    session.result(answer, lambda: show_page(session, page))
    for path in (files.plot, files.report):
        if path is not None:
            session.note(f"Written: {path}")


def _reader(session: Session) -> StoreReader:
    from vectra_player.store.reads import StoreReader

    return StoreReader(session.recordings)


def _write(page: Page, answer: Answer, files: Files) -> None:
    if files.plot is not None:
        figure = page.figure()
        if figure is None:
            raise UsageError(
                "There is nothing to draw yet.", advice="More recordings give it something."
            )
        figure.save(files.plot)
    if files.report is not None:
        page.report(_manifest(answer)).write(files.report)


def _manifest(answer: Answer) -> dict[str, str]:
    from vectra_player.analysis.manifest import make_manifest
    from vectra_player.clock import SystemClock

    source = answer.ground.source
    manifest = make_manifest(
        f"analyze-{answer.analysis}",
        made_at=iso_time(SystemClock().now_us()),
        data=answer.ground.digest,
        question={**msgspec.structs.asdict(source), **answer.asked},
        seed=source.seed,
    )
    return {"games": f"{answer.ground.games:,} {source.words}", **manifest.lines()}
