"""T2 and S17: one path leads to a press, and it begins at the gate. Read from every source file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import vectra_player

SOURCE = Path(vectra_player.__file__).parent


@cache
def trees() -> dict[str, ast.Module]:
    """Parse every source file once, when the first test asks."""
    files = sorted(SOURCE.rglob("*.py"))
    return {
        path.relative_to(SOURCE).as_posix(): ast.parse(path.read_text("utf-8")) for path in files
    }


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield every call of a file."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def annotations(tree: ast.AST) -> set[ast.AST]:
    """Return every node that only says a type: those make nothing."""
    types: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            types.append(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
            types.append(node.returns)
        elif isinstance(node, ast.Subscript):
            types.append(node.slice)
    return {inner for kind in types for inner in ast.walk(kind)}


def uses(tree: ast.AST, name: str) -> list[ast.AST]:
    """Return where a name is used for more than a type: called, passed on, subclassed."""
    named = [
        node
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id == name)
        or (isinstance(node, ast.Attribute) and node.attr == name)
        or (isinstance(node, ast.Constant) and node.value == name)
        or (isinstance(node, ast.alias) and node.name == name and node.asname is not None)
    ]
    types = annotations(tree) if named else set()
    return [node for node in named if node not in types]


def calling(name: str) -> dict[str, list[ast.Call]]:
    """Return the calls of a method by any receiver, by file."""
    found = {
        path: [c for c in calls(tree) if isinstance(c.func, ast.Attribute) and c.func.attr == name]
        for path, tree in trees().items()
    }
    return {path: some for path, some in found.items() if some}


def test_only_the_gate_makes_a_permit_and_in_one_place() -> None:
    used = {path: uses(tree, "Permit") for path, tree in trees().items()}
    assert {path: len(some) for path, some in used.items() if some} == {"trading/gate.py": 1}
    made = [
        call for call in calls(trees()["trading/gate.py"]) if call.func in used["trading/gate.py"]
    ]
    assert len(made) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Permit('a', 'BUY')",
        "permit.Permit('a', 'BUY')",
        "object.__new__(Permit)",
        "make = Permit",
        "class Mine(Permit): ...",
        "getattr(module, 'Permit')",
        "from vectra_player.trading.permit import Permit as P",
    ],
)
def test_no_other_way_to_make_one_would_be_overlooked(text: str) -> None:
    assert uses(ast.parse(text), "Permit")


def test_the_mouse_spends_a_permit_directly_before_it_presses_and_nothing_else_presses() -> None:
    assert set(calling("send_mouse")) == {"sources/chrome/page.py", "trading/mouse.py"}
    (press,) = (
        node
        for node in trees()["trading/mouse.py"].body
        if isinstance(node, ast.AsyncFunctionDef) and node.name == "press"
    )
    said = [ast.unparse(line) for line in press.body]
    at = said.index("permit.spend(button)")
    assert said[at + 1] == "await page.send_mouse(x, y)"


def test_a_permit_is_spent_by_the_mouse_or_by_what_stands_before_one() -> None:
    spending = calling("spend")
    assert len(spending.pop("trading/mouse.py")) == 1
    for path, found in spending.items():
        before = [
            node
            for node in ast.walk(trees()[path])
            if isinstance(node, ast.FunctionDef) and node.name == "spend"
        ]
        inside = {inner for function in before for inner in ast.walk(function)}
        assert set(found) <= inside, path


def test_mouse_events_have_one_name_in_one_place() -> None:
    named = {
        path
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith("Input.")
    }
    assert named == {"sources/chrome/cdp.py"}


NEVER = (
    "replay",
    "store",
    "analysis",
    "fairness",
    "rag",
    "mcp",
    "rl",
    "strategy",
    "demo",
    "client",
)


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield every module a file imports, wherever in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_what_replays_analyses_or_learns_cannot_reach_trading() -> None:
    for path, tree in trees().items():
        if path.split("/")[0] in NEVER:
            reached = [name for name in imported(tree) if name.startswith("vectra_player.trading")]
            assert reached == [], path


def test_only_the_service_and_its_commands_import_trading() -> None:
    importing = {
        path.split("/")[0]
        for path, tree in trees().items()
        if any(name.startswith("vectra_player.trading") for name in imported(tree))
    }
    assert importing <= {"trading", "foundation", "app", "cli"}
