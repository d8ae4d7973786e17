"""Words find passages: exact names whole, in either spelling, before their parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from vectra_player.errors import DamageError
from vectra_player.rag import lexical
from vectra_player.rag.lexical import LexicalIndex, query_words, words_of
from vectra_player.rag.passages import COLLECTIONS, Passage


def passage(name: str, title: str, text: str, *names: str) -> Passage:
    return Passage(
        id=name, collection="vectra_knowledge", kind="knowledge", title=title, text=text,
        source=name, names=names,
    )  # fmt: skip


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    lexical.write(
        tmp_path,
        [
            passage("a", "Account", "The entry price weighted by quantity.", "avgCost"),
            passage("b", "Prices", "An average cost, price by price: price, price.", "price"),
            passage("c", "Trades", "Mentions avgCost once.", "standard/newTrade"),
        ],
    )
    return LexicalIndex(tmp_path)


def found(index: LexicalIndex, text: str) -> list[str]:
    return [name for name, _ in index.search(text, 10, COLLECTIONS)]


@pytest.mark.parametrize("name", ["avgCost", "avg_cost", "avgcost", "AvgCost?"])
def test_a_name_is_found_first_where_it_is_explained(index: LexicalIndex, name: str) -> None:
    assert found(index, name)[:2] == ["a", "c"]


def test_a_name_with_a_slash_is_one_name(index: LexicalIndex) -> None:
    assert found(index, "what is standard/newTrade")[0] == "c"


def test_parts_of_names_and_forms_of_words_are_found(index: LexicalIndex) -> None:
    assert "c" in found(index, "trading")
    assert set(found(index, "costs")) == {"a", "b", "c"}


def test_words_that_fill_questions_find_nothing(index: LexicalIndex) -> None:
    assert found(index, "what is the of and") == []


@pytest.mark.parametrize(
    "text", ['"', "' OR 1=1 --", "NEAR(a b)", "names:x*", "\0", "(((", "-a AND"]
)
def test_text_is_never_taken_for_a_query(index: LexicalIndex, text: str) -> None:
    assert isinstance(found(index, text), list)


def test_a_collection_can_be_left_out(index: LexicalIndex) -> None:
    assert index.search("avgCost", 5, ["rugs_events"]) == []


def test_words_of_a_name() -> None:
    assert list(words_of("standard/newTrade")) == ["standardnewtrade", "standard", "newtrade",
                                                    "standard", "new", "trade"]  # fmt: skip
    assert query_words("What is the rug?") == ["rug"]


def test_a_damaged_file_is_told(tmp_path: Path, index: LexicalIndex) -> None:
    index.close()
    (tmp_path / lexical.FILE).write_bytes(b"no database" * 500)
    with pytest.raises(DamageError):
        LexicalIndex(tmp_path).search("avgCost", 5, COLLECTIONS)
