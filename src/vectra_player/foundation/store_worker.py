"""Store reads for the pages, in a process of their own: foundation itself runs no SQL.

The parent side, `StoreWorker`, belongs to the event loop of `foundation.service`; the child is
`python -m vectra_player.foundation.store_worker DATA_DIR`, one JSON request a line, one JSON answer
a line. It starts at the first question and ends when nobody has asked for a while, so that DuckDB
takes no memory of those who only watch.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from vectra_player.errors import UsageError, VectraError

if TYPE_CHECKING:
    from vectra_player.analysis.games import Games
    from vectra_player.store.reads import Origins, StoreReader

MAX_ANSWER_BYTES = 64 * 1024 * 1024
TIMEOUT_S = 60.0
IDLE_S = 60.0
KEPT_S = 20.0
"""Games that were read for a figure serve the next one so long."""


class Question(msgspec.Struct, frozen=True):
    """What the pages ask of the store.

    `limit` belongs to lists; the others to `survival`: of which games, alive at which tick, a rug
    within how many, and how many sidebets one after the other from there.
    """

    op: str
    limit: int = 100
    origin: str = "real"
    at: int = 0
    within: int = 40
    bets: int = 1


class _Answer(msgspec.Struct, frozen=True):
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: str | None = None
    advice: str = ""


class StoreWorker:
    """Asks the child; one question at a time. A child that fails or overruns is replaced."""

    def __init__(
        self, data_dir: Path, *, timeout_s: float = TIMEOUT_S, idle_s: float = IDLE_S
    ) -> None:
        self._data_dir = data_dir
        self._timeout_s = timeout_s
        self._idle_s = idle_s
        self._child: Process | None = None
        self._turn = asyncio.Lock()
        self._resting: asyncio.TimerHandle | None = None

    async def ask(self, question: Question) -> msgspec.Raw:
        """Return the answer as JSON.

        Raises:
            UsageError: the store refuses, as it says itself.
            VectraError: the worker ended or took too long.
        """
        async with self._turn:
            self._stay()
            try:
                async with asyncio.timeout(self._timeout_s):
                    answer = await self._exchange(question)
            except (TimeoutError, OSError, ValueError) as error:
                await self._end()
                raise VectraError(
                    f"The store did not answer ({type(error).__name__}).",
                    advice="Ask again; `vectra-player store check` looks for damage.",
                ) from None
            self._resting = asyncio.get_running_loop().call_later(self._idle_s, self._rest)
        if answer.error is not None:
            raise UsageError(answer.error, advice=answer.advice)
        return answer.result

    async def close(self) -> None:
        """End the child."""
        async with self._turn:
            self._stay()
            await self._end()

    async def _exchange(self, question: Question) -> _Answer:
        child = await self._running()
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(msgspec.json.encode(question) + b"\n")
        await child.stdin.drain()
        return msgspec.json.decode(await child.stdout.readline(), type=_Answer)

    async def _running(self) -> Process:
        child = self._child
        if child is None or child.returncode is not None:
            self._child = child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", __name__, str(self._data_dir)),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                limit=MAX_ANSWER_BYTES,
                start_new_session=True,
            )
        return child

    def _stay(self) -> None:
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None

    def _rest(self) -> None:
        """Let an idle child see the end of its input, and so end by itself."""
        if self._child is not None and self._child.stdin is not None and not self._turn.locked():
            self._child.stdin.close()
            self._child = None

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def _sessions(reader: StoreReader, question: Question) -> list[dict[str, Any]]:
    return [msgspec.structs.asdict(session) for session in reader.sessions()[: question.limit]]


def _games(reader: StoreReader, question: Question) -> list[dict[str, Any]]:
    from vectra_player.store.reads import GameFilter

    return [msgspec.structs.asdict(game) for game in reader.games(GameFilter(limit=question.limit))]


def _survival(reader: StoreReader, question: Question) -> dict[str, Any]:
    """Answer with the figures of `analyze survival`, and those of the moment asked for."""
    from vectra_player.analysis.survival import exposure, survival
    from vectra_player.game.sidebet import WINDOW_TICKS

    games = _games_of(reader, question.origin)
    seen = exposure(games)
    return {
        "origin": question.origin,
        "survival": survival(games),
        "asked": seen.window(question.at, question.within),
        "ladder": [
            seen.window(question.at, WINDOW_TICKS * bet) for bet in range(1, question.bets + 1)
        ],
    }


def _games_of(reader: StoreReader, origin: str) -> Games:
    """Load the games of an origin; a slider that is moved asks for the same ones again."""
    from vectra_player.analysis.games import load_games
    from vectra_player.store.reads import GameFilter

    now_s = time.monotonic()
    read_s, games = _loaded.get(origin, (-KEPT_S, None))
    if games is None or now_s - read_s >= KEPT_S:
        games = load_games(reader, GameFilter(origins=cast("Origins", origin)), unfinished=True)
        _loaded[origin] = (now_s, games)
    return games


_loaded: dict[str, tuple[float, Games]] = {}
"""The games of each origin and when they were read."""

_OPERATIONS: dict[str, Callable[[StoreReader, Question], Any]] = {
    "sessions": _sessions,
    "games": _games,
    "survival": _survival,
}


def _answer(data_dir: Path, line: bytes) -> _Answer:
    from vectra_player.store.reads import StoreReader

    try:
        question = msgspec.json.decode(line, type=Question)
        with StoreReader(data_dir) as reader:
            result = _OPERATIONS[question.op](reader, question)
    except VectraError as error:
        return _Answer(error=error.message, advice=error.advice)
    except (KeyError, msgspec.DecodeError) as error:
        return _Answer(error=f"The store has no such question: {error}.")
    return _Answer(result=msgspec.Raw(msgspec.json.encode(result)))


def _serve(data_dir: Path) -> None:
    """Answer the parent until it closes our input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(msgspec.json.encode(_answer(data_dir, line)) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
