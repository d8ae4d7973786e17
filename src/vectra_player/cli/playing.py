"""What `backtest` and `sweep` share: which games are played and how, and what is kept of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vectra_player.cli.data import OriginChoice
from vectra_player.cli.session import Session
from vectra_player.errors import UsageError

if TYPE_CHECKING:
    from vectra_player.analysis.backtest import Run
    from vectra_player.analysis.contestant import Contestant
    from vectra_player.analysis.selection import Selected
    from vectra_player.analysis.sweep import Run as SweepRun
    from vectra_player.strategy.limits import Limits

ProfileWord = Annotated[
    str, typer.Argument(metavar="PROFILE", help="A profile, a preset, a strategy, or its file.")
]
SeedOption = Annotated[int, typer.Option(min=0, help="Seed of everything that is drawn.")]
ShareOption = Annotated[
    float, typer.Option(help="Share of the games, the earliest, to choose on; the rest checks.")
]
FoldsOption = Annotated[int, typer.Option(min=1, max=100, help="Stretches of the walk forward.")]
FreshOption = Annotated[
    bool, typer.Option("--fresh", help="Compute anew what was computed before.")
]


class PayoutChoice(StrEnum):
    """What a holding pays at the rug: the rug price, or nothing."""

    price = "price"
    nothing = "nothing"


@dataclass(frozen=True)
class Playing:
    """Which games are played, and how."""

    games: Annotated[
        list[str],
        typer.Option("--games", help="all, complete, ids, or generated:N fair games of our own."),
    ] = field(default_factory=lambda: ["all"])
    origin: Annotated[
        OriginChoice, typer.Option(help="Games of the real site, of the demo server, or all.")
    ] = OriginChoice.real
    include_incomplete: Annotated[
        bool,
        typer.Option("--include-incomplete", help="Play games with gaps or an unseen end too."),
    ] = False
    cash: Annotated[
        str | None, typer.Option(help="SOL to begin with; default: the profile's balance, or 10.")
    ] = None
    latency_ms: Annotated[
        float, typer.Option(min=0, max=60_000, help="How long an order is under way, ms.")
    ] = 0.0
    rug_payout: Annotated[
        PayoutChoice,
        typer.Option(help="What a holding pays at the rug: its price there, or nothing."),
    ] = PayoutChoice.price

    def contestant(self, session: Session, word: str, limits: Limits | None = None) -> Contestant:
        """Return what plays. Raises UsageError where nothing has this name or cash is no amount."""
        from vectra_player.analysis.contestant import find_contestant
        from vectra_player.strategy.limits import NO_LIMITS

        return find_contestant(
            word,
            session.home,
            cash=_sol(self.cash),
            latency_ms=self.latency_ms,
            rug_payout="rug_price" if self.rug_payout is PayoutChoice.price else "nothing",
            limits=limits or NO_LIMITS,
        )

    def chosen(self, session: Session, seed: int) -> Selected:
        """Return the games. Raises UsageError where there are none."""
        from vectra_player.analysis.selection import select_games

        return select_games(
            session.remote or session.home,
            self.games,
            origin=self.origin.value,
            include_incomplete=self.include_incomplete,
            seed=seed,
        )


def told(run: Run | SweepRun) -> object:
    """Return what `--json` prints of a run."""
    from vectra_player.analysis.results import plain

    record = plain(run.record)
    return {"run": run.record.manifest.run_id, "cached": run.cached, **record}


def note_kept(session: Session, run: Run | SweepRun) -> None:
    """Say where a result is kept, or that it comes from there."""
    manifest = run.record.manifest
    if run.cached:
        session.note(
            f"Answered from {manifest.run_id}, computed {manifest.made_at}; --fresh computes anew."
        )
    else:
        session.note(f"Kept as {manifest.run_id}.")


def results_of(session: Session) -> Path:
    """Return the folder of kept runs, made where it is missing."""
    from vectra_player.store.layout import DataDir

    return DataDir.open_or_create(session.home).results


def now() -> str:
    """Return the time to write on a run: ISO 8601, UTC."""
    from vectra_player.clock import SystemClock
    from vectra_player.store.layout import iso

    return iso(SystemClock().now_us())


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
