"""Have a command forked from the process that `tests.warm_commands` is; see it to its end.

Tests call `run`. Run as a program, with an address and a command line, this is the command itself
to whoever started it: same input and output, folder, variables, signals and exit code. Its start
must cost next to nothing, so it imports nothing but the standard library.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence

PASSED_ON = (signal.SIGINT, signal.SIGTERM)


def begin(
    address: str,
    words: Sequence[str],
    settings: Mapping[str, str],
    files: tuple[int, int, int] = (0, 1, 2),
) -> socket.socket:
    """Start a command in this folder; closing the socket kills it, a byte sent is a signal."""
    here = os.getcwd()  # noqa: PTH109 - pathlib alone would double the time of a start
    told = json.dumps([list(words), here, dict(settings)]).encode()
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(address)
    socket.send_fds(connection, [len(told).to_bytes(4)], files)
    connection.sendall(told)
    return connection


def ended(connection: socket.socket, timeout_s: float | None = None) -> int:
    """Wait for the end and return the exit code, negative for a signal. Raises TimeoutError."""
    with connection:
        connection.settimeout(timeout_s)
        return int(connection.recv(8))


def main(address: str, *words: str) -> None:
    """Be the command."""
    connection = begin(address, words, os.environ)
    for number in PASSED_ON:
        signal.signal(number, lambda number, _: connection.sendall(bytes([number])))
    code = ended(connection)
    if code < 0:
        with contextlib.suppress(OSError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
