"""Readers of our own never notice that a day is being exchanged."""

from __future__ import annotations

import threading
from typing import Any

from vectra_player.store.backup import backup
from vectra_player.store.check import check
from vectra_player.store.query import open_query
from vectra_player.store.reads import StoreReader
from vectra_player.store.settings import StoreSettings
from vectra_player.store.writer import EventStore


def scatter(tree: Any, files: int, rows: int) -> int:
    """Write many small files into one closed day; return the number of rows."""
    for index in range(files):
        first = index * rows + 1
        tree.add(*(tree.ws(seq, '42["e",{"n":1}]', "s1") for seq in range(first, first + rows)))
    return files * rows


def test_counts_stay_right_while_days_are_exchanged(tree: Any, deriver: Any, tmp_path: Any) -> None:
    total = scatter(tree, 60, 5)
    counts: list[Any] = []
    errors: list[BaseException] = []
    stop = threading.Event()
    warm = threading.Event()

    def read() -> None:
        try:
            with open_query(tree.root) as session, StoreReader(tree.root) as reader:
                while not stop.is_set():
                    counts.append(session.query("SELECT count(*), sum(seq) FROM ws_event").rows())
                    counts.append([(sum(1 for _ in reader.read_ws_events("s1")), None)])
                    warm.set()
        except BaseException as error:
            errors.append(error)
            warm.set()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    settings = StoreSettings(reserve_bytes=4096, retire_s=0.0, auto_compact=False)
    try:
        assert warm.wait(60)
        with EventStore.open(tree.root, deriver=deriver, settings=settings) as store:
            first = store.compact(force=True)
            for extra in range(4):
                tree.add(tree.fact(1, "started", {}, f"x{extra}"))
                store.compact(force=True)
    finally:
        stop.set()
        thread.join(60)
    assert first.files_after < first.files_before
    assert errors == []
    assert {rows[0][0] for rows in counts[1::2]} == {total}
    seen = [rows[0][0] for rows in counts[::2]]
    assert seen == sorted(seen)
    assert seen[0] == total
    backup(tree.data_dir, tmp_path / "copy")
    assert check(tree.data_dir).rows["ws_event"] == total + 4
