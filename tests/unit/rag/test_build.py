"""An index holds what pages and recordings say now, embeds only what changed, and is derived."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.rag_support import GAME, INSTARUG, OtherEmbedder, WordEmbedder, capture, make_store
from tests.unit.rag.conftest import PAGES, Build

from vectra_player.errors import UsageError
from vectra_player.rag import checkpoint, notes, seal
from vectra_player.rag.build import build_index
from vectra_player.rag.corpus import Page
from vectra_player.rag.place import IndexPlace
from vectra_player.rag.retrieve import Retriever
from vectra_player.rag.status import index_status
from vectra_player.rag.vectors import VectorFolder
from vectra_player.store.importers import import_paths
from vectra_player.store.layout import DataDir


def ids(home: DataDir) -> dict[str, dict[str, str]]:
    found = checkpoint.read(home)
    assert found is not None
    return found.passages


def test_a_build_indexes_pages_games_events_and_sessions(home: DataDir, build: Build) -> None:
    report = build()
    held = ids(home)
    assert set(held["vectra_knowledge"]) == {
        f"knowledge/page{n}.md#about-name{n}a" for n in range(6)
    }
    kinds = {name.partition("/")[0] for name in held["rugs_events"]}
    assert kinds == {"game", "event", "session"}
    assert report.passages == {name: len(found) for name, found in held.items()}
    assert report.embedded == sum(report.passages.values())


def test_building_again_changes_nothing(home: DataDir, build: Build) -> None:
    first = build()
    again = build()
    assert (again.embedded, again.removed, again.build_id) == (0, 0, first.build_id)
    assert again.kept == first.embedded


def test_only_what_changed_is_embedded(home: DataDir, build: Build) -> None:
    build()
    changed = [*PAGES[1:], Page("knowledge/page1.md", "# Page 1\n\n## About `name1A`\n\nOther.\n")]
    report = build(pages=changed)
    assert (report.embedded, report.removed) == (1, 1)
    with Retriever(home, WordEmbedder()) as retriever:
        assert [hit.text for hit in retriever.fetch(["knowledge/page1.md#about-name1a"])] == [
            "Other."
        ]
        assert retriever.fetch(["knowledge/page0.md#about-name0a"]) == []


def test_a_full_build_and_one_from_nothing_give_the_same_ids_and_counts(
    home: DataDir, build: Build
) -> None:
    first = build()
    before = ids(home)
    assert build(full=True).passages == first.passages
    assert ids(home) == before
    shutil.rmtree(home.root / "chroma")
    checkpoint.remove(home)
    assert build().passages == first.passages
    assert ids(home) == before


def test_a_deleted_folder_is_noticed_though_the_checkpoint_is_there(
    home: DataDir, build: Build
) -> None:
    first = build()
    shutil.rmtree(home.root / "chroma")
    assert build().embedded == first.embedded


def test_a_lost_checkpoint_costs_no_embedding(home: DataDir, build: Build) -> None:
    build()
    before = ids(home)
    checkpoint.path_of(home).write_text("no json")
    assert build().embedded == 0
    assert ids(home) == before


def test_another_model_makes_the_index_anew(home: DataDir, build: Build) -> None:
    first = build()
    report = build(embedder=OtherEmbedder())
    assert report.embedded == first.embedded
    assert report.reason is not None
    assert "another model" in report.reason
    assert report.set_aside is None


def test_an_index_of_another_model_answers_no_question(home: DataDir, build: Build) -> None:
    build()
    with (
        Retriever(home, OtherEmbedder()) as retriever,
        pytest.raises(UsageError, match="another model"),
    ):
        retriever.retrieve("page")
    assert index_status(home, OtherEmbedder.model_id).state == "stale"


def test_an_empty_store_still_answers_about_the_game(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    empty = DataDir.open_or_create(tmp_path_factory.mktemp("empty") / "data")

    report = build_index(empty, WordEmbedder(), pages=PAGES)
    assert report.passages == {"vectra_knowledge": 6, "rugs_events": 0}
    with Retriever(empty, WordEmbedder()) as retriever:
        assert retriever.retrieve("name3A")[0].id == "knowledge/page3.md#about-name3a"


def test_what_is_recorded_later_is_told_as_missing_and_then_added(
    home: DataDir, build: Build, tmp_path: Path
) -> None:
    build()
    more = make_store(tmp_path / "more", capture()[-60:])
    import_paths([more.root.parent / "capture.jsonl"], home.root)
    status = index_status(home, WordEmbedder.model_id)
    assert status.state == "stale"
    assert (status.new_sessions, status.new_events) == (1, 60)
    report = build()
    assert 0 < report.embedded < sum(report.passages.values())
    assert index_status(home, WordEmbedder.model_id).new_sessions == 0


def test_rounds_of_the_demo_server_are_left_out_unless_asked_for(
    home: DataDir, build: Build
) -> None:
    real = build()
    assert build(origins="demo").passages["rugs_events"] == 0
    assert build(origins="all").passages == real.passages


def test_a_passage_of_a_game_names_its_row_and_what_happened(home: DataDir, build: Build) -> None:
    build()
    with Retriever(home, WordEmbedder()) as retriever:
        hit = retriever.retrieve(f"What happened in game {INSTARUG}?", collection="rugs_events")[0]
    assert hit.metadata["game_id"] == INSTARUG
    kind, session, seq, sub = hit.metadata["rows"].split("/")
    assert (kind, session) == ("game", hit.metadata["session_id"])
    assert int(seq) > 0
    assert int(sub) >= 0
    assert "rugged at tick 3" in hit.text
    assert "instarug" in hit.text


def test_no_passage_holds_a_players_name_or_raw_json(home: DataDir, build: Build) -> None:
    build()
    with Retriever(home, WordEmbedder()) as retriever:
        found = retriever.retrieve("game event session", 50, "rugs_events")
    texts = [hit.text for hit in found]
    assert len(texts) > 5
    assert not [text for text in texts if "some-player" in text or '{"' in text]
    assert max(map(len, texts)) < 2_000
    assert any(GAME in text or "rugged at tick" in text for text in texts)


def test_notes_outlive_the_index(home: DataDir, build: Build) -> None:
    (name,) = notes.add_notes(home, "vectra_knowledge", ["Remember the zebra."])
    build()
    shutil.rmtree(home.root / "chroma")
    build()
    with Retriever(home, WordEmbedder()) as retriever:
        hits = retriever.retrieve("zebra")
    assert hits[0].id == f"note/{name}"


def test_a_long_note_is_cut_so_that_the_model_reads_all_of_it(home: DataDir, build: Build) -> None:
    text = " ".join(f"Sentence number {n} of a long note." for n in range(200))
    (name,) = notes.add_notes(home, "rugs_events", [text], title="Long", game_id=GAME)
    build()
    parts = [one for one in ids(home)["rugs_events"] if one.startswith(f"note/{name}")]
    assert len(parts) > 3
    with Retriever(home, WordEmbedder()) as retriever:
        hit = retriever.fetch([f"note/{name}~2"])[0]
    assert (hit.metadata["kind"], hit.metadata["game_id"]) == ("note", GAME)
    assert hit.metadata["title"] == "Long"


@pytest.mark.parametrize("texts", [[], [""], ["x" * 8_001], ["x"] * 101])
def test_notes_that_cannot_be_are_refused(home: DataDir, texts: list[str]) -> None:
    with pytest.raises(UsageError):
        notes.add_notes(home, "vectra_knowledge", texts)


def test_collections_of_others_are_left_as_they_are(home: DataDir, build: Build) -> None:
    build()
    place = IndexPlace(home)
    folder = place.staged(copied=True)
    opened = VectorFolder(folder)
    other = opened._client.create_collection("mine", embedding_function=None)
    other.add(ids=["a"], embeddings=[[1.0, 2.0]], documents=["kept"])
    opened.close()
    sealed = seal.read(folder)
    assert sealed is not None
    seal.write(folder, sealed.build_id, sealed.model_id, sealed.built_at)
    place.swap(folder)
    for report in (build(pages=PAGES[1:]), build(full=True), build(embedder=OtherEmbedder())):
        assert report.foreign == ["mine"]
    copy, _ = place.copy()
    with VectorFolder(copy) as found:
        kept = found._client.get_collection("mine", embedding_function=None).get()
    assert kept["documents"] == ["kept"]
