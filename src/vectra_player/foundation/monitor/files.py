"""Serve files of this package and of the user's tools: only what lies inside, by plain names.

No listing, no hidden files, no link that leads out. Used by `monitor.app`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse

FOUNDATION = Path(__file__).resolve().parent.parent
STATIC = FOUNDATION / "static"
WEB_STATIC = FOUNDATION.parent / "web" / "static"
BUILT_IN_ARTIFACTS = FOUNDATION / "artifacts"

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


def inside(root: Path, path: str) -> Path | None:
    """Return the file a path names inside `root`; None when there is none to serve."""
    parts = path.split("/")
    if not all(_NAME.fullmatch(part) for part in parts):
        return None
    try:
        real_root = root.resolve(strict=True)
        found = real_root.joinpath(*parts).resolve(strict=True)
    except OSError:
        return None
    servable = found.suffix in MEDIA_TYPES and found.is_file()
    return found if servable and found.is_relative_to(real_root) else None


def respond(roots: Sequence[Path], path: str) -> FileResponse:
    """Answer with the file of the first root that has it.

    Raises:
        HTTPException: 404.
    """
    found = inside_any(roots, path)
    if found is None:
        raise HTTPException(404, "There is no such file.")
    kind = MEDIA_TYPES[found.suffix]
    return FileResponse(found, media_type=kind, headers={"Cache-Control": "no-cache"})


def inside_any(roots: Sequence[Path], path: str) -> Path | None:
    """Return the file of the first root that has it."""
    found = (inside(root, path) for root in roots)
    return next((file for file in found if file is not None), None)
