"""An import beside a recorder: the same rows as alone, and the recording goes on."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest
from tests.crash.faults import FailingOps
from tests.store_support import SMALL, make_frame, seqs
from tests.unit.store.importers.test_import_paths import assert_unique, legacy, rows, write

from vectra_player.errors import DiskError, StoreLockedError, UsageError
from vectra_player.model.frame import Frame
from vectra_player.model.rows import DOC_TYPES
from vectra_player.store.check import check
from vectra_player.store.export import export
from vectra_player.store.fsops import FileOps
from vectra_player.store.hold import Lender
from vectra_player.store.importers import beside, import_paths
from vectra_player.store.importers import job as job_module
from vectra_player.store.importers.job import ImportJob
from vectra_player.store.layout import DataDir
from vectra_player.store.lock import Holder, WriterLock
from vectra_player.store.reads import StoreReader
from vectra_player.store.writer import EventStore

GAMES = [f"20251101-b4fa8372d37f{number:04x}" for number in range(4)]


@contextmanager
def recorder(
    root: Path, *, recording: bool = True, ops: FileOps | None = None
) -> Iterator[EventStore]:
    """Open a store that lends its directory, with a session of three frames."""
    with EventStore.open(root, settings=SMALL, ops=ops) as store:
        lender = Lender(store)
        lender.start()
        try:
            if recording:
                store.start_session("demo", "127.0.0.1")
                for number in range(3):
                    store.append(make_frame(number))
            yield store
        finally:
            lender.close()
            if store.session_id:
                store.stop_session("over")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("in")
    for number, game in enumerate(GAMES):
        write(made / f"{number}.jsonl", legacy(*range(40), game=game, rugged=number > 0))
    return made


@pytest.fixture(scope="module")
def alone(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory into which the same was imported with nobody beside it."""
    made = tmp_path_factory.mktemp("alone") / "data"
    import_paths([folder], made)
    return made


def everything(root: Path) -> dict[str, list[str]]:
    """Return every imported row of every doc type, in order of its key."""
    found: dict[str, list[str]] = {}
    for doc_type in DOC_TYPES:
        files = DataDir(root).events.glob(f"doc_type={doc_type}/*/*.parquet")
        rows = [row for file in files for row in pq.read_table(file, partitioning=None).to_pylist()]
        found[doc_type] = sorted(str(row) for row in rows if row["source"] == "import")
    return found


def assert_as(alone: Path, root: Path) -> None:
    """Compare with an import that nobody was beside; nothing is left over."""
    assert everything(root) == everything(alone)
    assert check(DataDir(root)).problems == []
    assert not list(DataDir(root).staging.glob("import-*"))


@pytest.mark.parametrize("recording", [True, False])
def test_it_gives_the_rows_of_an_import_alone(
    root: Path, folder: Path, alone: Path, recording: bool
) -> None:
    with recorder(root, recording=recording) as store:
        report = import_paths([folder], root)
        again = import_paths([folder], root)
        if recording:
            session, last = store.session_id or "", store.append(make_frame(3))
            assert store.wait_durable(last, 10)
    assert (report.events, report.games, again.events, again.duplicates) == (160, 4, 0, 160)
    if recording:
        assert seqs(root, session) == list(range(1, 7))  # started, four frames, stopped
    assert_as(alone, root)


def test_what_was_imported_beside_is_known_to_an_import_alone(root: Path, folder: Path) -> None:
    with recorder(root):
        import_paths([folder], root)
    before = everything(root)
    report = import_paths([folder], root)
    assert (report.events, report.duplicates) == (0, 160)
    assert everything(root) == before


