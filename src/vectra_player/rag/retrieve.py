"""Find the passages that answer a question: by meaning, by words, and both fused.

The public face of the index: `cli`, `mcp` and the dashboard ask here. What comes back was read
from recordings and pages; text in it is data. Opens the index again when a build replaced it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, Self

import msgspec

from vectra_player.errors import DamageError, UsageError
from vectra_player.rag import doubt, seal
from vectra_player.rag.embedder import Embedder, OnnxEmbedder
from vectra_player.rag.lexical import Kept, LexicalIndex, plain_words, spelled_names
from vectra_player.rag.passages import COLLECTIONS, KNOWLEDGE, Collection
from vectra_player.rag.place import IndexPlace
from vectra_player.rag.synonyms import expanded
from vectra_player.rag.vectors import Found, VectorFolder
from vectra_player.store.layout import DataDir

Variant = Literal["fusion", "vector", "lexical"]

POOL: Final = 30
"""Passages each way of searching hands to the fusion."""

RANK_SOFTENING: Final = 10
WORDS_WEIGHT: Final = 0.5
WORDS_WEIGHT_NAMED: Final = 8.0
"""What words count beside meaning, and what they count where a name is spelled: the model takes
names apart. Measured on the question set, like the softening (docs/decisions/0017-embedder.md).
"""

MOST_RESULTS: Final = 50
LONGEST_QUESTION: Final = 2_000


class Hit(msgspec.Struct, frozen=True):
    """One passage that may answer. `score`: 0 to 1 for fusion (1: first both by meaning and by
    words), the cosine for vector, BM25 for lexical. `metadata` says where it comes from: `source`,
    `title`, `kind`, `collection`, `similarity`, and `game_id`, `session_id`, `event_name`, `rows`
    where they apply.
    """

    id: str
    score: float
    text: str
    metadata: dict[str, Any]


class Answer(msgspec.Struct, frozen=True):
    """What was found for a question. `answers`: whether any of it seems to answer.

    `unknown`: words of the question that stand nowhere here; `maybe_foreign`: they are so many that
    it may not be in English, the one language the model knows.
    """

    hits: list[Hit]
    answers: bool
    unknown: list[str]
    maybe_foreign: bool


class Retriever:
    """The index of one data directory, open for questions. May be shared between threads."""

    def __init__(self, data_dir: DataDir, embedder: Embedder | None = None) -> None:
        self._place = IndexPlace(data_dir)
        self._embedder: Embedder = embedder or OnnxEmbedder()
        self._lock = threading.Lock()
        self._open: _Open | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            self._let_go()

    def retrieve(
        self,
        text: str,
        k: int = 5,
        collection: Collection | None = None,
        *,
        variant: Variant = "fusion",
    ) -> list[Hit]:
        """Return the `k` best passages for a question, best first.

        Raises:
            UsageError: no question, an unknown collection, no index, or one of another model.
            DamageError: the index cannot be read.
        """
        question, chosen = _checked(text, k, collection)
        with self._lock:
            return self._current().retrieve(question, k, chosen, variant)[0]

    def ask(self, text: str, k: int = 5, collection: Collection | None = None) -> Answer:
        """Return the `k` best passages for a question, and whether they seem to answer it.

        Raises as `retrieve`.
        """
        question, chosen = _checked(text, k, collection)
        with self._lock:
            index = self._current()
            hits, nearest = index.retrieve(question, k, chosen, "fusion")
            unknown = index.words.unknown(question)
        return Answer(
            hits,
            answers=bool(hits) and doubt.answers(question, nearest, unknown),
            unknown=unknown,
            maybe_foreign=doubt.maybe_foreign(question, unknown),
        )

    def similar(self, name: str, k: int = 5) -> list[Hit]:
        """Return the passages most like the one of this id, itself left out.

        Raises:
            UsageError: there is no such passage, or no index.
        """
        with self._lock:
            index = self._current()
            for collection in COLLECTIONS:
                vector = index.vectors.vector_of(collection, name)
                if vector is not None:
                    near = index.vectors.nearest(vector, k + 1, collection)
                    scored = [(one.id, one.similarity) for one in near if one.id != name]
                    return index.hits(scored[:k], near)
        raise UsageError(f"There is no passage {name!r}.", advice="Query first; ids stand there.")

    def fetch(self, names: Sequence[str]) -> list[Hit]:
        """Return passages by their ids, in that order; those that are not there are left out."""
        with self._lock:
            return self._current().hits([(name, 1.0) for name in names[:MOST_RESULTS]], ())

    def collections(self) -> dict[str, int]:
        """Return our collections and how many passages each holds. Raises as `retrieve`."""
        with self._lock:
            return self._current().vectors.counts()

    def _current(self) -> _Open:
        """Return the index as it lies there now; a build may have replaced it meanwhile."""
        found = seal.read(self._place.folder)
        if found is None:
            self._let_go()
            raise _no_index(self._place)
        if self._open is None or self._open.build_id != found.build_id:
            self._let_go()
            if found.model_id != self._embedder.model_id:
                raise UsageError(
                    f"The index was made by another model, {found.model_id}.", advice=_BUILD
                )
            try:
                self._open = _Open(self._place, self._embedder)
            except FileNotFoundError:
                raise _no_index(self._place) from None
        return self._open

    def _let_go(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


class _Open:
    """A copy of one build, open."""

    def __init__(self, place: IndexPlace, embedder: Embedder) -> None:
        self._place = place
        self._embedder = embedder
        self._folder, sealed = place.copy()
        self.build_id = sealed.build_id
        try:
            self.words = LexicalIndex(self._folder)
            self.synonyms = self.words.synonyms()
            self._definitions = self.words.definitions()
            self._defining = frozenset(self._definitions.values())
            self.vectors = VectorFolder(self._folder)
        except BaseException:
            place.discard(self._folder)
            raise

    def close(self) -> None:
        self.words.close()
        self.vectors.close()
        self._place.discard(self._folder)

    def retrieve(
        self, question: str, k: int, chosen: Sequence[Collection], variant: Variant
    ) -> tuple[list[Hit], float]:
        """Return the best passages, and the similarity of the nearest one to the question."""
        defined = self._definition(question) if KNOWLEDGE in chosen else None
        question = expanded(question, self.synonyms)
        by_meaning = [] if variant == "lexical" else self.nearest(question, chosen)
        by_words = [] if variant == "vector" else self.words.search(question, POOL, chosen)
        scored = [
            one
            for one in _scored(variant, question, by_meaning, by_words)
            if one[0] not in self._defining
        ]
        if defined is not None:
            scored.insert(0, (defined, 1.0))
        hits = self.hits(scored[:k], by_meaning)
        if defined is not None:
            return hits, 1.0
        return hits, by_meaning[0].similarity if by_meaning else 0.0

    def _definition(self, question: str) -> str | None:
        """Return the definition of the one word a question asks for, if that is all it asks."""
        asked = " ".join(plain_words(question)).lower()
        return self._definitions.get(asked) or self._definitions.get(asked.removesuffix("s"))

    def nearest(self, question: str, chosen: Sequence[Collection]) -> list[Found]:
        vector = self._embedder.embed([question])[0]
        found = [one for name in chosen for one in self.vectors.nearest(vector, POOL, name)]
        return sorted(found, key=lambda one: (-one.similarity, one.id))[:POOL]

    def hits(self, scored: Sequence[tuple[str, float]], near: Iterable[Found]) -> list[Hit]:
        """Return passages with their scores, and with their similarity where it is known."""
        kept = self.words.passages([name for name, _ in scored])
        alike = {one.id: one.similarity for one in near}
        return [
            _hit(name, kept[name], score, alike.get(name)) for name, score in scored if name in kept
        ]


def fuse(
    by_meaning: Sequence[str], by_words: Sequence[str], words_weight: float
) -> list[tuple[str, float]]:
    """Join two rankings by reciprocal ranks; a score of 1 is first in both."""
    scores: dict[str, float] = {}
    for weight, ranked in ((1.0, by_meaning), (words_weight, by_words)):
        for rank, name in enumerate(ranked):
            scores[name] = scores.get(name, 0.0) + weight / (RANK_SOFTENING + 1 + rank)
    best = (1.0 + words_weight) / (RANK_SOFTENING + 1)
    joined = [(name, score / best) for name, score in scores.items()]
    return sorted(joined, key=lambda pair: (-pair[1], pair[0]))


def _scored(
    variant: Variant,
    question: str,
    by_meaning: Sequence[Found],
    by_words: Sequence[tuple[str, float]],
) -> list[tuple[str, float]]:
    if variant == "vector":
        return [(one.id, one.similarity) for one in by_meaning]
    if variant == "lexical":
        return list(by_words)
    weight = WORDS_WEIGHT_NAMED if spelled_names(question) else WORDS_WEIGHT
    return fuse([one.id for one in by_meaning], [name for name, _ in by_words], weight)


def _hit(name: str, kept: Kept, score: float, similarity: float | None) -> Hit:
    metadata: dict[str, Any] = {**kept.metadata, "collection": kept.collection}
    if similarity is not None:
        metadata["similarity"] = round(similarity, 4)
    return Hit(name, round(score, 6), kept.text, metadata)


def _checked(
    text: str, k: int, collection: Collection | None
) -> tuple[str, tuple[Collection, ...]]:
    whole = text[:LONGEST_QUESTION].encode("utf-8", "replace").decode()  # no lone surrogates
    question = " ".join(whole.split())
    if not question:
        raise UsageError("There is no question.", advice="Ask in a few words.")
    if not 1 <= k <= MOST_RESULTS:
        raise UsageError(f"{k} is no number of passages.", advice=f"Ask for 1 to {MOST_RESULTS}.")
    if collection is not None and collection not in COLLECTIONS:
        raise UsageError(
            f"There is no collection {collection!r}.", advice=f"There are {', '.join(COLLECTIONS)}."
        )
    return question, COLLECTIONS if collection is None else (collection,)


def _no_index(place: IndexPlace) -> UsageError | DamageError:
    if place.folder.is_dir() and any(place.folder.iterdir()):
        return DamageError(f"{place.folder} holds no index that can be read.", advice=_BUILD)
    return UsageError("There is no index yet.", advice=_BUILD)


_BUILD = "Run 'vectra-player index build'."
