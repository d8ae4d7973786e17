"""Damaged journal groups and states are set aside, said so, and the rest goes on (D5)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
from tests.store_support import SMALL, SMALL_DERIVER, make_frame, read, seqs

from vectra_player.store.writer import EventStore


def record_without_filing(root: Path, groups: int) -> str:
    """Leave a session of several groups in the journal."""
    store = EventStore.open(root, settings=SMALL, deriver=SMALL_DERIVER)
    session = store.start_session("cdp", "host")
    for number in range(groups):
        assert store.wait_durable(store.append(make_frame(number)), 20)
    store.close()
    return session


def change(root: Path, statement: str) -> None:
    """Change the journal behind the store's back."""
    with closing(sqlite3.connect(root / "journal" / "journal.sqlite")) as connection:
        connection.execute(statement)
        connection.commit()


def test_a_damaged_group_is_quarantined_and_its_place_says_what_is_missing(
    tmp_path: Path,
) -> None:
    session = record_without_filing(tmp_path, 5)
    change(
        tmp_path,
        "UPDATE groups SET blob = substr(blob, 1, 20) || x'ff' || substr(blob, 22) "
        "WHERE first_seq = 3",
    )
    with EventStore.open(tmp_path, settings=SMALL, deriver=SMALL_DERIVER) as store:
        assert store.recovery is not None
        assert store.recovery.filed.damaged_groups == 1
    assert seqs(tmp_path, session) == [1, 2, 3, 4, 5, 6, 7]
    gap = next(row for row in read(tmp_path, "system_event", "kind, detail") if row[0] == "gap")
    detail = msgspec.json.decode(gap[1])
    assert (detail["from_seq"], detail["to_seq"], detail["missing"]) == (3, 3, "1 frames")
    assert "checksum" in detail["reason"]
    stem = f"journal-{session}-3-3"
    reason = msgspec.json.decode((tmp_path / "quarantine" / f"{stem}.json").read_bytes())
    assert reason["reason"] == detail["reason"]
    assert (tmp_path / "quarantine" / f"{stem}.bin").stat().st_size > 0


def test_a_damaged_derive_state_starts_anew_and_says_so(tmp_path: Path) -> None:
    with EventStore.open(tmp_path, settings=SMALL, deriver=SMALL_DERIVER) as store:
        store.import_frames("imp", [make_frame(n) for n in range(3)], last=False)
        store.flush()
    change(tmp_path, "UPDATE states SET state = x'0011'")
    with EventStore.open(tmp_path, settings=SMALL, deriver=SMALL_DERIVER) as store:
        store.import_frames("imp", [make_frame(n) for n in range(6)], last=False)
        assert store.flush().failures == 1
    assert seqs(tmp_path, "imp") == [1, 2, 3, 4, 5, 6]
    assert [kind for (kind,) in read(tmp_path, "system_event", "kind")] == ["derive_state_lost"]


def test_a_journal_that_is_no_database_is_set_aside_and_recording_goes_on(tmp_path: Path) -> None:
    record_without_filing(tmp_path, 3)
    journal = tmp_path / "journal" / "journal.sqlite"
    journal.write_bytes(b"\0" * journal.stat().st_size)
    with EventStore.open(tmp_path, settings=SMALL, deriver=SMALL_DERIVER) as store:
        session = store.start_session("demo", "h")
        store.stop_session("done")
    assert seqs(tmp_path, session) == [1, 2]
    assert list((tmp_path / "quarantine").glob("journal-*/journal.sqlite"))
    assert sorted(path.name for path in journal.parent.iterdir()) == ["journal.sqlite"]


def test_what_a_damaged_database_still_gives_is_filed(tmp_path: Path) -> None:
    session = record_without_filing(tmp_path, 400)
    journal = tmp_path / "journal" / "journal.sqlite"
    content = bytearray(journal.read_bytes())
    pages = len(content) // 4096
    damaged = pages // 2
    content[damaged * 4096 : (damaged + 1) * 4096] = b"\xff" * 4096
    journal.write_bytes(content)
    with EventStore.open(tmp_path, settings=SMALL, deriver=SMALL_DERIVER):
        pass
    found = seqs(tmp_path, session)
    assert found == sorted(set(found))
    assert len(found) > 100
    kinds = [kind for (kind,) in read(tmp_path, "system_event", "kind")]
    assert "crash_recovered" in kinds
