"""Carry an order out with the page's own buttons: look, judge, press once, and prove the press.

Called by `desk` on the event loop of the Chrome source, whose presses it is told (`heard`). A press
is never repeated: what cannot be proved is reported as such. Everything that is not as it should
be is a refusal with its reason, and a picture of the page for whoever wants to see why.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from decimal import Decimal
from typing import Protocol, TypeVar

import structlog
from msgspec import Struct
from msgspec.structs import replace

from vectra_player.bus import spawn
from vectra_player.clock import Clock
from vectra_player.errors import PressRefusedError
from vectra_player.model.press import PressSeen
from vectra_player.model.selectors import Selectors
from vectra_player.model.units import Micros
from vectra_player.sources.chrome.page import PageError
from vectra_player.trading import mouse
from vectra_player.trading.amounts import plan
from vectra_player.trading.mouse import Moment, Permit
from vectra_player.trading.records import SHARES, Order, Refusal
from vectra_player.trading.survey import Asked, Page, Survey, Target, look, target

log = structlog.get_logger(__name__)

PROOF_S = 0.25
"""How long the page's word for a press is waited for (capture.md: p99 19 ms)."""
SETTLE_S = 0.3
"""How long a field may take to show what a press did; longer than a busy page needs."""
HOLD_MS = 4000
"""How long an announced press may take to arrive before it counts as anybody's."""

POLL_S = 0.02
PICTURE_EVERY_S = 1.0
"""A strategy that is refused at every tick shall not have the page drawn at every tick."""

PermitFor = Callable[[str], Permit]
"""Asks the gate for leave to press one button once; raises PressRefusedError."""


_T = TypeVar("_T")


class WholePage(Page, mouse.Mouse, Protocol):
    """`sources.chrome.page.GamePage`: looked at, pressed, and pictured."""

    async def screenshot(self) -> bytes:
        """Return what the tab shows, as PNG."""
        ...


class Pressed(Struct, frozen=True, kw_only=True):
    """A press that went out. `press_us`, `press_s`: the moment before, wall and monotonic.

    `proof`: the listener's word that it hit the right button, and when that was heard; without it
    `doubt` says why, and nobody knows whether the page got it.
    """

    action_id: str
    button: str
    press_us: Micros
    press_s: float
    proof: PressSeen | None = None
    proof_us: Micros | None = None
    proof_s: float | None = None
    doubt: str = ""

    @property
    def proven(self) -> bool:
        """Tell whether the page got the press on the right button."""
        return self.proof is not None and not self.doubt


class _Job(Struct, frozen=True):
    """One press to make: `fits` says what is wrong with the page for it, beyond its button."""

    order: Order
    button: str
    permit_for: PermitFor
    fits: Callable[[Survey], Refusal | None] = lambda seen: None
    carries_order: bool = False


