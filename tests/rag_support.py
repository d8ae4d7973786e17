"""For tests and benchmarks of retrieval: a small store, a quick embedder, questions, measures."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vectra_player.rag.embedder import Vectors
from vectra_player.rag.retrieve import Hit, Retriever, Variant
from vectra_player.store.importers import import_paths
from vectra_player.store.layout import DataDir

QUESTIONS = Path(__file__).parent / "unit" / "rag" / "questions.toml"

GAME = "20251220-0123456789ab4def"
INSTARUG = "20251221-00000000000a4bad"
MOON = "20251222-00000000000b4cab"


class WordEmbedder:
    """A stand-in for the model that needs no package: a text is its words, hashed. Quick."""

    model_id = "words-1"
    dimensions = 256

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, (n_texts, 256) float32."""
        found = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()):
                digest = hashlib.blake2b(word.encode(), digest_size=4).digest()
                found[row, int.from_bytes(digest, "big") % self.dimensions] += 1
            found[row, 0] += 1e-3
        unit: Vectors = found / np.linalg.norm(found, axis=1, keepdims=True)
        return unit

    def count_tokens(self, text: str) -> int:
        """Return about as many as the model would count."""
        return len(text) // 4


class OtherEmbedder(WordEmbedder):
    """The same, by another name: another model."""

    model_id = "words-2"


def frame(name: str, data: Any, at: str) -> dict[str, Any]:
    """Return a record of a capture file."""
    return {"ts": at, "event": name, "data": data}


def ticks(game: str, day: str, prices: Sequence[float]) -> Iterator[dict[str, Any]]:
    """Yield the frames of one game; the last price is the rug's."""
    rug = len(prices) - 1
    for tick, price in enumerate(prices):
        at = f"{day}T10:{tick // 240:02d}:{tick // 4 % 60:02d}.{tick % 4 * 250:03d}000+00:00"
        state = {
            "gameId": game, "active": True, "rugged": tick == rug, "tickCount": tick,
            "price": price, "cooldownTimer": 0,
        }  # fmt: skip
        yield frame("gameStateUpdate", state, at)


def rising(length: int, step: float) -> list[float]:
    """Return prices that rise by a factor and then are rugged."""
    prices = [round(step**tick, 6) for tick in range(length)]
    return [*prices, 0.02]


def capture() -> list[dict[str, Any]]:
    """Return a capture of three games: an ordinary one with a trade, an instarug, a high one."""
    ordinary = list(ticks(GAME, "2025-12-20", rising(60, 1.01)))
    trade = {
        "id": "d2b5b0f0-3a51-4f0e-9a86-0c8f6f3b9a11", "gameId": GAME, "playerId": "did:privy:a1",
        "username": "some-player", "level": 3, "type": "buy", "price": 1.05, "tickIndex": 5,
        "coin": "solana", "amount": 0.0105, "qty": 0.01, "leverage": 1,
    }  # fmt: skip
    ordinary.insert(6, frame("standard/newTrade", trade, ordinary[5]["ts"]))
    return [
        *ordinary,
        *ticks(INSTARUG, "2025-12-21", rising(3, 1.01)),
        *ticks(MOON, "2025-12-22", rising(120, 1.04)),
    ]


def make_store(root: Path, records: Iterable[dict[str, Any]] | None = None) -> DataDir:
    """Make a data directory that holds a capture."""
    lines = [
        json.dumps({"seq": number, **record})
        for number, record in enumerate(capture() if records is None else records, 1)
    ]
    file = root / "capture.jsonl"
    root.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n", "utf-8")
    home = DataDir.open_or_create(root / "data")
    import_paths([file], home.root)
    return home


class Question(NamedTuple):
    """A question; each entry of `needs` is a list of sources of which one will do."""

    kind: str
    text: str
    needs: list[list[str]]


class Quality(NamedTuple):
    """How well questions were answered: recall at one and five, mean reciprocal rank."""

    asked: int
    r1: float
    r5: float
    mrr: float


def questions() -> list[Question]:
    """Read the question set."""
    return [Question(**one) for one in tomllib.loads(QUESTIONS.read_text("utf-8"))["question"]]


def rank(question: Question, sources: Sequence[str]) -> list[int | None]:
    """Return at which place, from 1, each need is first met; None where it is not."""
    return [
        next((place for place, source in enumerate(sources, 1) if _meets(source, need)), None)
        for need in question.needs
    ]


def _meets(source: str, need: Sequence[str]) -> bool:
    return any(
        source == wanted or source.startswith((f"{wanted}#", wanted if wanted[-1] == "/" else "\0"))
        for wanted in need
    )


def measured(ranks: Sequence[Sequence[int | None]]) -> Quality:
    """Return the quality of answers: a question with several needs has to have all of them."""
    n = len(ranks) or 1
    first = [min((p for p in places if p), default=None) for places in ranks]
    return Quality(
        len(ranks),
        sum(place == 1 for place in first) / n,
        sum(all(p is not None and p <= 5 for p in places) for places in ranks) / n,
        sum(1 / place for place in first if place) / n,
    )


def asked(retriever: Retriever, variant: Variant, wanted: Iterable[Question]) -> list[list[Hit]]:
    """Ask the questions and return ten passages for each."""
    return [retriever.retrieve(one.text, 10, variant=variant) for one in wanted]


def qualities(retriever: Retriever, variant: Variant) -> dict[str, Quality]:
    """Return the quality of each kind of question that has an answer, and of all of them."""
    wanted = [one for one in questions() if one.needs]
    answers = asked(retriever, variant, wanted)
    ranks = [
        rank(one, [str(hit.metadata["source"]) for hit in hits])
        for one, hits in zip(wanted, answers, strict=True)
    ]
    kinds = dict.fromkeys(one.kind for one in wanted)
    by_kind = {
        kind: measured([r for one, r in zip(wanted, ranks, strict=True) if one.kind == kind])
        for kind in kinds
    }
    return {**by_kind, "all": measured(ranks)}


def told_unanswered(retriever: Retriever) -> dict[str, tuple[int, int]]:
    """Return (how many are called unanswered, of how many) by kind of question."""
    counts: dict[str, tuple[int, int]] = {}
    for one in questions():
        told, n = counts.get(one.kind, (0, 0))
        counts[one.kind] = told + (not retriever.ask(one.text).answers), n + 1
    return counts
