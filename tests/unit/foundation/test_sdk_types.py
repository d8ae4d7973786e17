"""The type declarations name every export, every method and every field of the library."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import vectra_player.foundation
from vectra_player.foundation.normaliser import OURS, TYPES

SDK = Path(vectra_player.foundation.__file__).parent / "static" / "sdk"
DECLARED = (SDK / "index.d.ts").read_text("utf-8")
MODULES = sorted(SDK.glob("*.js"))
EXPORT = re.compile(r"^export (?:async )?(?:const|function|class) (\w+)", re.MULTILINE)
METHOD = re.compile(r"^  (?:get |async )?(\w+)\(.*\) \{$", re.MULTILINE)


def block(text: str, opening: str) -> str:
    """Return what stands between an opening line and the brace that ends it at the margin."""
    return text.split(opening, 1)[1].split("\n}", 1)[0]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_every_export_is_declared(module: Path) -> None:
    assert set(EXPORT.findall(module.read_text("utf-8"))) <= set(EXPORT.findall(DECLARED))


def test_nothing_is_declared_that_is_not_there() -> None:
    real = {name for module in MODULES for name in EXPORT.findall(module.read_text("utf-8"))}
    assert set(EXPORT.findall(DECLARED)) == real


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("foundation-ws-client.js", "FoundationWSClient"),
        ("state-store.js", "StateStore"),
        ("candles.js", "PriceSeries"),
        ("shared-feed.js", "SharedFeeds"),
    ],
)
def test_every_method_of_a_class_is_declared(module: str, name: str) -> None:
    body = block((SDK / module).read_text("utf-8"), f"export class {name} {{")
    told = block(DECLARED, f"export class {name} {{")
    own = {"constructor", "takeSnapshot", "takeTick", "takePlayer"}  # called by the store itself
    missing = [m for m in METHOD.findall(body) if m not in own and not re.search(rf"\b{m}\b", told)]
    assert missing == []


def test_every_field_of_the_state_is_declared() -> None:
    store = (SDK / "state-store.js").read_text("utf-8")
    told = set(
        re.findall(r"^  (\w+)\??:", block(DECLARED, "export interface State {"), re.MULTILINE)
    )
    made = set[str]()
    for opening in ("function unknownState() {", "function unknownGame(gameId = null) {"):
        body = block(store, opening).split("return {", 1)[1]
        flat = re.sub(r"\{[^{}]*\}", "", body)
        made |= set(re.findall(r"(?<![.\w])([a-z]\w*)(?=[:,])", flat)) - {"null"}
    assert made - {"UNKNOWN", "prices", "candles"} <= told
    assert told - made == set()


def test_every_type_of_the_feed_is_declared() -> None:
    union = DECLARED.split("export type MessageType =")[1].split(";")[0]
    assert set(re.findall(r'"([\w.]+)"', union)) == {*TYPES.values(), *OURS}
