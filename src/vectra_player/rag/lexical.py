"""Find passages by their words: BM25 in SQLite's own full-text index, exact names first.

A small model takes `avgCost` apart and forgets how it was spelled; here it stays one word, beside
its parts. The index is one file beside the vectors, written whole by `build`. It holds the passages
too: fetching some by id takes microseconds here and milliseconds in Chroma.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from vectra_player.errors import DamageError
from vectra_player.rag.passages import Passage

FILE: Final = "lexical.sqlite3"

WEIGHTS: Final = (4.0, 8.0, 1.0)
"""What a word counts in names, title and text; measured on the question set (decision 0017)."""

MOST_WORDS: Final = 64
"""Words of a question that are looked for: a longer text is no question."""

_WORD = re.compile(r"[^\W_][\w]*(?:[./-][^\W_][\w]*)*")
_PIECE = re.compile(r"[^\W_]+")
_NAMED = re.compile(
    r"\b(?:[a-z][a-z0-9]*[A-Z]\w*|\w+_\w+|\w+/\w+|\d{8}-[0-9a-f]{8,}|[0-9a-f]{8}-[0-9a-f-]{20,}"
    r"|(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{12,}\b)"
)
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\dA-Za-z_]+")
_FILLING = (
    "a an and are as at be been but by can could did do does for from had has have how i if "
    "in into is it its me my of on or s should so t than that the their them there these they "
    "this those to was we were what when where which while who why will with would you your "
    "aren couldn didn doesn don hasn haven isn ll re shouldn ve wasn weren wouldn"
)
_STOP = frozenset(_FILLING.split())
_SITE = "rugs.fun"
"""Stays one word: it stands in many headings, and is no mention of a rug."""


def words_of(text: str) -> Iterator[str]:
    """Yield the words of a text, each name whole and in its parts, lower case."""
    for match in _WORD.finditer(text):
        name = match[0]
        if name.lower() == _SITE:
            yield key_of(name)
            continue
        pieces = _PIECE.findall(name)
        humps = [hump.lower() for piece in pieces for hump in _HUMP.findall(piece)]
        if len(pieces) > 1 or len(humps) > 1:
            yield key_of(name)
            yield from (piece.lower() for piece in pieces if len(pieces) > 1)
        yield from humps


def spelled_names(text: str) -> list[str]:
    """Return the names a text spells: `avgCost`, `avg_cost`, `standard/newTrade`, a game's id."""
    return _NAMED.findall(text)


def key_of(name: str) -> str:
    """Return what is alike in the spellings of a name: `avgCost` and `avg_cost` are one."""
    return "".join(_PIECE.findall(name)).lower()


def plain_words(text: str) -> list[str]:
    """Return the words of a question as they are written, each once, without filling words."""
    words = dict.fromkeys(match[0] for match in _WORD.finditer(text))
    return [word for word in words if word.lower() not in _STOP][:MOST_WORDS]


def query_words(text: str) -> list[str]:
    """Return the words a question is looked for by, each once, without filling words."""
    words = dict.fromkeys(word for word in words_of(text) if word not in _STOP)
    return list(words)[:MOST_WORDS]


def write(
    folder: Path, passages: Iterable[Passage], synonyms: Iterable[tuple[str, str]] = ()
) -> None:
    """Write the index of passages, and words that mean others, into a folder that has none."""
    connection = sqlite3.connect(folder / FILE)
    try:
        _fill(connection, passages, synonyms)
    finally:
        connection.close()


