"""The search of the Protocol Explorer: with an index, without one, and asked wrongly."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.dashboard_support import Board, board
from tests.rag_support import GAME, WordEmbedder, make_store

from vectra_player.dashboard.work import search
from vectra_player.rag.build import build_index
from vectra_player.rag.corpus import Page
from vectra_player.store.layout import DataDir

PAGE = Page("knowledge/a.md", "# Sidebets\n\n## How long a window is\n\nForty ticks.\n")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    return make_store(tmp_path_factory.mktemp("search"))


@pytest.fixture(scope="module")
def site(home: DataDir) -> Iterator[Board]:
    with board(home.root) as opened:
        yield opened


def test_without_an_index_the_knowledge_base_is_searched_by_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    search._words.cache_clear()
    root = DataDir.open_or_create(tmp_path / "data").root
    told = search.search(root, {"q": "What fields are in playerUpdate?"})
    assert told["by"] == "words"
    assert "index" in told["why"].lower()
    assert any("playerUpdate" in passage["text"] for passage in told["passages"][:3])
    assert not any(temporary.iterdir())  # a child that answers is killed: it can clean up nothing


def test_with_an_index_passages_come_by_meaning_with_their_place(
    home: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vectra_player.rag.retrieve import Retriever

    build_index(home, WordEmbedder(), pages=[PAGE])
    monkeypatch.setattr(search, "needed", lambda *names: None)
    monkeypatch.setattr(search, "_retriever", lambda root: Retriever(home, WordEmbedder()))
    told = search.search(home.root, {"q": f"game {GAME}"})
    assert told["by"] == "meaning"
    assert told["passages"][0]["game_id"] == GAME
    window = search.search(home.root, {"q": "how long is a window"})
    assert window["passages"][0]["source"] == "knowledge/a.md#how-long-a-window-is"


def test_the_page_is_answered_from_a_process_beside_it(site: Board) -> None:
    answer = site.get("/api/protocol/search?q=sidebet+window")
    assert answer.status_code == 200
    assert answer.json["passages"]


def test_a_question_of_nothing_is_refused_by_its_field(site: Board) -> None:
    for query in ("", "?q=", f"?q={'x' * 501}"):
        answer = site.get(f"/api/protocol/search{query}")
        assert answer.status_code == 422
        assert "q" in answer.json["error"]["fields"]


def test_the_index_is_built_as_one_job(site: Board) -> None:
    first = site.post("/api/protocol/index", {}).json
    assert first["kind"] == "index"
    assert site.post("/api/protocol/index", {}).json["id"] == first["id"]
    site.post(f"/api/jobs/{first['id']}/cancel", {})
