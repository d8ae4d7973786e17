"""What presses the page presses by hand, with scripts that are constants, a permit spent first.

That only the gate makes permits stands in test_gate_is_the_only_way.py.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tests.hands_support import FakeClock

from vectra_player.errors import PressRefusedError
from vectra_player.trading import mouse

SOURCE = Path(mouse.__file__).parents[1]
FILES = sorted(SOURCE.rglob("*.py"))


def named(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def files_that_say(word: str) -> set[str]:
    return {named(path) for path in FILES if word in path.read_text("utf-8")}


def callers_of(attribute: str) -> set[str]:
    """Return the files in which something of this name is called, whatever it belongs to."""
    return {
        named(path)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == attribute
    }


def test_the_mouse_is_all_that_is_ever_moved() -> None:
    assert files_that_say("dispatchMouseEvent") == {"sources/chrome/cdp.py"}
    for word in ("dispatchKeyEvent", "dispatchTouchEvent", "insertText"):
        assert files_that_say(word) == set()


def test_hands_alone_use_the_mouse_module() -> None:
    users = {
        named(path)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        and (
            node.module == "vectra_player.trading.mouse"
            or (
                node.module == "vectra_player.trading"
                and "mouse" in {alias.name for alias in node.names}
            )
        )
    }
    assert users == {"trading/hands.py"}


def test_no_script_of_ours_presses_by_itself() -> None:
    """A click made by script goes through whatever lies over a button (capture.md, clicking)."""
    for path in [*SOURCE.glob("sources/**/*.js"), *SOURCE.glob("trading/**/*.js")]:
        text = path.read_text("utf-8")
        for word in (".click(", "dispatchEvent", "submit(", "MouseEvent(", ".value =", "eval("):
            assert word not in text, (path.name, word)


def test_a_script_is_never_built_from_data() -> None:
    """Only constants are joined, and the listener's values enter as JSON."""
    assert files_that_say("functionDeclaration") == {
        "sources/chrome/page.py",
        "sources/chrome/presses.py",
    }
    assert callers_of("call") & {named(path) for path in FILES if "trading/" in named(path)} == {
        "trading/survey.py"
    }


class Page:
    def __init__(self) -> None:
        self.order: list[str] = []

    async def send_mouse(self, x: float, y: float) -> None:
        self.order.append("press")


class Permit:
    def __init__(self, page: Page, *, good: bool) -> None:
        self._page = page
        self._good = good

    def spend(self, button: str) -> None:
        self._page.order.append(f"spend {button}")
        if not self._good:
            raise PressRefusedError("halted", "Trading is halted.")


async def test_the_permit_is_spent_directly_before_the_press() -> None:
    page = Page()
    moment = await mouse.press(page, Permit(page, good=True), "BUY", 1, 2, clock=FakeClock())
    assert page.order == ["spend BUY", "press"]
    assert moment.wall_us > 0


async def test_a_refused_permit_presses_nothing() -> None:
    page = Page()
    with pytest.raises(PressRefusedError):
        await mouse.press(page, Permit(page, good=False), "BUY", 1, 2, clock=FakeClock())
    assert page.order == ["spend BUY"]
