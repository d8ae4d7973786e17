"""Run the Chrome process of chrome-host: its pipe, its standard error, its end.

Standard library only, like all that chrome-host runs.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import signal
import time
from collections import deque

CHUNK = 256 * 1024
START_S = 60.0


class Chrome:
    """The browser process: its pipe, its standard error, its end."""

    def __init__(self, argv: list[str]) -> None:
        self.headless = any(flag.startswith("--headless") for flag in argv)
        to_chrome, self.input = (_high(fd) for fd in os.pipe())
        self.output, from_chrome = (_high(fd) for fd in os.pipe())
        self.error, errors = (_high(fd) for fd in os.pipe())
        self.pid = os.posix_spawn(
            argv[0],
            argv,
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, to_chrome, 3),
                (os.POSIX_SPAWN_DUP2, from_chrome, 4),
                (os.POSIX_SPAWN_DUP2, errors, 2),
            ],
        )
        for fd in (to_chrome, from_chrome, errors):
            os.close(fd)
        for fd in (self.input, self.output, self.error):
            os.set_blocking(fd, False)
        self.unsent: deque[memoryview] = deque()

    def send(self, command: bytes) -> None:
        """Queue a command."""
        self.unsent.append(memoryview(command + b"\0"))

    def write(self) -> None:
        """Give Chrome what its pipe takes."""
        while self.unsent:
            try:
                sent = os.write(self.input, self.unsent[0])
            except BlockingIOError:
                return
            except OSError:
                self.unsent.clear()
                return
            if sent < len(self.unsent[0]):
                self.unsent[0] = self.unsent[0][sent:]
                return
            self.unsent.popleft()

    def first_answer(self) -> bytes:
        """Ask for the version; empty when Chrome ends or is silent instead."""
        self.send(b'{"id":1,"method":"Browser.getVersion"}')
        self.write()
        answer, until = b"", time.monotonic() + START_S
        with selectors.DefaultSelector() as select:
            select.register(self.output, selectors.EVENT_READ)
            while not answer.endswith(b"\0") and time.monotonic() < until:
                if select.select(0.5):
                    data = os.read(self.output, CHUNK)
                    if not data:
                        return b""
                    answer += data
        return answer.rstrip(b"\0")

    def failure(self) -> tuple[int, str]:
        """Return exit code and last words of a Chrome that would not start."""
        code = self.wait()
        with contextlib.suppress(BlockingIOError):
            return code, os.read(self.error, CHUNK)[-1000:].decode("utf-8", "replace")
        return code, ""

    def close(self) -> None:
        """Let go of the pipe; a Chrome that still runs ends by it."""
        for fd in (self.input, self.output, self.error):
            os.close(fd)

    def kill(self) -> None:
        """End Chrome the hard way."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Reap Chrome, killing it when it hangs; return its exit code, negative for a signal."""
        for _ in range(100):
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.05)
        self.kill()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def _high(fd: int) -> int:
    """Move a descriptor out of the way of 3 and 4, which Chrome wants."""
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(fd)
    return moved
