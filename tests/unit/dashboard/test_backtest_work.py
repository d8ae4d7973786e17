"""Backtests as jobs: a cancelled one ends at once and leaves no result behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vectra_player.dashboard.work.backtest import CancelledError, run_job
from vectra_player.store.layout import DataDir
from vectra_player.strategy.builtin.playbooks import Conservative
from vectra_player.strategy.context import Context

ORDER = {"what": "backtest", "order": {"profile": "conservative", "games": "generated:5"}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    DataDir.open_or_create(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    """Give the signal back to whoever had it."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def kept(root: Path) -> list[Path]:
    return list((root / "results").glob("backtest-*"))


def test_a_cancel_in_the_middle_of_a_decision_is_no_fault_of_the_strategy(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancelled(strategy: Conservative, context: Context) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Conservative, "on_tick", cancelled)
    with pytest.raises(CancelledError):
        run_job(root, ORDER, lambda done, total, text: None)
    assert kept(root) == []


def test_a_job_says_what_it_does_and_keeps_its_run(root: Path) -> None:
    heard: list[Any] = []
    told = run_job(root, ORDER, lambda *progress: heard.append(progress))
    assert heard[0] == (0, 0, "Reading the games")
    assert (4, 5, "games") in heard
    assert [path.name for path in kept(root)] == [told["run"]]
    assert (told["cached"], told["games"]) == (False, "5 generated games.")
    assert run_job(root, ORDER, lambda *progress: None)["cached"] is True
