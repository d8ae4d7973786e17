"""Foundation as the dashboard sees it: where it listens now, and its control API.

Who runs is told by the instance file, read anew each time: foundation may stop and come back with
other ports and another token while pages stay open.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from vectra_player.errors import UsageError, VectraError

TIMEOUT_S = 5.0
SLOW_S = 75.0
"""For what foundation itself waits for: the end of a recording's filing, a replay's events."""

MAX_ANSWER_BYTES = 16 << 20


class Peer(msgspec.Struct, frozen=True):
    """A running foundation: its token and ports on 127.0.0.1."""

    token: str
    feed: int
    monitor: int


class NoFoundationError(VectraError):
    """Foundation does not run, or does not answer."""


class RefusedByFoundationError(UsageError):
    """Foundation answered with an error; `status` is its own."""

    def __init__(self, message: str, advice: str, status: int) -> None:
        super().__init__(message, advice=advice)
        self.status = status


class Neighbour:
    """Asks foundation over HTTP with its bearer token; safe to share between threads."""

    def __init__(self, find: Callable[[], Peer | None]) -> None:
        self._find = find

    def peer(self) -> Peer | None:
        """Return who runs now."""
        return self._find()

    def get(self, path: str) -> Any:
        """Read. Raises NoFoundationError, RefusedByFoundationError."""
        return self._exchange("GET", path, None, TIMEOUT_S)

    def post(self, path: str, value: object, *, by_hand: bool = False) -> Any:
        """Change something; `by_hand`: a person at a page of ours does, not a program.

        Raises NoFoundationError, RefusedByFoundationError.
        """
        more = {"X-Vectra-Actor": "human"} if by_hand else {}
        return self._exchange("POST", path, msgspec.json.encode(value), SLOW_S, more)

    def _exchange(
        self,
        method: Literal["GET", "POST"],
        path: str,
        body: bytes | None,
        timeout_s: float,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> Any:
        peer = self._find()
        if peer is None:
            raise _not_running("Foundation does not run.")
        connection = http.client.HTTPConnection("127.0.0.1", peer.monitor, timeout=timeout_s)
        headers = {"Authorization": f"Bearer {peer.token}", "Content-Type": "application/json"}
        headers |= more
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return _told(answer.status, answer.read(MAX_ANSWER_BYTES))
        except (OSError, http.client.HTTPException):
            raise _not_running("Foundation does not answer.") from None
        finally:
            connection.close()


def _not_running(message: str) -> NoFoundationError:
    return NoFoundationError(message, advice="Start it with `vectra-player up` or ./run.sh.")


def _told(status: int, body: bytes) -> Any:
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError:
        raise _not_running("Foundation did not answer in JSON.") from None
    if status < 400:
        return value
    if status == 401:
        raise _not_running("Foundation was started anew just now.")
    error = value.get("error", {}) if isinstance(value, dict) else {}
    message = str(error.get("message") or f"Foundation answered {status}.")
    raise RefusedByFoundationError(message, str(error.get("advice", "")), status)
