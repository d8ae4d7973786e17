"""An analysis with what it rests on: the one record that terminal, JSON and report are made of.

Used by `cli.analyze` and by pages.
"""

from __future__ import annotations

from typing import Any

import msgspec

from vectra_player.analysis.games import Games, generate_games, load_games
from vectra_player.errors import UsageError
from vectra_player.store.reads import GameFilter, Origins, StoreReader

MOST_GENERATED = 500_000
"""Games to generate at most: they take about 0.9 GB."""

_WHERE = {"real": "the real site", "demo": "the demo server", "all": "any server"}


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Which games are asked about: recorded ones of a time, or so many generated from a seed.

    since, until: microseconds, until excluded.
    """

    origins: Origins = "real"
    since: int | None = None
    until: int | None = None
    generated: int | None = None
    seed: int = 0

    @property
    def chosen(self) -> GameFilter:
        """Return the filter of recorded games."""
        return GameFilter(origins=self.origins, since=self.since, until=self.until)

    @property
    def words(self) -> str:
        """Say which games these are."""
        if self.generated is not None:
            return f"{self.generated:,} generated games, seed {self.seed}"
        return f"recorded games of {_WHERE[self.origins]}"


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer rests on. digest: SHA-256 of the games, the same for the same data."""

    source: Source
    games: int
    complete: int
    digest: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One analysis. result: `Survival`, `Sidebets`, `Movement` or `Players`; asked: its options."""

    analysis: str
    asked: dict[str, Any]
    ground: Ground
    result: Any


def games_of_source(source: Source, reader: StoreReader | None) -> Games:
    """Read or generate the games asked about, those not seen to rug included.

    Raises UsageError when there are none, or when more than MOST_GENERATED are asked for.
    """
    if source.generated is not None:
        if not 1 <= source.generated <= MOST_GENERATED:
            raise UsageError(f"From 1 to {MOST_GENERATED:,} games can be generated.")
        return generate_games(source.generated, source.seed, threads=2)
    games = load_games(_opened(reader), source.chosen, unfinished=True)
    if not len(games):
        raise _no_games(source)
    return games


def ground_of(source: Source, games: Games) -> Ground:
    """Describe the games an answer rests on."""
    return Ground(
        source=source, games=len(games), complete=int(games.complete.sum()), digest=games.digest
    )


def _opened(reader: StoreReader | None) -> StoreReader:
    if reader is None:
        raise ValueError("recorded games need a store")
    return reader


def _no_games(source: Source) -> UsageError:
    when = "" if source.since is None and source.until is None else " of that time"
    demo = "" if source.origins == "all" else " Rounds of the demo server count with --origin all."
    return UsageError(
        f"There are no games of {_WHERE[source.origins]}{when} here.",
        advice="Bring recordings in with 'vectra-player import PATH' or record with './run.sh'."
        f"{demo}",
    )
