"""Answer short calculations in a process of its own, one after the other.

`python -m vectra_player.dashboard.compute_worker PACKAGE DATA_DIR`: each line on standard input is
a question to a module of the package, each line on standard output its answer (`compute.Reply`).
The end of standard input means that the dashboard is gone: this process ends at once, even in the
middle of an answer.
"""

from __future__ import annotations

import importlib
import os
import queue
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from vectra_player.dashboard.compute import Reply
from vectra_player.dashboard.params import WrongParametersError
from vectra_player.errors import UsageError, VectraError


class _Order(msgspec.Struct, frozen=True):
    question: str
    request: Any = None


def answer(package: str, data_dir: Path, line: bytes) -> Reply:
    """Carry out one question."""
    try:
        order = msgspec.json.decode(line, type=_Order)
        module, _, function = order.question.partition(":")
        work = getattr(importlib.import_module(f"{package}.{module}"), function)
        found = msgspec.json.encode(work(data_dir, order.request), enc_hook=str)
    except WrongParametersError as error:
        return Reply(error=error.message, fields=error.fields)
    except VectraError as error:
        usage = isinstance(error, UsageError)
        return Reply(error=error.message, advice=error.advice, usage=usage)
    except Exception:
        return Reply(fault=traceback.format_exc())
    return Reply(result=msgspec.Raw(found))


def main(package: str, data_dir: Path) -> None:
    """Answer until the dashboard goes away."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # a library that prints must not spoil the lines
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    source = os.fdopen(os.dup(0), "rb")
    threading.Thread(target=_read, args=(source, lines), daemon=True).start()
    while True:
        _write(out, msgspec.json.encode(answer(package, data_dir, lines.get())) + b"\n")


def _write(out: BinaryIO, line: bytes) -> None:
    view = memoryview(line)
    while view:
        view = view[out.write(view) :]


def _read(source: BinaryIO, lines: queue.SimpleQueue[bytes]) -> None:
    for line in source:
        lines.put(line)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
