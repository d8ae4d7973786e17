from __future__ import annotations

import logging

import structlog

from vectra_player.foundation.logring import MAX_CHARS, LogRing


def record(message: object, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("vectra_player.x", level, "f", 1, message, None, None)


def test_it_keeps_the_last_lines_only() -> None:
    ring = LogRing(lines=2)
    for number in range(5):
        ring.emit(record(f"line {number}"))
    assert [line["event"] for line in ring.tail()] == ["line 3", "line 4"]


def test_fields_are_kept_short_and_plain() -> None:
    ring = LogRing()
    ring.emit(record({"event": "halted", "seq": 5, "error": ValueError("x" * 999), "level": "i"}))
    (line,) = ring.tail()
    assert (line["event"], line["level"], line["fields"]["seq"]) == ("halted", "info", 5)
    assert len(line["fields"]["error"]) == MAX_CHARS
    assert set(line["fields"]) == {"seq", "error"}


def test_it_hears_the_project_while_attached() -> None:
    from vectra_player.cli.session import configure_logging

    configure_logging("info")
    ring = LogRing()
    ring.attach()
    try:
        structlog.get_logger("vectra_player.test").info("something", count=3)
    finally:
        ring.detach()
    structlog.get_logger("vectra_player.test").info("later")
    assert [(line["event"], line["fields"]) for line in ring.tail()] == [
        ("something", {"count": 3})
    ]
