"""What is filed here is there, nothing is sent twice, and nobody's work is undone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from vectra_player.errors import UsageError
from vectra_player.store import days
from vectra_player.store.delete import delete_session
from vectra_player.store.layout import DataDir
from vectra_player.store.reads import StoreReader
from vectra_player.store.remote import sync as module
from vectra_player.store.remote.check import check_remote

Ship = Callable[..., Any]


def parquet(root: Path) -> set[bytes]:
    return {path.read_bytes() for path in root.rglob("*.parquet")}


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(days, "RETIRE_S", 0)


def test_what_is_there_already_is_not_sent_again(recorded: Any, place: Any, ship: Ship) -> None:
    first = ship(recorded.data_dir)
    assert first.sent == len(parquet(recorded.root))
    assert parquet(place.folder) == parquet(recorded.root)
    again = ship(recorded.data_dir)
    assert (again.sent, again.present, again.requests) == (0, first.sent, {"get": 1})


def test_a_file_rewritten_with_the_same_name_and_size_is_sent(
    recorded: Any, place: Any, ship: Ship
) -> None:
    (path,) = recorded.add(recorded.tick(0, 1.5, session="s7"))
    ship(recorded.data_dir)
    before = path.read_bytes()
    recorded.add(recorded.tick(0, 2.5, session="s7"))
    assert path.stat().st_size == len(before)
    assert ship(recorded.data_dir, grace_s=0).sent == 1
    assert before not in parquet(place.folder)
    assert path.read_bytes() in parquet(place.folder)


def test_a_deleted_session_leaves_the_bucket(recorded: Any, place: Any, ship: Ship) -> None:
    ship(recorded.data_dir)
    delete_session(recorded.data_dir, "s2")
    ship(recorded.data_dir, grace_s=0)
    assert parquet(place.folder) == parquet(recorded.root)
    with StoreReader(place.url) as reader:
        assert [info.session_id for info in reader.sessions()] == ["s1"]


def test_replaced_files_stay_for_a_while_and_then_go(recorded: Any, place: Any, ship: Ship) -> None:
    ship(recorded.data_dir)
    before = set(place.objects("events_parquet"))
    delete_session(recorded.data_dir, "s2")
    assert ship(recorded.data_dir).removed == 0
    assert before < set(place.objects("events_parquet"))
    report = ship(recorded.data_dir, grace_s=0)
    assert report.removed > 0
    assert parquet(place.folder) == parquet(recorded.root)
    assert ship(recorded.data_dir, grace_s=0).removed == 0


def test_a_day_that_is_exchanged_meanwhile_is_listed_again(
    recorded: Any, place: Any, ship: Ship, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = module.list_days(recorded.data_dir)
    delete_session(recorded.data_dir, "s2")
    monkeypatch.setattr(module, "list_days", lambda data_dir: listed)
    assert ship(recorded.data_dir).left == {}
    assert parquet(place.folder) == parquet(recorded.root)


def test_a_day_with_a_damaged_file_stays_as_it_is_there(
    recorded: Any, place: Any, ship: Ship
) -> None:
    ship(recorded.data_dir)
    good = parquet(place.folder)
    victim = next(recorded.data_dir.events.glob("doc_type=ws_event/date=2026-01-01/s1-*.parquet"))
    victim.write_bytes(victim.read_bytes()[:-40])
    report = ship(recorded.data_dir, grace_s=0)
    assert list(report.left) == ["2026-01-01"]
    assert "store check" in report.left["2026-01-01"]
    assert parquet(place.folder) == good


def test_a_store_that_lost_everything_does_not_empty_its_copy(
    recorded: Any, place: Any, ship: Ship
) -> None:
    ship(recorded.data_dir)
    there = place.objects()
    shutil.rmtree(recorded.data_dir.events)
    recorded.data_dir.events.mkdir(mode=0o700)
    with pytest.raises(UsageError, match="a sync would remove them"):
        ship(recorded.data_dir, grace_s=0)
    assert place.objects() == there

    ship(recorded.data_dir, grace_s=0, allow_removals=True)
    assert place.objects("events_parquet") == []


def test_the_only_session_may_be_deleted(recorded: Any, place: Any, ship: Ship) -> None:
    ship(recorded.data_dir)
    for session in ("s1", "s2"):
        delete_session(recorded.data_dir, session)
    assert ship(recorded.data_dir, grace_s=0).left == {}
    assert place.objects("events_parquet") == []


@pytest.mark.parametrize("gone", ["date=2026-01-02", "ws_event/date=2026-01-02", "ws_event/*/s1-*"])
def test_events_that_are_lost_here_stay_there(
    recorded: Any, place: Any, ship: Ship, gone: str
) -> None:
    ship(recorded.data_dir)
    there = parquet(place.folder)
    tables = recorded.data_dir.events
    victims = tables.glob(f"doc_type={gone}" if "/" in gone else f"*/{gone}")
    for victim in list(victims):
        shutil.rmtree(victim) if victim.is_dir() else victim.unlink()
    recorded.add(recorded.ws(9, "late", session="s9", ts=recorded.T0 + 3 * 86_400_000_000))
    report = ship(recorded.data_dir, grace_s=0)
    days_ = ["2026-01-01", "2026-01-02"] if "s1" in gone else ["2026-01-02"]
    assert list(report.left) == days_
    assert all("s1" in why and "--allow-removals" in why for why in report.left.values())
    assert report.sent == 1, "another day is shipped"
    assert there < parquet(place.folder)
    report = ship(recorded.data_dir, grace_s=0, allow_removals=True)
    assert report.left == {}
    assert parquet(place.folder) == parquet(recorded.root)


def test_a_lost_file_of_a_session_stays_there(recorded: Any, place: Any, ship: Ship) -> None:
    (path,) = recorded.add(recorded.ws(43, "one more", session="s1"))
    ship(recorded.data_dir)
    there = parquet(place.folder)
    path.unlink()
    assert ["1 of its events" in why for why in ship(recorded.data_dir).left.values()] == [True]
    assert parquet(place.folder) == there
    assert ship(recorded.data_dir, allow_removals=True).left == {}


def test_foreign_objects_are_counted_and_left_alone(recorded: Any, place: Any, ship: Ship) -> None:
    strangers = [
        place.folder / "photo.jpg",
        place.folder / "stores" / "readme.txt",
        place.folder / "stores" / "0123456789abcdef" / "mine.json",
        place.folder / "events_parquet" / "doc_type=game" / "date=2026-01-01" / "theirs.parquet",
    ]
    for stranger in strangers:
        stranger.parent.mkdir(parents=True, exist_ok=True)
        stranger.write_bytes(b"not ours")
    ship(recorded.data_dir)
    ship(recorded.data_dir, full=True, grace_s=0)
    report = check_remote(place.url, place.home)
    assert (report.whole, report.foreign, report.stores) == (True, 4, 1)
    assert all(stranger.read_bytes() == b"not ours" for stranger in strangers)


def test_a_copied_directory_is_refused_and_can_become_a_store_of_its_own(
    recorded: Any, place: Any, ship: Ship, tmp_path: Path
) -> None:
    ship(recorded.data_dir)
    shutil.copytree(recorded.root, tmp_path / "copy")
    recorded.add(recorded.tick(3, 2.0, session="s5"))
    ship(recorded.data_dir)
    copy = DataDir(tmp_path / "copy")
    there = place.objects()
    with pytest.raises(UsageError, match="another copy of this data directory") as refused:
        ship(copy)
    assert "--new-id" in str(refused.value)
    assert place.objects() == there
    ship(copy, claim="new-id")
    assert ship(copy).sent == 0
    assert ship(recorded.data_dir).sent == 0
    with StoreReader(place.url) as both, StoreReader(recorded.root) as one:
        assert both.stats().rows == one.stats().rows


def test_a_directory_can_take_over_from_one_that_is_gone(
    recorded: Any, place: Any, ship: Ship, tmp_path: Path
) -> None:
    ship(recorded.data_dir)
    shutil.copytree(recorded.root, tmp_path / "restored")
    recorded.add(recorded.ws(3, "later", session="s5"))
    ship(recorded.data_dir)
    restored = DataDir(tmp_path / "restored")
    there = parquet(place.folder)
    report = ship(restored, claim="take-over", grace_s=0)
    assert ["s5" in why for why in report.left.values()] == [True], "newer than the backup"
    assert parquet(place.folder) == there
    ship(restored, allow_removals=True, grace_s=0)
    assert parquet(place.folder) == parquet(restored.root)
    with pytest.raises(UsageError, match="another copy"):
        ship(recorded.data_dir)


@pytest.mark.parametrize("harm", ["index lost", "index damaged", "manifest lost", "file altered"])
def test_a_full_sync_mends_what_happened_behind_its_back(
    recorded: Any, place: Any, ship: Ship, harm: str
) -> None:
    ship(recorded.data_dir)
    (index,) = place.folder.glob("stores/*/index.json")
    manifest = min(place.folder.glob("stores/*/days/*.json"))
    file = min(place.folder.rglob("*.parquet"))
    if harm == "index lost":
        index.unlink()
    elif harm == "index damaged":
        index.write_bytes(index.read_bytes()[:-20])
    elif harm == "manifest lost":
        manifest.unlink()
    else:
        file.write_bytes(b"PAR1 but something else")
    assert harm == "index lost" or not check_remote(place.url, place.home).whole
    report = ship(recorded.data_dir, full=True, grace_s=0)
    assert report.sent == (1 if harm == "file altered" else 0)
    assert check_remote(place.url, place.home).whole
    assert parquet(place.folder) == parquet(recorded.root)


def test_an_index_that_somebody_altered_makes_a_sync_remove_nothing_else(
    recorded: Any, place: Any, ship: Ship
) -> None:
    ship(recorded.data_dir)
    victim = place.folder.parent / "victim"
    victim.write_bytes(b"not ours")
    (path,) = place.folder.glob("stores/*/index.json")
    index = msgspec.json.decode(path.read_bytes())
    path.write_bytes(msgspec.json.encode({**index, "retired": {"../victim": 5}}))
    assert not check_remote(place.url, place.home).whole
    assert ship(recorded.data_dir, grace_s=0).sent == 0
    assert victim.read_bytes() == b"not ours"
    assert check_remote(place.url, place.home).whole


def test_what_a_sync_that_was_cut_short_left_is_used_or_removed(
    recorded: Any, place: Any, ship: Ship, monkeypatch: pytest.MonkeyPatch
) -> None:
    class CutError(Exception):
        pass

    def cut(*arguments: object) -> None:
        raise CutError

    with monkeypatch.context() as patch:
        patch.setattr(module._Sync, "_commit", cut)
        with pytest.raises(CutError):
            ship(recorded.data_dir)
    arrived = len(place.objects("events_parquet"))
    assert arrived > 0
    report = ship(recorded.data_dir)
    assert report.sent == len(parquet(recorded.root)) - arrived, "what had arrived was sent again"
    with monkeypatch.context() as patch:
        patch.setattr(module._Sync, "_commit", cut)
        recorded.add(recorded.tick(3, 2.0, session="s5"))
        with pytest.raises(CutError):
            ship(recorded.data_dir)
    delete_session(recorded.data_dir, "s5")
    ship(recorded.data_dir, grace_s=0)
    assert parquet(place.folder) == parquet(recorded.root)


def test_one_sync_at_a_time(recorded: Any, ship: Ship) -> None:
    with (
        module.open_own(recorded.data_dir, module.ObjectStore("memory://x"), "own", None),  # type: ignore[arg-type]
        pytest.raises(UsageError, match=f"process {os.getpid()}"),
    ):
        ship(recorded.data_dir)


@pytest.mark.parametrize(
    "url",
    [
        "s3://key:secret@rugs/x",
        "s3://rugs/x?key=1",
        "nosuch://rugs/x",
        "s3:///x",
        "s3://",
        "file://",
        "",
        " ",
        "/",
        "http://rugs/x",
        "memory://x",
        "simplecache::file:///x",
    ],
)
def test_an_address_that_is_none_is_refused(recorded: Any, url: str) -> None:
    with pytest.raises(UsageError) as refused:
        module.sync(recorded.data_dir, url)
    assert "secret" not in str(refused.value)
    assert refused.value.advice


@pytest.mark.parametrize(
    "where",
    ["store", "store/events_parquet", "store/new", ".", "other", "other/new", "link", "nest"],
)
@pytest.mark.parametrize("scheme", ["file://", ""])
def test_a_data_directory_is_no_place_to_ship_to(
    recorded: Any, tmp_path: Path, scheme: str, where: str
) -> None:
    DataDir.open_or_create(tmp_path / "other")
    DataDir.open_or_create(tmp_path / "nest" / "one")
    (tmp_path / "link").symlink_to(recorded.root)
    here = recorded.root if where.startswith("store") else tmp_path
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="the data directory"):
        module.sync(recorded.data_dir, f"{scheme}{here / where.removeprefix('store').strip('/')}")
    assert sorted(tmp_path.rglob("*")) == before
