"""The scripts the game page is asked to run: constants, kept beside this file as text.

Nobody builds a script from data: what a script needs comes to it as JSON values.
"""

from __future__ import annotations

from pathlib import Path


def constant(folder: Path, name: str) -> str:
    """Return the text of a script file."""
    return (folder / f"{name}.js").read_text("utf-8")


def function(entry: str, *texts: str) -> str:
    """Return one JavaScript function made of constant texts; its arguments go to `entry`."""
    body = "\n".join(texts)
    return f"function (...values) {{\n{body}\nreturn {entry}(...values);\n}}"


HERE = Path(__file__).parent
BUTTONS = constant(HERE, "buttons")
"""Finds buttons by `model.selectors.Selectors`; other scripts stand on it."""

LISTEN = function("listen", BUTTONS, constant(HERE, "presses"))
"""Listens for presses: (selectors, origin, name of the binding) -> "new", "same", ..."""
