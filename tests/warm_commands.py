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
import threading
import traceback
from collections.abc import Sequence
from importlib import import_module

import vectra_player
from vectra_player.analysis.games import fair_games
from vectra_player.cli import main

LIBRARIES = ("altair", "jinja2", "numba", "scipy.stats", "vl_convert")
"""What our modules import inside functions only."""


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


def serve(address: str) -> None:
    """Give each who connects a process of his own, until standard input ends."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        print("ready", flush=True)
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    listener.close()
                    attend(connection)


def attend(connection: socket.socket) -> None:
    """Run one command beside this process, pass signals on to it, and tell how it ended."""
    size, files, _, _ = socket.recv_fds(connection, 4, 3)
    with connection.makefile("rb") as stream:
        words, folder, settings = json.loads(stream.read(int.from_bytes(size)))
    pid = os.fork()
    if pid == 0:
        connection.close()
        be_the_command(words, folder, settings, files)
    for file in files:
        os.close(file)
    threading.Thread(target=pass_on, args=(connection, pid), daemon=True).start()
    # Not reaped yet: its number stays its own for as long as signals may come for it.
    end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert end is not None
    code = end.si_status if end.si_code == os.CLD_EXITED else -end.si_status
    with contextlib.suppress(OSError):
        connection.sendall(str(code).encode())
    os.waitpid(pid, 0)
    os._exit(0)


def pass_on(connection: socket.socket, pid: int) -> None:
    """Send a process the signals that are asked for; kill it when nobody is there to ask."""
    with contextlib.suppress(OSError):
        while number := connection.recv(1):
            os.kill(pid, number[0])
    os.kill(pid, signal.SIGKILL)


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
    load()
    serve(sys.argv[1])
