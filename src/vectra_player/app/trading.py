"""Join trading to a running recorder: the gate, the hands on the page, and who is told.

Every service has a gate, so that the kill switch works everywhere; only one that records a Chrome
has hands. Built by `app.foundation`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import structlog

from vectra_player.app.recorder import Recorder
from vectra_player.app.trade_control import Check, kill_by_signal, open_gate, watch_gate
from vectra_player.bus import Events, spawn
from vectra_player.clock import Clock
from vectra_player.config import Settings
from vectra_player.errors import CaptureHaltedError, UsageError
from vectra_player.foundation.click_desk import ClickDesk
from vectra_player.foundation.messages import Message
from vectra_player.foundation.switch_desk import SwitchDesk
from vectra_player.model.press import PressSeen
from vectra_player.model.selectors import Selectors
from vectra_player.sources.chrome.page import GamePage
from vectra_player.store.layout import DataDir
from vectra_player.store.writer import EventStore
from vectra_player.trading.gate import Gate
from vectra_player.trading.gate_records import GateEvent
from vectra_player.trading.hands import Hands
from vectra_player.trading.records import Refusal
from vectra_player.trading.selectors import load
from vectra_player.trading.survey import Finding, self_test
from vectra_player.trading.trader import Trader

log = structlog.get_logger(__name__)

PICTURES_KEPT = 50
"""Screenshots of refusals; the oldest go."""


@runtime_checkable
class PageSource(Protocol):
    """A source whose page can be pressed: Chrome's and practice's."""

    @property
    def origin(self) -> str:
        """Return the origin of the page."""
        ...

    def page(self) -> GamePage | None:
        """Return the page; None while there is none."""
        ...

    def on_press(self, callback: Callable[[PressSeen], None]) -> None:
        """Have `callback` told of presses of the page's buttons."""
        ...


class Trading(NamedTuple):
    """What the service asks about trading."""

    gate: Gate
    switch: SwitchDesk
    desk: ClickDesk
    check: Check


class _Facts:
    """Records facts of trading; see `trading.records.Facts`."""

    def __init__(self, recorder: Recorder, store: EventStore) -> None:
        self._recorder = recorder
        self._store = store

    def note(self, kind: str, detail: object) -> int:
        """Record a fact; a store that takes nothing counts as no recording."""
        try:
            return self._recorder.note(kind, detail)
        except CaptureHaltedError as error:
            log.warning("not recorded", kind=kind, error=error.message)
            return 0

    async def durable(self, seq: int, timeout_s: float) -> bool:
        """Wait until a fact survives a crash."""
        return seq > 0 and await asyncio.to_thread(self._store.wait_durable, seq, timeout_s)


@contextlib.asynccontextmanager
async def trading(
    source: object,
    recorder: Recorder,
    store: EventStore,
    settings: Settings,
    publish: Callable[[Message], object],
    *,
    allow_live: bool,
    clock: Clock,
) -> AsyncIterator[Trading]:
    """Serve gate and page until the block ends; to be entered before the feed is attached."""
    facts = _Facts(recorder, store)
    page = source if isinstance(source, PageSource) else None
    told: list[Callable[[GateEvent], None]] = []
    gate = open_gate(
        settings,
        origin="" if page is None else page.origin,
        allow_live=allow_live,
        clock=clock,
        listen=_recorded(facts, told),
        unrecorded=str if page is None else lambda: _unrecorded(recorder, store),
    )
    desk = ClickDesk(recorder.bus, recorder.live.snapshot, publish, clock)
    switch = SwitchDesk(gate, publish, clock)
    told.append(switch.changed)
    check: Check = _nowhere
    async with contextlib.AsyncExitStack() as steps:
        steps.callback(desk.close)
        if page is not None:
            selectors = load(settings.data_dir)
            hands = _hands_of(page, selectors, settings, clock, lambda: trader)
            trader = _trader_of(page, hands, gate, desk, facts, recorder, clock)
            check = _check_of(hands, selectors)
            steps.push_async_callback(hands.pictured)
            steps.push_async_callback(trader.close)
        watching = spawn(watch_gate(gate), name="gate")
        steps.callback(watching.cancel)
        steps.enter_context(kill_by_signal(gate.switch))
        yield Trading(gate, switch, desk, check)


def _recorded(
    facts: _Facts, told: list[Callable[[GateEvent], None]]
) -> Callable[[GateEvent], None]:
    """Record changes of the gate, then tell of them."""

    def changed(event: GateEvent) -> None:
        facts.note("gate", event)
        for tell in told:
            tell(event)

    return changed


def _unrecorded(recorder: Recorder, store: EventStore) -> str:
    """Say why nothing of the page is recorded; empty while it is."""
    if not recorder.recording:
        return "Nothing is recorded: start the recording."
    halt = store.halted
    return "" if halt is None else f"Recording is halted: {halt.reason}."


async def _nowhere() -> list[Finding]:
    raise UsageError(
        "There is no game page here whose buttons could be looked for.",
        advice="`vectra-player up --source practice` opens one, --source chrome the game's.",
    )


def _check_of(hands: Hands, selectors: Selectors) -> Check:
    async def check() -> list[Finding]:
        seen = await hands.look()
        if isinstance(seen, Refusal):
            return [Finding(button="", code=seen.code, message=seen.message)]
        return self_test(seen, selectors)

    return check


def _hands_of(
    page: PageSource,
    selectors: Selectors,
    settings: Settings,
    clock: Clock,
    trader: Callable[[], Trader],
) -> Hands:
    pictures = DataDir(settings.data_dir).results / "refusals"
    return Hands(
        page.page,
        selectors,
        clock,
        on_press=lambda press: trader().pressed(press),
        on_refusal=lambda action, refusal, png: _keep_picture(pictures, action, refusal, png),
    )


def _trader_of(
    page: PageSource,
    hands: Hands,
    gate: Gate,
    desk: ClickDesk,
    facts: _Facts,
    recorder: Recorder,
    clock: Clock,
) -> Trader:
    def origin() -> str | None:
        there = page.page()
        return None if there is None else there.origin

    trader = Trader(
        gate,
        hands,
        facts,
        recorder.live.snapshot,
        mode=gate.status().mode or "live",
        page_origin=origin,
        recording=lambda: recorder.storing,
        told=desk.step,
        clock=clock,
    )
    desk.serve(trader)

    def pressed(press: PressSeen) -> None:
        if not hands.heard(press):
            desk.seen(press)

    page.on_press(pressed)
    attach = recorder.bus.attach
    attach(Events.RECORDING_STARTED, lambda _: trader.tell_unfinished(), name="trading")
    attach(Events.RECORDING_ENDING, lambda _: trader.withdraw_waiting(), name="trading")
    return trader


def _keep_picture(folder: Path, action_id: str, refusal: Refusal, png: bytes) -> None:
    """Keep what the page looked like when it was not pressed."""
    if not png:
        return
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        kept = sorted(folder.glob("*.png"), key=lambda path: path.stat().st_mtime_ns)
        for old in kept[: -PICTURES_KEPT + 1]:
            old.unlink(missing_ok=True)
        path = folder / f"{action_id}.png"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(png)
    except OSError as error:
        log.warning("no picture of the refusal", action=action_id, error=str(error))
        return
    log.info("the page was not pressed", action=action_id, code=refusal.code, picture=str(path))
