"""A game page in memory: it shows, takes presses of the mouse and tells of them, as told to.

page = FakePage(amount="0.03")
page.hands = hands          # who is told of presses
page.faults.add("silent")   # see `FakePage.faults`
"""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

from vectra_player.model.press import PressSeen
from vectra_player.sources.chrome.page import PageError
from vectra_player.trading import selectors
from vectra_player.trading.records import Order, OrderType
from vectra_player.trading.selectors import KINDS

ORIGIN = "http://127.0.0.1:4000"
SELECTORS = selectors.load()
PLACES = {name: (10.0 * number, 20.0) for number, name in enumerate(KINDS, 1)}


class FakeClock:
    """A clock that goes on by a hundredth of a second each time it is read."""

    def __init__(self) -> None:
        self._ticks = itertools.count()

    def now_us(self) -> int:
        return 1_700_000_000_000_000 + next(self._ticks) * 10_000

    def monotonic(self) -> float:
        return next(self._ticks) / 100


class FakePage:
    """What `GamePage` is to trading.

    faults: "mute" proves nothing, "silent" does not answer, "deaf" does nothing when pressed,
    "unanswered" takes the press without saying so, "withheld" tells that it would have gone wrong,
    "beside" tells of another button, "untrusted".
    """

    origin = ORIGIN

    def __init__(self, amount: str = "0", share: str = "100%", **changes: Any) -> None:
        self.amount, self.share = amount, share
        self.changes = changes
        self.looks: dict[str, dict[str, Any]] = {}
        self.faults: set[str] = set()
        self.asked: list[dict[str, Any]] = []
        self.clicked: list[str] = []
        self.pictures = 0
        self.scrolled = True
        self.hands: Any = None
        self._armed = ("", "")

    def look(self, name: str) -> dict[str, Any]:
        rule = SELECTORS.named(name)
        stated = f"{Decimal(self.amount or 0):.3f}" if rule.states_order else ""
        x, y = PLACES[name]
        aim = {"x": x, "y": y, "left": 0, "top": 0, "width": 9, "height": 9}
        seen = {
            "name": name,
            "found": 1,
            "placed": 1,
            "worded": 1,
            "text": f"{rule.word} {stated}".strip(),
            "stated": stated,
            "obstacles": [],
            "moving": False,
            "aim": {**aim, "on_screen": self.scrolled, "covered_by": ""},
        }
        return seen | self.looks.get(name, {})

    async def call(self, function: str, *values: Any) -> Any:
        if "silent" in self.faults:
            raise PageError("page_silent", "The page is silent.")
        asked = values[1]
        self.asked.append(asked)
        self.scrolled = self.scrolled or bool(asked["scroll_to"])
        self._armed = (asked["arm"], asked["token"])
        seen = {
            "origin": ORIGIN,
            "path": "/",
            "visibility": "visible",
            "scale": 1,
            "listening": True,
            "amounts": [self.amount],
            "chosen": [self.share],
            "shares": [self.share.removesuffix("%")],
            "dialogs": [],
            "signs": [],
            "buttons": [self.look(name) for name in asked["names"] or KINDS],
        }
        return seen | self.changes

    async def send_mouse(self, x: float, y: float) -> None:
        if "gone" in self.faults:
            raise PageError("page_gone", "The page is gone.")
        name = next(name for name, place in PLACES.items() if place == (x, y))
        if "withheld" not in self.faults:
            self.clicked.append(name)
            self._act(name)
        if "mute" not in self.faults:
            self._tell(name)
        if "unanswered" in self.faults:
            raise PageError("press_unanswered", "No answer.", sent=True)

    async def screenshot(self) -> bytes:
        self.pictures += 1
        return b"\x89PNG"

    def _act(self, name: str) -> None:
        if "deaf" in self.faults or KINDS[name] == "money":
            return
        now = Decimal(self.amount)
        acts = {"CLEAR": Decimal(0), "MAX": Decimal(4), "X2": now * 2, "1/2": now / 2}
        if KINDS[name] == "percentage":
            self.share = name
        else:
            self.amount = str(acts[name] if name in acts else now + Decimal(name))

    def _tell(self, name: str) -> None:
        button = "" if self.faults & {"withheld", "beside"} else name
        self.hands.heard(
            PressSeen(
                button=button,
                label=button or "SHORT",
                at_ms=5.0,
                trusted="untrusted" not in self.faults,
                token=self._armed[1],
                withheld="withheld" in self.faults,
            )
        )


def make_order(kind: OrderType = "BUY", **values: Any) -> Order:
    """Build an order: BUY and SIDEBET of 0.03 SOL, SELL of 50 %."""
    carried = {"percentage": 50} if kind == "SELL" else {"amount": Decimal("0.03")}
    ours = {"action_id": "a1", "action_type": kind, "actor": "bot", "mode": "practice"}
    return Order(**{**ours, **carried, **values})
