"""Wait for a child's answer on a pipe. Used by `store.query_process` and `store.importers`."""

from __future__ import annotations

import math
import select
from typing import IO


def readable(pipe: int | IO[bytes], timeout_s: float) -> bool:
    """Wait until a pipe has data or has ended; False: not within the time.

    `select.select` would refuse descriptors from 1024 on, which a busy service may hold.
    """
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    return bool(poll.poll(math.ceil(timeout_s * 1000)))
