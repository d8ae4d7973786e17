"""What the Protocol Explorer asks the index; by words alone, of the knowledge base, without one."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from vectra_player.errors import DamageError, UsageError
from vectra_player.rag import checkpoint, corpus, lexical
from vectra_player.rag.extra import PACKAGES, needed
from vectra_player.rag.knowledge import passages_of
from vectra_player.rag.passages import KNOWLEDGE, Passage
from vectra_player.rag.status import index_status
from vectra_player.store.layout import DataDir

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vectra_player.rag.retrieve import Retriever

MOST = 8


def search(data_dir: Path, request: dict[str, Any]) -> Any:
    """Return passages for the question `q`: `by` meaning and words, or words alone and `why`."""
    question = request["q"]
    try:
        needed(*PACKAGES)
        found = _retriever(data_dir).ask(question, MOST)
    except (UsageError, DamageError) as error:
        return {"by": "words", "why": error.message, "advice": error.advice,
                "passages": _by_words(question), "answers": True}  # fmt: skip
    told = [
        {"id": hit.id, "score": hit.score, "text": hit.text, **_place(hit.metadata)}
        for hit in found.hits
    ]
    why = index_status(DataDir(data_dir)).reason or ""
    return {"by": "meaning", "why": why, "advice": "", "passages": told, "answers": found.answers}


def build(data_dir: Path, request: dict[str, Any], tell: Callable[[int, int, str], None]) -> Any:
    """Bring the index up to date."""
    from vectra_player.rag.build import build_index
    from vectra_player.rag.embedder import OnnxEmbedder

    needed(*PACKAGES)
    home = DataDir(data_dir)
    noted = checkpoint.read(home)
    report = build_index(
        home,
        OnnxEmbedder(),
        origins=noted.origins if noted else "real",
        progress=lambda done, total: tell(done, total, "passages"),
    )
    return msgspec.to_builtins(report)


def _place(metadata: dict[str, Any]) -> dict[str, str]:
    names = ("title", "source", "game_id", "session_id", "event_name")
    return {name: str(metadata.get(name, "")) for name in names}


@cache
def _retriever(data_dir: Path) -> Retriever:
    """Open the index once; the copy a killed child leaves is swept by the next (`rag.place`)."""
    from vectra_player.rag.retrieve import Retriever

    return Retriever(DataDir(data_dir))


def _by_words(question: str) -> list[dict[str, Any]]:
    passages, index = _words()
    found = index.search(question, MOST, (KNOWLEDGE,))
    return [
        {
            "id": name,
            "score": score,
            "text": passages[name].text,
            **_place(passages[name].metadata()),
        }
        for name, score in found
    ]


@cache
def _words() -> tuple[dict[str, Passage], lexical.LexicalIndex]:
    """Index the knowledge base by its words, for as long as this process lives."""
    passages = [
        passage
        for page in corpus.pages()
        for passage in passages_of(page.name, page.text, lambda text: len(text.split()))
    ]
    return {passage.id: passage for passage in passages}, lexical.MemoryIndex(passages)
