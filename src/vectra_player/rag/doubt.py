"""Say whether anything here answers a question, and which of its words stand nowhere here. Pure.

A small model finds something near to every question; words that nothing here has tell more. Both
figures are measured on the question set (docs/decisions/0017-embedder.md). Called by `retrieve`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from vectra_player.rag.lexical import plain_words, spelled_names

ENOUGH: Final = 0.34
"""Below it nothing here seems to answer: similarity of the nearest passage, less for words."""

UNKNOWN_WORDS: Final = 0.2
"""What that similarity is less by where none of the words of a question stands here."""

FOREIGN_SHARE: Final = 0.5
"""From this share of words that stand nowhere on, a question may not be in English."""


def unknown_share(question: str, unknown: Collection[str]) -> float:
    """Return the share of a question's words that stand nowhere here, 0 to 1.

    It is 1 where a name is spelled that nothing here has: what is asked about is not here.
    """
    words = plain_words(question)
    if any(name in unknown for name in spelled_names(question)):
        return 1.0
    return len(unknown) / len(words) if words else 0.0


def answers(question: str, nearest: float, unknown: Collection[str]) -> bool:
    """Tell whether something here seems to answer a question.

    `nearest` is the similarity of the nearest passage. A name that stands here as it is spelled is
    an answer, whatever the model makes of it.
    """
    if any(name not in unknown for name in spelled_names(question)):
        return True
    return nearest - UNKNOWN_WORDS * unknown_share(question, unknown) >= ENOUGH


def maybe_foreign(question: str, unknown: Sequence[str]) -> bool:
    """Tell whether so many words stand nowhere here that the question may not be in English."""
    plain = [word for word in plain_words(question) if word not in spelled_names(question)]
    return sum(word in unknown for word in plain) >= FOREIGN_SHARE * max(1, len(plain))
