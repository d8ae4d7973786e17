"""One-file HTML reports: tables, plots and words that open by double click, without a network.

Used by the audit, the backtest and `analyze`. No script runs in a report and nothing is loaded:
its stylesheet is the product's own, its plots are SVG that follow the theme of the reader.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vectra_player.analysis.charts import STYLESHEET, Figure
from vectra_player.store.fsops import FileOps, replace_file

LONGEST_NUMBER = 20
"""Characters beyond which a cell is taken for words."""

TEMPLATE = Path(__file__).resolve().parent / "report.html.jinja"


@dataclass(frozen=True)
class Prose:
    """Paragraphs of plain words."""

    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Code:
    """A program or command as it is to be typed."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows of text and numbers as they are to be read; `note` says how to read them.

    A `tall` table scrolls within the page.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    tall: bool = False

    def words(self) -> list[bool]:
        """Tell for each column whether it is text to be read, which may wrap, and no number."""
        longest = [0] * len(self.columns)
        for row in self.rows:
            longest = [max(most, len(cell)) for most, cell in zip(longest, row, strict=True)]
        return [most > LONGEST_NUMBER for most in longest]


Part = Prose | Code | Table | Figure


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Report:
    """A page. `summary` is the answer in a few sentences; `manifest` is how to repeat it."""

    title: str
    summary: tuple[str, ...]
    sections: Sequence[Section]
    manifest: Mapping[str, str]

    def html(self) -> str:
        """Return the whole page; every text in it is escaped."""
        import jinja2

        environment = jinja2.Environment(
            autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        template = environment.from_string(TEMPLATE.read_text("utf-8"))
        return template.render(report=self, style=STYLESHEET.read_text("utf-8"), kind=_kind)

    def write(self, path: Path) -> None:
        """Write the page to a file, whole or not at all."""
        replace_file(FileOps(), path, self.html().encode())


def _kind(part: Part) -> str:
    return type(part).__name__.lower()
