"""When nothing here seems to answer, that is said, with the words that stand nowhere here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from vectra_player.rag.doubt import ENOUGH, answers, maybe_foreign, unknown_share
from vectra_player.rag.lexical import LexicalIndex, MemoryIndex
from vectra_player.rag.passages import Passage


@pytest.fixture
def index() -> Iterator[LexicalIndex]:
    def page(name: str, title: str, text: str) -> Passage:
        return Passage(
            id=name, collection="vectra_knowledge", kind="knowledge", title=title, text=text,
            source=name.partition("~")[0],
        )  # fmt: skip

    opened = MemoryIndex(
        [
            page("p.md#a", "The rugs.fun protocol", "Players win or lose; avgCost is a price."),
            page("glossary.md#words~rug tick", "Glossary > rug tick", "rug tick: the last one."),
            page("glossary.md#words~tick", "Glossary > tick", "tick: one step of a price."),
        ]
    )
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("What does the player win?", []),
        ("How do I withdraw a price?", ["withdraw"]),
        ("win/loss of prices", ["win/loss"]),
        ("win/lose", []),
        ("What is avgCost?", []),
        ("What is avgPrice?", ["avgPrice"]),
        ("What about 20251220-0123456789ab4def?", ["about", "20251220-0123456789ab4def"]),
        ("Why doesn't it win", []),
        ("Wie gewinne ich?", ["Wie", "gewinne", "ich"]),
        ('" OR *', []),
    ],
)
def test_words_that_no_passage_has_are_named(
    index: LexicalIndex, question: str, unknown: list[str]
) -> None:
    assert index.unknown(question) == unknown


def test_the_name_of_the_site_is_no_mention_of_a_rug(index: LexicalIndex) -> None:
    found = [name for name, _ in index.search("rug", 5, ("vectra_knowledge",))]
    assert found == ["glossary.md#words~rug tick"]


def test_a_near_passage_answers_and_unknown_words_speak_against_it() -> None:
    assert answers("win money", ENOUGH, [])
    assert not answers("win money", ENOUGH - 0.01, [])
    assert not answers("win money", ENOUGH + 0.05, ["money"])
    assert answers("win money", ENOUGH + 0.15, ["money"])


def test_a_name_that_stands_here_is_answered_and_one_that_does_not_is_all_that_counts() -> None:
    assert answers("was bedeutet avgCost", 0.0, ["was", "bedeutet"])
    assert not answers("what happened in game 20251220-0123456789ab4def", ENOUGH + 0.1,
                       ["20251220-0123456789ab4def"])  # fmt: skip
    assert unknown_share("the price of fooBar", ["fooBar"]) == 1


def test_a_question_of_mostly_unknown_words_may_be_in_another_language() -> None:
    assert maybe_foreign("wie gewinne ich SOL", ["wie", "gewinne", "ich"])
    assert not maybe_foreign("how do players win bitcoin", ["bitcoin"])
    assert not maybe_foreign("the", [])
    missing = "20991231-0123456789abcdef"
    assert not maybe_foreign(f"what happened in game {missing}", [missing])
