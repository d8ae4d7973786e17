"""What a request asks of the store, read from its query. Used by `monitor.app`."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request

from vectra_player.foundation.store_worker import Question
from vectra_player.game.price_path import V3
from vectra_player.game.sidebet import WINDOW_TICKS

MAX_LISTED = 1000
LISTED = 100
ORIGINS = ("real", "demo", "all")
LAST_TICK = V3.max_ticks
MAX_BETS = 20


def listing_asked(op: str, request: Request) -> Question:
    """Read how many of a list are wanted. Raises HTTPException as `survival_asked`."""
    return Question(op, listed(request))


def listed(request: Request) -> int:
    """Read how many of a list are wanted. Raises HTTPException as `survival_asked`."""
    return _number(request, "limit", 1, MAX_LISTED, LISTED)


def survival_asked(request: Request) -> Question:
    """Read of which games and from which tick on. Raises HTTPException 400 for nonsense."""
    origin = request.query_params.get("origin", "real")
    if origin not in ORIGINS:
        raise HTTPException(400, f"origin is one of {', '.join(ORIGINS)}.")
    return Question(
        "survival",
        origin=origin,
        at=_number(request, "at", 0, LAST_TICK, 0),
        within=_number(request, "within", 1, LAST_TICK, WINDOW_TICKS),
        bets=_number(request, "bets", 0, MAX_BETS, 1),
    )


def _number(request: Request, name: str, least: int, most: int, usual: int) -> int:
    text = request.query_params.get(name, str(usual))
    if not (text.isascii() and text.isdecimal() and least <= int(text[:9]) <= most):
        raise HTTPException(400, f"{name} is a number from {least} to {most}.")
    return int(text)
