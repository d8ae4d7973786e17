"""A damaged, unfinished or foreign index is noticed, never believed, and made anew."""

from __future__ import annotations

import errno
import multiprocessing
import random
from pathlib import Path

import pytest
from tests.rag_support import WordEmbedder
from tests.unit.rag.conftest import Build

from vectra_player.errors import DamageError, StoreLockedError, UsageError
from vectra_player.rag import checkpoint, lexical, seal
from vectra_player.rag.place import IndexPlace
from vectra_player.rag.retrieve import Retriever
from vectra_player.rag.status import index_status
from vectra_player.rag.vectors import VectorFolder
from vectra_player.store.fsops import FileOps
from vectra_player.store.layout import DataDir


def files_of(home: DataDir) -> list[Path]:
    found = sorted(path for path in (home.root / "chroma").rglob("*") if path.is_file())
    return [path for path in found if path.stat().st_size]


def ask(home: DataDir) -> list[str]:
    with Retriever(home, WordEmbedder()) as retriever:
        return [hit.id for hit in retriever.retrieve("name3A")]


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x40
    path.write_bytes(data)


def test_any_changed_byte_of_any_file_is_noticed(home: DataDir, build: Build) -> None:
    build()
    chance = random.Random(3)
    files = files_of(home)
    assert {path.name for path in files} >= {"chroma.sqlite3", lexical.FILE, seal.FILE}
    for path in files:
        whole = path.read_bytes()
        flip(path, chance.randrange(len(whole)))
        with pytest.raises((DamageError, UsageError)):
            ask(home)
        path.write_bytes(whole)
    assert ask(home)[0] == "knowledge/page3.md#about-name3a"


@pytest.mark.parametrize("name", ["chroma.sqlite3", lexical.FILE, seal.FILE])
def test_a_cut_or_missing_file_is_noticed_and_the_index_made_anew(
    home: DataDir, build: Build, name: str
) -> None:
    first = build()
    path = home.root / "chroma" / name
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises((DamageError, UsageError)):
        ask(home)
    path.unlink()
    with pytest.raises((DamageError, UsageError)):
        ask(home)
    again = build()
    assert again.passages == first.passages
    assert again.embedded == first.embedded
    assert again.reason
    assert again.set_aside is not None
    assert Path(again.set_aside).parent == home.quarantine
    assert ask(home)[0] == "knowledge/page3.md#about-name3a"
    assert index_status(home, WordEmbedder.model_id).state != "damaged"


def test_what_chroma_cannot_read_though_it_is_sealed_is_told(home: DataDir, build: Build) -> None:
    build()
    folder = home.root / "chroma"
    (folder / "chroma.sqlite3").write_bytes(b"no database" * 1000)
    sealed = seal.read(folder)
    assert sealed is not None
    seal.write(folder, sealed.build_id, sealed.model_id, sealed.built_at)
    with pytest.raises(DamageError, match="index build"):
        ask(home)
    with pytest.raises(DamageError):
        VectorFolder(folder)


def test_an_unfinished_folder_is_no_index(home: DataDir, build: Build) -> None:
    (home.root / "chroma").mkdir()
    (home.root / "chroma" / "chroma.sqlite3").write_bytes(b"SQLite format 3\0 and so on")
    assert index_status(home, WordEmbedder.model_id).state == "damaged"
    with pytest.raises(DamageError, match="index build"):
        ask(home)
    assert build().reason == "it was not finished, or made by another version"
    assert ask(home)


def test_an_index_of_another_format_is_made_anew(
    home: DataDir, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build()
    monkeypatch.setattr(seal, "FORMAT", 99)
    assert build().embedded == first.embedded
    assert checkpoint.read(home) is not None


def test_without_an_index_a_question_says_what_to_do(home: DataDir) -> None:
    with pytest.raises(UsageError, match="vectra-player index build"):
        ask(home)
    assert index_status(home).state == "missing"


def _hold(lock: str, held: multiprocessing.synchronize.Event) -> None:
    from vectra_player.store.lock import WriterLock

    with WriterLock.acquire(Path(lock)):
        held.set()
        multiprocessing.Event().wait(60)


def test_two_builders_the_second_is_told_who_builds(home: DataDir, build: Build) -> None:
    context = multiprocessing.get_context("fork")
    held = context.Event()
    other = context.Process(target=_hold, args=(str(IndexPlace(home).lock_file), held))
    other.start()
    try:
        assert held.wait(30)
        with pytest.raises(StoreLockedError, match=f"process {other.pid}"):
            build()
    finally:
        other.kill()
        other.join()
    assert build().embedded > 0


def test_a_reader_sees_the_new_index_after_a_build_and_never_half_of_one(
    home: DataDir, build: Build
) -> None:
    build()
    with Retriever(home, WordEmbedder()) as retriever:
        before = retriever.retrieve("name3A")[0]
        build(full=True)
        assert retriever.retrieve("name3A")[0] == before
        build(origins="demo")
        assert retriever.collections()["rugs_events"] == 0
    assert list(home.staging.glob("index*")) == []


def test_questions_leave_the_index_as_it_is(home: DataDir, build: Build) -> None:
    build()
    before = {path: path.read_bytes() for path in files_of(home)}
    for _ in range(2):
        ask(home)
    assert {path: path.read_bytes() for path in files_of(home)} == before


def test_what_a_killed_reader_left_is_swept(home: DataDir, build: Build) -> None:
    build()
    left = home.staging / "index_read-999999999-1"
    left.mkdir()
    (left / "chroma.sqlite3").write_bytes(b"x")
    ask(home)
    assert not left.exists()


@pytest.mark.parametrize(
    ("text", "k", "collection"),
    [("", 5, None), (" \n", 5, None), ("x", 0, None), ("x", 51, None), ("x", 5, "others")],
)
def test_questions_that_cannot_be_are_refused(
    home: DataDir, build: Build, text: str, k: int, collection: str | None
) -> None:
    with Retriever(home, WordEmbedder()) as retriever, pytest.raises(UsageError):
        retriever.retrieve(text, k, collection)  # type: ignore[arg-type]


STRANGE = ["\0", "💥" * 3_000, "日本語の質問", "'; DROP TABLE passage; --", "\ud800"]


@pytest.mark.parametrize("text", STRANGE)
def test_any_text_is_a_question(home: DataDir, build: Build, text: str) -> None:
    build()
    with Retriever(home, WordEmbedder()) as retriever:
        assert len(retriever.retrieve(text, 3)) == 3


def test_disk_full_while_building_leaves_the_old_index(
    home: DataDir, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    build()

    def full(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lexical, "write", full)
    with pytest.raises(OSError, match="No space"):
        build(full=True)
    monkeypatch.undo()
    assert list(home.staging.glob("index*")) == []
    assert ask(home)[0] == "knowledge/page3.md#about-name3a"


def test_a_file_system_that_cannot_exchange_directories_gets_its_index_too(
    home: DataDir, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: FileOps, first: Path, second: Path) -> None:
        raise OSError(errno.ENOTSUP, "not supported")

    build()
    monkeypatch.setattr(FileOps, "exchange", refuse)
    assert build(full=True).embedded > 0
    assert ask(home)[0] == "knowledge/page3.md#about-name3a"
    assert list(home.staging.glob("index*")) == []
