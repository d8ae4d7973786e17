"""`backtest` and `sweep`: a strategy over games, and many variants of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vectra_player.cli.data import OriginChoice
from vectra_player.cli.pages import PLOTS, REPORTS, check_file, show_table
from vectra_player.cli.session import FOUND_WRONG, Session, say
from vectra_player.errors import UsageError

if TYPE_CHECKING:
    from vectra_player.analysis.backtest import Run
    from vectra_player.analysis.contestant import Contestant
    from vectra_player.analysis.selection import Selected
    from vectra_player.analysis.sweep import Run as SweepRun
    from vectra_player.strategy.limits import Limits


class EngineChoice(StrEnum):
    """Where a sweep is computed."""

    local = "local"
    dask = "dask"


class PayoutChoice(StrEnum):
    """What a holding pays at the rug: the rug price, or nothing."""

    price = "price"
    nothing = "nothing"


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command(epilog="Example: vectra-player backtest momentum --games generated:1000")(backtest)
    app.command(epilog="Example: vectra-player sweep momentum --grid hold_ticks=10:100:10")(sweep)


ProfileWord = Annotated[
    str, typer.Argument(metavar="PROFILE", help="A profile, a preset, a strategy, or its file.")
]
GamesWords = Annotated[
    list[str],
    typer.Option("--games", help="all, complete, ids, or generated:N fair games of our own."),
]
OriginOption = Annotated[
    OriginChoice, typer.Option(help="Games of the real site, of the demo server, or all.")
]
IncompleteOption = Annotated[
    bool, typer.Option("--include-incomplete", help="Play games with gaps or an unseen end too.")
]
CashOption = Annotated[
    str | None, typer.Option(help="SOL to begin with; default: the profile's balance, or 10.")
]
LatencyOption = Annotated[
    float, typer.Option(min=0, max=60_000, help="How long an order is under way, ms.")
]
PayoutOption = Annotated[
    PayoutChoice, typer.Option(help="What a holding pays at the rug: its price there, or nothing.")
]
SeedOption = Annotated[int, typer.Option(min=0, help="Seed of everything that is drawn.")]
ShareOption = Annotated[
    float, typer.Option(help="Share of the games, the earliest, to choose on; the rest checks.")
]
FoldsOption = Annotated[int, typer.Option(min=1, max=100, help="Stretches of the walk forward.")]
FreshOption = Annotated[
    bool, typer.Option("--fresh", help="Compute anew what was computed before.")
]


def backtest(
    context: typer.Context,
    profile: ProfileWord,
    games: GamesWords = ["all"],  # noqa: B006 -- typer copies it
    origin: OriginOption = OriginChoice.real,
    include_incomplete: IncompleteOption = False,
    cash: CashOption = None,
    latency_ms: LatencyOption = 0.0,
    rug_payout: PayoutOption = PayoutChoice.price,
    max_loss_day: Annotated[
        float | None, typer.Option(help="SOL a day (UTC) may lose; then nothing more is risked.")
    ] = None,
    stop_drawdown: Annotated[
        float | None,
        typer.Option(help="End this far below the highest cash: 0.25 is a quarter of it."),
    ] = None,
    train_share: ShareOption = 0.7,
    folds: FoldsOption = 5,
    variants: Annotated[
        int, typer.Option(min=1, help="Variants tried elsewhere before this one, itself included.")
    ] = 1,
    seed: SeedOption = 1,
    check_lookahead: Annotated[
        bool, typer.Option("--check-lookahead", help="Check that the strategy sees no future.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write the result as one page (.html) with figures.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Write the figures as SVG and PNG into this folder.")
    ] = None,
    chart: Annotated[
        list[str] | None,
        typer.Option("--chart", help="Draw the trades of this game; may be given again."),
    ] = None,
    fresh: FreshOption = False,
) -> None:
    """Play a strategy over games in order of time, and say what to think of the result."""
    from vectra_player.analysis.backtest import Question, run_backtest

    session: Session = context.obj
    check_file(report, REPORTS)
    limits = _limits(max_loss_day, stop_drawdown)
    contestant = _contestant(session, profile, cash, latency_ms, rug_payout, limits)
    chosen = _chosen(session, games, origin, include_incomplete, seed)
    if max_loss_day is not None:
        chosen.require_dates()
    for game in chart or ():
        if game not in chosen.games.game_ids:
            raise UsageError(f"The game {game!r} is not played.", advice="Name one that is.")
    question = Question(
        seed=seed,
        train_share=train_share,
        folds=folds,
        variants=variants,
        check_lookahead=check_lookahead,
    )
    run = run_backtest(
        contestant, chosen, question, results=_results(session), made_at=_now(), fresh=fresh
    )
    session.result(_told(run), lambda: _show_backtest(session, run, chosen))
    _write_backtest(session, run, chosen, report, plot, chart or [])
    if _found_wrong(run):
        raise typer.Exit(FOUND_WRONG)


def _found_wrong(run: Run) -> bool:
    """Tell whether the strategy failed or looks ahead; one that a limit ended did neither."""
    from vectra_player.strategy.records import STOPPED_WRONG

    stopped, seen = run.record.stopped, run.record.lookahead
    failed = stopped is not None and stopped.reason in STOPPED_WRONG
    return failed or (seen is not None and seen.problem is not None)


def _write_backtest(
    session: Session,
    run: Run,
    chosen: Selected,
    report: Path | None,
    plot: Path | None,
    chart: list[str],
) -> None:
    from vectra_player.analysis.backtest_report import report_of, save_plots

    if report is not None:
        report_of(run, chosen.games, chart).write(report)
        session.note(f"Report: {report}")
    if plot is not None:
        written = save_plots(run, chosen.games, plot, chart)
        session.note(f"{len(written)} files in {plot}")


def _told(run: Run | SweepRun) -> object:
    from vectra_player.analysis.results import plain

    record = plain(run.record)
    return {"run": run.record.manifest.run_id, "cached": run.cached, **record}


def _show_backtest(session: Session, run: Run, chosen: Selected) -> None:
    from vectra_player.analysis.backtest_report import doubts_of, figures_table, summary

    record = run.record
    session.note(chosen.sentence())
    show_table(session, figures_table(record))
    for sentence in summary(record):
        say(sentence)
    for doubt in doubts_of(record):
        session.note(f"- {doubt}")
    _note_kept(session, run)


def _note_kept(session: Session, run: Run | SweepRun) -> None:
    manifest = run.record.manifest
    if run.cached:
        session.note(
            f"Answered from {manifest.run_id}, computed {manifest.made_at}; --fresh computes anew."
        )
    else:
        session.note(f"Kept as {manifest.run_id}.")


def sweep(
    context: typer.Context,
    profile: ProfileWord,
    grid: Annotated[
        list[str],
        typer.Option("--grid", help="name=start:stop:step or name=value,value; once a parameter."),
    ],
    random: Annotated[
        int | None, typer.Option(min=1, help="Try so many combinations, drawn; default: all.")
    ] = None,
    games: GamesWords = ["all"],  # noqa: B006 -- typer copies it
    origin: OriginOption = OriginChoice.real,
    include_incomplete: IncompleteOption = False,
    cash: CashOption = None,
    latency_ms: LatencyOption = 0.0,
    rug_payout: PayoutOption = PayoutChoice.price,
    train_share: ShareOption = 0.7,
    folds: FoldsOption = 5,
    top: Annotated[int, typer.Option(min=1, max=100, help="How many of the best to show.")] = 10,
    seed: SeedOption = 1,
    engine: Annotated[EngineChoice, typer.Option(help="Where to compute.")] = EngineChoice.local,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes; default: one a core.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write the result as one page (.html).")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Write the figure over the grid (.svg or .png).")
    ] = None,
    fresh: FreshOption = False,
) -> None:
    """Try many variants of a strategy on the earlier games; check the best on the later ones."""
    from vectra_player.analysis.grid import parse_grid
    from vectra_player.analysis.jobs_pool import engine_of
    from vectra_player.analysis.sweep import Request, run_sweep

    session: Session = context.obj
    check_file(plot, PLOTS)
    check_file(report, REPORTS)
    where, axes = engine_of(engine.value, jobs), parse_grid(grid)
    contestant = _contestant(session, profile, cash, latency_ms, rug_payout)
    chosen = _chosen(session, games, origin, include_incomplete, seed)
    asked = Request(random=random, seed=seed, train_share=train_share, folds=folds, top=top)
    with _variants_bar(session) as progress:
        run = run_sweep(
            contestant,
            axes,
            chosen,
            asked,
            where,
            results=_results(session),
            made_at=_now(),
            fresh=fresh,
            progress=progress,
        )
    session.result(_told(run), lambda: _show_sweep(session, run, chosen))
    _write_sweep(session, run, report, plot)
    if run.record.failed:
        raise typer.Exit(FOUND_WRONG)


def _write_sweep(session: Session, run: SweepRun, report: Path | None, plot: Path | None) -> None:
    if report is None and plot is None:
        return
    from vectra_player.analysis.sweep_page import sweep_page

    page = sweep_page(run)
    if plot is not None:
        figure = page.figure()
        if figure is None:
            raise UsageError(
                "No variant was played to its end, so there is nothing to draw.",
                advice="The result above says why.",
            )
        figure.save(plot)
        session.note(f"Figure: {plot}")
    if report is not None:
        page.report(run.record.manifest.lines()).write(report)
        session.note(f"Report: {report}")


@contextmanager
def _variants_bar(session: Session) -> Iterator[Callable[[int, int], None]]:
    """Show variants done, their rate and the time left: a bar on a terminal, lines elsewhere.

    After Ctrl-C it says how to go on.
    """
    from vectra_player.cli.counting import counted

    done = 0

    def note(now: int, total: int) -> None:
        nonlocal done
        done = now
        show(now, total)

    with counted(session, "variants") as show:
        try:
            yield note
        except KeyboardInterrupt:
            say(f"{done:,} variants are kept; the same command goes on from there.", to_stderr=True)
            raise


def _show_sweep(session: Session, run: SweepRun, chosen: Selected) -> None:
    from vectra_player.analysis.sweep_words import best_table, summary, walk_table

    record = run.record
    session.note(chosen.sentence())
    found, counted = summary(record)
    session.note(counted)
    for table in (best_table(record), walk_table(record)):
        show_table(session, table)
    say(found)
    for warning in record.warnings:
        session.note(f"- {warning}")
    _note_kept(session, run)


def _contestant(
    session: Session,
    word: str,
    cash: str | None,
    latency_ms: float,
    rug_payout: PayoutChoice,
    limits: Limits | None = None,
) -> Contestant:
    from vectra_player.analysis.contestant import find_contestant
    from vectra_player.strategy.limits import NO_LIMITS

    return find_contestant(
        word,
        session.data_dir,
        cash=_sol(cash),
        latency_ms=latency_ms,
        rug_payout="rug_price" if rug_payout is PayoutChoice.price else "nothing",
        limits=limits or NO_LIMITS,
    )


def _limits(max_loss_day: float | None, stop_drawdown: float | None) -> Limits:
    from vectra_player.model.units import to_sol
    from vectra_player.strategy.limits import Limits

    lost = None if max_loss_day is None else to_sol(Decimal(str(max_loss_day)))
    return Limits(max_loss_day_sol=lost, max_drawdown=stop_drawdown)


def _sol(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("nan")
    if not amount.is_finite():
        raise UsageError(f"{text!r} is no amount of SOL.", advice="Write --cash 2.5.")
    return amount


def _chosen(
    session: Session, games: list[str], origin: OriginChoice, include_incomplete: bool, seed: int
) -> Selected:
    from vectra_player.analysis.selection import select_games

    return select_games(
        session.data_dir,
        games,
        origin=origin.value,
        include_incomplete=include_incomplete,
        seed=seed,
    )


def _results(session: Session) -> Path:
    from vectra_player.store.layout import DataDir

    return DataDir.open_or_create(session.data_dir).results


def _now() -> str:
    from vectra_player.clock import SystemClock
    from vectra_player.store.layout import iso

    return iso(SystemClock().now_us())
