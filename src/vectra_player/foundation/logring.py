"""The last lines of the log, for the monitor page. Attached by `foundation.service`."""

from __future__ import annotations

import logging
from collections import deque
from typing import Any

LINES = 200
MAX_CHARS = 300
LOGGER = "vectra_player"

_KNOWN = ("event", "level", "logger", "timestamp", "_record", "_from_structlog", "exc_info")


class LogRing(logging.Handler):
    """Keeps what was logged as small records; values are cut, none is a payload."""

    def __init__(self, lines: int = LINES) -> None:
        super().__init__(logging.INFO)
        self._lines: deque[dict[str, Any]] = deque(maxlen=lines)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        fields = record.msg if isinstance(record.msg, dict) else {"event": record.getMessage()}
        self._lines.append(
            {
                "ts": int(record.created * 1000),
                "level": record.levelname.lower(),
                "logger": record.name,
                "event": _cut(fields.get("event", "")),
                "fields": {k: _cut(v) for k, v in fields.items() if k not in _KNOWN},
            }
        )

    def tail(self) -> list[dict[str, Any]]:
        """Return the kept lines, oldest first."""
        return list(self._lines)

    def attach(self) -> None:
        """Listen to everything this project logs."""
        logging.getLogger(LOGGER).addHandler(self)

    def detach(self) -> None:
        """Stop listening."""
        logging.getLogger(LOGGER).removeHandler(self)


def _cut(value: object) -> str | int | float | bool | None:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text if len(text) <= MAX_CHARS else text[: MAX_CHARS - 1] + "…"
