"""Options that stand in many places: the global ones, and where long work is computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from vectra_player.cli.session import Session

if TYPE_CHECKING:
    from vectra_player.analysis.jobs_pool import ChunkEngine

GLOBAL_FLAGS = frozenset({"--json", "--quiet"})
GLOBAL_VALUES = frozenset({"--data-dir"})


def hoist_globals(arguments: Sequence[str]) -> list[str]:
    """Move global options to the front, so that they may follow the command too."""
    front: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in GLOBAL_FLAGS or (word.partition("=")[0] in GLOBAL_VALUES and "=" in word):
            front.append(word)
        elif word in GLOBAL_VALUES:
            front += [word, *(value for value in [next(words, None)] if value is not None)]
        else:
            rest.append(word)
    return front + rest


class EngineChoice(StrEnum):
    """What computes."""

    local = "local"
    dask = "dask"


@dataclass(frozen=True)
class Working:
    """Where long work is computed."""

    engine: Annotated[
        EngineChoice, typer.Option(help="Compute on this machine, or on a Dask cluster.")
    ] = EngineChoice.local
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="The Dask cluster's, tcp://HOST:8786; default: DASK_SCHEDULER_ADDRESS, else a "
            "cluster of this machine.",
        ),
    ] = None
    jobs: Annotated[int | None, typer.Option(min=1, max=256, help="Processes of this machine.")] = (
        None
    )

    @property
    def asked(self) -> bool:
        """Tell whether any of it was asked for."""
        return self != Working()

    @contextmanager
    def opened(self, session: Session, jobs: int | None = None) -> Iterator[ChunkEngine]:
        """Open the engine for a block; `jobs`: processes where nobody says, None is one a core.

        Raises UsageError where it cannot be used.
        """
        from vectra_player.analysis.jobs_pool import engine_of

        chosen = self.jobs or (jobs if self.engine is EngineChoice.local else None)
        engine = engine_of(self.engine.value, chosen, self.scheduler)
        try:
            if engine.told:
                session.note(engine.told)
            yield engine
        finally:
            engine.close()
