"""What every command shares: the settings in force, and how results reach the terminal."""

from __future__ import annotations

import logging
import logging.handlers
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import structlog
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from vectra_player.config import Configuration, Settings, load
from vectra_player.errors import UsageError

FOUND_WRONG = 1
NOT_RUN = 2

PIPE_WIDTH = 240
"""Columns of a table that no terminal bounds."""

LOG_BYTES = 5 * 1024 * 1024
LOG_FILES = 5


class LogFile(logging.handlers.RotatingFileHandler):
    """The log in the data directory; what its disk refuses is told on standard error."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - name of the library
        """Show a warning or worse that cannot be written; say no word about the rest."""
        if record.levelno >= logging.WARNING:
            say(self.format(record), to_stderr=True)


class Session(msgspec.Struct, frozen=True):
    """One run of the command. `remote`: the address of recordings to read instead of local ones."""

    configuration: Configuration
    json_output: bool
    quiet: bool
    console: Console
    remote: str = ""

    @property
    def settings(self) -> Settings:
        """Return the settings in force."""
        return self.configuration.settings

    @property
    def data_dir(self) -> Path:
        """Return the data directory, for whatever writes or needs more than filed recordings.

        Raises:
            UsageError: an address was named instead.
        """
        return self.local.settings.data_dir

    @property
    def local(self) -> Configuration:
        """Return the configuration, for what tells of a local data directory.

        Raises:
            UsageError: an address was named instead.
        """
        if self.remote:
            raise UsageError(
                f"{self.remote} can be read, not written; this command needs a local directory.",
                advice="Leave --data-dir out, or name a local one.",
            )
        return self.configuration

    @property
    def home(self) -> Path:
        """Return the local data directory, for results and profiles, whatever is read."""
        return self.settings.data_dir

    @property
    def recordings(self) -> Path | str:
        """Return where recordings are read: an address, or the data directory known to be ours.

        Raises:
            UsageError: there is no data directory, or not one of ours.
        """
        if self.remote:
            return self.remote
        from vectra_player.store.layout import DataDir

        return DataDir.open_existing(self.settings.data_dir).root

    def result(self, value: Any, show: Callable[[], None]) -> None:
        """Print a result: as one JSON document with `--json`, else by `show`."""
        if self.json_output:
            say(msgspec.json.encode(value, enc_hook=str).decode())
        else:
            show()

    def note(self, text: str) -> None:
        """Print a remark for people; left out by `--quiet` and `--json`."""
        if not self.quiet and not self.json_output:
            self.console.print(text, markup=False, highlight=False)

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Print rows as a table; numbers to the right, null as a dash."""
        rows = [list(row) for row in rows]
        table = Table(
            title=title or None, title_justify="left", header_style="bold", box=SIMPLE_HEAD
        )
        for index, name in enumerate(columns):
            numeric = any(isinstance(row[index], int | float) for row in rows)
            table.add_column(name, justify="right" if numeric else "left", overflow="fold")
        for row in rows:
            table.add_row(*(_cell(value) for value in row))
        self.console.print(table)

    def progress(self) -> Progress:
        """Build a progress bar over bytes with rate and time left."""
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=self.quiet or self.json_output or not sys.stderr.isatty(),
        )

    def counter(self) -> Progress:
        """Build a running count for work of unknown length."""
        return Progress(
            TextColumn("{task.description}"),
            TextColumn("{task.completed:,.0f}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            disable=self.quiet or self.json_output or not sys.stderr.isatty(),
            transient=True,
        )

    def log_to_file(self) -> None:
        """Send logs to the data directory's rotated file as JSON lines."""
        configure_logging(self.settings.log_level, self.home / "logs" / "vectra.log")


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return repr(value)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def say(text: str, *, to_stderr: bool = False) -> None:
    """Print one plain line."""
    typer.echo(text, err=to_stderr)


def open_session(data_dir: Path | str | None, *, json_output: bool, quiet: bool) -> Session:
    """Load the settings and prepare output. `data_dir` may be an address to read from."""
    remote = data_dir if isinstance(data_dir, str) and "://" in data_dir else ""
    local = None if data_dir is None or remote else Path(data_dir)
    configuration = load({"data_dir": local})
    configure_logging(configuration.settings.log_level)
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Session(configuration, json_output, quiet, Console(width=width), remote)


def with_options(session: Session, options: Mapping[str, Any]) -> Session:
    """Return the session with a command's own options laid over the settings."""
    given = {"data_dir": session.data_dir, **options}
    configuration = load(given)
    if session.configuration.origins["data_dir"] != "option":
        origins = session.configuration.origins
        configuration.origins["data_dir"] = origins["data_dir"]
    return Session(configuration, session.json_output, session.quiet, session.console)


def configure_logging(level: str, file: Path | None = None) -> None:
    """Send structured logs to a rotated file, or warnings and worse to stderr."""
    handler: logging.Handler
    if file is None:
        handler = logging.StreamHandler(sys.stderr)
        handler.setLevel(logging.WARNING)
        renderer: Any = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    else:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler = LogFile(
            file, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", delay=True
        )
        renderer = structlog.processors.JSONRenderer()
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler.setFormatter(formatter)
    root = logging.getLogger("vectra_player")
    root.handlers = [handler]
    root.propagate = False
    root.setLevel(level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
