"""The event store end to end on a healthy disk: numbering, durability, filing, imports, limits."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.store_support import (
    DAY_US,
    SMALL,
    SMALL_DERIVER,
    START_US,
    FakeClock,
    make_frame,
    read,
    seqs,
)

from vectra_player.errors import CaptureHaltedError, StoreFullError, UsageError
from vectra_player.store.settings import StoreSettings
from vectra_player.store.writer import EventStore


def opened(root: Path, settings: StoreSettings = SMALL, **more: object) -> EventStore:
    """Open a store with the small derivation."""
    return EventStore.open(root, settings=settings, deriver=SMALL_DERIVER, **more)  # type: ignore[arg-type]


def test_a_session_is_filed_completely_and_in_order(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        session = store.start_session("demo", "127.0.0.1", {"games": 2})
        assert [store.append(make_frame(n)) for n in range(3)] == [2, 3, 4]
        report = store.stop_session("done")
    assert report.frames == 5
    assert report.rows == {"ws_event": 5, "game_tick": 3, "system_event": 2}
    assert seqs(tmp_path, session) == [1, 2, 3, 4, 5]
    details = read(tmp_path, "system_event", "seq, kind, detail")
    assert details == [
        (1, "started", '{"source":"demo","origin":"127.0.0.1","games":2}'),
        (5, "stopped", '{"reason":"done","events":4}'),
    ]


def test_a_filing_ends_though_frames_come_as_fast_as_it_files(tmp_path: Path) -> None:
    plans = 0

    def come(step: str) -> None:
        nonlocal plans
        if step == "plan.before_done":
            plans += 1
            assert plans < 10, "it files for ever"
            assert store.wait_durable(store.append(make_frame(plans)), 20)

    with opened(tmp_path, step=come) as store:
        store.start_session("demo", "127.0.0.1")
        assert store.flush().frames == 1
        assert store.flush().frames == 1


def test_durable_seq_receipts_and_callbacks_tell_what_is_safe(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with opened(tmp_path) as store:
        store.on_durable(lambda seq, receipt: told.append((seq, receipt)))
        store.start_session("cdp", "host")
        store.append(make_frame(1, receipt=70))
        last = store.append(make_frame(2, receipt=71))
        assert store.wait_durable(last, 20)
        assert store.durable_seq == last
        assert store.last_receipt == 71
        assert not store.wait_durable(last + 1, 0.01)
        store.stop_session("done")
    assert told[-1] == (4, 71)
    assert [seq for seq, _ in told] == sorted(seq for seq, _ in told)
    with opened(tmp_path) as again:
        assert again.last_receipt == 71


def test_a_listener_that_fails_does_not_stop_capture(tmp_path: Path) -> None:
    works: list[bool] = []

    def broken(*_: object) -> None:
        if not works:
            raise ValueError("listener")

    with opened(tmp_path) as store:
        store.on_durable(broken)
        store.on_filed(broken)
        session = store.start_session("demo", "h")
        store.stop_session("done")
        assert "listener" in str(store.stats().last_error)
        works.append(True)
        store.start_session("demo", "h")
        store.stop_session("done")
        assert store.stats().last_error is None
    assert seqs(tmp_path, session) == [1, 2]


def test_those_who_keep_summaries_get_each_batch_with_its_rows(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        batches = []
        store.on_filed(batches.append)
        session = store.start_session("demo", "h")
        store.append(make_frame(1))
        store.stop_session("done")
    assert [(b.name, [tuple(span) for span in b.spans]) for b in batches] == [
        (f"{session}-1-3", [(session, 1, 3)])
    ]
    assert {name: len(rows) for name, rows in batches[0].rows.items()} == {
        "ws_event": 3,
        "game_tick": 1,
        "system_event": 2,
    }


def test_frames_without_a_session_are_refused(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        with pytest.raises(UsageError, match="No session"):
            store.append(make_frame(1))
        store.start_session("demo", "h")
        with pytest.raises(UsageError, match="still open"):
            store.start_session("demo", "h")
        store.stop_session("done")
        with pytest.raises(UsageError):
            store.append(make_frame(1))
        with pytest.raises(UsageError):
            store.stop_session("again")


def test_a_full_queue_halts_loudly_says_so_and_resumes(tmp_path: Path) -> None:
    gate = threading.Event()
    gate.set()
    settings = msgspec.structs.replace(SMALL, queue_frames=5)

    def step(name: str) -> None:
        if name == "journal.before_commit":
            gate.wait(30)

    resumed = threading.Event()
    with opened(tmp_path, settings, step=step) as store:
        store.on_halt(lambda halt: None if halt else resumed.set())
        session = store.start_session("demo", "h")
        gate.clear()
        taken = append_until_full(store)
        with pytest.raises(CaptureHaltedError):
            store.append(make_frame(100))
        assert store.stats().refused == 2, "one that filled it and one after"
        gate.set()
        assert resumed.wait(30)
        store.append(make_frame(101))
        store.stop_session("done")
    assert seqs(tmp_path, session) == list(range(1, taken + 7))
    kinds = [kind for _, kind in read(tmp_path, "system_event", "seq, kind")]
    assert kinds == ["started", "halted", "resumed", "gap", "stopped"]
    gap = read(tmp_path, "system_event", "kind, detail->>'missing'")
    assert ("gap", "2 frames") in gap


def append_until_full(store: EventStore) -> int:
    """Append until the store refuses; return how many it took."""
    for taken in range(1_000):
        try:
            store.append(make_frame(taken))
        except StoreFullError:
            return taken
    raise AssertionError("the queue has no bound")


def test_appending_from_many_threads_numbers_each_frame_once(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        session = store.start_session("demo", "h")
        given: list[int] = []

        def work(base: int) -> None:
            given.extend([store.append(make_frame(base + n)) for n in range(200)])

        threads = [threading.Thread(target=work, args=(k * 1000,)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        store.stop_session("done")
    assert sorted(given) == list(range(2, 802))
    assert seqs(tmp_path, session) == list(range(1, 803))


def test_a_clock_that_steps_back_changes_no_order(tmp_path: Path) -> None:
    clock = FakeClock()
    with opened(tmp_path, clock=clock) as store:
        session = store.start_session("demo", "h")
        for jump in (0, 365 * DAY_US, -3_600_000_000, -1, 0):
            clock.us += jump
            store.append(make_frame(1, ts=clock.us))
            store.flush()
        store.stop_session("done")
    assert seqs(tmp_path, session) == list(range(1, 8))
    dates = {path.parent.name for path in tmp_path.glob("events_parquet/*/*/*.parquet")}
    assert dates == {"date=2025-11-24", "date=2026-11-24"}


def test_absurd_time_stamps_are_filed_all_the_same(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        session = store.start_session("demo", "h")
        store.append(make_frame(1, ts=-(1 << 62)))
        store.append(make_frame(2, ts=(1 << 62)))
        store.stop_session("done")
    assert seqs(tmp_path, session) == [1, 2, 3, 4]


def test_a_frame_that_cannot_be_derived_is_kept_and_noted(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        session = store.start_session("demo", "h")
        store.append(make_frame(1))
        store.append(make_frame(2, raw="poison"))
        store.append(make_frame(3, raw="misfit"))
        store.append(make_frame(4))
        report = store.stop_session("done")
    assert report.failures == 2
    assert seqs(tmp_path, session) == [1, 2, 3, 4, 5, 6]
    assert seqs(tmp_path, session, "game_tick") == [2, 5]
    failed = read(tmp_path, "system_event", "seq, kind, detail->>'doc_type'")
    assert [row for row in failed if row[1] == "decode_failure"] == [
        (3, "decode_failure", "ws_event"),
        (4, "decode_failure", "game_tick"),
    ]


def test_half_a_surrogate_pair_is_kept_as_its_json_escape(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.start_session("demo", "h")
        store.append(make_frame(1, raw='42["chat","\ud83d"]'))
        store.stop_session("done")
    assert '42["chat","\\ud83d"]' in [raw for _, _, raw in read(tmp_path, "ws_event")]


def test_filing_goes_by_itself_when_enough_has_come(tmp_path: Path) -> None:
    filed = threading.Event()
    settings = msgspec.structs.replace(SMALL, file_frames=20)
    with opened(tmp_path, settings) as store:
        store.on_filed(lambda batch: filed.set())
        store.start_session("demo", "h")
        for number in range(25):
            store.append(make_frame(number))
        assert filed.wait(30)


def test_filing_goes_on_after_an_error_nobody_foresaw(tmp_path: Path) -> None:
    filed = threading.Event()
    told: list[str] = []
    failures = iter([RuntimeError("unforeseen")])

    def encode(state: Any) -> bytes:
        for error in failures:
            raise error
        return SMALL_DERIVER.encode_state(state)

    often = msgspec.structs.replace(SMALL, file_interval_s=0.01)
    deriver = SMALL_DERIVER._replace(encode_state=encode)
    with EventStore.open(tmp_path, settings=often, deriver=deriver) as store:

        def listen(batch: object) -> None:
            if error := store.stats().last_error:
                told.append(error)
                filed.set()

        store.on_filed(listen)
        session_id = store.start_session("demo", "127.0.0.1")
        assert filed.wait(30)
        assert "unforeseen" in told[0]
        store.stop_session("test")
        assert store.stats().last_error is None
    assert seqs(tmp_path, session_id) == [1, 2]


def test_a_session_that_was_not_ended_gets_its_last_event_at_the_next_start(
    tmp_path: Path,
) -> None:
    store = opened(tmp_path)
    session = store.start_session("demo", "h")
    store.append(make_frame(1))
    store.close()
    with opened(tmp_path) as again:
        assert again.recovery is not None
        assert again.recovery.crashed_sessions == (session,)
    with opened(tmp_path) as third:
        assert third.recovery is not None
        assert third.recovery.crashed_sessions == ()
    assert seqs(tmp_path, session) == [1, 2, 3]
    last = read(tmp_path, "system_event", "seq, kind, detail->>'last_seq'")[-1]
    assert last == (3, "crash_recovered", "2")


def test_an_import_can_be_repeated_and_grow(tmp_path: Path) -> None:
    def frames(count: int) -> list[object]:
        return [make_frame(n, source="import") for n in range(count)]

    with opened(tmp_path) as store:
        assert store.import_frames("capture", frames(30), 1, last=True) == 30
        store.flush()
        assert store.import_frames("capture", frames(30), 1, last=True) == 0
        assert store.flush().frames == 0
        assert store.import_frames("capture", frames(45), 1, last=True) == 15
        assert store.known_seq("capture") == 45
        store.flush()
    assert seqs(tmp_path, "capture") == list(range(1, 46))
    ticks = read(tmp_path, "game_tick", "tick")
    assert [tick for (tick,) in ticks] == list(range(45)), "the state went on where it was"
    ends = read(tmp_path, "system_event", "kind, detail")
    assert ends == [("finished", "30"), ("finished", "45")]


def test_many_small_imports_share_files(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        for number in range(20):
            store.import_frames(f"game-{number}", [make_frame(number)], last=True)
        report = store.flush()
    assert len(report.files) == 3
    assert len({who for who, _, _ in read(tmp_path, "ws_event")}) == 20


@pytest.mark.parametrize("name", ["", "../x", "a/b", "x" * 65, "a\n"])
def test_an_import_under_an_unsafe_name_is_refused(tmp_path: Path, name: str) -> None:
    with opened(tmp_path) as store, pytest.raises(UsageError):
        store.import_frames(name, [make_frame(1)], last=True)


def test_stats_count_by_direction(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.start_session("demo", "h")
        store.append(make_frame(1, direction="sent"))
        store.append(make_frame(2))
        store.flush()
        stats = store.stats()
        assert (stats.events, stats.facts, stats.sent, stats.received) == (3, 1, 1, 1)
        assert (stats.durable_seq, stats.filed_seq, stats.backlog_frames) == (3, 3, 0)
        assert stats.journal_bytes > 0
        assert stats.files_written > 0


def test_ticks_lie_sorted_by_game_and_tick(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    with opened(tmp_path) as store:
        store.import_frames("b", [make_frame(n) for n in range(10)], last=True)
        store.import_frames("a", [make_frame(n) for n in range(10)], last=True)
        store.flush()
    (path,) = tmp_path.glob("events_parquet/doc_type=game_tick/*/*.parquet")
    table = pq.ParquetFile(path).read()
    assert table.column("tick").to_pylist() == sorted(list(range(10)) * 2)
    assert table.column("ts").to_pylist()[0].year == 2025
    assert START_US > 0
