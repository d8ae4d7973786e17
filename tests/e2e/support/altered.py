"""Press the buttons of altered pages through our own Chrome source; see what truly happened.

`python -m tests.e2e.support.altered [NAME...]` walks over all alterations, or those named, and
prints what became of each: the long form of tests/e2e/test_buttons.py. What a press did is
told by the page's own log and by the frames it sent, both read without our own hands.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace
from tests.command_support import free_port
from tests.demo_fixtures import standing_demo
from tests.e2e.support.browser import User
from tests.e2e.support.recording import Recording, recording

from vectra_player.clock import SystemClock
from vectra_player.demo import DemoServer
from vectra_player.demo.alterations import alterations
from vectra_player.trading import hands, selectors
from vectra_player.trading.hands import Hands, Pressed
from vectra_player.trading.records import Order, OrderType, Refusal

STAKE, SHARE = Decimal("0.03"), 50
MORE = Decimal(1)
"""Set before the stake, so that X has to be pressed."""
TAKEN_BACK_S = 0.08
"""A page that takes a press back does it by then."""
PATIENCE_S = 60
STEPS = {
    **{name: (name,) for name in ("BUY", "SELL", "SIDEBET")},
    "AMOUNT": ("AMOUNT", "BUY", "SIDEBET"),
    "SHARE": ("SHARE", "SELL"),
}
"""What is tried that rests on each part of the page."""

NAVIGATE = "function (url) { location.replace(url); }"
READY = """(() => {
  const log = window.__demo;
  const told = log?.frames.some((f) => f.way === "received" && f.raw.includes('"playerUpdate"'));
  return told && performance.timeOrigin > BEFORE ? (log.altered ?? []).join() : null;
})()"""


class Leave:
    """A permit that always allows: what is tried here is the hand, not the gate."""

    def __init__(self) -> None:
        self.spent: list[str] = []

    def spend(self, button: str) -> None:
        self.spent.append(button)


class Tried(NamedTuple):
    """What was asked of one altered page and what came of it.

    `orders` left the page: (event, payload). `clicks`: what the pressed controls truly do.
    """

    name: str
    results: dict[str, tuple[Pressed, ...] | Pressed | Refusal]
    presses: list[Pressed]
    orders: list[tuple[str, Any]]
    clicks: list[str]

    def wrong(self) -> list[str]:
        """Return what no page may ever bring about."""
        asked = [_wire(pressed.button) for pressed in self.presses]
        wanted = [order for order in asked if order is not None]
        found = [f"order nobody asked for: {each}" for each in self.orders if each not in wanted]
        if len(self.orders) > len(wanted):
            found.append(f"{len(self.orders)} orders of {len(wanted)} presses")
        pressed = [each.button.replace("CLEAR", "X") for each in self.presses]
        found += [f"pressed {what}" for what in self.clicks if what not in pressed]
        if len(self.clicks) > len(self.presses):
            found.append(f"{len(self.clicks)} clicks of {len(self.presses)} presses")
        return found

    def refused(self, *buttons: str) -> list[str]:
        """Return the codes of the refusals of these steps."""
        told = [self.results[button] for button in buttons if button in self.results]
        return [each.code for each in told if isinstance(each, Refusal)]

    @property
    def worked(self) -> bool:
        """Tell whether everything asked was done and sent."""
        return not self.refused(*self.results) and len(self.orders) == 3

    def line(self) -> str:
        told = []
        for step, result in self.results.items():
            if isinstance(result, Refusal):
                told.append(f"{step}: {result.code}")
            elif isinstance(result, Pressed) and not result.proven:
                told.append(f"{step}: in doubt")
            else:
                told.append(f"{step}: done")
        return f"{self.name}: {', '.join(told)}; {len(self.orders)} orders; {self.wrong() or 'ok'}"


def _wire(button: str) -> tuple[str, Any] | None:
    """Return the order a money button must send, without what is not ours to say."""
    sends = {
        "BUY": ("buyOrder", {"amount": float(STAKE)}),
        "SELL": ("sellOrder", {"percentage": SHARE}),
        "SIDEBET": ("requestSidebet", {"amount": float(STAKE)}),
    }
    return sends.get(button)


class Bench:
    """One browser on one demo server whose game stands still, and our hands in it."""

    def __init__(self, server: DemoServer, run: Recording, port: int) -> None:
        self.server = server
        self.run = run
        self.user = User(port)
        self.presses: list[Pressed] = []
        self.pictures: list[bytes] = []
        self.hands = Hands(
            run.source.page,
            selectors.load(),
            SystemClock(),
            on_press=self.presses.append,
            on_refusal=lambda action, refusal, picture: self.pictures.append(picture),
        )
        run.source.on_press(self.hands.heard)
        self._visits = 0

    async def evaluate(self, expression: str) -> Any:
        """Evaluate in the page's own world, past our hands."""
        page = self.run.source.page()
        assert page is not None
        asked = {"expression": expression, "returnByValue": True}
        answer = await self.user.ask_page(page.target_id, "Runtime.evaluate", **asked)
        return answer.get("result", {}).get("value")

    async def visit(self, alteration: str = "") -> None:
        """Load the page as a new player, altered."""
        self._visits += 1
        altered = f"&alter={alteration}" if alteration else ""
        url = f"{self.server.url}/?login=1&user=player-{self._visits}{altered}"
        before = await self.evaluate("performance.timeOrigin")
        page = self.run.source.page()
        assert page is not None
        await page.call(NAVIGATE, url)
        async with asyncio.timeout(PATIENCE_S):
            while await self.evaluate(READY.replace("BEFORE", str(before))) != alteration:
                await asyncio.sleep(0.03)
        await self.hands.pictured()
        self.hands._pictured_s = None
        self.presses.clear()
        self.pictures.clear()

    def order(self, kind: OrderType) -> Order:
        """Make an order of this walk's stake and share."""
        return Order(
            action_id=f"{kind}-{self._visits}",
            action_type=kind,
            actor="bot",
            mode="practice",
            amount=None if kind == "SELL" else STAKE,
            percentage=SHARE if kind == "SELL" else None,
        )

    async def sent(self) -> list[tuple[str, Any]]:
        """Return the orders that left the page, by its own socket's log."""
        frames = await self.evaluate("window.__demo.frames.filter((f) => f.way === 'sent')")
        texts = [frame["raw"] for frame in frames if frame["raw"].startswith("42")]
        packets = [json.loads(text[text.index("[") :]) for text in texts]
        orders = [(p[0], p[-1]) for p in packets if p[0].endswith("Order") or "Sidebet" in p[0]]
        return [
            (name, {key: payload[key] for key in ("amount", "percentage") if key in payload})
            for name, payload in orders
        ]

    async def settle(self, kind: OrderType, before: int) -> None:
        """Wait until the account shows an order that left the page, if it does."""
        event = {"BUY": "buyOrder", "SELL": "sellOrder", "SIDEBET": "requestSidebet"}[kind]
        answered = f"window.__demo.frames.filter((f) => f.raw.includes('\"{event}\"')).length"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.4):
                while await self.evaluate(answered) <= before:
                    await asyncio.sleep(0.02)
                await asyncio.sleep(0.06)

    async def walk(self, alteration: str) -> Tried:
        """Set an amount twice, buy, choose a share, sell and bet on an altered page."""
        await self.visit(alteration)
        results: dict[str, Any] = {}
        hand, leave = self.hands, Leave()
        buy, sell, bet = (self.order(kind) for kind in ("BUY", "SELL", "SIDEBET"))
        more = replace(buy, amount=MORE)
        results["MORE"] = await hand.set_amount(more, lambda button: leave)
        results["AMOUNT"] = await hand.set_amount(buy, lambda button: leave)
        results["BUY"] = await hand.press_order(buy, leave)
        if isinstance(results["BUY"], Pressed):
            await self.settle("BUY", 0)
        results["SHARE"] = await hand.choose_percentage(sell, lambda button: leave)
        await asyncio.sleep(TAKEN_BACK_S)
        results["SELL"] = await hand.press_order(sell, leave)
        results["SIDEBET"] = await hand.press_order(bet, leave)
        await self.settle("SIDEBET", 0 if isinstance(results["SIDEBET"], Pressed) else -1)
        clicks = await self.evaluate("window.__demo.presses.map((press) => press.what)")
        return Tried(alteration, results, list(self.presses), await self.sent(), clicks)


