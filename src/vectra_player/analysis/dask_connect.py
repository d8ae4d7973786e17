"""How a Dask cluster is reached: one of this machine is started, another is asked who it is.

What answers at an address is asked before Dask's own client is made of it: that one takes half a
minute for nobody, and chokes on servers that are no Dask. Used by `analysis.dask_engine`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import dask

from vectra_player.errors import UsageError, VectraError

distributed = import_module("distributed")  # which is typed in part only

CONNECT_S = 10.0
"""How long a scheduler may take to answer."""

_HOLDER = "vectra_player.analysis.dask_local"
_START_AGAIN = (
    "Start one with 'dask scheduler', or name none, by --scheduler or DASK_SCHEDULER_ADDRESS, "
    "to use this machine."
)


class LocalProcesses:
    """A cluster of this machine in a session of its own; nothing of it outlives `close`, or us."""

    def __init__(self, jobs: int) -> None:
        """Start it. Raises VectraError where it does not come up."""
        self._scratch = tempfile.TemporaryDirectory(
            prefix="vectra-dask-", ignore_cleanup_errors=True
        )
        said = Path(self._scratch.name) / "stderr"
        with said.open("wb") as errors:
            self._holder = subprocess.Popen(
                [sys.executable, "-P", "-m", _HOLDER, str(jobs), self._scratch.name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        try:
            assert self._holder.stdout is not None
            line = self._holder.stdout.readline()
            if not line:
                why = said.read_text("utf-8", "replace").strip().rpartition("\n")[2]
                raise VectraError(f"A Dask cluster on this machine did not start: {why}")
            keys = json.loads(line)
            self.address = str(keys.pop("address"))
            self.security = distributed.Security(require_encryption=True, **keys)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Kill all of it at once: what it computed is with us, or is computed again."""
        with suppress(ProcessLookupError):
            os.killpg(self._holder.pid, signal.SIGKILL)
        self._holder.wait()
        for pipe in (self._holder.stdin, self._holder.stdout):
            if pipe is not None:
                pipe.close()
        self._scratch.cleanup()


def scheduler_of_environment() -> str | None:
    """Return the address Dask itself is told: DASK_SCHEDULER_ADDRESS, or its configuration."""
    return dask.config.get("scheduler-address", None) or None


def client_of(address: str, security: Any = None) -> Any:
    """Return a client of the scheduler at an address; TLS as Dask is configured for it.

    Raises:
        UsageError: nobody answers there, something else does, or it is no address.
    """
    _quiet()
    security = security or distributed.Security()
    found = _who_answers(address, security)
    if found != "Scheduler":
        raise UsageError(f"At {address} is a Dask {found.lower()}, no scheduler.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other versions: we compare them ourselves
        return distributed.Client(
            address,
            security=security,
            timeout=CONNECT_S,
            set_as_default=False,
            name="vectra-player",
        )


def _who_answers(address: str, security: Any) -> str:
    try:
        return asyncio.run(asyncio.wait_for(_identity(address, security), CONNECT_S))
    except OSError:  # timeouts too
        raise UsageError(f"No Dask scheduler answers at {address}.", advice=_START_AGAIN) from None
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"{address} cannot be connected to: {error}.",
            advice="Write tcp://HOST:8786; for tls:// configure Dask's certificates.",
        ) from None
    except Exception:  # a server of another kind: whatever its bytes make of Dask's decoder
        raise UsageError(
            f"What answers at {address} is no Dask scheduler.", advice=_START_AGAIN
        ) from None


async def _identity(address: str, security: Any) -> str:
    arguments = security.get_connection_args("client")
    comm: Any = await distributed.core.connect(address, timeout=CONNECT_S, **arguments)
    try:
        await comm.write({"op": "identity", "reply": True})
        answer: Any = await comm.read()
        return str(answer["type"])
    finally:
        comm.abort()


def _quiet() -> None:
    """Keep Dask's log off the terminal: what matters of it is told as errors of ours."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":  # each has a level of its own
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1TB"})
