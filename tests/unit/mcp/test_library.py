"""Passages through the assistant's tools: the index there, missing, and with notes added."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.rag_support import GAME, WordEmbedder, make_store
from tests.unit.mcp.test_answers import Asker, ask, refusal

from vectra_player.mcp.desk import Desk
from vectra_player.rag import checkpoint
from vectra_player.rag.build import build_index
from vectra_player.rag.corpus import Page
from vectra_player.store.layout import DataDir

PAGES = [
    Page("knowledge/a.md", "# Sidebets\n\n## How long a window is\n\nForty ticks, then settled.\n"),
    Page("knowledge/b.md", "# Events\n\n## `playerUpdate`\n\nThe account as the server has it.\n"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    home = make_store(tmp_path_factory.mktemp("library"))
    build_index(home, WordEmbedder(), pages=PAGES)
    return home


@pytest.fixture(scope="module")
def client(home: DataDir) -> Iterator[Asker]:
    with closing(Desk(home.root, WordEmbedder())) as desk:
        yield Asker(desk)


async def test_the_collections_are_told_with_their_sizes(client: Asker) -> None:
    answer = await ask(client, "chroma_list_collections")
    sizes = {one["name"]: one["passages"] for one in answer["collections"]}
    assert sizes["vectra_knowledge"] == 2
    assert sizes["rugs_events"] > 3
    assert answer["built_at"]


async def test_a_question_finds_the_passage_and_where_it_is_from(client: Asker) -> None:
    answer = await ask(client, "chroma_query_documents", text="how long is a window")
    first = answer["passages"][0]
    assert first["source"] == "knowledge/a.md#how-long-a-window-is"
    assert "Forty ticks" in first["text"]
    assert answer["answers"]


async def test_a_question_that_nothing_answers_is_told_with_its_unknown_words(
    client: Asker,
) -> None:
    answer = await ask(client, "chroma_query_documents", text="withdraw bitcoin")
    assert not answer["answers"]
    assert answer["unknown"] == ["withdraw", "bitcoin"]


async def test_a_summary_of_a_game_names_rows_that_can_be_read(client: Asker) -> None:
    answer = await ask(
        client,
        "chroma_query_documents",
        text=f"game {GAME}",
        collection="rugs_events",
        n_results=20,
    )
    game = next(one for one in answer["passages"] if one["metadata"].get("game_id") == GAME)
    doc_type, session, seq, sub = game["metadata"]["rows"].split()[0].split("/")
    sql = (
        f"SELECT count(*) FROM {doc_type} WHERE session_id = '{session}'"
        f" AND seq = {seq} AND sub = {sub}"
    )
    assert (await ask(client, "query_events", sql=sql))["rows"] == [[1]]


async def test_what_is_wrong_with_a_question_is_told(client: Asker) -> None:
    told = await refusal(client, "chroma_query_documents", text="x", collection="secrets")
    assert "vectra_knowledge, rugs_events" in told
    assert "n_results" in await refusal(client, "chroma_query_documents", text="x", n_results=0)


async def test_without_an_index_it_says_how_to_make_one(tmp_path: Path) -> None:
    root = DataDir.open_or_create(tmp_path / "data").root
    with closing(Desk(root, WordEmbedder())) as desk:
        client = Asker(desk)
        assert "index build" in await refusal(client, "chroma_query_documents", text="x")
        assert (await ask(client, "chroma_list_collections"))["state"] == "missing"


async def test_notes_are_found_again_where_adding_was_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vectra_player.rag.corpus.pages", lambda folder=None: iter(PAGES))
    home = make_store(tmp_path)
    build_index(home, WordEmbedder(), origins="all", pages=PAGES)
    with closing(Desk(home.root, WordEmbedder())) as desk:
        client = Asker(desk, allow_write=True)
        note = "Bought late at the second dip and regretted it."
        added = await ask(client, "chroma_add_documents", documents=[note])
        found = await ask(
            client, "chroma_query_documents", text="regretted dip", collection="rugs_events"
        )
    first = found["passages"][0]
    assert (first["id"], first["text"]) == (added["ids"][0], note)
    noted = checkpoint.read(home)
    assert noted is not None
    assert noted.origins == "all", "what is indexed stays what the user chose"
