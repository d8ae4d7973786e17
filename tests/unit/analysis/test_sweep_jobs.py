"""The pool hands back every chunk, and leaves no process behind however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ALL_COMPLETED
from pathlib import Path

import psutil
import pytest
from tests.command_support import wait_until

from vectra_player.analysis import jobs_pool
from vectra_player.analysis.jobs_pool import LocalEngine, engine_of
from vectra_player.errors import UsageError, VectraError


def square(number: int) -> int:
    """Do a little work."""
    return number * number


def process_of(number: int) -> int:
    """Tell who works."""
    time.sleep(0.05)
    return os.getpid()


def die(number: int) -> int:
    """End as the kernel ends a process that wants too much memory."""
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def fail(number: int) -> int:
    """Fail as a mistake of ours would."""
    raise ArithmeticError(number)


def alive(pid: int) -> bool:
    """Tell whether a process runs."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_chunk_comes_back_with_its_number(jobs: int) -> None:
    found = dict(LocalEngine(jobs).run(square, range(9)))
    assert found == {number: number * number for number in range(9)}


def test_chunks_that_are_all_done_at_once_are_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_pool, "FIRST_COMPLETED", ALL_COMPLETED)
    assert len(list(LocalEngine(2).run(square, range(9)))) == 9


def test_one_process_is_this_one_and_more_are_others() -> None:
    assert {pid for _, pid in LocalEngine(1).run(process_of, range(3))} == {os.getpid()}
    assert os.getpid() not in {pid for _, pid in LocalEngine(2).run(process_of, range(2))}


def test_a_caller_that_stops_asking_leaves_no_process_behind() -> None:
    running = LocalEngine(2).run(process_of, range(200))
    _, pid = next(running)
    running.close()
    wait_until(lambda: not alive(pid), "the pool ends")


def test_chunks_are_taken_as_they_are_computed_not_all_at_once() -> None:
    taken: list[int] = []
    chunks = (taken.append(number) or number for number in range(1000))  # type: ignore[func-returns-value]
    running = LocalEngine(2).run(square, chunks)
    next(running)
    assert len(taken) <= 4
    running.close()


def test_a_process_that_dies_is_told_with_what_to_do() -> None:
    with pytest.raises(VectraError, match="same command again"):
        list(LocalEngine(2).run(die, range(4)))


def test_a_mistake_in_the_work_is_not_hidden() -> None:
    with pytest.raises(ArithmeticError):
        list(LocalEngine(2).run(fail, range(4)))


def test_the_pool_dies_with_its_parent_even_by_kill_9(tmp_path: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, '.')\n"
        "from tests.unit.analysis import test_sweep_jobs as t\n"
        "if __name__ == '__main__':\n"
        "    for number, pid in t.LocalEngine(2).run(t.process_of, range(2000)):\n"
        "        print(pid, flush=True)\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(program)
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert alive(pid)
    parent.kill()
    parent.communicate()
    wait_until(lambda: not alive(pid), "the pool ends with its parent")


def test_engines_are_chosen_by_name() -> None:
    assert isinstance(engine_of("local", 3), LocalEngine)
    with pytest.raises(UsageError, match="belongs to a Dask cluster"):
        engine_of("local", scheduler="tcp://127.0.0.1:8786")
    with pytest.raises(UsageError, match="no engine"):
        engine_of("spark")
    with pytest.raises(UsageError, match="least"):
        engine_of("local", 0)
