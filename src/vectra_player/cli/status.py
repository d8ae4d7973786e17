"""How a recording looks in the terminal."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from vectra_player.app.progress import Status, Summary

PHASE_STYLE = {"LIVE": "bold green", "RUGGED": "bold red", "BETTING": "cyan", "COOLDOWN": "dim"}
UNKNOWN = "unknown"
EXAMPLE_QUERY = "SELECT game_id, rug_tick, peak FROM game ORDER BY peak DESC"


def format_price(price: float | None) -> str:
    """Format a multiplier: four decimals below 10x, two above; unknown is a word, not zero."""
    if price is None:
        return UNKNOWN
    return f"{price:.4f}x" if price < 10 else f"{price:,.2f}x"


def format_bytes(count: float) -> str:
    """Format a size in binary units."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def format_duration(seconds: float) -> str:
    """Format a duration as h:mm:ss."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}"


def status_panel(status: Status) -> Panel:
    """Draw the live status."""
    grid = Table.grid(padding=(0, 3))
    for _ in range(4):
        grid.add_column()
    lag = UNKNOWN if status.lag_ms is None else f"{status.lag_ms:.0f} ms"
    tick = UNKNOWN if status.tick is None else str(status.tick)
    grid.add_row(
        _pair("game", status.game_id or UNKNOWN),
        _pair("phase", status.phase, PHASE_STYLE.get(status.phase, "")),
        _pair("tick", tick),
        _pair("price", format_price(status.price), "bold"),
    )
    grid.add_row(
        _pair("events", f"{status.events:,}"),
        _pair("rate", f"{status.events_per_s:.1f}/s"),
        _pair("lag", lag),
        _pair("durable", f"#{status.durable_seq:,}"),
    )
    grid.add_row(
        _pair("games", str(status.games)),
        _pair("gaps", str(status.gaps), "yellow" if status.gaps else ""),
        _pair("disk", f"{format_bytes(status.disk_free_bytes)} free"),
        _pair("time", format_duration(status.elapsed_s)),
    )
    if status.feed is not None:
        grid.add_row(_pair("feed", status.feed), _pair("clients", str(status.clients)))
    mark = "[bold red]●[/] REC" if status.recording else "[dim]○ not recording[/]"
    title = f"{mark}  [bold]{status.source.upper()}[/]"
    if status.halted:
        title = f"[bold white on red] HALTED [/] {status.halted}"
    return Panel(grid, title=title, title_align="left", subtitle="Ctrl-C stops", expand=False)


def _pair(label: str, value: str, style: str = "") -> Text:
    return Text.assemble((f"{label} ", "dim"), (value, style))


def plain_line(status: Status) -> str:
    """Write the status as one line, for logs and pipes."""
    halted = f" HALTED: {status.halted}" if status.halted else ""
    feed = "" if status.feed is None else f" feed={status.feed} clients={status.clients}"
    idle = "" if status.recording else " not-recording"
    return (
        f"{format_duration(status.elapsed_s)} {status.source} game={status.game_id or UNKNOWN} "
        f"phase={status.phase} tick={status.tick} price={format_price(status.price)} "
        f"events={status.events} rate={status.events_per_s:.1f}/s "
        f"lag_ms={UNKNOWN if status.lag_ms is None else round(status.lag_ms)} "
        f"durable={status.durable_seq} games={status.games} gaps={status.gaps} "
        f"disk_free={format_bytes(status.disk_free_bytes)}{feed}{idle}{halted}"
    )


def summary_lines(summary: Summary) -> list[str]:
    """Say what was recorded and how to look at it."""
    if summary.session_id is None:
        lines = [f"Ended: {summary.reason}. Nothing was recorded."]
    else:
        lines = [_what_is_on_disk(summary), _where(summary)]
    if summary.error:
        lines.append(f"The source failed: {summary.error}")
    if summary.halted:
        lines.append(f"The store had halted: {summary.halted}")
    command = own_command()
    return [
        *lines,
        "Look at it:",
        f"  {command} games",
        f"  {command} query '{EXAMPLE_QUERY}'",
        f"  {command} export --doc-type game_tick --out ticks.jsonl",
    ]


def _what_is_on_disk(summary: Summary) -> str:
    return (
        f"Recording ended: {summary.reason}. {summary.events:,} events in {summary.games} finished "
        f"games and {format_duration(summary.seconds)} are on disk, {summary.gaps} gaps."
    )


def _where(summary: Summary) -> str:
    more = f" (the last of {summary.sessions})" if summary.sessions > 1 else ""
    return f"Session {summary.session_id}{more} in {summary.data_dir}"


def own_command() -> str:
    """Return how to call this command again: its name where the shell finds it, else its path."""
    name, here = "vectra-player", Path(sys.executable).parent / "vectra-player"
    found = shutil.which(name)
    if found is not None and Path(found).samefile(here):
        return name
    return os.path.relpath(here) if here.is_relative_to(Path.cwd()) else str(here)
