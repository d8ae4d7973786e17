"""Short calculations: answered by a warm child, within a time limit, whoever asks at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs
from tests.command_support import wait_until

from vectra_player.dashboard.compute import Compute, ComputeError, ComputeLimits
from vectra_player.dashboard.faults import fault_of
from vectra_player.dashboard.params import WrongParametersError
from vectra_player.errors import UsageError

QUESTIONS = """
import os, time
from decimal import Decimal
from vectra_player.dashboard.params import WrongParametersError
from vectra_player.errors import UsageError

def echo(data_dir, request):
    return {"pid": os.getpid(), "data_dir": str(data_dir), "request": request}

def values(data_dir, request):
    print("a library says something")
    return {"sol": Decimal("0.001"), "unknown": float("nan")}

def sleep(data_dir, request):
    time.sleep(request)
    return os.getpid()

def refuse(data_dir, request):
    raise UsageError("There is no game.", advice="Record one.")

def wrong(data_dir, request):
    raise WrongParametersError({"bets": "1 to 8."})

def fail(data_dir, request):
    return 1 / 0

def leave(data_dir, request):
    os._exit(3)
"""


Make = Callable[..., Compute]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    (tmp_path / "trial_questions").mkdir()
    (tmp_path / "trial_questions" / "some.py").write_text(QUESTIONS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    made: list[Compute] = []

    def begin(**limits: float) -> Compute:
        wanted = ComputeLimits(**{"wait_s": 60.0, **limits})  # type: ignore[arg-type]
        made.append(Compute(tmp_path, wanted, package="trial_questions"))
        return made[-1]

    yield begin
    for one in made:
        one.close()


def pid_of(compute: Compute) -> int:
    return int(compute.ask("some:echo", None)["pid"])


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid)


def test_a_question_is_answered_in_another_process(make: Make, tmp_path: Path) -> None:
    found = make().ask("some:echo", {"tick": 40})
    assert (found["data_dir"], found["request"]) == (str(tmp_path), {"tick": 40})
    assert found["pid"] != os.getpid()


def test_amounts_come_as_text_unknown_as_null_and_what_a_library_prints_does_no_harm(
    make: Make,
) -> None:
    assert make().ask("some:values", None) == {"sol": "0.001", "unknown": None}


def test_the_next_question_finds_the_same_child_warm(make: Make) -> None:
    compute = make()
    first = pid_of(compute)
    assert [pid_of(compute) for _ in range(20)] == [first] * 20


def test_a_child_that_takes_too_long_is_killed_and_replaced(make: Make) -> None:
    compute = make(question_s=0.2)
    compute.ask("some:sleep", 0)
    before = pid_of(compute)
    with pytest.raises(ComputeError, match=r"longer than 0\.2 s") as told:
        compute.ask("some:sleep", 600)
    status, fault = fault_of(told.value)
    assert (status, "fewer" in fault.advice) == (504, True)
    wait_until(lambda: gone(before), "the child is gone")
    assert pid_of(compute) != before


def test_loading_at_the_first_question_may_take_longer(make: Make) -> None:
    compute = make(question_s=0.01)
    compute.ask("some:sleep", 0.1)
    with pytest.raises(ComputeError):
        compute.ask("some:sleep", 5.0)


def test_a_child_that_dies_is_told_and_replaced(make: Make) -> None:
    compute = make()
    with pytest.raises(ComputeError, match="cut off"):
        compute.ask("some:leave", None)
    killed = pid_of(compute)
    os.kill(killed, signal.SIGKILL)
    os.waitid(os.P_PID, killed, os.WEXITED | os.WNOWAIT)
    assert pid_of(compute) != killed


def test_refusals_come_through_as_they_were_meant(make: Make) -> None:
    compute = make()
    with pytest.raises(UsageError, match="no game") as refused:
        compute.ask("some:refuse", None)
    assert refused.value.advice == "Record one."
    with pytest.raises(WrongParametersError) as wrong:
        compute.ask("some:wrong", None)
    assert wrong.value.fields == {"bets": "1 to 8."}


def test_a_fault_nobody_foresaw_does_not_end_the_child(make: Make) -> None:
    compute = make()
    before = pid_of(compute)
    with capture_logs() as told, pytest.raises(RuntimeError, match="ZeroDivisionError") as failed:
        compute.ask("some:fail", None)
    status, fault = fault_of(failed.value)
    assert (status, "return 1 / 0" in told[0]["error"]) == (500, True)
    assert "ZeroDivision" not in fault.message + fault.advice
    assert pid_of(compute) == before


def test_many_threads_share_at_most_two_children(make: Make) -> None:
    compute = make(patience_s=0.0)
    with ThreadPoolExecutor(8) as pool:
        pids = list(pool.map(lambda _: compute.ask("some:sleep", 0.02), range(16)))
    assert 1 <= len(set(pids)) <= 2


def test_a_child_that_loads_is_waited_for_not_loaded_a_second_time(make: Make) -> None:
    compute = make(patience_s=1.5)
    with ThreadPoolExecutor(2) as pool:
        pids = set(pool.map(lambda _: compute.ask("some:sleep", 2.0), range(2)))
    assert len(pids) == 1


def test_who_waits_too_long_for_a_child_is_turned_away(make: Make) -> None:
    compute = make(children=1, wait_s=0.1)
    compute.ask("some:sleep", 0)
    slow = threading.Thread(target=lambda: compute.ask("some:sleep", 1.0))
    slow.start()
    try:
        wait_until(lambda: compute.busy == 1, "a question runs")
        with pytest.raises(ComputeError, match="Other calculations"):
            compute.ask("some:echo", None)
    finally:
        slow.join()


def test_an_idle_child_is_ended(make: Make) -> None:
    compute = make(idle_s=0.1)
    pid = pid_of(compute)
    wait_until(lambda: gone(pid), "the idle child is gone")
    assert pid_of(compute) != pid


def test_a_second_child_is_ended_soon_the_first_stays(make: Make) -> None:
    compute = make(patience_s=0.0, spare_s=0.1)
    with ThreadPoolExecutor(2) as pool:
        both = set(pool.map(lambda _: compute.ask("some:sleep", 1.0), range(2)))
    assert len(both) == 2
    wait_until(lambda: sum(map(gone, both)) == 1, "one of them is gone")
    assert pid_of(compute) in both


def test_the_end_cuts_off_what_runs_and_leaves_no_child(make: Make) -> None:
    compute = make()
    pid = pid_of(compute)
    told: list[str] = []

    def ask() -> None:
        try:
            compute.ask("some:sleep", 600)
        except ComputeError as error:
            told.append(error.message)

    asker = threading.Thread(target=ask)
    asker.start()
    wait_until(lambda: compute.busy == 1, "a question runs")
    compute.close()
    asker.join(30)
    assert told == ["The calculation was cut off."]
    assert gone(pid)
    with pytest.raises(ComputeError, match="ending"):
        compute.ask("some:echo", None)


def test_warming_starts_one_child_and_no_second(make: Make) -> None:
    compute = make()
    compute.warm("some:echo")
    pid = pid_of(compute)
    compute.warm("some:echo")
    assert pid_of(compute) == pid


def test_warming_waits_as_told_and_for_nothing_where_a_child_is_warm_by_then(make: Make) -> None:
    compute = make()
    compute.warm("some:leave", after_s=0.2)  # a child that was asked this is gone
    pid = pid_of(compute)
    wait_until(lambda: not compute.warming, "the time has come")
    assert pid_of(compute) == pid


def test_warming_takes_the_place_of_a_child_that_was_killed(make: Make) -> None:
    compute = make()
    killed = pid_of(compute)
    os.kill(killed, signal.SIGKILL)
    os.waitid(os.P_PID, killed, os.WEXITED | os.WNOWAIT)
    compute.warm("some:echo")
    assert compute.warming


def test_warming_that_waits_does_not_hold_up_the_end(make: Make) -> None:
    compute = make()
    compute.warm("some:echo", after_s=600)
    compute.close()
    wait_until(lambda: not compute.warming, "nothing waits any more")
