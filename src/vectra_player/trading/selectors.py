"""Read the file that says how the page's buttons are found; the user's own copy counts alone.

Called by `app` at the start, for the Chrome source and for `hands`. A file that is not whole is
refused: half a description of money buttons is worse than none.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import msgspec

from vectra_player.errors import ConfigError
from vectra_player.model.selectors import Button, ButtonKind, Element, Selectors

SHIPPED = Path(__file__).with_name("selectors.toml")
NAME = "selectors.toml"
"""The user's copy lies at rules/selectors.toml in the data directory."""

KINDS: dict[str, ButtonKind] = {
    **dict.fromkeys(("BUY", "SELL", "SIDEBET"), "money"),
    **dict.fromkeys(("CLEAR", "+0.001", "+0.01", "+0.1", "+1", "1/2", "X2", "MAX"), "amount"),
    **dict.fromkeys(("10%", "25%", "50%", "100%"), "percentage"),
}
"""Every button there must be, and what it is."""

NEVER = frozenset({"SHORT"})
"""Words of buttons that stand in another's place and do something else."""

_TAG = re.compile(r"[a-z][a-z0-9-]*")
_CLASS = re.compile(r"[A-Za-z0-9_-]+")


def load(data_dir: Path | None = None) -> Selectors:
    """Return the selectors in force: the user's copy where there is one.

    Raises:
        ConfigError: the copy cannot be read, is not whole, or was made for another version.
    """
    shipped = read(SHIPPED)
    own = data_dir / "rules" / NAME if data_dir is not None else None
    if own is None or not own.exists():
        return shipped
    selectors = read(own)
    if selectors.version != shipped.version:
        raise _wrong(
            own,
            f"version is {selectors.version}, but this program brings version {shipped.version}",
            f"Compare it with {SHIPPED}, then set version = {shipped.version}; or delete it.",
        )
    return selectors


def read(path: Path) -> Selectors:
    """Read and check one file.

    Raises:
        ConfigError: it cannot be read, or says something impossible.
    """
    try:
        selectors = msgspec.toml.decode(path.read_bytes(), type=Selectors)
    except OSError as error:
        raise _wrong(path, str(error.strerror)) from error
    except (msgspec.DecodeError, ValueError) as error:
        raise _wrong(path, str(error)) from error
    if wrong := problems(selectors):
        raise _wrong(path, "; ".join(wrong))
    return selectors


def problems(selectors: Selectors) -> list[str]:
    """Return what is wrong with selectors, in plain words; [] when nothing is."""
    found = _wrong_names(selectors)
    for button in selectors.button:
        found += [f"button {button.name!r}: {each}" for each in _wrong_button(button)]
    for what, element in (("amount", selectors.amount), ("share", selectors.share)):
        found += [f"{what}: {each}" for each in _wrong_element(element)]
    found += [f"sign {sign.name!r} has no word" for sign in selectors.sign if not sign.word]
    found += [f"class {name!r} is no class" for name in _wrong_classes((selectors.chosen,))]
    if not selectors.path.startswith("/"):
        found.append("path must begin with /")
    if not 0 <= selectors.dimmed_below <= 1:
        found.append("dimmed_below is an opacity, from 0 to 1")
    return found


def _wrong_names(selectors: Selectors) -> list[str]:
    names = [button.name for button in selectors.button]
    found = [f"button {name!r} is missing" for name in KINDS if name not in names]
    found += [f"button {name!r} is not known" for name in names if name not in KINDS]
    for what, each in (("name", names), ("word", [button.word for button in selectors.button])):
        found += [f"{what} {text!r} occurs twice" for text, n in Counter(each).items() if n > 1]
    return found


def _wrong_button(button: Button) -> list[str]:
    found = []
    if KINDS.get(button.name, button.kind) != button.kind:
        found.append(f"its kind is {KINDS[button.name]}")
    if not button.word or button.word != " ".join(button.word.split()):
        found.append("its word is empty, or has spaces around it")
    if button.word in NEVER:
        found.append(f"{button.word} is another button, which does something else")
    if button.states_order and button.amount is None:
        found.append("states_order needs amount")
    if not button.classes or not button.within:
        found.append("it needs classes of its own and of what it lies within")
    return found + _wrong_element(
        Element(tags=button.tags, classes=(*button.classes, *button.needs), within=button.within)
    )


def _wrong_element(element: Element) -> list[str]:
    found = [f"{tag!r} is no tag" for tag in element.tags if not _TAG.fullmatch(tag)]
    found += [f"{name!r} is no class" for name in _wrong_classes(element.classes + element.within)]
    if not element.tags:
        found.append("it needs at least one tag")
    if not element.classes and not element.within:
        found.append("it needs a class, or what it lies within")
    return found


def _wrong_classes(names: tuple[str, ...]) -> list[str]:
    return [name for name in names if not _CLASS.fullmatch(name)]


def _wrong(path: Path, problem: str, advice: str = "") -> ConfigError:
    return ConfigError(
        f"{path}: {problem}.",
        advice=advice or f"Correct it, or delete it; {SHIPPED} shows how it should look.",
    )