class Hands:
    """The one hand on the one page: whatever it does, it does one thing after another."""

    def __init__(
        self,
        page: Callable[[], WholePage | None],
        selectors: Selectors,
        clock: Clock,
        *,
        on_press: Callable[[Pressed], None] = lambda pressed: None,
        on_refusal: Callable[[str, Refusal, bytes], None] = lambda action_id, refusal, png: None,
    ) -> None:
        """`page`: `ChromeSource.page`. `on_press`: told of each press as soon as it is over.

        `on_refusal`: told the action, the reason and a picture, soon after the refusal; b"" when
        the page gave none, or one was taken less than a second ago.
        """
        self._page = page
        self._selectors = selectors
        self._clock = clock
        self._on_press = on_press
        self._on_refusal = on_refusal
        self._busy = asyncio.Lock()
        self._telling: set[asyncio.Task[None]] = set()
        self._pictured_s: float | None = None
        self._awaited: dict[str, asyncio.Future[PressSeen]] = {}
        self._max_failed = False

    def heard(self, press: PressSeen) -> bool:
        """Take a press the page tells of; True when it is one of ours."""
        proof = self._awaited.get(press.token) if press.token else None
        if proof is not None and not proof.done():
            proof.set_result(press)
        return bool(press.token)

    async def look(self) -> Survey | Refusal:
        """Look at all buttons; for the self-test and the status page."""
        async with self._busy:
            return await self._seen(Asked())

    async def set_amount(
        self, order: Order, permit_for: PermitFor, *, maximum: Decimal | None = None
    ) -> tuple[Pressed, ...] | Refusal:
        """Make the amount on the page the order's, by buttons; return the presses, () if it is.

        `maximum`: what MAX should enter, if that is known; once it did not, it is let alone.
        Each press is read back. A refusal may come after some presses: `on_press` told of them.
        """
        async with self._busy:
            done = await self._set_amount(order, permit_for, maximum)
        return self._told(order, done)

    async def choose_percentage(
        self, order: Order, permit_for: PermitFor
    ) -> tuple[Pressed, ...] | Refusal:
        """Make the share to sell the order's; return the presses, () if it is so already."""
        async with self._busy:
            done = await self._choose_percentage(order, permit_for)
        return self._told(order, done)

    async def press_order(self, order: Order, permit: Permit) -> Pressed | Refusal:
        """Press BUY, SELL or SIDEBET, once, if the page would send exactly this order.

        A `Pressed` without proof is a press in doubt: it may have been carried out.
        """
        async with self._busy:
            job = _Job(order, order.action_type, lambda name: permit, carries_order=True)
            done = await self._press(job)
        return self._told(order, done)

    async def pictured(self) -> None:
        """Wait until every refusal so far has been told."""
        await asyncio.gather(*self._telling, return_exceptions=True)

    def _told(self, order: Order, done: _T | Refusal) -> _T | Refusal:
        if isinstance(done, Refusal):
            log.info("not pressed", code=done.code, reason=done.message, action=order.action_id)
            telling = spawn(self._tell(order.action_id, done), name="picture of a refusal")
            self._telling.add(telling)
            telling.add_done_callback(self._telling.discard)
        return done

    async def _tell(self, action_id: str, refusal: Refusal) -> None:
        """Tell of a refusal, with a picture unless one was taken a moment ago."""
        now = self._clock.monotonic()
        recent = self._pictured_s is not None and now - self._pictured_s < PICTURE_EVERY_S
        if not recent:
            self._pictured_s = now
        self._on_refusal(action_id, refusal, b"" if recent else await self._picture())

    async def _set_amount(
        self, order: Order, permit_for: PermitFor, maximum: Decimal | None
    ) -> tuple[Pressed, ...] | Refusal:
        if order.amount is None:
            return _no("amount_impossible", f"{order.action_type} has no amount.")
        seen = await self._seen(Asked(names=(order.action_type,)))
        if isinstance(seen, Refusal):
            return seen
        if seen.amount is None:
            return _amount_differs(seen)
        known = None if self._max_failed else maximum
        steps = plan(seen.amount, order.amount, maximum=known)
        if isinstance(steps, Refusal):
            return steps
        presses: list[Pressed] = []
        before = seen.amount
        for step in steps:
            job = _Job(order, step.button, permit_for, _amount_is(before))
            pressed = await self._press_and_read(job, _amount_is(step.amount))
            if isinstance(pressed, Refusal):
                self._max_failed |= step.button == "MAX" and pressed.code == "amount_mismatch"
                return pressed
            presses.append(pressed)
            before = step.amount
        return tuple(presses)

    async def _choose_percentage(
        self, order: Order, permit_for: PermitFor
    ) -> tuple[Pressed, ...] | Refusal:
        if order.percentage not in SHARES:
            return _no("percentage_impossible", f"No button sells {order.percentage} %.")
        button = f"{order.percentage}%"
        seen = await self._seen(Asked(names=(button,)))
        if isinstance(seen, Refusal):
            return seen
        if seen.percentage == order.percentage:
            return ()
        job = _Job(order, button, permit_for)
        pressed = await self._press_and_read(job, _percentage_is(order.percentage))
        return pressed if isinstance(pressed, Refusal) else (pressed,)

    async def _press_and_read(
        self, job: _Job, shown: Callable[[Survey], Refusal | None]
    ) -> Pressed | Refusal:
        """Press, prove it, and wait until the page shows what it was to do."""
        pressed = await self._press(job)
        if isinstance(pressed, Refusal):
            return pressed
        if not pressed.proven:
            return _no("press_unproven", f"{job.button}: {pressed.doubt}. It is not pressed again.")
        until = self._clock.monotonic() + SETTLE_S
        while True:
            seen = await self._seen(Asked(names=(job.button,)))
            wrong = seen if isinstance(seen, Refusal) else shown(seen)
            if wrong is None:
                return pressed
            if self._clock.monotonic() >= until:
                return _no(wrong.code, f"After {job.button}: {wrong.message}")
            await asyncio.sleep(POLL_S)

    async def _press(self, job: _Job) -> Pressed | Refusal:
        """Look, judge, press once, prove. Between the look and the press nothing is waited for."""
        page = self._page()
        if page is None:
            return _NO_PAGE
        token = secrets.token_hex(8)
        proof: asyncio.Future[PressSeen] = asyncio.get_running_loop().create_future()
        self._awaited[token] = proof
        try:
            aim = await self._aim(page, job, token)
            if isinstance(aim, Refusal):
                return aim
            return await self._press_at(page, job, aim, proof)
        except PageError as error:
            return _of(error)
        finally:
            del self._awaited[token]

    async def _aim(self, page: WholePage, job: _Job, token: str) -> Target | Refusal:
        """Find and announce the button; scroll to it once when it is out of sight."""
        asked = Asked(names=(job.button,), arm=job.button, token=token, hold_ms=HOLD_MS)
        aim = self._judged(await look(page, self._selectors, asked), job)
        if isinstance(aim, Refusal) and aim.code == "off_screen":
            asked = replace(asked, scroll_to=job.button)
            aim = self._judged(await look(page, self._selectors, asked), job)
        if isinstance(aim, Refusal):
            await self._take_back(page, job)
        return aim

    def _judged(self, seen: Survey, job: _Job) -> Target | Refusal:
        order = job.order if job.carries_order else None
        wrong = target(seen, self._selectors, job.button, order)
        return wrong if isinstance(wrong, Refusal) else job.fits(seen) or wrong

    async def _press_at(
        self, page: WholePage, job: _Job, aim: Target, proof: asyncio.Future[PressSeen]
    ) -> Pressed | Refusal:
        before = Moment(self._clock.now_us(), self._clock.monotonic())
        doubt = ""
        try:
            permit = job.permit_for(job.button)
            before = await mouse.press(page, permit, job.button, aim.x, aim.y, clock=self._clock)
        except PressRefusedError as error:
            await self._take_back(page, job)
            return _no(error.code, error.message)
        except PageError as error:
            if not error.sent:
                await self._take_back(page, job)
                return _of(error)
            doubt = error.message
        pressed = Pressed(
            action_id=job.order.action_id,
            button=job.button,
            press_us=before.wall_us,
            press_s=before.monotonic_s,
            doubt=doubt,
        )
        done = await self._proven(pressed, proof)
        if isinstance(done, Pressed):
            self._on_press(done)
        if not (doubt or (isinstance(done, Pressed) and done.proven)):
            await self._take_back(page, job)
        return done

    async def _proven(
        self, pressed: Pressed, proof: asyncio.Future[PressSeen]
    ) -> Pressed | Refusal:
        """Add the page's own word for a press; one that was withheld never happened."""
        try:
            async with asyncio.timeout(PROOF_S):
                seen = await proof
        except TimeoutError:
            doubt = pressed.doubt or f"no proof of the press came within {PROOF_S:g} s"
            return replace(pressed, doubt=doubt)
        if seen.withheld:
            return _no(
                "withheld",
                f"The page changed under the mouse, which would have hit {seen.label!r} "
                f"and not {pressed.button}. The page did not get the press.",
            )
        right = seen.trusted and seen.button == pressed.button
        return replace(
            pressed,
            proof=seen,
            proof_us=self._clock.now_us(),
            proof_s=self._clock.monotonic(),
            doubt="" if right else f"the press hit {seen.label!r}",
        )

    async def _take_back(self, page: WholePage, job: _Job) -> None:
        """Let the page's listener wait for no press of ours any more: a look does that."""
        try:
            await look(page, self._selectors, Asked(names=(job.button,)))
        except PageError as error:
            log.info("a press stays announced", error=error.message)

    async def _seen(self, asked: Asked) -> Survey | Refusal:
        page = self._page()
        if page is None:
            return _NO_PAGE
        try:
            return await look(page, self._selectors, asked)
        except PageError as error:
            return _of(error)

    async def _picture(self) -> bytes:
        try:
            page = self._page()
            return await page.screenshot() if page is not None else b""
        except PageError:
            return b""


def _amount_is(amount: Decimal) -> Callable[[Survey], Refusal | None]:
    def check(seen: Survey) -> Refusal | None:
        return None if seen.amount == amount else _amount_differs(seen, amount)

    return check


def _amount_differs(seen: Survey, wanted: Decimal | None = None) -> Refusal:
    shown = ", ".join(repr(text) for text in seen.amounts) or "nothing"
    meant = "one plain number" if wanted is None else f"{wanted} SOL"
    return _no("amount_mismatch", f"the amount field shows {shown} and not {meant}.")


def _percentage_is(percentage: int) -> Callable[[Survey], Refusal | None]:
    def check(seen: Survey) -> Refusal | None:
        if seen.percentage == percentage:
            return None
        shown = ", ".join((*seen.chosen, *seen.shares)) or "nothing"
        return _no("percentage_mismatch", f"the page shows {shown} and not {percentage} %.")

    return check


def _of(error: PageError) -> Refusal:
    return _no(error.code, str(error))


def _no(code: str, message: str) -> Refusal:
    return Refusal(code=code, message=message)


_NO_PAGE = _no("no_page", "No tab of the recorded browser shows the game.")
