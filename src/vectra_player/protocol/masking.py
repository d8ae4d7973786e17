"""Find credentials in text and mask them; a text pass, so no parser can fail on it.

Called by `redact` only. Works on packets, facts, records and escaped JSON inside JSON strings:
a quote may stand behind backslashes, and a string ends at a quote behind as many. All scans are
linear in the text: expansions around a keyword are bounded.
"""

from __future__ import annotations

import re

MASK = "***"

WORDS = re.compile(
    r"token|secret|passw|pass[-_ ]?phrase|authoriz|cookie|api[-_ ]?key|private[-_ ]?key"
    r"|(?:(?<![a-z0-9])|(?-i:(?<=[a-z])(?=P)))pwd(?![a-z0-9])"
    r"|mnemonic|(?:seed|recovery)[-_ ]?phrase|signature|jwt|credential"
    r'|(?<=")auth(?=\\*")|\bauth(?==)|:pat\b|(?<=")pat(?=\\*")',
    re.IGNORECASE,
)
"""Parts of names that mark a credential. `serverSeed` and `traceparent` hold none of them."""

COIN_TOKENS = frozenset(
    {"0xPractice", "So11111111111111111111111111111111111111112", "solana", "SOL", "free"}
)
"""Values of `config.token` in event updates: coins, seen in captures (protocol section 9)."""

_KEPT_KEYS = frozenset({"traceparent", "serverSeed", "serverSeedHash", "gameId"})

_SHAPES = re.compile(
    r"eyJ[\w-]{8,}(?:\.[\w=-]*)*"
    r"|(?i:\bbearer)(?:\s|%20|\+)+(?P<bearer>[\w.~+/=-]{6,})"
    r"|\b[sprSPR]k[-_][\w-]{16,}"
    r"|\bgh[pousr]_\w{16,}|\bxox[abeprs]-[\w-]{8,}"
    r"|://[^\s/\"\\@:]{0,256}:(?P<userinfo>[^\s/\"\\@]{1,256})(?=@)",
    re.ASCII,
)
_PEM = "-----BEGIN"
_PEM_LABEL = 80
_PEM_END = re.compile(r"-----END[^\"\\\n-]{0,64}-----|(?=(?<!\\)\\*\")|\Z")
_SAME_LENGTH = re.compile(r"eyJ[\w-]{8,}(?:\.[\w=-]*)*|\b[sprSPR]k[-_][\w-]{16,}", re.ASCII)
# A run of backslashes is tried from its first one only: otherwise long runs cost quadratic time.
_QUOTE = re.compile(r'(?<!\\)\\*"')
_NAME_TAIL = re.compile(r"[\w.-]{0,64}")
_KEY_TAIL = re.compile(r'[^"\\{}\[\]\n=]{0,64}')
_COLON = re.compile(r"\s*:\s*")
_SEPARATOR = re.compile(r"(?:%22)?\s*(?:=|:(?!//)|%3[AaDd])\s*(?:%22|')?")
_PLAIN = re.compile(r"[^\s\"\\&,;<>}\])']+")
_LINE = re.compile(r'[^"\\\r\n]+')
_NUMBER = re.compile(r"-?[0-9][0-9.eE+-]*")
_BARE = re.compile(r'[^\s,}\]"\\]+')
_TOKEN = re.compile(r'(?<!\\)\\*"|[\[\]{}]|(?<![\w"])-?[0-9][0-9.eE+-]*')
_VALUE_KEY = re.compile(r'\s*,\s*\\*"val(?:ue)?\\*"\s*:\s*')
_ESCAPED_ASCII = re.compile(
    r"(?<!\\)((?:\\\\)*)\\u00(2[d]|3[0-9a]|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9a])", re.IGNORECASE
)


def mask_text(text: str) -> str:
    """Mask every credential in a text; the text itself when it holds none. Idempotent.

    JSON stays JSON: masks replace only what stands between quotes, and numbers become 0.
    """
    return _mask_named(_mask_pem(_mask_shapes(_unescaped(text))))


def mask_rest(text: str, start: int) -> str:
    """Mask every value from `start` to the end of the array that `start` is in."""
    masked, end = _leaves(text, start, 0, 1)
    return text[:start] + masked + text[end:]


def mask_value(text: str, start: int) -> str:
    """Mask the JSON value that begins at `start`, with everything in it."""
    masked, end = _value(text, start, 0)
    return text[:start] + masked + text[end:]


def mask_same_length(text: str) -> str:
    """Mask credentials by their shape, keeping every offset: for payloads that are no text."""
    return _SAME_LENGTH.sub(lambda match: "*" * len(match.group()), text)


