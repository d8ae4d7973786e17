"""Where the feed is and the token for it: what the caller says, else the running instance's file.

Used by `client` only.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from vectra_player.config import load
from vectra_player.errors import UsageError

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Endpoint(msgspec.Struct, frozen=True):
    """An address of the feed and the bearer token it takes."""

    url: str
    token: str


class _Instance(msgspec.Struct, frozen=True):
    feed: int
    token: str


class Finder:
    """Finds the endpoint anew for every attempt: a restarted Foundation has another token."""

    def __init__(self, url: str | None, token: str | None, data_dir: Path | str | None) -> None:
        self.url = None if url is None else _checked(url)
        self.token = token
        self._data_dir = data_dir

    @property
    def fixed(self) -> bool:
        """Tell whether the caller gave the token, so that no other can be found."""
        return self.token is not None

    @property
    def file(self) -> Path:
        """Return the running instance's file. Raises ConfigError."""
        options = {} if self._data_dir is None else {"data_dir": self._data_dir}
        return load(options).settings.data_dir / "run" / "instance.json"

    def find(self) -> Endpoint | None:
        """Return where to connect now; None when no Foundation runs.

        Raises:
            UsageError: the file cannot be read.
        """
        if self.url is not None and self.token is not None:
            return Endpoint(self.url, self.token)
        path = self.file
        try:
            instance = msgspec.json.decode(path.read_bytes(), type=_Instance)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError:
            return None  # another version's, or half of one: a running Foundation replaces it
        except OSError as error:
            raise UsageError(
                f"{path} cannot be read: {error.strerror}.",
                advice="Run as the user who started Foundation, or give url and token.",
            ) from error
        url = self.url or f"ws://127.0.0.1:{instance.feed}/feed"
        return Endpoint(url, self.token or instance.token)


def with_query(url: str, **fields: str | int | None) -> str:
    """Return an address with the fields that are given."""
    given = {name: value for name, value in fields.items() if value is not None}
    if not given:
        return url
    joint = "&" if urlsplit(url).query else "?"
    return url + joint + urlencode(given, safe=",", quote_via=quote)


def _checked(url: str) -> str:
    """Refuse an address that would carry the token off this machine."""
    parts = urlsplit(url)
    if parts.scheme != "ws" or parts.hostname not in _LOOPBACK:
        raise UsageError(
            f"{url!r} is no address of a feed on this machine.",
            advice="It begins with ws://127.0.0.1:; use an ssh tunnel for another machine.",
        )
    return url
