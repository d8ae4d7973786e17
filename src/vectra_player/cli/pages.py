"""Results laid out as pages on a terminal, and the files a command may be asked to write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vectra_player.cli.session import Session, say
from vectra_player.errors import UsageError

if TYPE_CHECKING:
    from vectra_player.analysis.page import Page
    from vectra_player.analysis.report import Table

PLOTS, REPORTS = (".svg", ".png"), (".html", ".htm")


def check_file(path: Path | None, endings: tuple[str, ...]) -> None:
    """Refuse a file that could not be written, before anything is computed. Raises UsageError."""
    if path is None:
        return
    if path.suffix not in endings:
        raise UsageError(f"{path} cannot be written.", advice=f"End it in {endings[0]}.")
    if not path.resolve().parent.is_dir():
        raise UsageError(f"There is no folder {path.parent}.", advice="Make it first.")


def show_page(session: Session, page: Page) -> None:
    """Print a page: its summary, then each block that has words or tables."""
    from vectra_player.analysis.report import Prose, Table

    for sentence in page.summary:
        say(sentence)
    for block in page.blocks:
        parts = [part for part in block.parts if isinstance(part, Table) or part.paragraphs]
        if parts:
            say(f"\n{block.title}")
        for part in parts:
            if isinstance(part, Table):
                show_table(session, part)
            elif isinstance(part, Prose):
                for paragraph in part.paragraphs:
                    session.note(paragraph)


def show_table(session: Session, table: Table) -> None:
    """Print a table whose cells are texts already; the first column to the left."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as Drawn
    from rich.text import Text

    drawn = Drawn(header_style="bold", box=SIMPLE_HEAD)
    for index, name in enumerate(table.columns):
        drawn.add_column(name, justify="right" if index else "left")
    for row in table.rows:
        drawn.add_row(*(Text(cell) for cell in row))  # a name may look like markup
    if table.rows:
        session.console.print(drawn)
    if table.note:
        session.note(table.note)
