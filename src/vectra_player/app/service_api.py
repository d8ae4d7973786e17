"""Requests of our own programs to the running service: found by its instance file each time.

Blocking, on loopback. Used by `app.strategy_run` through `app.remote_account`.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from vectra_player.app.instance import Instance, read_instance
from vectra_player.clock import SystemClock
from vectra_player.errors import SourceError, UsageError, VectraError

TIMEOUT_S = 10.0
LOAD_TIMEOUT_S = 150.0
"""A little longer than a recording may take to load."""

NO_HEADERS: Mapping[str, str] = MappingProxyType({})

REST_S = 10.0
"""A connection that rested longer is not used again: the service closes it after 30 s, and a
write that may have arrived must not be sent twice."""


class ServiceApi:
    """The monitor's API of one data directory; a restarted service is found again.

    One connection is kept: a run in a replay asks a thousand times.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._clock = SystemClock()
        self._used_s = 0.0
        self._kept: tuple[Instance, http.client.HTTPConnection] | None = None

    def get(self, path: str) -> Any:
        """Read. Raises as `post`."""
        return self._ask("GET", path, None, TIMEOUT_S)

    def post(
        self,
        path: str,
        value: dict[str, Any],
        *,
        timeout_s: float = TIMEOUT_S,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Any:
        """Write.

        Raises:
            UsageError: the service refuses, as it says itself.
            SourceError: nothing answers.
        """
        return self._ask("POST", path, msgspec.json.encode(value), timeout_s, headers)

    def close(self) -> None:
        """Close the connection; the next request makes another."""
        if self._kept is not None:
            self._kept[1].close()
            self._kept = None

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None,
        timeout_s: float,
        more: Mapping[str, str] = NO_HEADERS,
    ) -> Any:
        instance = read_instance(self._data_dir)
        if instance is None:
            raise SourceError("No service is running.", advice="Start it: vectra-player up")
        if self._clock.monotonic() - self._used_s > REST_S:
            self.close()
        try:
            status, told = self._exchange(instance, method, path, body, timeout_s, more)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise SourceError(f"The service does not answer: {error!r}.") from None
        self._used_s = self._clock.monotonic()
        if status < 400:
            return json.loads(told)
        raise _refusal(status, told)

    def _exchange(
        self,
        instance: Instance,
        method: str,
        path: str,
        body: bytes | None,
        timeout_s: float,
        more: Mapping[str, str],
    ) -> tuple[int, bytes]:
        connection = self._connection(instance)
        connection.timeout = timeout_s
        if connection.sock is not None:
            connection.sock.settimeout(timeout_s)
        headers = {"Authorization": f"Bearer {instance.token}", **more}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def _connection(self, instance: Instance) -> http.client.HTTPConnection:
        if self._kept is not None and self._kept[0] == instance:
            return self._kept[1]
        self.close()
        connection = http.client.HTTPConnection("127.0.0.1", instance.monitor)
        self._kept = (instance, connection)
        return connection


def _refusal(status: int, told: bytes) -> VectraError:
    """Return what the service says as the error it is."""
    try:
        fault = json.loads(told)["error"]
        message, advice = str(fault["message"]), str(fault.get("advice") or "")
    except (ValueError, KeyError, TypeError):
        return VectraError(f"The running service answers {status}.")
    kind = UsageError if status < 500 else VectraError
    return kind(message, advice=advice)
