"""Draw docs/images/recording.svg from a real recording of the built-in game server.

Run it again when the status panel changes: `python scripts/make_images.py`.
"""

from __future__ import annotations

import asyncio
import io
import re
import tempfile
from pathlib import Path

from rich.console import Console

from vectra_player.app.recorder import Limits, Status
from vectra_player.app.run import record_source
from vectra_player.cli.status import status_panel, summary_lines
from vectra_player.config import load

IMAGE = Path(__file__).resolve().parent.parent / "docs" / "images" / "recording.svg"
SHOWN_TICK = 40


def main() -> None:
    """Record two games, then draw the status of one moment and the closing lines."""
    seen: list[Status] = []
    with tempfile.TemporaryDirectory() as folder:
        options = {"data_dir": Path(folder) / "rugs_data", "demo_speed": 4.0, "demo_seed": 12}
        settings = load(options, {}).settings
        summary = asyncio.run(record_source(settings, "demo", Limits(games=2), seen.append))
        lines = [line.replace(folder, "~") for line in summary_lines(summary)]
    moment = next(s for s in seen if s.phase == "LIVE" and s.tick and s.tick > SHOWN_TICK)
    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True)
    console.print("$ ./run.sh --games 2", highlight=False)
    console.print(status_panel(moment))
    for line in lines:
        console.print(line, markup=False, highlight=False)
    drawn = console.export_svg(title="VECTRA-PLAYER")
    IMAGE.write_text(without_remote_fonts(drawn), "utf-8")


def without_remote_fonts(svg: str) -> str:
    """Leave the choice of a monospaced font to the viewer: a document fetches nothing."""
    svg = re.sub(r"@font-face \{.*?\n\s*\}\n", "", svg, flags=re.DOTALL)
    return re.sub(r"<!-- .*? -->\n?", "", svg).replace("Fira Code", "ui-monospace")


if __name__ == "__main__":
    main()