def _unescaped(text: str) -> str:
    """Undo escapes of plain characters where they hide a credential's name."""
    if "\\u00" not in text:
        return text
    plain = _ESCAPED_ASCII.sub(lambda m: m.group(1) + chr(int(m.group(2), 16)), text)
    hidden = len(WORDS.findall(plain)) > len(WORDS.findall(text)) or (
        _mask_shapes(plain) != plain and _mask_shapes(text) == text
    )
    return plain if hidden else text


def _mask_shapes(text: str) -> str:
    def mask(match: re.Match[str]) -> str:
        for group in ("bearer", "userinfo"):
            if match.group(group) is not None:
                start = match.start(group) - match.start()
                return match.group()[:start] + MASK
        return MASK

    return _SHAPES.sub(mask, text)


def _mask_pem(text: str) -> str:
    pieces: list[str] = []
    done = 0
    while (at := text.find(_PEM, done)) >= 0:
        label = text.find("-----", at + len(_PEM), at + _PEM_LABEL)
        end = _PEM_END.search(text, label + 5 if label >= 0 else at + len(_PEM))
        pieces += (text[done:at], MASK)
        done = end.end() if end else len(text)
    return "".join(pieces) + text[done:] if pieces else text


def _mask_named(text: str) -> str:
    pieces: list[str] = []
    done = 0
    for hit in WORDS.finditer(text):
        if hit.start() < done:
            continue
        found = _quoted_name(text, hit) or _plain_name(text, hit)
        if found is not None:
            masked, start, end = found
            pieces += (text[done:start], masked)
            done = end
    if not pieces:
        return text
    pieces.append(text[done:])
    return "".join(pieces)


def _quoted_name(text: str, hit: re.Match[str]) -> tuple[str, int, int] | None:
    """Mask the value of a JSON key around a keyword: (mask, start, end), None if it is no key."""
    tail = _KEY_TAIL.match(text, hit.end())
    end = tail.end() if tail else hit.end()
    quote = _QUOTE.match(text, end)
    if quote is None:
        return None
    colon = _COLON.match(text, quote.end()) or _VALUE_KEY.match(text, quote.end())
    if colon is None:
        return None
    masked, stop = _value(text, colon.end(), len(quote.group()) - 1)
    return masked, colon.end(), stop


def _plain_name(text: str, hit: re.Match[str]) -> tuple[str, int, int] | None:
    """Mask what follows `name=` or `name:` outside of JSON: query strings, headers, messages."""
    tail = _NAME_TAIL.match(text, hit.end())
    separator = _SEPARATOR.match(text, tail.end() if tail else hit.end())
    if separator is None:
        return None
    whole_line = hit.group().lower() in ("authoriz", "cookie")
    value = (_LINE if whole_line else _PLAIN).match(text, separator.end())
    return (MASK, value.start(), value.end()) if value else None


def _value(text: str, start: int, level: int) -> tuple[str, int]:
    """Mask the JSON value at `start`, inside strings escaped `level` backslashes deep."""
    quote = "\\" * level + '"'
    if text.startswith(quote, start):
        inner = start + len(quote)
        end = _string_end(text, inner, level)
        return quote + _masked_string(text[inner:end]), end
    if text[start : start + 1] in ("{", "["):
        return _leaves(text, start, level, 0)
    number = _NUMBER.match(text, start)
    if number is not None:
        return "0", number.end()
    bare = _BARE.match(text, start)
    if bare is None or bare.group() in ("null", "true", "false"):
        return "", start
    return MASK, bare.end()


def _leaves(text: str, start: int, level: int, depth: int) -> tuple[str, int]:
    pieces: list[str] = []
    done = at = start
    key = ""
    while token := _TOKEN.search(text, at):
        at = token.end()
        sign = token.group()
        if sign in "[{":
            depth, key = depth + 1, ""
        elif sign in "]}":
            depth -= 1
            if depth <= 0:
                break
        elif not sign.endswith('"'):
            pieces += (text[done : token.start()], "0")
            done = at
        elif len(sign) <= level:
            at = token.start()
            break
        else:
            end = _string_end(text, at, level)
            closing = end + level + 1
            if _COLON.match(text, closing):
                key = text[at:end]
            else:
                if key not in _KEPT_KEYS:
                    pieces += (text[done:at], _masked_string(text[at:end]))
                    done = end
                key = ""
            at = closing
    else:
        at = len(text)
    pieces.append(text[done:at])
    return "".join(pieces), at


def _string_end(text: str, start: int, level: int) -> int:
    """Where the string that began at `start` ends: its closing quote, the enclosing one, or EOF."""
    for quote in _QUOTE.finditer(text, start):
        run = len(quote.group()) - 1
        if run < level:
            return quote.start()
        if run % (2 * (level + 1)) == level:
            return quote.end() - 1 - level
    return len(text)


def _masked_string(content: str) -> str:
    return content if not content or content in COIN_TOKENS else MASK
