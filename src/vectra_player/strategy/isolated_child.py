"""The child of `strategy.isolated`: plays what the parent sends. Run as a module by it alone."""

from __future__ import annotations

import mmap
import os
import signal
import sys
import threading
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path
from time import monotonic, sleep

import msgspec
import numpy as np

from vectra_player.errors import VectraError
from vectra_player.strategy.actions import Action
from vectra_player.strategy.api import Strategy
from vectra_player.strategy.context import Context
from vectra_player.strategy.engine import MAX_ACTIONS, Engine
from vectra_player.strategy.isolated_wire import (
    BEAT_BYTES,
    Play,
    Report,
    Request,
    Setup,
    Started,
    Step,
    read_message,
    write_beat,
    write_message,
)
from vectra_player.strategy.latency import Latency
from vectra_player.strategy.loading import make
from vectra_player.strategy.market import game_steps
from vectra_player.strategy.paper import PaperBroker
from vectra_player.strategy.records import GameResult


class _Beating(Strategy):
    """Notes when a call of the strategy begins and ends."""

    def __init__(self, inner: Strategy, beat: mmap.mmap) -> None:
        super().__init__()
        self._inner = inner
        self._beat = beat
        self.params = inner.params
        self.name = inner.name

    def on_game_start(self, context: Context) -> None:
        """Pass the call on."""
        write_beat(self._beat, monotonic(), context.tick)
        self._inner.on_game_start(context)
        write_beat(self._beat, 0.0, 0)

    def on_tick(self, context: Context) -> Sequence[Action]:
        """Pass the call on; a generator runs in here."""
        write_beat(self._beat, monotonic(), context.tick)
        wanted: Iterable[Action] | None = self._inner.on_tick(context)
        actions = list(islice(wanted, MAX_ACTIONS + 1)) if wanted else []
        write_beat(self._beat, 0.0, 0)
        return actions

    def on_game_end(self, result: GameResult) -> None:
        """Pass the call on."""
        write_beat(self._beat, monotonic(), result.last_tick or 0)
        self._inner.on_game_end(result)
        write_beat(self._beat, 0.0, 0)


class _Reporter:
    """Says what is new since the last report."""

    def __init__(self, engine: Engine, broker: PaperBroker) -> None:
        self._engine = engine
        self._broker = broker
        self._told = (0, 0, 0)

    def report(self) -> Report:
        """Return what happened since the last call."""
        engine, (decided, done, played) = self._engine, self._told
        games = engine.context.results
        self._told = (len(engine.decisions), len(engine.outcomes), len(games))
        return Report(
            decisions=engine.decisions[decided:],
            outcomes=engine.outcomes[done:],
            games=list(games[played:]),
            stopped=engine.stopped,
            cash=self._broker.ledger.cash,
        )


def _serve(source: int, target: int, beat: mmap.mmap) -> None:
    """Play what the parent asks for until it goes away."""
    setup = msgspec.msgpack.decode(read_message(source), type=Setup)
    folder = Path(setup.folder) if setup.folder else None
    try:
        strategy = make(setup.strategy, setup.params, folder)
    except VectraError as error:
        write_message(target, Started(problem=error.message, advice=error.advice))
        return
    broker = PaperBroker(
        Decimal(setup.cash),
        latency=Latency(setup.latency_ms),
        rug_payout=setup.rug_payout,
        seed=setup.seed,
    )
    engine = Engine(_Beating(strategy, beat), broker, limits=setup.limits, seed=setup.seed)
    write_message(target, Started(strategy.name, msgspec.to_builtins(strategy.params)))
    reporter = _Reporter(engine, broker)
    while True:
        request: Request = msgspec.msgpack.decode(read_message(source), type=Request)
        _carry_out(engine, request)
        write_message(target, reporter.report())


def _carry_out(engine: Engine, request: Request) -> None:
    if isinstance(request, Play):
        prices = np.frombuffer(request.prices, np.float64)
        if engine.stopped is None:
            for market in game_steps(
                request.game_id, prices, request.rug_tick, ended_us=request.ended_us
            ):
                engine.step(market)
    elif isinstance(request, Step):
        engine.step(request.market)
    else:
        engine.finish()


def _die_with_parent() -> None:
    """End the process when its parent is gone, though the strategy may loop."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, target = os.dup(0), os.dup(1)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)  # the strategy must not read our messages
    os.dup2(2, 1)  # nor print among them
    beat = mmap.mmap(int(sys.argv[1]), BEAT_BYTES)
    _die_with_parent()
    try:
        _serve(source, target, beat)
    except (EOFError, BrokenPipeError):
        sys.exit(0)


if __name__ == "__main__":
    _main()
