"""Which files a server may send: only what lies inside its folders, by plain names and known types.

No listing, no hidden files, no link that leads out. Used by the monitor and the dashboard.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

WEB_STATIC = Path(__file__).resolve().parent / "static"
"""The stylesheet and the shell all pages share."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".ts": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
}
"""What is served at all: nobody guesses the type of a file we do not know."""


def inside(root: Path, path: str, *, endings: Collection[str] = MEDIA_TYPES.keys()) -> Path | None:
    """Return the file a path names inside `root`; None when there is none to serve.

    `endings`: those that may be served, with their dots.
    """
    parts = path.split("/")
    if not all(_NAME.fullmatch(part) for part in parts):
        return None
    try:
        real_root = root.resolve(strict=True)
        found = real_root.joinpath(*parts).resolve(strict=True)
    except OSError:
        return None
    servable = found.suffix in endings and found.is_file()
    return found if servable and found.is_relative_to(real_root) else None


def inside_any(roots: Sequence[Path], path: str) -> Path | None:
    """Return the file of the first root that has it."""
    found = (inside(root, path) for root in roots)
    return next((file for file in found if file is not None), None)
