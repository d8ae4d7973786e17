"""A report as a page shows it: sentences, tables and drawn figures as plain values.

`laid_out` draws with altair, so only workers call it; the server passes on what they kept. The
script `laid-out.js` puts it on a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from vectra_player.analysis.report import Part, Report


class LaidProse(msgspec.Struct, frozen=True, tag="prose"):
    """Paragraphs."""

    paragraphs: tuple[str, ...]


class LaidCode(msgspec.Struct, frozen=True, tag="code"):
    """A command or program as it is to be typed."""

    text: str


class LaidTable(msgspec.Struct, frozen=True, tag="table"):
    """Cells as they are to be read. `words`: for each column whether it is text that may wrap."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str
    words: list[bool]


class LaidFigure(msgspec.Struct, frozen=True, tag="figure"):
    """A plot as SVG in the colours of the page, with how to read it."""

    name: str
    title: str
    caption: str
    svg: str


LaidPart = LaidProse | LaidCode | LaidTable | LaidFigure


class LaidSection(msgspec.Struct, frozen=True):
    """A heading and what stands under it."""

    title: str
    parts: list[LaidPart]


class LaidOut(msgspec.Struct, frozen=True):
    """A whole report. `summary`: the answer in a few sentences; `manifest`: how to repeat it."""

    title: str
    summary: tuple[str, ...]
    sections: list[LaidSection]
    manifest: dict[str, str]


def laid_out(report: Report) -> LaidOut:
    """Draw a report: about a tenth of a second a figure, once the library is loaded."""
    return LaidOut(
        title=report.title,
        summary=report.summary,
        sections=[
            LaidSection(section.title, [_part(part) for part in section.parts])
            for section in report.sections
        ],
        manifest=dict(report.manifest),
    )


def _part(part: Part) -> LaidPart:
    from vectra_player.analysis.report import Code, Prose, Table

    if isinstance(part, Prose):
        return LaidProse(part.paragraphs)
    if isinstance(part, Code):
        return LaidCode(part.text)
    if isinstance(part, Table):
        return LaidTable(part.columns, part.rows, part.note, part.words())
    return LaidFigure(part.name, part.title, part.caption, part.svg(follow_theme=True))
