"""Pipes are waited for whatever the number of their descriptor."""

from __future__ import annotations

import fcntl
import os
import resource

from vectra_player.store.pipes import readable


def test_a_descriptor_beyond_1024_is_waited_for() -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, limits[1]), limits[1]))
    source, target = os.pipe()
    try:
        high = fcntl.fcntl(source, fcntl.F_DUPFD, 1500)
        try:
            assert not readable(high, 0)
            os.write(target, b"x")
            assert readable(high, 30)
            os.read(high, 1)
            os.close(target)
            assert readable(high, 30), "an end is seen as well"
        finally:
            os.close(high)
    finally:
        os.close(source)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
