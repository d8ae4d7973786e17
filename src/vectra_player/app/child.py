"""Keep a child process at work beside a service that runs. Used by `outlet` and `dashboard`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

import structlog

log = structlog.get_logger(__name__)

FIRST_RETRY_S: Final = 0.5
LONGEST_RETRY_S: Final = 30.0
HEALTHY_S: Final = 60.0
"""A child that ran so long is soon started again; after one that ends sooner it takes ever longer.
"""


async def keep_running(what: str, run: Callable[[], Awaitable[int]]) -> NoReturn:
    """Run a child again and again until cancelled; `run` starts it and returns its exit code."""
    loop, wait_s = asyncio.get_running_loop(), FIRST_RETRY_S
    while True:
        started = loop.time()
        try:
            code: int | str = await run()
        except OSError as error:
            code = str(error)
        if loop.time() - started >= HEALTHY_S:
            wait_s = FIRST_RETRY_S
        log.error(f"the {what} ended; it is started again", code=code, wait_s=wait_s)
        await asyncio.sleep(wait_s)
        wait_s = min(LONGEST_RETRY_S, wait_s * 2)
