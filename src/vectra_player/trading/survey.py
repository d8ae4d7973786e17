"""Look at the game page once and judge what was seen: is this the button, may it be pressed.

`look` asks the page; everything else is pure. Used by `hands`, and by `app` for the self-test.
Doubt is a refusal: exactly one visible element must match, with the exact word, in its section.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from vectra_player.model.selectors import Button, Selectors
from vectra_player.sources.chrome.page import PageError
from vectra_player.sources.chrome.scripts import BUTTONS, constant, function
from vectra_player.trading.limits import plain
from vectra_player.trading.records import ZERO, Order, Refusal

SURVEY = function("survey", BUTTONS, constant(Path(__file__).parent, "survey"))
"""(selectors, what is asked) -> `Survey`; see survey.js."""

_NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+")


class Page(Protocol):
    """What is needed of `sources.chrome.page.GamePage` to look."""

    @property
    def origin(self) -> str:
        """Return the origin the page must have."""
        ...

    async def call(self, function: str, *values: Any) -> Any:
        """Call a constant function with JSON values."""
        ...


class Asked(Struct, frozen=True, kw_only=True):
    """What a look is to do. `names`: buttons to look at, () all of them.

    `arm`: a button whose press will follow at once, announced under `token` for `hold_ms`: the
    listener then keeps any other press from the page.
    """

    names: tuple[str, ...] = ()
    scroll_to: str = ""
    arm: str = ""
    token: str = ""
    hold_ms: int = 0


class Aim(Struct, frozen=True, kw_only=True):
    """The middle of a button and its box, CSS px of the viewport; what lies over the middle."""

    x: float
    y: float
    left: float
    top: float
    width: float
    height: float
    on_screen: bool
    covered_by: str


class Look(Struct, frozen=True, kw_only=True):
    """One button as the page shows it.

    `found`: visible elements that match wholly; `placed`: with tag, classes and section; `worded`:
    with the word, anywhere. The rest is known only when exactly one was found.
    """

    name: str
    found: int
    placed: int
    worded: int
    text: str = ""
    stated: str | None = None
    obstacles: tuple[str, ...] = ()
    moving: bool = False
    aim: Aim | None = None


class Survey(Struct, frozen=True, kw_only=True):
    """The page at one moment. `wanted_origin`: what it must be."""

    origin: str
    path: str
    visibility: str
    scale: float
    listening: bool
    amounts: tuple[str, ...]
    chosen: tuple[str, ...]
    shares: tuple[str, ...]
    dialogs: tuple[str, ...]
    signs: tuple[str, ...]
    buttons: tuple[Look, ...]
    wanted_origin: str = ""

    def named(self, name: str) -> Look | None:
        """Return the look at a button, if it was asked for."""
        return next((look for look in self.buttons if look.name == name), None)

    @property
    def amount(self) -> Decimal | None:
        """Return the amount in SOL; None when there is not exactly one field with a number."""
        return number(self.amounts[0]) if len(self.amounts) == 1 else None

    @property
    def percentage(self) -> int | None:
        """Return the share that would be sold; None when the page is not clear about it."""
        if len(self.chosen) != 1:
            return None
        share = number(self.chosen[0].removesuffix("%"))
        typed = [number(text) for text in self.shares]
        return int(share) if share is not None and all(each == share for each in typed) else None


class Finding(Struct, frozen=True, kw_only=True):
    """Something the self-test did not find as it should be; `button` may be empty."""

    button: str
    code: str
    message: str


class Target(Struct, frozen=True, kw_only=True):
    """A button that may be pressed now, and where."""

    button: str
    x: float
    y: float
    text: str


def number(text: str) -> Decimal | None:
    """Return the number a field holds; an empty field holds 0; None: it is no plain number."""
    if not text:
        return Decimal(0)
    return Decimal(text) if _NUMBER.fullmatch(text) else None


async def look(page: Page, selectors: Selectors, asked: Asked | None = None) -> Survey:
    """Look at the page.

    Raises:
        PageError: the page is gone, silent or not alone, or answered nonsense.
    """
    values = (msgspec.to_builtins(selectors), msgspec.to_builtins(asked or Asked()))
    told = await page.call(SURVEY, *values)
    try:
        seen = msgspec.convert(told, Survey)
    except msgspec.ValidationError as error:
        raise PageError("page_failed", f"The look at the page is unreadable: {error}.") from error
    return msgspec.structs.replace(seen, wanted_origin=page.origin)


def self_test(survey: Survey, selectors: Selectors) -> list[Finding]:
    """Say what of the page is not as the selectors have it; [] when every button is found.

    A page may be right and yet lack a button: no SIDEBET while one runs or logged out, no SELL in
    short mode. The finding says so, and pressing it would be refused.
    """
    found = []
    if (wrong := wrong_page(survey, selectors)) is not None:
        found.append(Finding(button="", code=wrong.code, message=wrong.message))
    for button in selectors.button:
        refusal = _unclear(survey.named(button.name), button)
        if refusal is not None:
            found.append(Finding(button=button.name, code=refusal.code, message=refusal.message))
    if survey.amount is None:
        message = f"The amount field is not clear: {_quoted(survey.amounts)}."
        found.append(Finding(button="", code="amount_unclear", message=message))
    if survey.percentage is None:
        message = f"The share to sell is not clear: {_quoted(survey.chosen + survey.shares)}."
        found.append(Finding(button="", code="percentage_unclear", message=message))
    return found


def target(
    survey: Survey, selectors: Selectors, button: str, order: Order | None = None
) -> Target | Refusal:
    """Return where to press a button, or why not. `order`: what a money button must carry."""
    rule, seen = selectors.named(button), survey.named(button)
    refusal = (
        wrong_page(survey, selectors)
        or _unclear(seen, rule)
        or (_carries(survey, seen, rule, order) if order is not None and seen is not None else None)
        or (_barred(seen) if seen is not None else None)
    )
    if refusal is not None:
        return refusal
    assert seen is not None
    assert seen.aim is not None
    return Target(button=button, x=seen.aim.x, y=seen.aim.y, text=seen.text)


def wrong_page(survey: Survey, selectors: Selectors) -> Refusal | None:
    """Return why nothing at all may be pressed on this page."""
    if survey.origin != survey.wanted_origin:
        return _no("wrong_origin", f"The page is {survey.origin}, not {survey.wanted_origin}.")
    if survey.path != selectors.path:
        return _no("wrong_path", f"The page shows {survey.path}, not {selectors.path}.")
    if survey.visibility != "visible":
        return _no("hidden_tab", "The game's tab is not on the screen. Bring it to the front.")
    if survey.scale != 1:
        return _no("pinched", f"The page is zoomed by {survey.scale:g}. Zoom it back.")
    if not survey.listening:
        return _no("no_listener", "Nothing on the page could prove a press. Reload the page.")
    if survey.signs:
        return _no("sign", f"The page says: {', '.join(survey.signs)}.")
    if survey.dialogs:
        return _no("dialog", f"A dialog is open: {survey.dialogs[0]}. Close it.")
    return None


def _unclear(seen: Look | None, rule: Button) -> Refusal | None:
    """Return why it is not certain which element the button is."""
    if seen is None:
        return _no("not_found", f"{rule.name} was not looked for.")
    if seen.found > 1:
        return _no("ambiguous", f"{seen.found} elements look like {rule.name}.")
    if seen.found == 0 and seen.placed:
        return _no("wrong_word", f"Where {rule.word} should stand, the page says {seen.text!r}.")
    if seen.found == 0 and seen.worded:
        return _no("wrong_section", f"{rule.word} does not stand where it should.")
    if seen.found == 0:
        return _no("not_found", f"{rule.word} is not on the page.")
    if rule.kind == "money" and seen.worded > 1:
        return _no("ambiguous", f"{rule.word} stands on the page {seen.worded} times.")
    return None


def _carries(survey: Survey, seen: Look, rule: Button, order: Order) -> Refusal | None:
    """Return how what the page would send differs from the order."""
    if order.action_type == "SELL":
        if survey.percentage != order.percentage:
            shown = _quoted(survey.chosen + survey.shares)
            return _no(
                "percentage_mismatch", f"The page would sell {shown}, not {order.percentage} %."
            )
        return None
    wanted = f"{plain(order.amount or ZERO)} SOL"
    if survey.amount is None or survey.amount != order.amount:
        return _no("amount_mismatch", f"The amount is {_quoted(survey.amounts)}, not {wanted}.")
    if rule.states_order and seen.stated and not agrees(seen.stated, survey.amount):
        return _no("label_mismatch", f"{seen.text!r} does not state {wanted}.")
    return None


def _quoted(texts: Sequence[str]) -> str:
    return " and ".join(map(repr, texts)) or "not shown"


def agrees(stated: str, amount: Decimal) -> bool:
    """Tell whether a label states an amount, to the decimals it shows."""
    shown = Decimal(stated)
    half = Decimal(1).scaleb(int(shown.as_tuple().exponent)) / 2
    return abs(shown - amount) <= half


def _barred(seen: Look) -> Refusal | None:
    """Return why a press would not do what the button says."""
    if seen.obstacles:
        return _no("disabled", f"{seen.name} is disabled: {', '.join(seen.obstacles)}.")
    if seen.moving:
        return _no("moving", f"{seen.name} is moving.")
    if seen.aim is None or not seen.aim.on_screen:
        return _no("off_screen", f"{seen.name} is not on the screen.")
    if seen.aim.covered_by:
        return _no("covered", f"{seen.aim.covered_by!r} lies over {seen.name}.")
    return None


def _no(code: str, message: str) -> Refusal:
    return Refusal(code=code, message=message)