@contextlib.contextmanager
def patience() -> Iterator[None]:
    """Let proofs take as long as a busy machine needs: what is shown here is not how fast."""
    usual = hands.PROOF_S, hands.SETTLE_S
    hands.PROOF_S, hands.SETTLE_S = 5.0, 1.0
    try:
        yield
    finally:
        hands.PROOF_S, hands.SETTLE_S = usual


@contextlib.asynccontextmanager
async def bench(folder: Path, **switches: Any) -> AsyncIterator[Bench]:
    """Start server, browser and hands; the game is live and stands still."""
    port = free_port()
    async with standing_demo(**switches) as server:
        options: dict[str, Any] = {"selectors": selectors.load(), "cdp_port": port}
        async with recording(f"{server.url}/?login=1", folder / "profile", **options) as run:
            await run.until(lambda: run.source.page() is not None, "a page")
            with patience():
                yield Bench(server, run, port)


async def main(names: list[str]) -> int:
    """Walk; return how many pages brought about something wrong."""
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        async with bench(Path(folder)) as place:
            for name in names:
                began = time.monotonic()
                tried = await place.walk(name)
                expected = alterations()[name].expect if name else "works"
                right = as_expected(tried, expected, name)
                bad += bool(tried.wrong()) or not right
                took = time.monotonic() - began
                print(f"{'' if right else 'UNEXPECTED '}{expected} {tried.line()} {took:.1f} s")
    print(f"{len(names)} pages, {bad} wrong")
    return 1 if bad else 0


def as_expected(tried: Tried, expect: str, name: str) -> bool:
    """Tell whether what was tried came out as the table of alterations says."""
    if expect == "works":
        return tried.worked
    if expect == "refuses":
        steps = [step for part in alterations()[name].touches for step in STEPS[part]]
        return bool(tried.refused(*steps))
    return True


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:] or ["", *alterations()])))
