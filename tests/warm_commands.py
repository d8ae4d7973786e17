"""What the process that `run_warm` forks its commands from has loaded before the first of them.

A command imports what it needs when it needs it, which takes a second or two each time. Here all of
it is imported once, and the fair games that comparisons rest on are made once. What a command costs
and imports in a process of its own is shown by the tests that start one: `run`, and the commands of
the documentation that are run cold. `tests.warm_client` is the other side.

Usage: python -m tests.warm_commands ADDRESS    (ends with its standard input)
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

import vectra_player
from vectra_player.analysis.games import fair_games
from vectra_player.cli import main

LIBRARIES = ("altair", "jinja2", "numba", "scipy.stats", "vl_convert")
"""What our modules import inside functions only."""

Running = dict[int, socket.socket | None]
"""Commands by their process, and who is told of their ends; None who has gone."""


def load() -> None:
    """Import the product and its libraries, and make the games of the fair baseline."""
    for library in LIBRARIES:
        import_module(library)
    for module in pkgutil.walk_packages(vectra_player.__path__, "vectra_player."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(Exception):  # a broken one fails the command that needs it
                import_module(module.name)
    fair_games()
    gc.freeze()  # what is here already is no affair of a command's collector


def serve(listener: socket.socket) -> None:
    """Give each who connects a process of his own, until standard input ends.

    This process attends to all of them itself: it is large, and each fork of it takes its time.
    """
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    running: Running = {}
    while True:
        asked = [connection for connection in running.values() if connection is not None]
        ready = select.select([listener, sys.stdin, woken, *asked], [], [])[0]
        if sys.stdin in ready:
            break
        if woken in ready:
            os.read(woken, 4096)
        for pid in [pid for pid, connection in running.items() if connection in ready]:
            pass_on(running, pid)
        tell_ends(running)
        if listener in ready:
            begin(listener, running)
    for pid in running:
        os.kill(pid, signal.SIGKILL)


def begin(listener: socket.socket, running: Running) -> None:
    """Fork the command that is asked for; who went away before he had asked is forgotten."""
    connection, _ = listener.accept()
    with contextlib.suppress(OSError, ValueError):
        size, files, _, _ = socket.recv_fds(connection, 4, 3)
        with connection.makefile("rb") as stream:
            words, folder, settings = json.loads(stream.read(int.from_bytes(size)))
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for each in (listener, connection, *running.values()):
                if each is not None:
                    each.close()
            be_the_command(words, folder, settings, files)
        for file in files:
            os.close(file)
        running[pid] = connection


def pass_on(running: Running, pid: int) -> None:
    """Send a process the signals that are asked for; kill it when nobody is there to ask.

    It is not reaped yet: its number is still its own.
    """
    connection = running[pid]
    numbers = b""
    if connection is not None:
        with contextlib.suppress(OSError):
            numbers = connection.recv(16)
        if not numbers:
            connection.close()
            running[pid] = None
    for number in numbers or [signal.SIGKILL]:
        os.kill(pid, number)


def tell_ends(running: Running) -> None:
    """Reap the commands that have ended and tell how, negative for a signal."""
    for pid in list(running):
        if not (ended := os.waitpid(pid, os.WNOHANG))[0]:
            continue
        connection = running.pop(pid)
        if connection is not None:
            with contextlib.suppress(OSError), connection:
                connection.sendall(str(os.waitstatus_to_exitcode(ended[1])).encode())


def be_the_command(
    words: list[str], folder: str, settings: dict[str, str], files: Sequence[int]
) -> None:
    """Run a command line with these files as its standard input and outputs; never returns."""
    code = 1
    try:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(settings)
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        sys.stdin, sys.stdout, sys.stderr = (
            os.fdopen(number, mode, encoding="utf-8", closefd=False)
            for number, mode in enumerate(("r", "w", "w"))
        )
        sys.argv = ["vectra-player", *words]
        main(words)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[1])
        listener.listen()
        print("ready", flush=True)  # who comes now waits until all is loaded
        load()
        serve(listener)
