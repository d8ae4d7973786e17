"""The vectors: ChromaDB inside this process, over files in one folder. Nobody else imports it.

No server, no download, no telemetry. Only the collections this product made are read and written;
others in the same folder are left as they are. Called by `build` and `retrieve`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import numpy as np

from vectra_player.errors import DamageError, UsageError
from vectra_player.rag.embedder import Vectors
from vectra_player.rag.extra import needed
from vectra_player.rag.passages import COLLECTIONS, Collection, Passage

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

OWNER: Final = "vectra-player"
HASH: Final = "content_hash"
_PAGE: Final = 1_000
_BATCH: Final = 1_000


class Found(NamedTuple):
    """A passage near a vector. `similarity`: the cosine, 1 is alike."""

    id: str
    similarity: float


class VectorFolder:
    """The collections in one folder. Close it before the folder is moved.

    Every method raises DamageError when Chroma cannot read its files.
    """

    def __init__(self, folder: Path) -> None:
        needed("chromadb")
        self.folder = folder
        self._client: ClientAPI = _guarded(lambda: _client(folder))
        self._ours: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        _close(self._client)

    def foreign(self) -> list[str]:
        """Return the names of collections that are not ours."""
        found = _guarded(self._client.list_collections)
        return sorted(str(one.name) for one in found if not _is_ours(one))

    def build_id(self, collection: Collection) -> str | None:
        """Return which build filled a collection; None where it is not there."""
        found = self._find(collection)
        return None if found is None else str((found.metadata or {}).get("build_id", ""))

    def hashes(self, collection: Collection) -> dict[str, str]:
        """Return the content hash of every passage by its id."""
        found = self._find(collection)
        if found is None:
            return {}
        pages = _guarded(lambda: list(_pages(found, ["metadatas"])))
        return {
            name: str(metadata.get(HASH, ""))
            for page in pages
            for name, metadata in zip(page["ids"], page["metadatas"], strict=True)
        }

    def create(self, collection: Collection, build_id: str, model_id: str) -> None:
        """Make a collection, or stamp the one that is there with this build.

        Raises:
            UsageError: a collection of that name is somebody else's.
        """
        marks = {"owner": OWNER, "build_id": build_id, "model_id": model_id}
        found = self._find(collection)
        if found is not None:
            _guarded(lambda: found.modify(metadata=marks))
            return
        if collection in self.foreign():
            raise UsageError(
                f"The collection {collection} in {self.folder} was not made by this product.",
                advice="Rename it, or move the folder away and build again.",
            )
        _guarded(
            lambda: self._client.create_collection(
                collection,
                metadata=marks,
                configuration={"hnsw": {"space": "cosine"}},
                embedding_function=None,
            )
        )

    def put(self, collection: Collection, passages: Sequence[Passage], vectors: Vectors) -> None:
        """Write passages, replacing those of the same id."""
        target = self._find(collection)
        if target is None:
            raise DamageError(f"There is no collection {collection} in {self.folder}.")
        for start in range(0, len(passages), _BATCH):
            part = passages[start : start + _BATCH]
            rows = vectors[start : start + _BATCH]
            _guarded(
                lambda part=part, rows=rows: target.upsert(
                    ids=[passage.id for passage in part],
                    embeddings=rows,
                    documents=[passage.text for passage in part],
                    metadatas=[{**one.metadata(), HASH: one.content_hash} for one in part],
                )
            )

    def drop(self, collection: Collection, ids: Sequence[str]) -> None:
        """Remove passages."""
        target = self._find(collection)
        for start in range(0, len(ids), _BATCH):
            part = list(ids[start : start + _BATCH])
            if target is not None:
                _guarded(lambda part=part: target.delete(ids=part))

    def nearest(self, vector: Vectors, most: int, collection: Collection) -> list[Found]:
        """Return the passages nearest to a vector, (dimensions,) float32."""
        target = self._find(collection)
        if target is None or not (count := _guarded(target.count)):
            return []
        answer = _guarded(
            lambda: target.query(
                query_embeddings=vector[None, :],
                n_results=min(most, count),
                include=["distances"],
            )
        )
        pairs = zip(answer["ids"][0], answer["distances"][0], strict=True)
        return [Found(name, 1.0 - float(distance)) for name, distance in pairs]

    def vector_of(self, collection: Collection, name: str) -> Vectors | None:
        """Return the vector of a passage, (dimensions,) float32; None where it is not there."""
        target = self._find(collection)
        if target is None:
            return None
        rows = _guarded(lambda: target.get(ids=[name], include=["embeddings"]))["embeddings"]
        return np.asarray(rows[0], dtype=np.float32) if rows is not None and len(rows) else None

    def counts(self) -> dict[str, int]:
        """Return how many passages each of our collections holds."""
        found = {name: self._find(name) for name in COLLECTIONS}
        return {name: _guarded(one.count) for name, one in found.items() if one is not None}

    def copy_foreign(self, other: VectorFolder) -> list[str]:
        """Copy collections that are not ours from another folder; return their names."""
        names = other.foreign()
        for name in names:
            source = _guarded(lambda name=name: other._client.get_collection(name, None))
            target = _guarded(
                lambda source=source: self._client.create_collection(
                    source.name, metadata=source.metadata, embedding_function=None
                )
            )
            for page in _guarded(
                lambda source=source: list(_pages(source, ["embeddings", "documents", "metadatas"]))
            ):
                _guarded(
                    lambda target=target, page=page: target.add(
                        ids=page["ids"],
                        embeddings=page["embeddings"],
                        documents=page["documents"],
                        metadatas=page["metadatas"],
                    )
                )
        return names

    def _find(self, collection: Collection) -> Any:
        if collection not in self._ours:
            found = _guarded(self._client.list_collections)
            self._ours |= {one.name: one for one in found if _is_ours(one)}
        return self._ours.get(collection)


def _client(folder: Path) -> ClientAPI:
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False, allow_reset=False, is_persistent=True)
    return chromadb.PersistentClient(path=str(folder), settings=settings)


def _close(client: Any) -> None:
    with suppress(Exception):
        client.close()


def _is_ours(collection: Any) -> bool:
    return (collection.metadata or {}).get("owner") == OWNER


def _pages(collection: Any, include: list[str]) -> Iterator[Any]:
    start = 0
    while (page := collection.get(limit=_PAGE, offset=start, include=include))["ids"]:
        yield page
        start += len(page["ids"])


def _guarded(work: Any) -> Any:
    """Run a call of Chroma; whatever it raises means that its files are not in order."""
    try:
        return work()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError | GeneratorExit):
            raise
        raise DamageError(
            f"The vector index cannot be read or written: {type(error).__name__}: {error}.",
            advice="Run 'vectra-player index build'; it makes what is damaged anew.",
        ) from error
