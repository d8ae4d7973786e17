"""Long work: in order, with progress, cancelled when told, kept over a restart."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from tests.command_support import wait_until

from vectra_player.dashboard.jobs import KEPT, MAX_WAITING, Job, Jobs
from vectra_player.dashboard.uploads import Uploads, forget
from vectra_player.errors import UsageError
from vectra_player.store.layout import DataDir

CHILD = """
import json, os, signal, sys, time

def say(**said):
    print(json.dumps(said), flush=True)

kind = sys.argv[1]
line = sys.stdin.readline()
if kind == "cut":
    print('{"progress": {"do', end="", flush=True)
elif kind == "deaf":  # it ends in its own time, and speaks until then
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for done in range(1, 60):
        say(progress={"done": done})
        time.sleep(0.01)
elif kind == "stuck":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say(progress={"done": 1})
    time.sleep(600)
else:
    order = json.loads(line)["request"]
    while "until" in order and not os.path.exists(order["until"]):
        say(progress={"done": 1})
        time.sleep(0.01)
    say(result=1)
"""

LINE = b'{"seq":1,"ts":"2025-12-15T01:17:11.000000Z","event":"x","data":{"a":1}}\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    DataDir.open_or_create(tmp_path / "d")
    return tmp_path / "d"


def upload(root: Path, name: str = "a.jsonl", text: bytes = LINE) -> Path:
    uploads = Uploads(root)
    upload_id = uploads.begin()
    uploads.add(upload_id, name, 0, text)
    return uploads.folder(upload_id)


def ended(jobs: Jobs, job_id: str) -> Job:
    def over() -> Job | None:
        job = jobs.get(job_id)
        return job if job is not None and job.ended else None

    found = wait_until(over, "the job ends")
    assert isinstance(found, Job)
    return found


def test_an_import_adds_what_is_new_and_its_files_go(root: Path) -> None:
    folder = upload(root)
    jobs = Jobs(root, ended=forget)
    jobs.start()
    try:
        job = ended(jobs, jobs.add("import", "a.jsonl", {"folder": str(folder)}).id)
    finally:
        jobs.close()
    assert (job.state, job.result["events"]) == ("done", 1)
    assert job.result["imported"][0]["path"] == "a.jsonl"
    wait_until(lambda: not folder.exists(), "the uploaded files are gone")


def test_an_import_waits_until_the_writer_of_the_directory_is_gone(root: Path) -> None:
    folder = upload(root)
    jobs = Jobs(root, retry_s=0.1)
    jobs.start()
    holder = os.open(DataDir(root).lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(holder, fcntl.LOCK_EX)
        job_id = jobs.add("import", "a.jsonl", {"folder": str(folder)}).id
        told = wait_until(
            lambda: (job := jobs.get(job_id)) and "Waiting" in job.progress.text and job,
            "the job says why it waits",
        )
        assert told.state == "waiting"
        os.close(holder)
        holder = -1
        assert ended(jobs, job_id).result["events"] == 1
    finally:
        if holder >= 0:
            os.close(holder)
        jobs.close()


def test_what_a_job_came_to_survives_a_restart(root: Path) -> None:
    first = Jobs(root)
    first.start()
    job = first.add("export", "x", {"doc_type": "nothing", "format": "csv", "out": "/x"})
    failed = ended(first, job.id)
    first.close()
    assert (failed.state, "no doc type" in failed.error) == ("failed", True)
    again = Jobs(root)
    again.start()
    assert again.get(job.id) == failed
    again.close()


def test_work_that_was_cut_short_is_taken_up_again(root: Path) -> None:
    folder = upload(root)
    jobs = Jobs(root)
    job = jobs.add("import", "a.jsonl", {"folder": str(folder)})
    path = DataDir(root).results / "jobs" / f"{job.id}.json"
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(job, state="running")))
    again = Jobs(root)
    again.start()
    assert ended(again, job.id).state == "done"
    again.close()


def test_a_job_that_waits_is_cancelled_at_once(root: Path) -> None:
    jobs = Jobs(root)
    job = jobs.add("export", "x", {})
    cancelled = jobs.cancel(job.id)
    assert cancelled is not None
    assert cancelled.state == "cancelled"
    assert jobs.cancel("nothing") is None


@pytest.fixture
def jobs(root: Path, tmp_path: Path) -> Iterator[Jobs]:
    """Jobs whose work is that of CHILD."""
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    made = Jobs(root, child=(sys.executable, str(script)))
    made.start()
    yield made
    made.close()


def test_work_that_dies_in_the_middle_of_a_line_fails_alone(jobs: Jobs) -> None:
    cut = jobs.add("cut", "x", {})
    after = jobs.add("good", "x", {})
    assert ended(jobs, cut.id).error == "The work ended without a word."
    assert ended(jobs, after.id).result == 1


def test_a_job_that_is_forgotten_before_its_process_is_gone_holds_up_nothing(jobs: Jobs) -> None:
    job_id = jobs.add("deaf", "x", {}).id
    wait_until(lambda: (job := jobs.get(job_id)) and job.progress.done, "it is at work")
    jobs.cancel(job_id)
    jobs.forget("deaf")
    assert ended(jobs, jobs.add("good", "x", {}).id).result == 1


def working(jobs: Jobs, job_id: str) -> Callable[[], bool]:
    return lambda: (job := jobs.get(job_id)) is not None and job.progress.done > 0


def test_a_long_job_holds_up_no_other_kind(jobs: Jobs, tmp_path: Path) -> None:
    long = jobs.add("import", "x", {"until": str(tmp_path / "over")}).id
    wait_until(working(jobs, long), "it is at work")
    assert ended(jobs, jobs.add("export", "x", {}).id).state == "done"
    assert working(jobs, long)()
    (tmp_path / "over").touch()
    assert ended(jobs, long).result == 1


@pytest.mark.parametrize("second", ["import", "profile"])
def test_jobs_that_write_the_same_come_one_after_the_other(
    jobs: Jobs, tmp_path: Path, second: str
) -> None:
    long = jobs.add("import", "x", {"until": str(tmp_path / "over")}).id
    wait_until(working(jobs, long), "it is at work")
    later = jobs.add(second, "x", {}).id
    assert ended(jobs, jobs.add("export", "x", {}).id).state == "done"
    waits = jobs.get(later)
    assert waits is not None
    assert waits.state == "waiting"
    (tmp_path / "over").touch()
    assert ended(jobs, later).result == 1


def test_two_jobs_run_at_once_and_both_are_taken_up_after_a_restart(
    jobs: Jobs, root: Path, tmp_path: Path
) -> None:
    order = {"until": str(tmp_path / "over")}
    first, second, third = (jobs.add(kind, "x", order).id for kind in ("a", "b", "c"))
    wait_until(working(jobs, first), "the first is at work")
    wait_until(working(jobs, second), "the second is at work")
    waits = jobs.get(third)
    assert waits is not None
    assert waits.state == "waiting"
    jobs.close()
    (tmp_path / "over").touch()
    again = Jobs(root, child=(sys.executable, str(tmp_path / "child.py")))
    again.start()
    assert [ended(again, name).result for name in (first, second, third)] == [1, 1, 1]
    again.close()


def test_cancelling_one_of_two_leaves_the_other_at_work(jobs: Jobs, tmp_path: Path) -> None:
    order = {"until": str(tmp_path / "over")}
    stopped, kept = (jobs.add(kind, "x", order).id for kind in ("a", "b"))
    for job_id in (stopped, kept):
        wait_until(working(jobs, job_id), "it is at work")
    jobs.cancel(stopped)
    assert ended(jobs, jobs.add("c", "x", {}).id).result == 1
    assert working(jobs, kept)()
    (tmp_path / "over").touch()
    assert ended(jobs, kept).state == "done"


def test_work_that_does_not_end_when_it_is_cancelled_is_killed(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vectra_player.dashboard.jobs.STOP_S", 0.1)
    stuck = jobs.add("stuck", "x", {}).id
    wait_until(lambda: (job := jobs.get(stuck)) and job.progress.done, "it is at work")
    jobs.cancel(stuck)
    assert ended(jobs, jobs.add("good", "x", {}).id).result == 1
    assert ended(jobs, stuck).state == "cancelled"


def test_an_error_nobody_foresaw_is_told_as_one(root: Path) -> None:
    jobs = Jobs(root)
    jobs.start()
    try:
        job = ended(jobs, jobs.add("export", "x", {}).id)  # an order without what it needs
    finally:
        jobs.close()
    assert (job.state, "nobody foresaw" in job.error) == ("failed", True)


def test_too_many_jobs_are_refused(root: Path) -> None:
    jobs = Jobs(root)
    for _ in range(MAX_WAITING):
        jobs.add("export", "x", {})
    with pytest.raises(UsageError, match="waiting"):
        jobs.add("export", "x", {})


def test_only_the_newest_results_are_kept(root: Path) -> None:
    jobs = Jobs(root)
    for _ in range(KEPT + 5):
        jobs.cancel(jobs.add("export", "x", {}).id)
    assert len(jobs.list()) == KEPT
    assert len(list((DataDir(root).results / "jobs").iterdir())) == KEPT
