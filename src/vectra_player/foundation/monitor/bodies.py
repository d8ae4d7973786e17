"""Reading the body of a request and writing the answer, as JSON. Used by the routes."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_T = TypeVar("_T")


async def body_of(request: Request, kind: type[_T]) -> _T:
    """Read the body. Raises HTTPException 400 when it is not what it should be."""
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise HTTPException(400, f"The body is not what it should be: {error}.") from None


def answer(value: object) -> Response:
    """Return a value as a response."""
    return Response(msgspec.json.encode(value, enc_hook=str), media_type="application/json")
