"""Cut the pages of the knowledge base into passages that a small model reads whole. Pure.

A passage keeps the path of its headings. Tables, lists and code are not torn: a long one is cut
between rows, items or lines, and a table's head is repeated. Called by `rag.build`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Final

from vectra_player.rag.markdown import Block, Section, cells, plain, sections
from vectra_player.rag.passages import KNOWLEDGE, Passage

Measure = Callable[[str], int]
"""Counts the tokens of a text as the model will."""

MOST_TOKENS: Final = 200
"""Tokens of a passage, its title included: a smaller one says one thing, and 256 are read."""

_NAME = re.compile(r"`([A-Za-z_][\w./-]{1,63})`")
_SHAPED = re.compile(r"\b[A-Za-z]+(?:[A-Z_/][A-Za-z0-9]*)+\b")
_NUMBER = re.compile(r"(?:^|(?<=> ))\d+(?:\.\d+|\.) +")
_LEAD = re.compile(r"(?:[-*+] |\d+[.)] )?(\*\*.+?\*\*|`[^`]+`(?:, `[^`]+`)*)")


def passages_of(page: str, text: str, measure: Measure) -> Iterator[Passage]:
    """Yield the passages of a page; `page` is its path in the project."""
    for section in sections(text):
        title = _NUMBER.sub("", " > ".join(section.path))
        if _explains_words(section):
            yield from _words(page, section, title)
        room = max(40, MOST_TOKENS - measure(title))
        for number, blocks in enumerate(_packed(section.blocks, room, measure), 1):
            part = f"~{number}" if number > 1 else ""
            source = f"{page}#{section.anchor}" if section.anchor else page
            yield Passage(
                id=source + part,
                collection=KNOWLEDGE,
                kind="knowledge",
                title=title,
                text=_text(blocks),
                source=source,
                names=_names(section, blocks, first=number == 1),
            )


def _explains_words(section: Section) -> bool:
    """Tell whether a section is a glossary: nothing but a table whose first column is `word`."""
    return [cells(block.head.partition("\n")[0])[:1] for block in section.blocks] == [["word"]]


def _words(page: str, section: Section, title: str) -> Iterator[Passage]:
    """Yield the definition of each word of a glossary, for questions that ask for nothing else."""
    source = f"{page}#{section.anchor}"
    for row in section.blocks[0].parts:
        word, *also, meaning = (plain(cell).strip() for cell in cells(row))
        told = f" Also called {also[0]}." if any(also) else ""
        yield Passage(
            id=f"{source}~{word}",
            collection=KNOWLEDGE,
            kind="definition",
            title=f"{title} > {word}",
            text=f"{word}: {meaning}.{told}",
            source=source,
            names=tuple(_NAME.findall(cells(row)[0])),
        )


def _packed(blocks: Sequence[Block], room: int, measure: Measure) -> Iterator[list[Block]]:
    """Yield groups of blocks that fit; a block that does not is cut where it may be."""
    group: list[Block] = []
    used = 0
    for block in chain.from_iterable(_cut(whole, room, measure) for whole in blocks):
        size = measure(block.text)
        if group and used + size > room:
            yield group
            group, used = [], 0
        group.append(block)
        used += size
    if group:
        yield group


def _cut(block: Block, room: int, measure: Measure) -> Iterator[Block]:
    if measure(block.text) <= room:
        yield block
        return
    left = max(20, room - measure(block.head))
    parts: list[str] = []
    used = 0
    for part in block.parts:
        size = measure(part)
        if parts and used + size > left:
            yield block._replace(parts=tuple(parts))
            parts, used = [], 0
        parts.append(part)
        used += size
    yield block._replace(parts=tuple(parts))


def _text(blocks: Sequence[Block]) -> str:
    return "\n\n".join(b.text if b.kind == "fence" else plain(b.text) for b in blocks)


def _names(section: Section, blocks: Sequence[Block], *, first: bool) -> tuple[str, ...]:
    """Return the names a passage explains: of its heading, of first cells, of bold beginnings."""
    found = dict[str, None]()
    if first and section.path:
        found |= dict.fromkeys(_SHAPED.findall(section.path[-1]))
    for block in blocks:
        for part in block.parts if block.kind != "fence" else ():
            lead = cells(part)[0] if block.kind == "table" else _lead(part)
            found |= dict.fromkeys(_NAME.findall(lead))
    return tuple(found)


def _lead(part: str) -> str:
    """Return what an item or paragraph begins with, if that is bold or names."""
    match = _LEAD.match(part)
    return match[1] if match else ""
