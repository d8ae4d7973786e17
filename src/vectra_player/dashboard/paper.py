"""A strategy that trades beside the live game: one child process, started and stopped.

The child (`vectra_player.app.paper_child`) runs what `vectra-player strategy run` runs: it decides
at each step of the feed and acts through foundation's trade API, where the account is kept: on
paper unless ordered otherwise. It ends when the dashboard does; what became of the last run lies
in `results/paper.json`. Made by `app.dashboard`, used by the routes.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import structlog
from msgspec import Meta

from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import UsageError
from vectra_player.store.layout import DataDir

log = structlog.get_logger(__name__)

CHILD = "vectra_player.app.paper_child"
LINES_KEPT = 200
STOP_S = 30.0
"""A run that was told to stop and has not ended by then is killed: its score card takes seconds."""

CLOSE_S = 2.0
"""The same, when the dashboard itself ends."""

State = Literal["starting", "running", "stopping", "ended", "failed"]
LineKind = Literal["begin", "game", "refused", "connection", "end"]


class PaperOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to run, and what it may risk; as the options of `strategy run`.

    games: whole games to play, null until it is stopped. cash: begin with a new wallet of so much.
    mode: practice and live press the buttons of the page that is recorded, as the gate allows.
    """

    mode: Literal["paper", "practice", "live"] = "paper"
    name: Annotated[str, Meta(min_length=1, max_length=128)]
    games: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    cash: Annotated[float, Meta(ge=0.001, le=1_000_000)] | None = None
    latency_ms: Annotated[float, Meta(ge=0, le=60_000)] | None = None
    max_stake: Annotated[float, Meta(ge=0.001, le=1_000_000)] | None = None
    max_loss: Annotated[float, Meta(ge=0.001, le=1_000_000)] | None = None
    seed: Annotated[int, Meta(ge=0, le=2**53)] = 0


class PaperLine(msgspec.Struct, frozen=True):
    """One line of the log of a run; `ts` in ms UTC."""

    ts: int
    kind: LineKind
    text: str


