"""Markdown as sections of whole blocks: headings with their path, tables, lists, fences. Pure.

Only what a chunker needs; rendering is nobody's business here. Called by `rag.knowledge` and by
the script that writes pages from the knowledge base.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

BlockKind = Literal["paragraph", "list", "table", "fence"]

_HEADING = re.compile(r"(#{1,6}) +(.+?)\s*#*$")
_ITEM = re.compile(r"(?:[-*+]|\d+[.)]) ")
_RULE = re.compile(r"\|[\s:|-]+\|?\s*$")
_COMMENT = re.compile(r"^<!--.*?-->\n|<!--.*?-->", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)")
_FENCE = re.compile(r"(```|~~~)")


class Block(NamedTuple):
    """A part of a section that stays together. `head`: what a part of it repeats (table head).

    `parts`: where it may be cut if it must be: rows, items, sentences, lines.
    """

    kind: BlockKind
    head: str
    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        """The block as it was written."""
        return "\n".join((self.head, *self.parts)) if self.head else _glue(self.kind, self.parts)


class Section(NamedTuple):
    """A heading with the blocks below it; `path` holds the headings above and its own."""

    anchor: str
    path: tuple[str, ...]
    blocks: tuple[Block, ...]


def uncommented(text: str) -> str:
    """Return a page without its comments, which mark what is filled in from the code."""
    return _COMMENT.sub("", text)


def sections(text: str) -> Iterator[Section]:
    """Yield the sections of a page in order, empty ones left out."""
    path: list[str] = []
    anchors: dict[str, int] = {}
    anchor, lines, fenced = "", list[str](), False
    for line in [*uncommented(text).splitlines(), "# end"]:
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.fullmatch(line)
        if heading is None:
            lines.append(line)
            continue
        found = tuple(_blocks(lines))
        if found:
            yield Section(anchor, tuple(part for part in path if part), found)
        level, title = len(heading[1]), plain(heading[2])
        path = [*path[: level - 1], *[""] * (level - 1 - len(path)), title]
        anchor, lines = _unique(anchors, slug(heading[2])), []


def slug(title: str) -> str:
    """Return a heading's anchor as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", _LINK.sub(r"\1", title).lower()).strip().replace(" ", "-")


def plain(text: str) -> str:
    """Return a text without links, emphasis and code marks; table bars stay."""
    return re.sub(r"\*\*|`", "", _LINK.sub(r"\1", text))


def cells(row: str) -> list[str]:
    """Return the cells of a table row; an escaped bar is part of its cell."""
    inner = re.split(r"(?<!\\)\|", row.strip().strip("|"))
    return [cell.strip().replace("\\|", "|") for cell in inner]


def _unique(seen: dict[str, int], anchor: str) -> str:
    count = seen.get(anchor, 0)
    seen[anchor] = count + 1
    return f"{anchor}-{count}" if count else anchor


def _blocks(lines: Sequence[str]) -> Iterator[Block]:
    run: list[str] = []
    fenced = False
    for line in [*lines, ""]:
        opens = bool(_FENCE.match(line))
        if opens and not fenced and run:
            yield _block(run)
            run = []
        fenced ^= opens
        if fenced or line.strip():
            run.append(line)
        elif run:
            yield _block(run)
            run = []
        if opens and not fenced:
            yield _block(run)
            run = []


def _block(lines: list[str]) -> Block:
    if _FENCE.match(lines[0]):
        return Block("fence", "", tuple(lines))
    if len(lines) > 1 and lines[0].lstrip().startswith("|") and _RULE.match(lines[1].lstrip()):
        return Block("table", "\n".join(lines[:2]), tuple(lines[2:]))
    if _ITEM.match(lines[0]):
        return Block("list", "", tuple(_items(lines)))
    lead = next((n for n, line in enumerate(lines) if _ITEM.match(line)), None)
    if lead is not None:  # a list right below the sentence that announces it
        return Block("list", "\n".join(lines[:lead]), tuple(_items(lines[lead:])))
    joined = " ".join(line.strip() for line in lines)
    return Block("paragraph", "", tuple(re.split(r"(?<=[.!?:]) +(?=[A-Z`*\d])", joined)))


def _items(lines: Sequence[str]) -> Iterator[str]:
    item: list[str] = []
    for line in lines:
        if _ITEM.match(line) and item:
            yield "\n".join(item)
            item = []
        item.append(line)
    yield "\n".join(item)


def _glue(kind: BlockKind, parts: Sequence[str]) -> str:
    return (" " if kind == "paragraph" else "\n").join(parts)
