"""Kill a service that trades, again and again, and compare. Used by test_kill_orders.py (short
form) and kill_orders.py (long form).

The child is the service without Chrome: the real store, recorder, gate and trader, joined as
`app.trading` joins them; the page, its server and the hands on it are simulated. A press is a line
in a pipe, written in the instant of the press: it outlives the kill, as a click does.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.command_support import table
from tests.security.order_world import Plan, World

from vectra_player.app import trading as app_trading
from vectra_player.app.recorder import Recorder
from vectra_player.clock import SystemClock
from vectra_player.config import Settings, TradeSettings
from vectra_player.errors import PressRefusedError
from vectra_player.foundation.click_desk import ClickDesk
from vectra_player.model.frame import Frame
from vectra_player.model.press import PressSeen
from vectra_player.sources.base import Emit
from vectra_player.store.writer import EventStore
from vectra_player.strategy.actions import Action, Buy, PlaceSidebet, Sell
from vectra_player.trading.gate import Gate
from vectra_player.trading.hands import Pressed
from vectra_player.trading.memory import TradeMemory
from vectra_player.trading.permit import Permit
from vectra_player.trading.records import Order, Refusal

ORIGIN = "http://127.0.0.1:8765"
SPEED = 40.0
LOST = "the service ended before its outcome was known"
PATIENCE_S = 4.0
"""A child that does not come to its step by then is killed where it is."""

STEPS = (
    *("noted", "durable", "looked", "written", "spent", "pressed", "sent", "replied"),
    *("ended", "ended durable", "forgotten"),
)
"""Where a child ends itself: the steps of an order in their order."""

Shot = tuple[str, int]
"""A step and at which time it comes; or "" and milliseconds after the first press."""

Step = Callable[[str], None]


class Page:
    """The one page."""

    origin = ORIGIN


class WorldSource:
    """The simulated page as a source; see `sources.base.Source` and `app.trading.PageSource`."""

    origin = ORIGIN

    def __init__(self, world: World, step: Step) -> None:
        self._world = world
        self._step = step

    def page(self) -> Page:
        """Return the page."""
        return Page()

    def on_press(self, callback: Callable[[PressSeen], None]) -> None:
        """Nobody presses by hand here."""

    async def run(self, emit: Emit) -> None:
        """Play."""

        def told(frame: Frame) -> None:
            emit(frame)
            self._step("sent" if frame.direction == "sent" else "")
            if frame.raw.startswith("43"):
                self._step("replied")

        self._world.emit = told
        self._world.tell_account()
        await self._world.play()

    def acknowledge(self, receipt: int) -> None:
        """Nothing is kept."""

    async def close(self) -> None:
        """Nothing is left."""


class PipeHands:
    """Hands whose presses are lines in a pipe."""

    def __init__(self, world: World, pipe: Connection, step: Step) -> None:
        self._world = world
        self._pipe = pipe
        self._step = step

    def heard(self, press: PressSeen) -> bool:
        """Nobody presses by hand here."""
        return False

    async def pictured(self) -> None:
        """No pictures are taken."""

    async def look(self) -> Any:
        """Find the tab on the screen."""
        await asyncio.sleep(0.001)
        self._step("looked")
        return type("Seen", (), {"visibility": "visible"})()

    async def set_amount(self, order: Order, permit_for: Any, *, maximum: object) -> tuple[()]:
        """Find the amount right."""
        return ()

    async def choose_percentage(self, order: Order, permit_for: Any) -> tuple[()]:
        """Find the share right."""
        return ()

    async def press_order(self, order: Order, permit: Permit) -> Pressed | Refusal:
        """Press, and say so."""
        try:
            permit.spend(order.action_type)
        except PressRefusedError as error:
            return Refusal(code=error.code, message=error.message)
        self._step("spent")
        self._pipe.send(("pressed", order.action_id))
        self._step("pressed")
        value = float(order.amount or order.percentage or 0)
        self._world.pressed(order.action_id, order.action_type, value, Plan())
        await asyncio.sleep(0.002)
        return Pressed(
            action_id=order.action_id, button=order.action_type, press_us=0, press_s=0.0, doubt=""
        )


def watch_steps(step: Step) -> None:
    """Have the code of an order's way say where it is."""

    def after(owner: Any, name: str, told: Callable[[tuple[Any, ...]], str]) -> None:
        real = getattr(owner, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            done = real(*args, **kwargs)
            step(told(args))
            return done

        setattr(owner, name, wrapped)

    names = {"intent": "noted", "outcome": "ended"}
    after(app_trading._Facts, "note", lambda args: names.get(args[1], ""))
    after(TradeMemory, "keep", lambda args: "written")
    after(Gate, "outcome_durable", lambda args: "forgotten")
    real = app_trading._Facts.durable

    async def durable(self: Any, seq: int, timeout_s: float) -> bool:
        done = await real(self, seq, timeout_s)
        step("durable" if timeout_s < 10 else "ended durable")
        return done

    app_trading._Facts.durable = durable  # type: ignore[method-assign]


def child(root: str, pipe: Connection, shot: Shot, seed: int) -> None:
    """Be the service until killed."""
    left = [shot[1]]

    def step(name: str) -> None:
        if shot[0] and name == shot[0]:
            left[0] -= 1
            if left[0] <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    asyncio.run(serve(Path(root), pipe, step, random.Random(seed)))


async def serve(root: Path, pipe: Connection, step: Step, rng: random.Random) -> None:
    """Start as the service does, look at a halt, go on, and trade without end."""
    world = World(rng, SystemClock(), speed=SPEED)
    trade = TradeSettings(
        orders_per_minute=60,
        max_exposure_sol=Decimal(5),
        max_loss_session_sol=Decimal(9),
        max_loss_day_sol=Decimal(9),
    )
    settings = Settings(data_dir=root, trade=trade)
    with EventStore.open(root) as store:
        hands = PipeHands(world, pipe, step)
        app_trading.Hands = lambda *args, **more: hands  # type: ignore[assignment, misc]
        recorder = Recorder(store, WorldSource(world, step), "demo", recording=False)
        joined = app_trading.trading(
            recorder._source,
            recorder,
            store,
            settings,
            lambda message: None,
            allow_live=False,
            clock=SystemClock(),
        )
        async with joined as trading:
            lost = [way.action_id for way in trading.gate.unfinished if not way.told]
            await recorder.start_recording()
            watch_steps(step)
            running = asyncio.create_task(recorder.run())  # noqa: TID251
            await ready(recorder)
            refused = await give(trading.desk, Buy("0.002"))
            pipe.send(("started", trading.gate.state(), lost, refused))
            trading.gate.acknowledge("test")
            await trade_on(trading.desk, rng)
            await running


async def ready(recorder: Recorder) -> None:
    """Wait for a game that can be traded in."""
    while recorder.live.snapshot().balance is None or not recorder.live.snapshot().game_id:
        await asyncio.sleep(0.002)


async def give(desk: ClickDesk, action: Action) -> str:
    """Give an order; return why it was blocked at once, if it was."""
    return str(desk.act(action, "bot", "PRACTICE").action.error or "")


async def trade_on(desk: ClickDesk, rng: random.Random) -> None:
    """Give orders, whatever they come to."""
    while True:
        amount = Decimal(rng.randrange(1, 11)) / 1000
        choices: list[Action] = [Buy(amount), Sell(100), PlaceSidebet(amount), Sell(50)]
        await give(desk, rng.choice(choices))
        desk.trader.gate.notice()
        if desk.trader.gate.state() == "HALTED":
            desk.trader.gate.acknowledge("test")
        await asyncio.sleep(rng.uniform(0.0, 0.03))


# The parent ------------------------------------------------------------------------------------


class Rig:
    """One run of kills. `counts`: what was done and compared."""

    def __init__(self, base: Path, seed: int, a_directory: int) -> None:
        self.counts: Counter[str] = Counter()
        self._base = base
        self._rng = random.Random(seed)
        self._a_directory = a_directory
        self._target = child
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.crash.order_rig"])

    def run(self, kills: int) -> Iterator[Counter[str]]:
        """Carry out the kills; yields the counts so far after each directory.

        Raises:
            AssertionError: a press is without a record, or an order was pressed or told wrongly.
        """
        shots = self._shots()
        for first in range(0, kills, self._a_directory):
            root = self._base / f"d{first}"
            root.mkdir(mode=0o700)
            self._one_directory(root, shots, min(self._a_directory, kills - first))
            shutil.rmtree(root)
            yield self.counts

    def _shots(self) -> Iterator[Shot]:
        while True:
            for step in STEPS:
                yield step, self._rng.randrange(1, 4)
                yield "", self._rng.randrange(0, 120)

    def _one_directory(self, root: Path, shots: Iterator[Shot], kills: int) -> None:
        pressed: list[str] = []
        written: list[str] = []
        lost: set[str] = set()
        for _ in range(kills):
            told = self._shoot(root, next(shots))
            for line in told:
                if line[0] == "pressed":
                    pressed.append(line[1])
                elif line[0] == "started":
                    self._judge_start(line, written)
            self.counts["kills"] += 1
            ways = TradeMemory(root / "run").load().under_way
            written = [way.action_id for way in ways]
            lost.update(set(written) & set(pressed))
        with EventStore.open(root):
            pass  # recovers and files
        self._judge(root, pressed, lost, set(written))

    def _judge_start(self, line: tuple[Any, ...], written: list[str]) -> None:
        """A service that lost sight of an order presses nothing until somebody looked."""
        _, state, lost, refused = line
        assert set(lost) <= set(written), f"{lost} told, {written} written"
        assert (state == "HALTED") == bool(written), f"{state} with {written}"
        if written:
            assert refused.startswith("halted"), refused
            self.counts["starts halted"] += 1

    def _shoot(self, root: Path, shot: Shot) -> list[tuple[Any, ...]]:
        mine, theirs = self._context.Pipe()
        seed = self._rng.randrange(1 << 30)
        process = self._context.Process(target=self._target, args=(str(root), theirs, shot, seed))
        process.start()
        theirs.close()
        told: list[tuple[Any, ...]] = []
        end: float | None = None
        give_up = time.monotonic() + PATIENCE_S
        with suppress(EOFError):
            while True:
                wait = 0.01 if end is None else max(0.0, end - time.monotonic())
                if mine.poll(wait):
                    told.append(mine.recv())
                    if end is None and not shot[0] and told[-1][0] == "pressed":
                        end = time.monotonic() + shot[1] / 1000
                now = time.monotonic()
                if now > give_up or (end is not None and now >= end):
                    os.kill(process.pid or 0, signal.SIGKILL)
                    end = give_up = now + 3600
        process.join()
        assert process.exitcode == -signal.SIGKILL, f"the service ended: {process.exitcode}"
        self.counts["at a step" if shot[0] else "at a moment"] += 1
        return told

    def _judge(self, root: Path, pressed: list[str], lost: set[str], written: set[str]) -> None:
        assert len(pressed) == len(set(pressed)), "pressed twice"
        intents = {
            json.loads(row["raw"])["action_id"]
            for row in table(root, "ws_event", "event_name", "raw")
            if row["event_name"] == "vectra.intent"
        }
        bare = [name for name in pressed if name not in intents]
        assert bare == [], f"pressed without a record: {bare}"
        told: dict[str, list[tuple[str, str]]] = {}
        for row in table(root, "player_action", "action_id", "outcome", "error"):
            told.setdefault(row["action_id"], []).append((row["outcome"], row["error"] or ""))
        for name in pressed:
            rows = told.get(name, [])
            assert rows or name in written, f"{name} was pressed, and nobody says what became of it"
            self._judge_told(name, rows, lost)
        self.counts["presses"] += len(pressed)
        self.counts["intents"] += len(intents)

    def _judge_told(self, name: str, rows: list[tuple[str, str]], lost: set[str]) -> None:
        """An order is told once; again as lost only if the kill came between its two records."""
        as_lost = [row for row in rows if row[1] == LOST]
        others = [row for row in rows if row[1] != LOST]
        assert len(others) <= 1, f"{name} ended twice: {rows}"
        assert not as_lost or name in lost, f"{name} was told as lost and was not"
        for outcome, _ in others:
            self.counts[outcome] += 1
        self.counts["told as lost"] += bool(as_lost)
        self.counts["told as lost again"] += max(0, len(as_lost) - 1)
        self.counts["told as lost after its outcome"] += bool(as_lost and others)
