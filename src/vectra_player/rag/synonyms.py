"""Words people use, and the words the pages use: what the glossary calls "also called". Pure.

A general model does not know that a crash is a rug. Read from `knowledge/glossary.md` when the
index is built, kept beside the words, and added to a question that uses one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from vectra_player.rag.markdown import cells, plain, sections

PAGE: Final = "knowledge/glossary.md"
_HEAD: Final = "also called"
_MOST_WORDS: Final = 2


def pairs_of(page: str) -> Iterator[tuple[str, str]]:
    """Yield (word people use, word of the pages) of the tables that have such a column."""
    for section in sections(page):
        for block in section.blocks:
            if block.kind != "table" or _HEAD not in (heads := cells(block.head.splitlines()[0])):
                continue
            column = heads.index(_HEAD)
            for row in map(cells, block.parts):
                also = [plain(word).strip().lower() for word in row[column].split(",")]
                yield from ((word, plain(row[0]).split(",")[0]) for word in also if word)


def expanded(question: str, known: Mapping[str, str]) -> str:
    """Return a question with the words of the pages for those it uses."""
    words = re.findall(r"\w+", question.lower())
    forms = [*words, *(word[:-1] for word in words if word.endswith("s"))]
    for size in range(2, _MOST_WORDS + 1):
        forms += [" ".join(words[at : at + size]) for at in range(len(words) - size + 1)]
    meant = dict.fromkeys(known[form] for form in forms if form in known)
    added = [word for word in meant if word.lower() not in words]
    return f"{question} ({', '.join(added)})" if added else question