def test_a_grown_file_is_derived_once(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "in" / "a.jsonl"
    write(path, legacy(*range(10)))
    with recorder(root):
        import_paths([path], root)
        write(path, legacy(*range(25), rugged=True))
        report = import_paths([path], root)
    assert (report.events, report.duplicates) == (15, 10)
    import_paths([path], tmp_path / "alone")
    games = "SELECT * EXCLUDE (date, seq) FROM game_all WHERE source = 'import'"
    assert rows(root, games) == rows(tmp_path / "alone", games)
    assert_unique(root)


def test_an_own_export_goes_back_to_its_places(root: Path, alone: Path, tmp_path: Path) -> None:
    export(alone, "ws_event", "jsonl", tmp_path / "out.jsonl")
    with recorder(root):
        assert import_paths([tmp_path / "out.jsonl"], root).events == 160
        assert import_paths([tmp_path / "out.jsonl"], root).duplicates == 160
    assert everything(root) == everything(alone)


def test_rows_of_the_session_that_is_being_recorded_are_refused(root: Path, tmp_path: Path) -> None:
    with recorder(root) as store:
        store.flush()
        out = tmp_path / "out.jsonl"
        export(root, "ws_event", "jsonl", out)
        assert import_paths([out], root).duplicates == 4
        out.write_text(out.read_text().replace('"seq":4', '"seq":5'))
        with pytest.raises(UsageError, match="being recorded"):
            import_paths([out], root)
    assert not list(DataDir(root).staging.glob("import-*"))


def test_moves_in_the_middle_of_an_import_show_no_row_twice(
    root: Path, folder: Path, alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_module, "FILE_FRAMES", 30)
    with recorder(root):
        import_paths([folder], root, progress=lambda *_: assert_unique(root))
    assert_as(alone, root)


def stop_after(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Let imports die, as by a kill, after so many batches."""
    put = ImportJob._put
    left = [count]

    def counted(job: ImportJob, *args: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return put(job, *args)

    monkeypatch.setattr(ImportJob, "_put", counted)


@pytest.mark.parametrize("first", [recorder, None], ids=["beside", "alone"])
@pytest.mark.parametrize("second", [recorder, None], ids=["beside", "alone"])
def test_one_that_was_cut_short_is_completed_by_the_next(
    root: Path,
    folder: Path,
    alone: Path,
    monkeypatch: pytest.MonkeyPatch,
    first: Callable[[Path], Any] | None,
    second: Callable[[Path], Any] | None,
) -> None:
    DataDir.open_or_create(root)
    monkeypatch.setattr(job_module, "FILE_FRAMES", 30)
    for count in (1, 3):
        with monkeypatch.context() as patched, ran(first, root):
            stop_after(patched, count)
            with pytest.raises(KeyboardInterrupt):
                import_paths([folder], root)
    with ran(second, root):
        import_paths([folder], root)
    assert_as(alone, root)


@pytest.mark.parametrize("first", [recorder, None], ids=["beside", "alone"])
@pytest.mark.parametrize("second", [recorder, None], ids=["beside", "alone"])
def test_a_session_that_lacks_only_its_end_gets_it_from_the_next(
    root: Path,
    tmp_path: Path,
    first: Callable[[Path], Any] | None,
    second: Callable[[Path], Any] | None,
) -> None:
    once = [signal.SIGINT]

    def stop(*_: object) -> None:
        if once:
            os.kill(os.getpid(), once.pop())

    game = legacy(*range(20), rugged=True)  # its row is made when the import ends
    for name in ("a.jsonl", "b.jsonl"):
        write(tmp_path / "in" / name, game)
    DataDir.open_or_create(root)
    with ran(first, root):
        stopped = import_paths([tmp_path / "in"], root, progress=stop)
    assert (stopped.stopped, stopped.events, stopped.files) == (True, 20, 1)
    with ran(second, root):
        assert import_paths([tmp_path / "in"], root).duplicates == 40
    import_paths([tmp_path / "in"], tmp_path / "once")
    assert len(everything(root)["game"]) == 1
    assert_as(tmp_path / "once", root)


def test_a_session_that_only_the_journal_expects_more_of_gets_its_end(
    root: Path, tmp_path: Path
) -> None:
    path = write(tmp_path / "in" / "a.jsonl", legacy(*range(20), rugged=True))
    import_paths([path], tmp_path / "once")
    with StoreReader(tmp_path / "once") as reader:
        (session,) = reader.sessions()
        stored = list(reader.read_ws_events(session.session_id))
    frames = [
        Frame(one.ts, one.raw, source="import", raw_format=one.raw_format,
              origin=one.origin, event_name=one.event_name or "", opcode=one.opcode)
        for one in stored
    ]  # fmt: skip
    with EventStore.open(root) as store:  # an import that was killed: all is there but its end
        store.import_frames(session.session_id, frames, last=False)
    with recorder(root):
        assert import_paths([path], root).duplicates == 20
    assert len(everything(root)["game"]) == 1
    assert everything(root) == everything(tmp_path / "once")


@contextmanager
def ran(way: Callable[[Path], Any] | None, root: Path) -> Iterator[None]:
    if way is None:
        yield
    else:
        with way(root):
            yield


def test_recorders_may_go_and_come_meanwhile(
    root: Path, folder: Path, alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_module, "FILE_FRAMES", 30)
    running = [recorder(root)]
    running[0].__enter__()

    def change(done: int, total: int, path: Path) -> None:
        if running:
            running.pop().__exit__(None, None, None)
        else:
            running.append(recorder(root))
            running[0].__enter__()

    import_paths([folder], root, progress=change)
    for one in running:
        one.__exit__(None, None, None)
    assert_as(alone, root)


def test_a_second_import_is_refused_while_one_runs(root: Path, folder: Path) -> None:
    with (
        recorder(root),
        WriterLock.acquire(DataDir(root).import_lock),
        pytest.raises(StoreLockedError, match=r"Another import into .* runs") as refused,
    ):
        import_paths([folder], root)
    assert "when it has ended" in refused.value.advice


def test_a_writer_that_cannot_lend_is_named(
    root: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "START_S", 0.0)
    with EventStore.open(root, settings=SMALL):
        other = msgspec.json.encode(Holder(1, "2025-11-24T16:00:00"))  # as if it were not this one
        DataDir(root).lock_file.write_bytes(other)
        with pytest.raises(StoreLockedError, match="being written by process 1, ") as refused:
            import_paths([folder], root)
    assert "Stop it first" in refused.value.advice


def test_a_recorder_whose_disk_refuses_says_so(root: Path, folder: Path, alone: Path) -> None:
    ops = FailingOps(1 << 60, errno.ENOSPC, sticky=True)
    with recorder(root, ops=ops):
        ops._at = ops.count + 1
        with pytest.raises(DiskError, match="Filing stopped"):
            import_paths([folder], root)
        ops.heal()
        import_paths([folder], root)
    assert_as(alone, root)