class PaperScore(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the score card of a run, SOL; null is what is not known."""

    who: str
    profit: float
    expected: float | None
    paid_in: float
    bets: float
    won: float
    profit_low: float | None
    profit_high: float | None


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing a child says. games: whole games played so far. wrong: the strategy's own fault.

    run_id: as the recording has the run, once it has ended.
    """

    line: PaperLine
    game_id: str | None = None
    games: int = 0
    actions: int = 0
    score: list[PaperScore] = []
    run_id: str | None = None
    wrong: bool = False


class PaperRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run: what was ordered, where it stands, what it said (newest last). Times in ms UTC.

    run_id: as the recording has it; its drift report is found by that.
    """

    id: str
    order: PaperOrder
    state: State
    started_ms: int
    ended_ms: int | None = None
    game_id: str | None = None
    games: int = 0
    actions: int = 0
    lines: list[PaperLine] = []
    score: list[PaperScore] = []
    run_id: str | None = None

    @property
    def ended(self) -> bool:
        """Tell whether nothing more will happen to it."""
        return self.state in ("ended", "failed")


class PaperRuns:
    """Runs one strategy at a time; safe to share between threads."""

    def __init__(
        self,
        data_dir: Path,
        *,
        clock: Clock | None = None,
        child: Sequence[str] = (sys.executable, "-P", "-m", CHILD),
    ) -> None:
        """`child`: the command of the process that runs a strategy."""
        self._data_dir = data_dir
        self._file = DataDir(data_dir).results / "paper.json"
        self._clock = clock or SystemClock()
        self._child = child
        self._lock = threading.Lock()
        self._lines: deque[PaperLine] = deque(maxlen=LINES_KEPT)
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._run = self._last()

    def status(self) -> PaperRun | None:
        """Return the run that is on, else the last one; None before the first."""
        with self._lock:
            run = self._run
            return None if run is None else msgspec.structs.replace(run, lines=[*self._lines])

    def start(self, order: PaperOrder) -> PaperRun:
        """Begin a run. Raises UsageError while one is on."""
        with self._lock:
            if self._run is not None and not self._run.ended:
                raise UsageError(
                    f"{self._run.order.name} is running.",
                    advice="Stop it before you start another.",
                )
            self._process = self._spawn(order)
            self._lines.clear()
            self._run = PaperRun(
                id=secrets.token_hex(4), order=order, state="starting", started_ms=self._now_ms()
            )
            self._reader = threading.Thread(
                target=self._listen, args=(self._process,), name="paper-run", daemon=True
            )
            self._reader.start()
            return self._run

    def stop(self) -> PaperRun:
        """Have the run end with its score card. Raises UsageError where none is on."""
        with self._lock:
            run, process = self._run, self._process
            if run is None or run.ended or process is None:
                raise UsageError("No strategy is running.", advice="Start one first.")
            self._run = msgspec.structs.replace(run, state="stopping")
            _signal(process, signal.SIGTERM)
            killer = threading.Timer(STOP_S, _signal, (process, signal.SIGKILL))
            killer.daemon = True
            killer.start()
            return self._run

    def close(self) -> None:
        """End the run that is on, as the dashboard ends."""
        with self._lock:
            process, reader = self._process, self._reader
        if process is not None:
            _signal(process, signal.SIGTERM)
        if reader is not None:
            reader.join(CLOSE_S)
            if reader.is_alive() and process is not None:
                _signal(process, signal.SIGKILL)

    def _spawn(self, order: PaperOrder) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            self._child,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert process.stdin is not None
        told = {"data_dir": str(self._data_dir), "order": order}
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(msgspec.json.encode(told) + b"\n")
            process.stdin.flush()
        return process

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        assert process.stdin is not None
        last: Told | None = None
        for line in process.stdout:
            try:
                last = msgspec.json.decode(line, type=Told)
            except msgspec.DecodeError:
                continue  # it was killed in the middle of a line
            self._hear(last)
        with contextlib.suppress(BrokenPipeError):  # an order that it did not read any more
            process.stdin.close()
        process.stdout.close()
        process.wait()
        self._over(last)

    def _hear(self, told: Told) -> None:
        with self._lock:
            assert self._run is not None
            self._lines.append(told.line)
            state: State = "running" if self._run.state == "starting" else self._run.state
            self._run = msgspec.structs.replace(
                self._run,
                state=state,
                game_id=told.game_id,
                games=told.games,
                actions=told.actions,
                score=told.score,
                run_id=told.run_id,
            )

    def _over(self, last: Told | None) -> None:
        with self._lock:
            assert self._run is not None
            now_ms = self._now_ms()
            asked = self._run.state == "stopping"
            if last is None or last.line.kind != "end":
                text = _unsaid(asked, begun=bool(self._lines))
                self._lines.append(PaperLine(now_ms, "end", text))
            wrong = not asked and (last is None or last.line.kind != "end" or last.wrong)
            self._run = msgspec.structs.replace(
                self._run, state="failed" if wrong else "ended", ended_ms=now_ms
            )
            self._process = None
            run = msgspec.structs.replace(self._run, lines=[*self._lines])
        self._keep(run)

    def _keep(self, run: PaperRun) -> None:
        staged = self._file.with_suffix(f".{os.getpid()}")
        try:
            staged.write_bytes(msgspec.json.encode(run))
            staged.replace(self._file)
        except OSError as error:
            log.warning("the last paper run could not be kept", error=str(error))

    def _last(self) -> PaperRun | None:
        try:
            run = msgspec.json.decode(self._file.read_bytes(), type=PaperRun)
        except (OSError, msgspec.DecodeError):
            return None
        self._lines.extend(run.lines)
        return run

    def _now_ms(self) -> int:
        return self._clock.now_us() // 1000


def _unsaid(asked: bool, *, begun: bool) -> str:
    """Say how a run ended that did not say it itself."""
    if not asked:
        return "The run ended without a word."
    return "It did not end in time and was killed." if begun else "Stopped before it began."


def _signal(process: subprocess.Popen[Any], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)
