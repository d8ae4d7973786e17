"""The knowledge base says what the code says, and the pages of docs/ are made from it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from tests.rag_support import make_store

from vectra_player.model.rows import DOC_TYPES
from vectra_player.protocol.rugs import RECEIVED, SENT
from vectra_player.rag import corpus
from vectra_player.rag.markdown import sections
from vectra_player.rag.synonyms import pairs_of
from vectra_player.store.query import open_query

PROJECT = Path(__file__).resolve().parents[2]
KNOWLEDGE = sorted(str(path.relative_to(PROJECT)) for path in (PROJECT / "knowledge").rglob("*.md"))

EARLIER_NAMES = {"newTrade"}
"""Read where a recorder dropped the prefix; the wire has the name with it."""


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "make_knowledge", PROJECT / "scripts" / "make_knowledge.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def told() -> str:
    """Everything the knowledge base says."""
    return "\n".join((PROJECT / name).read_text("utf-8") for name in KNOWLEDGE)


@pytest.mark.parametrize("name", KNOWLEDGE)
def test_facts_are_those_of_the_code(name: str) -> None:
    module = maker()
    text = (PROJECT / name).read_text("utf-8")
    assert text == module.filled(text, module.facts()), "run scripts/make_knowledge.py"


@pytest.mark.parametrize("page", ["docs/protocol.md", "docs/fairness.md"])
def test_pages_are_made_from_the_knowledge_base(page: str) -> None:
    module = maker()
    made = module.page(module.MADE[page])
    assert (PROJECT / page).read_text("utf-8") == made, "run scripts/make_knowledge.py"


def test_every_fact_of_the_code_is_told_somewhere(told: str) -> None:
    used = set(re.findall(r"<!--= (\w+) -->", told))
    assert used == set(maker().facts())


def test_a_fact_that_is_wrong_is_put_right() -> None:
    module = maker()
    text = "wins within <!--= window -->39<!--/--> ticks"
    assert module.filled(text, module.facts()) == text.replace("39", "40")
    with pytest.raises(KeyError):
        module.filled("<!--= nonsense -->1<!--/-->", module.facts())


@pytest.mark.parametrize("event", sorted({*RECEIVED, *SENT} - EARLIER_NAMES))
def test_every_event_and_field_that_is_read_is_described(event: str, told: str) -> None:
    assert f"`{event}`" in told
    kind = {**RECEIVED, **SENT}[event]
    for name in (field.encode_name for field in msgspec.structs.fields(kind)):
        general = re.sub(r"(godCandle)(?:2|10|50)x(?=[A-Z])", r"\1Nx", name)
        assert any(f"`{one}`" in told or f"{{{one}" in told for one in (name, general)), name


@pytest.mark.parametrize("doc_type", DOC_TYPES)
def test_every_table_is_named(doc_type: str, told: str) -> None:
    assert f"`{doc_type}`" in told


def test_every_page_of_the_corpus_is_there_and_has_sections() -> None:
    pages = {page.name: page.text for page in corpus.pages()}
    assert set(KNOWLEDGE) <= set(pages)
    assert not {"docs/protocol.md", "docs/fairness.md"} & set(pages)
    assert {"docs/concepts.md", "docs/how-to/verify.md", "docs/reference/schema.md"} <= set(pages)
    assert all(list(sections(text)) for text in pages.values())


def test_words_people_use_lead_to_the_words_of_the_pages() -> None:
    known = dict(pairs_of((PROJECT / "knowledge" / "glossary.md").read_text("utf-8")))
    assert known["crash"] == "rug"
    assert known["round"] == "game"


def test_queries_in_the_knowledge_base_run(told: str, tmp_path: Path) -> None:
    home = make_store(tmp_path)
    queries = re.findall(r"```sql\n(.*?)```", told, re.DOTALL)
    assert queries
    with open_query(home.root) as session:
        for sql in queries:
            session.fetch(sql, [])
