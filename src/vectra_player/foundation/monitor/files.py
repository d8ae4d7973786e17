"""Serve files of this package and of the user's tools. Used by `monitor.app`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse

from vectra_player.web.files import MEDIA_TYPES, WEB_STATIC, inside, inside_any

__all__ = ["BUILT_IN_ARTIFACTS", "STATIC", "WEB_STATIC", "inside", "inside_any", "respond"]

FOUNDATION = Path(__file__).resolve().parent.parent
STATIC = FOUNDATION / "static"
BUILT_IN_ARTIFACTS = FOUNDATION / "artifacts"


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
