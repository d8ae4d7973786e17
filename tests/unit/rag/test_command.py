"""`index` says what to do when it cannot, tells how it stands, and ends with the right code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.rag_support import WordEmbedder
from tests.unit.rag.conftest import PAGES, Build

from vectra_player import extras
from vectra_player.cli import main
from vectra_player.rag import embedder, retrieve
from vectra_player.store.layout import DataDir


def run(root: Path, *words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["--data-dir", str(root), *words])
    return int(ended.value.code or 0)


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command use the quick embedder."""
    monkeypatch.setattr(embedder, "OnnxEmbedder", WordEmbedder)
    monkeypatch.setattr(retrieve, "OnnxEmbedder", WordEmbedder)


def test_a_question_before_the_first_build_says_what_to_type(
    home: DataDir, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(home.root, "index", "query", "x") == 2
    assert "Run 'vectra-player index build'" in capsys.readouterr().err


def test_without_a_recording_there_is_nothing_to_ask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path / "nothing", "index", "status") == 2
    assert not (tmp_path / "nothing").exists()


def test_a_missing_package_ends_a_build_before_it_begins(
    home: DataDir, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    assert run(home.root, "index", "build") == 2
    said = capsys.readouterr().err
    assert "chromadb" in said
    assert "requirements/rag.txt" in said
    assert not (home.root / "chroma").exists()


@pytest.mark.usefixtures("words")
def test_answers_are_shown_with_score_source_and_rows(
    home: DataDir, build: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    build()
    assert run(home.root, "index", "query", "name3A", "-k", "1") == 0
    assert capsys.readouterr().out.splitlines() == [
        "1. Page 3 > About name3A  (1.000)",
        "   Text number 3.",
        "   from knowledge/page3.md#about-name3a",
    ]
    assert run(home.root, "index", "query", "game", "-C", "rugs_events", "--json") == 0
    hits = json.loads(capsys.readouterr().out)
    assert len(hits) == 5
    assert all(hit["metadata"]["rows"] for hit in hits)


@pytest.mark.usefixtures("words")
def test_what_nothing_answers_is_said_with_the_words_that_stand_nowhere(
    home: DataDir, build: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    build()
    assert run(home.root, "index", "query", "wie gewinne ich", "-k", "1") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Nothing here seems to answer that" in told
    assert "Nothing here mentions: wie, gewinne, ich." in told
    assert "Ask in English" in told
    assert run(home.root, "index", "query", "name3A", "-k", "1") == 0
    assert "Nothing" not in capsys.readouterr().out


@pytest.mark.usefixtures("words")
def test_a_missing_index_is_not_told_as_if_it_were_there(
    home: DataDir, build: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    build()
    shutil.rmtree(home.root / "chroma")
    assert run(home.root, "index", "status") == 0
    told = capsys.readouterr().out
    assert told.startswith("missing\n")
    assert "built" not in told


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize("option", [("-k", "0"), ("-k", "x"), ("-C", "others")])
def test_options_that_cannot_be_end_with_two(
    home: DataDir, build: Build, option: tuple[str, str]
) -> None:
    build()
    assert run(home.root, "index", "query", "x", *option) == 2


@pytest.mark.usefixtures("words")
def test_status_tells_a_damaged_index_by_its_code(
    home: DataDir, build: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    build(pages=PAGES)
    assert run(home.root, "index", "status", "--json") == 0
    assert json.loads(capsys.readouterr().out)["passages"]["vectra_knowledge"] == len(PAGES)
    (home.root / "chroma" / "chroma.sqlite3").write_bytes(b"x")
    assert run(home.root, "index", "status") == 1
    assert "damaged" in capsys.readouterr().out
    assert run(home.root, "index", "query", "x") == 1
    told = capsys.readouterr().err
    assert f"{home.root / 'chroma' / 'chroma.sqlite3'} is not what was written" in told
