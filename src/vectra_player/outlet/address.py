"""Where the broker is and who we are to it. A secret never stands in an address, only in a file."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final, NamedTuple

from vectra_player.errors import UsageError

DEFAULT_PORT: Final = 4222
_ADDRESS = re.compile(r"(nats|tls)://(\[[0-9a-fA-F:]+\]|[^\s/@:?#\[\]]+)(?::(\d{1,5}))?/?")
_MAX_SECRET_BYTES = 4096


class Login(NamedTuple):
    """User and password, or a token in `password` with no user."""

    user: str
    password: str

    def __repr__(self) -> str:  # a traceback or a log shows no secret
        return "Login(...)"


class Address(NamedTuple):
    """A broker, as it may be shown and logged, and the file with what it asks for."""

    url: str
    credentials: Path | None = None

    @property
    def encrypted(self) -> bool:
        """Tell whether nothing may be sent in the clear."""
        return self.url.startswith("tls://")

    def login(self) -> Login | None:
        """Read the credentials; None where none are named.

        Raises:
            UsageError: the file cannot be read, others can read it, or it is empty.
        """
        if self.credentials is None:
            return None
        text = _private_text(self.credentials)
        user, colon, password = text.partition(":")
        return Login(user, password) if colon else Login("", text)


def parse_address(url: str, credentials: Path | None) -> Address:
    """Check an address and fill in the port.

    Raises:
        UsageError: it is none, or holds a secret. The message does not repeat it.
    """
    if "@" in url:
        raise UsageError(
            "The address of the outlet holds a user or a password.",
            advice="Write `user:password` or a token into a file that only you may read, and name "
            "it with VECTRA_OUTLET_CREDENTIALS.",
        )
    match = _ADDRESS.fullmatch(url)
    port = int(match[3] or DEFAULT_PORT) if match else 0
    if match is None or not 0 < port < 65_536:
        raise UsageError(f"{url!r} is no broker.", advice="Write nats://HOST:4222.")
    return Address(f"{match[1]}://{match[2]}:{port}", credentials)


def _private_text(path: Path) -> str:
    advice = "It holds `user:password` or a token in one line."
    try:
        with path.expanduser().open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(_MAX_SECRET_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(
            f"The outlet's credentials {path} cannot be read: {reason}.", advice=advice
        ) from None
    if mode & 0o077:
        raise UsageError(
            f"Others may read the outlet's credentials {path}.", advice=f"Run: chmod 600 {path}"
        )
    if not text or "\n" in text:
        raise UsageError(f"{path} holds no credentials.", advice=advice)
    return text
