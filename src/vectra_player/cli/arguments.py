"""The command line before it is parsed: global options may stand anywhere."""

from __future__ import annotations

from collections.abc import Sequence

GLOBAL_FLAGS = frozenset({"--json", "--quiet"})
GLOBAL_VALUES = frozenset({"--data-dir"})


def hoist_globals(arguments: Sequence[str]) -> list[str]:
    """Move global options to the front, so that they may follow the command too."""
    front: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in GLOBAL_FLAGS or (word.partition("=")[0] in GLOBAL_VALUES and "=" in word):
            front.append(word)
        elif word in GLOBAL_VALUES:
            front += [word, *(value for value in [next(words, None)] if value is not None)]
        else:
            rest.append(word)
    return front + rest
