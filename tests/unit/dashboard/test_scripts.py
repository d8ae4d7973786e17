"""Scripts of the pages: numbers are written by the one module that knows how."""

from __future__ import annotations

from pathlib import Path

import pytest

from vectra_player.dashboard.app import STATIC
from vectra_player.foundation.monitor.files import STATIC as FOUNDATION_STATIC

FORMATS = ("toFixed(", "toLocaleString(", "toPrecision(", "Intl.")
DRAWINGS = {
    "timeline.js",
    "session-timeline.js",
    "game-panels.js",
    "protocol.js",
    "price-line.js",
    "replay-line.js",
    "game-panel.js",
    "histogram.js",
}
"""Coordinates of drawings are no numbers for people."""

INPUTS = {"explorer-controls.js"}
SCRIPTS = sorted(
    path
    for root in (STATIC / "dash", FOUNDATION_STATIC / "monitor", FOUNDATION_STATIC / "ui")
    for path in root.glob("*.js")
    if path.name not in DRAWINGS | INPUTS
)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_numbers_are_written_by_one_module(script: Path) -> None:
    text = script.read_text("utf-8")
    found = [word for word in FORMATS if word in text]
    assert not found, f"{found}: write numbers with sdk/format.js, or list a drawing above"
