"""A result laid out for reading: sentences, tables and figures, once for terminal and report.

Pure; figures are drawn only when asked for, as the plotting library takes a second to load. Used
by the pages of `analysis` and by `cli.analyze`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vectra_player.analysis.charts import Figure
from vectra_player.analysis.report import Prose, Report, Section, Table


@dataclass(frozen=True)
class Block:
    """A heading, what stands under it, and how to draw its figure where it has one."""

    title: str
    parts: tuple[Prose | Table, ...]
    draw: Callable[[], Figure] | None = None


@dataclass(frozen=True)
class Page:
    """A whole result. `summary` is the answer in a few sentences."""

    title: str
    summary: tuple[str, ...]
    blocks: tuple[Block, ...]

    def report(self, manifest: Mapping[str, str]) -> Report:
        """Return the page as a one-file report, with every figure."""
        return Report(
            title=self.title,
            summary=self.summary,
            sections=[Section(block.title, _with_figure(block)) for block in self.blocks],
            manifest=manifest,
        )

    def figure(self) -> Figure | None:
        """Return the first figure, the one that answers the question; None with nothing to draw."""
        return next((block.draw() for block in self.blocks if block.draw is not None), None)


def _with_figure(block: Block) -> tuple[Prose | Table | Figure, ...]:
    """Return a block's parts, its figure first; of a table without rows only its note."""
    parts = tuple(
        Prose((part.note,)) if isinstance(part, Table) and not part.rows else part
        for part in block.parts
    )
    return parts if block.draw is None else (block.draw(), *parts)
