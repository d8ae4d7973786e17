"""The conversation of the documentation is what the assistant's server answers."""

from __future__ import annotations

import datetime as dt
import importlib.util
import re
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest
from mcp import Client
from tests.conftest import RealStore
from tests.docs_support import links

from vectra_player.mcp.desk import Desk
from vectra_player.mcp.server import build
from vectra_player.rag import corpus

PROJECT = Path(__file__).resolve().parents[2]
PAGE = PROJECT / "docs" / "conversation.md"


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "make_conversation", PROJECT / "scripts" / "make_conversation.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_what_it_tells_of_recordings_is_answered_again(
    maker: ModuleType, real_store: RealStore
) -> None:
    page = PAGE.read_text("utf-8")
    day = re.search(r"by a program on\s+(\d{4}-\d\d-\d\d)", page)
    game = re.search(r"## What happened in game (\S+)\?", page)
    assert day is not None
    assert game is not None
    with closing(Desk(real_store.root)) as desk:
        async with Client(build(desk)) as client:
            talk = maker.Talk(client)
            await maker.course(talk, game[1])
            await maker.fairness(talk, game[1])
            await maker.bets(talk, dt.date.fromisoformat(day[1]))
            await maker.gaps(talk)
    missing = [part for part in talk.parts if part not in page]
    assert missing == [], "run scripts/make_conversation.py"


def test_it_is_left_out_of_the_index_and_found_from_the_page_on_assistants() -> None:
    assert "docs/conversation.md" not in [page.name for page in corpus.pages()]
    assert "../conversation.md" in links("docs/how-to/assistant.md")


def test_long_lists_and_texts_are_cut_where_it_says_so(maker: ModuleType) -> None:
    assert maker.brief(list(range(6))) == [0, 1, 2, 3, "… 2 more"]
    assert maker.brief({"a": None, "b": "word " * 100})["b"].endswith("word …")
    assert maker.brief("short") == "short"
