"""Reads the documentation: its pages, console commands, links and headings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parent.parent
DOCS = PROJECT / "docs"

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]\n]*(?:\n[^\]\n]*)?\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Command(NamedTuple):
    """A line a reader is told to type."""

    page: str
    text: str


def pages() -> list[str]:
    """Return every page a reader may open, relative to the project."""
    found = [PROJECT / "README.md", *DOCS.rglob("*.md"), *PROJECT.glob("CHANGELOG.md")]
    return sorted(str(path.relative_to(PROJECT)) for path in found)


def text_of(page: str) -> str:
    """Return a page's text."""
    return (PROJECT / page).read_text("utf-8")


def blocks(page: str, language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    return [body for name, body in _FENCE.findall(text_of(page)) if name == language]


def console_commands(page: str) -> list[Command]:
    """Return the commands of a page, in order; a trailing backslash continues the line."""
    lines = "\n".join(blocks(page, "console")).replace("\\\n", " ").splitlines()
    return [Command(page, line[2:].strip()) for line in lines if line.startswith("$ ")]


def prose(page: str) -> str:
    """Return a page without its fenced blocks."""
    return _FENCE.sub("", text_of(page))


def links(page: str) -> list[str]:
    """Return the targets of a page's links and images."""
    return _LINK.findall(prose(page))


def anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    plain = (re.sub(r"[^\w\- ]", "", title.lower()) for title in _HEADING.findall(prose(page)))
    return {title.strip().replace(" ", "-") for title in plain}
