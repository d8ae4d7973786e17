"""What the buttons of the game page look like: data, read by `trading.selectors`.

A class fragment that begins and ends with an underscore (`_buy_`) names a hashed class
(`_buy_1himf_114`); any other is a whole class name. Passed to the page's scripts as a value.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

ButtonKind = Literal["money", "amount", "percentage"]


class Element(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An element: one of these tags, with all these classes, inside all these others.

    `types`: of an input; empty: any.
    """

    tags: tuple[str, ...]
    classes: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


class Button(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One button. Its label is exactly `word`, or `word` and an amount where it may have one.

    `amount`: the sign before that amount ("" none), None: no amount may follow. `states_order`:
    that amount is the one an order would carry. `needs`: classes without which it is disabled.
    """

    name: str
    kind: ButtonKind
    word: str
    tags: tuple[str, ...]
    classes: tuple[str, ...]
    within: tuple[str, ...]
    amount: Literal["", "+", "-"] | None = None
    states_order: bool = False
    needs: tuple[str, ...] = ()


class Sign(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A visible element with exactly this word means that nothing may be pressed."""

    name: str
    word: str
    tags: tuple[str, ...]


class Selectors(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that is known of the page's controls; `version` is that of the file's content.

    `chosen`: class of the chosen percentage. `dialogs`: CSS of what lies over the whole page.
    `disabled_classes`, `dimmed_below` (opacity): how a button looks that must not be pressed.
    """

    version: int
    path: str
    unit: str
    chosen: str
    dimmed_below: float
    disabled_classes: tuple[str, ...]
    dialogs: tuple[str, ...]
    amount: Element
    share: Element
    sign: tuple[Sign, ...]
    button: tuple[Button, ...]

    def named(self, name: str) -> Button:
        """Return a button by its name; KeyError when there is none."""
        for button in self.button:
            if button.name == name:
                return button
        raise KeyError(name)
