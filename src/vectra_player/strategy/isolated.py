"""A strategy in a process of its own, killed when one call takes too long.

Nothing inside a CPython process can end every loop: a signal handler or an asynchronous exception
waits for the next bytecode, so a long call in C, a `sleep` or an `except:` outlasts it. A process
can be killed. The child notes in shared memory when a call of the strategy began; the parent
looks at that while it waits for the answer, so a tick costs no message. What was reported before
the kill is kept. Used for strategies of users; the child is `strategy.isolated_child`.
"""

from __future__ import annotations

import mmap
import subprocess
import sys
import tempfile
from time import monotonic
from typing import Self

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from vectra_player.model.units import Micros, Tick
from vectra_player.store.pipes import readable
from vectra_player.strategy.faults import StrategyError
from vectra_player.strategy.isolated_wire import (
    BEAT_BYTES,
    CALL_LIMIT_S,
    Finish,
    Play,
    Report,
    Request,
    Setup,
    Started,
    Step,
    read_beat,
    read_message,
    write_message,
)
from vectra_player.strategy.market import Market
from vectra_player.strategy.records import (
    Decision,
    GameResult,
    Outcome,
    RunResult,
    Stopped,
    StopReason,
)

__all__ = ["CALL_LIMIT_S", "EngineProcess", "Report", "Setup"]

START_LIMIT_S = 30.0
"""How long loading a strategy may take: imports of the user's file are part of it."""

_POLL_S = 0.05
_CHILD = "vectra_player.strategy.isolated_child"


class EngineProcess:
    """An engine, its paper broker and its strategy in a child process.

    `play` whole games or `step` through them, then `finish`. Once the run has stopped, for
    whatever reason, games and steps change nothing more.
    """

    def __init__(self, setup: Setup) -> None:
        """Start the child. Raises StrategyError: the strategy cannot be loaded or made."""
        self._setup = setup
        self._decisions: list[Decision] = []
        self._outcomes: list[Outcome] = []
        self._games: list[GameResult] = []
        self._cash = setup.cash
        self._place: tuple[str | None, Tick | None] = (None, None)
        self.stopped: Stopped | None = None
        with tempfile.TemporaryFile() as shared:
            shared.truncate(BEAT_BYTES)
            self._beat = mmap.mmap(shared.fileno(), BEAT_BYTES)
            self._child = _launch(shared.fileno())
        self._started = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def play(
        self,
        game_id: str,
        prices: npt.NDArray[np.float64],
        rug_tick: Tick,
        *,
        ended_us: Micros | None = None,
    ) -> Report:
        """Play a whole game; prices and rug tick as `market.game_steps` takes them."""
        self._place = (game_id, None)
        packed = np.ascontiguousarray(prices, np.float64).tobytes()
        return self._ask(Play(game_id, packed, rug_tick, ended_us))

    def step(self, market: Market) -> Report:
        """Play one step."""
        self._place = (market.game_id, market.tick)
        return self._ask(Step(market))

    def finish(self) -> RunResult:
        """End the run and the child; return everything that was reported."""
        self._ask(Finish())
        self.close()
        return RunResult(
            strategy=self._started.name,
            params=self._started.params,
            seed=self._setup.seed,
            start_cash=self._setup.cash,
            cash=self._cash,
            games=tuple(self._games),
            decisions=tuple(self._decisions),
            outcomes=tuple(self._outcomes),
            stopped=self.stopped,
        )

    def close(self) -> None:
        """Kill the child; nothing of it outlives this."""
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()

    def _start(self) -> Started:
        try:
            self._send(self._setup)
            body = self._receive(monotonic() + START_LIMIT_S)
        except (TimeoutError, EOFError, BrokenPipeError) as error:
            self.close()
            late = isinstance(error, TimeoutError)
            how = f"did not load within {START_LIMIT_S:g} s" if late else "ended as it was loaded"
            name = self._setup.strategy
            raise StrategyError(f"The strategy {name} {how}.", strategy=name) from None
        started = msgspec.msgpack.decode(body, type=Started)
        if started.problem:
            self.close()
            raise StrategyError(
                started.problem, strategy=self._setup.strategy, advice=started.advice
            )
        return started

    def _ask(self, request: Request) -> Report:
        nothing = Report(cash=self._cash)
        if self._child.poll() is not None and self.stopped is not None:
            return nothing
        try:
            self._send(request)
            report = msgspec.msgpack.decode(self._receive(None), type=Report)
        except TimeoutError:
            self._kill("timeout", f"a call took longer than {self._setup.call_limit_s:g} s")
            return nothing
        except (EOFError, BrokenPipeError):
            self._kill("error", "its process ended by itself")
            return nothing
        self._decisions += report.decisions
        self._outcomes += report.outcomes
        self._games += report.games
        self._cash = report.cash
        self.stopped = self.stopped or report.stopped
        return report

    def _kill(self, reason: StopReason, message: str) -> None:
        began, tick = read_beat(self._beat)
        game_id, known = self._place
        where = tick if began and known is None else known
        self.stopped = Stopped(reason, f"{self._started.name} failed: {message}", game_id, where)
        self.close()

    def _send(self, message: Struct) -> None:
        if self._child.stdin is None or self._child.stdin.closed:
            raise BrokenPipeError
        write_message(self._child.stdin.fileno(), message)

    def _receive(self, deadline: float | None) -> bytes:
        """Return the next message; without a deadline, each call of the strategy has its limit."""
        pipe = self._child.stdout
        if pipe is None or pipe.closed:
            raise EOFError
        wait_s = min(_POLL_S, self._setup.call_limit_s / 2)
        while not readable(pipe, wait_s):
            began = read_beat(self._beat)[0]
            limit = deadline if deadline is not None else began + self._setup.call_limit_s
            if (began or deadline is not None) and monotonic() > limit:
                raise TimeoutError
        return read_message(pipe.fileno())


def _launch(shared: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", _CHILD, str(shared)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        pass_fds=(shared,),
        start_new_session=True,  # Ctrl-C is the parent's to handle
    )
