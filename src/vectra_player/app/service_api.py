"""Requests of our own programs to the running service: found by its instance file each time.

Blocking, on loopback. Used by `app.strategy_run` through `app.remote_account`.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from vectra_player.app.instance import read_instance
from vectra_player.errors import SourceError, UsageError, VectraError

TIMEOUT_S = 10.0
LOAD_TIMEOUT_S = 150.0
"""A little longer than a recording may take to load."""


class ServiceApi:
    """The monitor's API of one data directory; a restarted service is found again."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path: str) -> Any:
        """Read. Raises as `post`."""
        return self._ask(path, None, TIMEOUT_S)

    def post(self, path: str, value: dict[str, Any], *, timeout_s: float = TIMEOUT_S) -> Any:
        """Write.

        Raises:
            UsageError: the service refuses, as it says itself.
            SourceError: nothing answers.
        """
        return self._ask(path, value, timeout_s)

    def _ask(self, path: str, value: dict[str, Any] | None, timeout_s: float) -> Any:
        instance = read_instance(self._data_dir)
        if instance is None:
            raise SourceError("No service is running.", advice="Start it: vectra-player up")
        headers = {
            "Authorization": f"Bearer {instance.token}",
            "Content-Type": "application/json",
        }
        body = None if value is None else json.dumps(value).encode()
        url = f"http://127.0.0.1:{instance.monitor}{path}"
        request = urllib.request.Request(url, data=body, headers=headers)
        try:
            with self._opener.open(request, timeout=timeout_s) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as refusal:
            raise refusal_of(refusal) from None
        except (OSError, ValueError) as error:
            raise SourceError(f"The service does not answer: {error}.") from None


def refusal_of(refusal: urllib.error.HTTPError) -> VectraError:
    """Return what the service says as the error it is."""
    try:
        told = json.loads(refusal.read())["error"]
        message, advice = str(told["message"]), str(told.get("advice") or "")
    except (ValueError, KeyError, TypeError, OSError):
        return VectraError(f"The running service answers {refusal.code}.")
    kind = UsageError if refusal.code < 500 else VectraError
    return kind(message, advice=advice)
