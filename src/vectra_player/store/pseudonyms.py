"""Stable stand-ins for player ids and names, so that a recording can be shown to others.

The key stays in the data directory: the same player has the same pseudonym in every export of one
directory, and nobody without the key can link them. Works on the text of JSON, so that everything
else in `raw` keeps its exact bytes. Used by `store.export` and `store.delete`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path

from vectra_player.errors import UsageError

KEY_FILE = "pseudonym.key"
_KEY_BYTES = 32

_PRIVY = re.compile(r"did:privy:[a-z0-9]+")
"""Player ids as protocol.md section 6 has them; they also occur inside chat reply keys."""

_NAME_KEYS = "username|discordUsername|displayName|nickname|createdBy"
_ID_KEYS = "playerId|player_id|winnerPlayerId|userId"
_CHAT_KEYS = "message|text"
_ALERT_KEYS = "title|message"

CHAT_EVENTS = frozenset({"newChatMessage", "chatHistory", "inboxMessages"})
"""Events whose `message` is what a person wrote; a maintenance notice is not."""

_VALUE = r'"(?P<value>(?:[^"\\]|\\.)*)"'
_NESTED = r'(?P<slash>\\+)"(?:{keys})(?P=slash)"\s*:\s*(?P=slash)"(?P<value>.*?)(?<!\\)(?P=slash)"'

ALERT_EVENT = "vectra.alert"
"""Event whose title and message name the player it speaks of, where it speaks of one."""

MASKED_TEXT = "[masked]"


def _patterns(keys: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    plain = re.compile(rf'"(?:{keys})"\s*:\s*{_VALUE}')
    return plain, re.compile(_NESTED.format(keys=keys))


_NAMES = _patterns(_NAME_KEYS)
_IDS = _patterns(_ID_KEYS)
_CHAT = _patterns(_CHAT_KEYS)
_ALERT = _patterns(_ALERT_KEYS)


class Pseudonyms:
    """Pseudonyms under one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._known: dict[tuple[str, str], str] = {}

    def player_id(self, value: str) -> str:
        """Return the stand-in of a player id; a `did:privy:` id keeps that shape and length."""
        if value.startswith("did:privy:"):
            return "did:privy:" + self._digest("id", value.removeprefix("did:privy:"))[:25]
        return "anon-" + self._digest("id", value)[:20]

    def username(self, value: str) -> str:
        """Return the stand-in of a name, at most 16 characters as real ones."""
        return "anon_" + self._digest("name", value)[:11]

    def text(self, raw: str, *, chat: bool = False, alert: bool = False) -> str:
        """Replace ids and names in JSON text.

        `chat` masks what people wrote as well, `alert` what an alert says of a player.
        """
        raw = _replace(_IDS, raw, self._id_unless_privy)
        raw = _replace(_NAMES, raw, self.username)
        if chat:
            raw = _replace(_CHAT, raw, lambda value: MASKED_TEXT)
        if alert:
            raw = _replace(_ALERT, raw, lambda value: MASKED_TEXT)
        return _PRIVY.sub(lambda found: self.player_id(found[0]), raw)

    def _id_unless_privy(self, value: str) -> str:
        """`did:privy:` ids are replaced wherever they stand, by the last pass."""
        return value if _PRIVY.fullmatch(value) else self.player_id(value)

    def _digest(self, kind: str, value: str) -> str:
        known = self._known.get((kind, value))
        if known is None:
            message = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
            digest = hmac.digest(self._key, message, hashlib.sha256)
            known = base64.b32encode(digest).decode().lower().rstrip("=")
            self._known[(kind, value)] = known
        return known


def replace_names(raw: str, stand_in: Callable[[str], str]) -> str:
    """Replace what stands as a player's name in JSON text, never an equal word that is no name."""
    return _replace(_NAMES, raw, stand_in)


def _replace(
    patterns: tuple[re.Pattern[str], re.Pattern[str]], raw: str, stand_in: Callable[[str], str]
) -> str:
    for pattern in patterns:
        raw = pattern.sub(lambda found: _with_value(found, stand_in(found["value"])), raw)
    return raw


def _with_value(found: re.Match[str], value: str) -> str:
    start, end = found.span("value")
    offset = found.start()
    return found[0][: start - offset] + value + found[0][end - offset :]


def load_key(manifests: Path) -> bytes:
    """Return the directory's key, made at the first use, readable by its owner only.

    Raises:
        UsageError: the key file is damaged or readable by others.
    """
    path = manifests / KEY_FILE
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return _read_key(path)
    key = secrets.token_bytes(_KEY_BYTES)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key


def _read_key(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        key = file.read(_KEY_BYTES + 1)
        mode = os.fstat(file.fileno()).st_mode
    if len(key) != _KEY_BYTES or mode & 0o077:
        raise UsageError(
            f"The key of pseudonyms {path} is damaged or readable by others.",
            advice="Run `chmod 600` on it, or delete it: later exports get other pseudonyms.",
        )
    return key
