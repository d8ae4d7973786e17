"""What a bucket says of itself is checked before it is believed."""

from __future__ import annotations

import msgspec
import pytest

from vectra_player.errors import DamageError, StoreVersionError
from vectra_player.store.remote import manifest as names
from vectra_player.store.remote.manifest import Day, Index, RemoteFile, sha_of

STORE = "0123456789abcdef"
URL = "s3://rugs/x"
FILE = RemoteFile("game_tick", "ab" * 32, 10, 2, 5, 6, ("s1",))


def day_of(data: bytes) -> Day:
    return Day(sha_of(data), len(data))


@pytest.mark.parametrize(
    "name",
    [
        names.index_name(STORE),
        names.day_name(STORE, "2026-01-01", "cd" * 32),
        names.file_name(STORE, "2026-01-01", FILE),
    ],
)
def test_an_object_of_ours_names_its_store(name: str) -> None:
    assert names.owner_of(name) == STORE


@pytest.mark.parametrize(
    "name",
    [
        "photo.jpg",
        f"stores/{STORE}/index.json.bak",
        f"other/stores/{STORE}/index.json",
        "stores/ABCDEF0123456789/index.json",
        f"events_parquet/doc_type=game/date=2026-01-01/{STORE}-part.parquet",
        "events_parquet/doc_type=game/date=2026-01-01/part-0.parquet",
        f"events_parquet/doc_type=game/date=today/{STORE}-{'a' * 32}.parquet",
    ],
)
def test_any_other_object_is_foreign(name: str) -> None:
    assert names.owner_of(name) is None


def test_the_same_files_give_the_same_manifest_in_whatever_order() -> None:
    other = msgspec.structs.replace(FILE, sha256="cd" * 32, doc_type="game")
    one = names.encode(names.make_manifest(STORE, "2026-01-01", [FILE, other]))
    assert one == names.encode(names.make_manifest(STORE, "2026-01-01", [other, FILE]))


def test_an_index_reads_back() -> None:
    old = names.file_name(STORE, "2026-01-01", FILE)
    index = Index(STORE, 3, {"2026-01-01": Day("ab" * 32, 9)}, {old: 5})
    assert names.read_index(names.encode(index), STORE, URL) == index


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"\xff\xfe",
        b"<Error/>",
        names.encode(Index(STORE, 1, {}, {}))[:-9],
        names.encode(Index("f" * 16, 1, {}, {})),
        names.encode(Index(STORE, 1, {"2026-01-01": Day("../../etc", 9)}, {})),
        names.encode(Index(STORE, 1, {"../../../x": Day("ab" * 32, 9)}, {})),
        names.encode(Index(STORE, 1, {"2026-01-01": Day("ab" * 32, -1)}, {})),
        names.encode(Index(STORE, 1, {"2026-13-01": Day("ab" * 32, 9)}, {})),
        names.encode(Index(STORE, 1, {"2026-01-01\n": Day("ab" * 32, 9)}, {})),
        names.encode(Index(STORE, 1, {}, {"../victim": 5})),
        names.encode(Index(STORE, 1, {}, {names.index_name(STORE): 5})),
        names.encode(Index(STORE, 1, {}, {names.file_name("f" * 16, "2026-01-01", FILE): 5})),
    ],
)
def test_a_damaged_index_is_told_with_advice(data: bytes) -> None:
    with pytest.raises(DamageError, match="sync --full"):
        names.read_index(data, STORE, URL)


def test_an_index_of_a_later_layout_is_refused() -> None:
    data = msgspec.json.encode({"layout": "vectra-remote-2", "store": STORE})
    with pytest.raises(StoreVersionError, match="Update"):
        names.read_index(data, STORE, URL)


@pytest.mark.parametrize("change", ["missing", "altered", "of another day", "of another store"])
def test_a_manifest_that_is_not_the_one_the_index_names_is_damaged(change: str) -> None:
    store = "f" * 16 if change == "of another store" else STORE
    date = "2026-01-02" if change == "of another day" else "2026-01-01"
    data = names.encode(names.make_manifest(store, date, [FILE]))
    day = day_of(data)
    there = {"missing": None, "altered": data.replace(b'"rows":2', b'"rows":3')}.get(change, data)
    with pytest.raises(DamageError):
        names.read_manifest(there, STORE, "2026-01-01", day, URL)


def test_a_table_of_a_later_version_is_refused() -> None:
    unknown = msgspec.structs.replace(FILE, doc_type="moon_phase")
    data = names.encode(names.make_manifest(STORE, "2026-01-01", [unknown]))
    with pytest.raises(StoreVersionError, match="moon_phase"):
        names.read_manifest(data, STORE, "2026-01-01", day_of(data), URL)
