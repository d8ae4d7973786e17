"""Mask credentials in captured traffic before anything is stored (contracts section 3).

Called by sources' sink on every frame, ahead of the journal. Most frames hold none: they come
back as they are, the same object. Keyword scans of event packets use rare letters first, because
a frame every 100 ms must cost next to nothing; everything that is no event packet (handshakes,
connect packets, facts) is small and rare and is always searched in full.
"""

from __future__ import annotations

import re
from contextlib import suppress

import msgspec

from vectra_player.errors import DecodeError
from vectra_player.model.frame import BINARY, Frame
from vectra_player.protocol import engineio
from vectra_player.protocol.masking import WORDS, mask_rest, mask_same_length, mask_text, mask_value

# One literal letter in front lets the engine skip to it; look-behinds complete the word.
_SEARCHES = tuple(
    re.compile(pattern).search
    for pattern in (
        r"k(?:en(?<=[oO]ken)(?<!Practice Token)|ie(?<=ookie)|[eE]y(?<=[ieIE_ -]key)|-(?<=[spr]k-))",
        r"w(?:ord|d(?<=[pP]wd)|t(?<=[jJ]wt)|(?<=ssw))",
        r'h(?:rase|oriz|entic|(?<=auth)(?:=|\\*"))',
        r"c(?:ret(?<=ecret)|redential)",
        r"C(?:RET(?<=ECRET)|REDENTIAL)",
        r"H(?:RASE|ORIZ|(?<=AUTH))",
    )
)
_WORDS = ("gnature", "nemonic")
# A letter that clean frames lack, then the word: the first test is a memchr.
_RARE_LETTERS = (
    ("J", "eyJ"),
    ("J", "JWT"),
    ("K", "Key"),
    ("K", "KEY"),
    ("K", "KEN"),
    ("K", "KIE"),
    ("W", "Word"),
    ("W", "SSW"),
    ("W", "PWD"),
    ("N", "GNATURE"),
    ("N", "NEMONIC"),
    ("B", "Bearer"),
    ("B", "-----BEGIN"),
    ("@", "://"),
    ("\\", "\\u00"),
)

_EVENT_HEAD = re.compile(
    r'4[25](?:[0-9]{1,9}-)?(?:/[^,\[{]*,)?[0-9]{0,18}\s*\[\s*"((?:[^"\\]|\\.){0,128})"\s*,?'
)
_RECORD_HEAD = re.compile(r'"event(?:_type)?"\s*:\s*"((?:[^"\\]|\\.){0,128})"')
_RECORD_DATA = re.compile(r'"data"\s*:\s*(?=[\[{"])')
_LOGIN_NAME = (
    r'"(?:[aA][uU][tT][hH]|(?:[lL][oO]|[sS][iI])[gG][nN]?-?[iI]|[rR][eE][gG][iI]'
    r'|[^"\\]{0,128}\\)'
)
"""How a name begins that may be a login's; one with escapes may be any."""

_LOGIN_HEAD = re.compile(r"4[25][0-9-]*(?:/[^,\[{]*,)?[0-9]*\s*\[\s*" + _LOGIN_NAME)
_LOGIN_RECORD = re.compile(r'"event(?:_type)?"\s*:\s*' + _LOGIN_NAME)
_LOGIN_EVENTS = frozenset(
    {"authenticate", "auth", "login", "signin", "log-in", "sign-in", "register"}
)


def scrub(frame: Frame) -> Frame:
    """Mask the credentials of a frame; the same object when there are none.

    By field name (tokens, cookies, passwords, keys, ...) and by shape (JWT, Bearer, `sk-`, PEM).
    Never raises; idempotent; JSON stays JSON; `serverSeed`, `serverSeedHash`, `traceparent` and
    `gameId` are never touched.
    """
    raw = frame.raw
    if frame.raw_format == "engineio":
        if frame.opcode == BINARY or raw[:1] == "b":
            return _changed(frame, _scrub_binary(raw, frame.opcode))
        if raw[:2] in ("42", "43", "45", "46") and not _suspicious(raw):
            return frame
    elif frame.raw_format != "fact" and surely_clean(raw):
        return frame
    return _changed(frame, scrub_text(raw))


def scrub_text(text: str) -> str:
    """Mask the credentials of any text, such as a URL or a log line. Never raises."""
    return mask_text(_scrub_login(text))


def surely_clean(text: str) -> bool:
    """Tell that no record in this text needs a scrub; False means: look at each of them."""
    return not _suspicious(text) and _LOGIN_RECORD.search(text) is None


def _changed(frame: Frame, raw: str) -> Frame:
    return frame if raw == frame.raw else msgspec.structs.replace(frame, raw=raw)


def _suspicious(text: str) -> bool:
    """Tell whether an event packet holds the trace of a credential, with few false alarms."""
    if _LOGIN_HEAD.match(text) is not None:
        return True
    # Loops: any() over a generator takes twice the time.
    for search in _SEARCHES:
        if search(text) is not None:
            return True
    for word in _WORDS:
        if word in text:
            return True
    for letter, word in _RARE_LETTERS:  # noqa: SIM110
        if letter in text and word in text:
            return True
    return False


def _scrub_login(text: str) -> str:
    """Mask all arguments of events whose very name speaks of credentials."""
    head = _EVENT_HEAD.match(text)
    if head is not None:
        return mask_rest(text, head.end()) if _is_login(head.group(1)) else text
    if text[:1] != "{":
        return text
    record = _RECORD_HEAD.search(text, 0, 4096)
    if record is None or not _is_login(record.group(1)):
        return text
    data = _RECORD_DATA.search(text)
    return text if data is None else mask_value(text, data.end())


def _is_login(name: str) -> bool:
    if "\\" in name:
        with suppress(msgspec.DecodeError):
            name = msgspec.json.decode(f'"{name}"', type=str)
    return name.lower() in _LOGIN_EVENTS or WORDS.search(name) is not None


def _scrub_binary(raw: str, opcode: int) -> str:
    try:
        payload = engineio.decode_binary(raw, opcode)
    except DecodeError:
        return scrub_text(raw)
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        # Not text: lengths inside the format must stay true, so masks keep theirs.
        text = payload.decode("latin-1")
        masked = mask_same_length(text)
        return raw if masked == text else engineio.encode_binary(masked.encode("latin-1"), opcode)
    masked = scrub_text(text)
    return raw if masked == text else engineio.encode_binary(masked.encode(), opcode)
