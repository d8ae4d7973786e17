"""How far long work is: a bar with rate and time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from vectra_player.cli.session import Session, say

LINE_EVERY_S = 10.0


@contextmanager
def counted(session: Session, what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function to be told (done, of how many); nothing shows with --quiet or --json."""
    if session.quiet or session.json_output:
        yield lambda done, total: None
    elif sys.stderr.isatty():
        with _bar(what) as show:
            yield show
    else:
        yield _Lines(what).show


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(what),
        TextColumn("{task.fields[rate]}"),
    )
    with Progress(*columns, Left(), console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=None, rate="")
        rate = _Rate()

        def show(done: int, total: int) -> None:
            told = f"{rate.of(done):,.0f}/s"
            shown.update(task, completed=done, total=total, rate=told)

        yield show


class _Rate:
    """Work done a second, from the first count on: what an earlier run did is not counted."""

    def __init__(self) -> None:
        self._start: tuple[float, int] | None = None

    def of(self, done: int) -> float:
        now = monotonic()
        if self._start is None:
            self._start = (now, done)
        began, before = self._start
        return (done - before) / (now - began) if now > began else 0.0


class _Lines:
    """One line now and then."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._rate = _Rate()
        self._last = monotonic()

    def show(self, done: int, total: int) -> None:
        rate, now = self._rate.of(done), monotonic()
        if now - self._last >= LINE_EVERY_S and rate > 0:
            self._last = now
            left = (total - done) / rate
            text = f"{done:,} of {total:,} {self._what}, {rate:,.0f}/s, {left:,.0f} s left"
            say(text, to_stderr=True)