def _fill(
    connection: sqlite3.Connection,
    passages: Iterable[Passage],
    synonyms: Iterable[tuple[str, str]] = (),
) -> None:
    connection.executescript(
        "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
        "CREATE TABLE passage (row INTEGER PRIMARY KEY, id TEXT UNIQUE, collection TEXT,"
        " text TEXT, metadata TEXT);"
        "CREATE TABLE synonym (word TEXT, means TEXT);"
        "CREATE VIRTUAL TABLE words USING fts5(names, title, text, content='',"
        " tokenize='porter unicode61');"
    )
    for row, passage in enumerate(passages, 1):
        told = msgspec.json.encode(passage.metadata()).decode()
        connection.execute(
            "INSERT INTO passage VALUES (?, ?, ?, ?, ?)",
            (row, passage.id, passage.collection, passage.text, told),
        )
        texts = (" ".join(passage.names), passage.title, passage.text)
        connection.execute(
            "INSERT INTO words (rowid, names, title, text) VALUES (?, ?, ?, ?)",
            (row, *(" ".join(words_of(text)) for text in texts)),
        )
    connection.executemany("INSERT INTO synonym VALUES (?, ?)", synonyms)
    connection.execute("INSERT INTO words (words) VALUES ('optimize')")
    connection.commit()


class Kept(NamedTuple):
    """A passage as it is given back."""

    collection: str
    text: str
    metadata: dict[str, str]


class LexicalIndex:
    """The word index of one folder, read only. Threads take turns."""

    def __init__(self, folder: Path) -> None:
        where = (folder / FILE).absolute().as_uri()
        self._connection = sqlite3.connect(
            f"{where}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )

    def synonyms(self) -> dict[str, str]:
        """Return the words people use with those the pages use. Raises DamageError."""
        return dict(self._rows("SELECT word, means FROM synonym", []))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def search(self, text: str, most: int, collections: Sequence[str]) -> list[tuple[str, float]]:
        """Return (passage id, score) of the best passages; a higher score is better.

        Raises:
            DamageError: the file is no longer what was written.
        """
        words = query_words(text)
        if not words:
            return []
        asked = " OR ".join(f'"{word}"' for word in words)
        marks = ", ".join("?" * len(collections))
        rows = self._rows(
            f"SELECT passage.id, -bm25(words, {', '.join(map(str, WEIGHTS))}) AS score"  # noqa: S608
            " FROM words JOIN passage ON passage.row = words.rowid"
            f" WHERE words MATCH ? AND passage.collection IN ({marks})"
            " ORDER BY score DESC, passage.id LIMIT ?",
            [asked, *collections, most],
        )
        return [(str(name), float(score)) for name, score in rows]

    def unknown(self, text: str) -> list[str]:
        """Return the words of a question that no passage has; a name counts as it is spelled.

        Raises DamageError as `search`.
        """
        return [word for word in plain_words(text) if not self._has(word)]

    def _has(self, word: str) -> bool:
        pieces = [piece.lower() for piece in _PIECE.findall(word)]
        return self._holds(key_of(word)) or (
            len(pieces) > 1 and all(one in _STOP or self._holds(one) for one in pieces)
        )

    def _holds(self, key: str) -> bool:
        found = self._rows("SELECT 1 FROM words WHERE words MATCH ? LIMIT 1", [f'"{key}"'])
        return bool(found)

    def definitions(self) -> dict[str, str]:
        """Return the words of the glossary with the passages that define them.

        Raises DamageError as `search`.
        """
        rows = self._rows(
            "SELECT substr(id, instr(id, '~') + 1), id FROM passage"
            " WHERE json_extract(metadata, '$.kind') = 'definition'",
            [],
        )
        return {str(word): str(name) for word, name in rows}

    def passages(self, names: Sequence[str]) -> dict[str, Kept]:
        """Return passages by their ids; those that are not there are left out.

        Raises DamageError as `search`.
        """
        marks = ", ".join("?" * len(names))
        rows = self._rows(
            f"SELECT id, collection, text, metadata FROM passage WHERE id IN ({marks})",  # noqa: S608
            list(names),
        )
        return {
            name: Kept(collection, text, msgspec.json.decode(told, type=dict[str, str]))
            for name, collection, text, told in rows
        }

    def _rows(self, sql: str, values: list[object]) -> list[Any]:
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise DamageError(f"The word index cannot be read: {error}.") from error


class MemoryIndex(LexicalIndex):
    """The word index of passages that no build wrote: in memory, gone when it is closed."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        _fill(self._connection, passages)
