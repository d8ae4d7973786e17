"""`strategy ...`: what can be played, how to add to it, and a run beside the live game."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from vectra_player.cli.session import FOUND_WRONG, Session

app = typer.Typer(help="Strategies: built in and of your own.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the strategy: a-z, 0-9, _ and -, 64 at most.")]
Which = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of a strategy, or a file: FILE.py[:CLASS].")
]


class ModeChoice(StrEnum):
    """What a run may do with what it decides."""

    paper = "paper"
    practice = "practice"
    live = "live"


@app.command("list", epilog="Example: vectra-player strategy list")
def list_strategies(context: typer.Context) -> None:
    """List the strategies; files that cannot be used with their reason. Runs none of them."""
    from vectra_player.strategy.loading import FOLDER, listed

    session: Session = context.obj
    found = listed(session.data_dir / FOLDER)

    def show() -> None:
        rows = [(one.name, one.origin, one.problem or one.summary) for one in found]
        session.table("", ("name", "origin", "what it does"), rows)
        session.note("None of them has a positive expectation; `strategy show NAME` says why.")

    session.result(found, show)
    if any(one.problem for one in found):
        raise typer.Exit(FOUND_WRONG)


@app.command(epilog="Example: vectra-player strategy show momentum")
def show(context: typer.Context, name: Which) -> None:
    """Say what a strategy does, and which parameters it has. A file is run to read its class."""
    from vectra_player.strategy.api import param_fields
    from vectra_player.strategy.loading import FOLDER, find

    session: Session = context.obj
    kind = find(name, session.data_dir / FOLDER)
    fields = param_fields(kind.Params)
    result: dict[str, Any] = {
        "name": kind.name,
        "description": kind.description(),
        "params": fields,
    }

    def show_it() -> None:
        session.console.print(kind.description() or kind.name, markup=False, highlight=False)
        if fields:
            rows = [(one.name, one.default, one.range, one.description) for one in fields]
            session.table("", ("parameter", "default", "range", "meaning"), rows)

    session.result(result, show_it)


@app.command(epilog="Example: vectra-player strategy new my-idea")
def new(context: typer.Context, name: Name) -> None:
    """Begin a strategy of your own: a file in the data directory, ready to be changed."""
    from vectra_player.store.layout import DataDir
    from vectra_player.strategy.loading import FOLDER
    from vectra_player.strategy.scaffold import new_strategy

    session: Session = context.obj
    path = new_strategy(DataDir.open_or_create(session.data_dir).root / FOLDER, name)
    session.result(
        {"name": name, "file": path},
        lambda: session.note(f"{path} is made. Change it, then play it by its name: {name}."),
    )


@app.command(epilog="Example: vectra-player strategy run conservative --games 5")
def run(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A strategy, its file, a profile or a preset.")
    ],
    profile: Annotated[
        str | None, typer.Option(help="Profile or preset that says how it plays.")
    ] = None,
    games: Annotated[int | None, typer.Option(min=1, help="Whole games to play.")] = None,
    mode: Annotated[
        ModeChoice,
        typer.Option(help="paper risks nothing, practice clicks on the demo page, live is real."),
    ] = ModeChoice.paper,
    cash: Annotated[
        float | None, typer.Option(min=0.001, help="Begin with a new wallet of so many SOL.")
    ] = None,
    latency_ms: Annotated[
        float | None, typer.Option(min=0, max=60_000, help="Of a new wallet: ms an order takes.")
    ] = None,
    max_stake: Annotated[
        float | None, typer.Option(min=0.001, help="Most SOL for one action.")
    ] = None,
    max_loss: Annotated[
        float | None, typer.Option(min=0.001, help="SOL lost after which the run ends.")
    ] = None,
    replay: Annotated[
        str | None, typer.Option(metavar="GAME_ID", help="Practise in a recorded game instead.")
    ] = None,
    speed: Annotated[
        float | None, typer.Option(min=0.25, max=100, help="Of a replay; else as fast as it goes.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of what the strategy draws.")] = 0,
) -> None:
    """Run a strategy beside the live game, on paper by default, or in a replay, until its end.

    The service must run (`vectra-player up`). Ctrl-C ends the run with its score card.
    Real money needs --mode live and all three switches of trading.
    """
    from vectra_player.cli.strategy_run import Wanted, run_and_show

    wanted = Wanted(
        name=name,
        profile=profile,
        games=games,
        mode=mode.value,
        cash=cash,
        latency_ms=latency_ms,
        max_stake=max_stake,
        max_loss=max_loss,
        replay=replay,
        speed=speed,
        seed=seed,
    )
    if run_and_show(context.obj, wanted):
        raise typer.Exit(FOUND_WRONG)
