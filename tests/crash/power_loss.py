"""What a disk may hold after a power loss: recorded file calls played up to a point, then judged.

Model: a file keeps what was synced, plus as much of the rest as the survivor rule says. A change of
a directory (create, rename, remove, exchange) happens as a whole or not at all; it is certain once
a directory it touches was synced, the others survive as far as the rule says. The journal
is copied at each point: its own crash safety is tested by cutting its log.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from tests.crash.faults import Operated

Rule = Callable[[int], int]
"""How many of n unsynced changes or bytes survive."""


def first_lost(n: int) -> int:
    """Lose the oldest uncertain change and keep the later ones: no disk owes us their order."""
    return n


def rules(rng: random.Random) -> dict[str, Rule]:
    """Return the survivor rules."""
    return {
        "all kept": lambda n: n,
        "unsynced lost": lambda n: 0,
        "last lost": lambda n: max(0, n - 1),
        "random prefix": lambda n: rng.randint(0, n),
        "first lost": first_lost,
    }


class Node:
    """A file with its content, or a directory with its entries as the running system sees it."""

    def __init__(self, data: bytes | None = None) -> None:
        self.data = data
        self.synced = b""
        self.entries: dict[str, Node] = {}
        self.base: dict[str, Node] = {}


class Change:
    """One atomic change of one or two directories."""

    def __init__(self, *parts: tuple[Node, str, Node | None]) -> None:
        self.parts = parts
        self.certain = False


class Disk:
    """Directories and files below one root, and every change since they were loaded."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._top = Node()
        self._changes: list[Change] = []
        for path in sorted(root.rglob("*")):
            node = Node(None if path.is_dir() else path.read_bytes())
            node.synced = node.data or b""
            parent = self._node(path.parent)
            parent.entries[path.name] = parent.base[path.name] = node

    def apply(self, operation: Operated) -> None:
        """Do one recorded call."""
        calls = {
            "write": lambda: self._set(operation.path, Node(operation.data)),
            "mkdir": lambda: self._mkdir(operation.path),
            "fsync": lambda: self._fsync(operation.path),
            "fsync_dir": lambda: self._fsync_dir(operation.path),
            "unlink": lambda: self._remove(operation.path),
            "rmdir": lambda: self._remove(operation.path),
            "rename": lambda: self._rename(operation.path, operation.target),
            "exchange": lambda: self._exchange(operation.path, operation.target),
        }
        calls[operation.name]()

    def survivors(self, rule: Rule, target: Path) -> None:
        """Write what is on the disk after a power loss into `target`."""
        uncertain = [change for change in self._changes if not change.certain]
        gone = uncertain[:1] if rule is first_lost else uncertain[rule(len(uncertain)) :]
        lost = set(map(id, gone))
        entries: dict[int, dict[str, Node]] = {}
        for change in self._changes:
            if id(change) in lost:
                continue
            for directory, name, node in change.parts:
                of_directory = entries.setdefault(id(directory), dict(directory.base))
                if node is None:
                    of_directory.pop(name, None)
                else:
                    of_directory[name] = node
        self._write(self._top, entries, rule, target)

    def _write(
        self, node: Node, entries: dict[int, dict[str, Node]], rule: Rule, target: Path
    ) -> None:
        if node.data is not None:
            kept = rule(len(node.data)) if node.synced != node.data else len(node.data)
            target.write_bytes(node.data[:kept])
            return
        target.mkdir(mode=0o700, exist_ok=True)
        for name, child in entries.get(id(node), node.base).items():
            self._write(child, entries, rule, target / name)

    def _node(self, path: Path) -> Node:
        node = self._top
        for part in path.relative_to(self._root).parts:
            node = node.entries[part]
        return node

    def _change(self, *parts: tuple[Node, str, Node | None]) -> None:
        for directory, name, node in parts:
            if node is None:
                del directory.entries[name]
            else:
                directory.entries[name] = node
        self._changes.append(Change(*parts))

    def _set(self, path: Path, node: Node) -> None:
        self._change((self._node(path.parent), path.name, node))

    def _mkdir(self, path: Path) -> None:
        if path.name not in self._node(path.parent).entries:
            self._set(path, Node())

    def _remove(self, path: Path) -> None:
        parent = self._node(path.parent)
        if path.name in parent.entries:
            self._change((parent, path.name, None))

    def _fsync(self, path: Path) -> None:
        node = self._node(path)
        node.synced = node.data or b""

    def _fsync_dir(self, path: Path) -> None:
        node = self._node(path)
        for change in self._changes:
            change.certain |= any(directory is node for directory, _, _ in change.parts)

    def _rename(self, source: Path, target: Path | None) -> None:
        assert target is not None
        node = self._node(source)
        self._change(
            (self._node(target.parent), target.name, node),
            (self._node(source.parent), source.name, None),
        )

    def _exchange(self, first: Path, second: Path | None) -> None:
        assert second is not None
        one, two = self._node(first), self._node(second)
        self._change(
            (self._node(first.parent), first.name, two),
            (self._node(second.parent), second.name, one),
        )
