"""The index and the knowledge base as the tools show them; loads either when it is first asked."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from vectra_player.errors import UsageError
from vectra_player.mcp.answers import Added, CollectionInfo, Collections, Passage, Passages
from vectra_player.rag import checkpoint, corpus
from vectra_player.rag.knowledge import passages_of
from vectra_player.rag.markdown import uncommented
from vectra_player.rag.passages import COLLECTIONS, Collection
from vectra_player.rag.passages import Passage as RagPassage
from vectra_player.rag.status import index_status
from vectra_player.store.layout import DataDir, iso

if TYPE_CHECKING:
    from vectra_player.rag.embedder import Embedder
    from vectra_player.rag.retrieve import Hit, Retriever

MAX_EXPLAINED = 4
"""Passages of the knowledge base told with an event."""

ABOUT = {
    "vectra_knowledge": "The protocol by event and field, rules, sidebets, fairness, statistics,"
    " and how to use this product.",
    "rugs_events": "Summaries of what is recorded: games, sessions, event types, anomalies, notes.",
}


class Library:
    """Finds passages; may be asked from several threads."""

    def __init__(self, data_dir: Path, embedder: Embedder | None = None) -> None:
        """Without `embedder` the model of the `rag` extra is used."""
        self._home = DataDir(data_dir)
        self._embedder = embedder
        self._opening = threading.Lock()
        self._retriever: Retriever | None = None

    def close(self) -> None:
        """Let go of the index."""
        if self._retriever is not None:
            self._retriever.close()

    def collections(self) -> Collections:
        """Return the collections, and how old the index is."""
        status = index_status(self._home)
        return Collections(
            collections=[
                CollectionInfo(name, status.passages.get(name, 0), ABOUT[name])
                for name in COLLECTIONS
            ],
            state=status.state,
            reason=status.reason,
            model=status.model_id,
            built_at=None if status.built_at is None else iso(status.built_at),
        )

    def query(self, text: str, collection: str, count: int) -> Passages:
        """Return the passages nearest to a question.

        Raises:
            UsageError: no such collection, no index, or its packages are not installed.
            DamageError: the index cannot be read.
        """
        found = self._index().ask(text, count, _checked(collection))
        return Passages(
            [_passage(hit) for hit in found.hits], answers=found.answers, unknown=found.unknown
        )

    def add(self, documents: Sequence[str], collection: str) -> Added:
        """Keep notes beside the recordings and put them into the index.

        Raises:
            UsageError: no such collection, or a document is empty or too long.
        """
        from vectra_player.rag.build import build_index
        from vectra_player.rag.embedder import OnnxEmbedder
        from vectra_player.rag.notes import add_notes

        ids = add_notes(self._home, _checked(collection), documents)
        noted = checkpoint.read(self._home)
        origins = noted.origins if noted else "real"
        build_index(self._home, self._embedder or OnnxEmbedder(), origins=origins)
        return Added(collection, [f"note/{name}" for name in ids])

    def explained(self, name: str) -> list[Passage]:
        """Return what the knowledge base says of an event, by its exact name."""
        found = [
            Passage(passage.id, passage.text, passage.source)
            for passage in self._explanations
            if name in passage.names
        ]
        return found[:MAX_EXPLAINED]

    @cached_property
    def _explanations(self) -> list[RagPassage]:
        return [
            passage
            for page in corpus.pages()
            if page.name.startswith("knowledge/")
            for passage in passages_of(page.name, page.text, _words)
        ]

    def pages(self) -> dict[str, str]:
        """Return the pages of the knowledge base by name, without folder and ending."""
        found = (page for page in corpus.pages() if page.name.startswith("knowledge/"))
        return {Path(page.name).stem: uncommented(page.text) for page in found}

    def _index(self) -> Retriever:
        from vectra_player.rag.retrieve import Retriever

        with self._opening:
            if self._retriever is None:
                self._retriever = Retriever(self._home, self._embedder)
            return self._retriever


def _passage(hit: Hit) -> Passage:
    told = {key: value for key, value in hit.metadata.items() if key != "source"}
    return Passage(hit.id, hit.text, str(hit.metadata.get("source", "")), hit.score, told)


def _checked(collection: str) -> Collection:
    if collection not in COLLECTIONS:
        raise UsageError(
            f"There is no collection {collection[:64]!r}.",
            advice=f"There are {', '.join(COLLECTIONS)}.",
        )
    return collection


def _words(text: str) -> int:
    """Measure a text without loading the model: a third more tokens than words is close."""
    return len(text.split()) * 4 // 3
