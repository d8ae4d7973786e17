"""Who may talk to our servers: one rule for the feed, the monitor and the dashboard.

Pure decisions on a method and headers, without a framework; servers ask and obey. It defends
against web pages in the user's own browser (foreign Origin, rebound Host, forged forms, frames)
and against other local users who lack the token; not against programs of the same user.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec import Struct

from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import UsageError

MAX_BODY_BYTES = 64 << 10
OPEN_PATHS = frozenset({"/login", "/health"})
"""The only paths that answer without the token; Host and Origin hold for them too."""
WRITE_HEADER = "x-vectra-request"
"""A page's own scripts must send this as `1` with a write; no form and no image can."""
TRADE_HEADER = "x-vectra-trade"
"""A page's trades carry the trade token here: docs/decisions/0016-the-trade-token.md."""
TRADE_PATHS = "/api/trade/"
TOOL_PATHS = "/artifacts/"
"""Where the user's own tools are served: they share the origin and the cookie, nothing more."""

_NAMES = ("127.0.0.1", "localhost", "[::1]")
_READS = frozenset({"GET", "HEAD"})
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_JSON = re.compile(r'application/json(\s*;\s*charset="?utf-8"?)?', re.IGNORECASE)
_BYTES = re.compile(r"application/octet-stream", re.IGNORECASE)
_LENGTH = re.compile(r"[0-9]{1,12}")
_LOCAL_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")

Headers = Sequence[tuple[str, str]]


class BodyRule(NamedTuple):
    """What the body of a write may be. `kind` matches a Content-Type no form can send."""

    kind: re.Pattern[str]
    told: str
    max_bytes: int


JSON_BODY = BodyRule(_JSON, "application/json", MAX_BODY_BYTES)
UPLOAD_BODY = BodyRule(_BYTES, "application/octet-stream", 4 << 20)
"""A piece of a file a page uploads; a foreign page would have to ask for it first (CORS)."""


class Verdict(Struct, frozen=True):
    """May it pass, and if not: the HTTP status and the reason to tell. `by`: what let it pass."""

    allowed: bool
    status: int = 200
    reason: str = ""
    by: str = ""


class Door(Struct, frozen=True):
    """The exact Hosts and Origins one server answers to."""

    hosts: frozenset[str]
    origins: frozenset[str]
    sites: frozenset[str]
    """Values of Sec-Fetch-Site a request with a cookie may have."""


class Request(Struct, frozen=True):
    """What a decision needs of a request. Header names are compared in lower case."""

    method: str
    path: str
    headers: Headers

    def all(self, name: str) -> list[str]:
        """Return every value of a header, in order."""
        return [value for key, value in self.headers if key.lower() == name]

    def one(self, name: str) -> str | None:
        """Return the value of a header that was sent exactly once."""
        values = self.all(name)
        return values[0] if len(values) == 1 else None


def new_token() -> str:
    """Make the secret of one start: 32 random bytes."""
    return secrets.token_urlsafe(32)


def require_loopback(host: str) -> str:
    """Return a bind address unchanged if only this machine can reach it.

    Raises:
        UsageError: any other address, whatever the network looks like.
    """
    try:
        if ipaddress.ip_address(host).is_loopback:
            return host
    except ValueError:
        if host == "localhost":
            return host
    raise UsageError(
        f"{host!r} is not a loopback address.",
        advice="Servers answer on this machine only; use an ssh tunnel from elsewhere.",
    )


def http_door(port: int) -> Door:
    """Return the door of an HTTP server: only its own pages may call it."""
    hosts = frozenset(f"{name}:{port}" for name in _NAMES)
    return Door(hosts, _origins([port]), frozenset({"same-origin", "none"}))


def feed_door(port: int, page_ports: Iterable[int]) -> Door:
    """Return the door of the feed: pages of our HTTP servers may open a WebSocket to it."""
    hosts = frozenset(f"{name}:{port}" for name in _NAMES)
    sites = frozenset({"same-origin", "same-site", "none"})
    return Door(hosts, _origins(page_ports), sites)


def _origins(ports: Iterable[int]) -> frozenset[str]:
    return frozenset(f"http://{name}:{port}" for port in ports for name in _NAMES)


def security_headers(
    feed_port: int | None = None, *, path: str = "", trades: bool = False
) -> dict[str, str]:
    """Return the headers every response carries; `feed_port`: where its scripts may connect.

    With `trades` the response is a page that holds the trade token: nothing frames it. A tool
    (`path` below TOOL_PATHS) never shares a group of windows with such a page: their opener
    policies differ, so a browser parts them (docs/decisions/0016).
    """
    opener = "same-origin-allow-popups" if path.startswith(TOOL_PATHS) else "same-origin"
    framers = "'none'" if trades else "'self'"
    connect = "'self'"
    if feed_port is not None:
        connect += f" ws://127.0.0.1:{feed_port} ws://localhost:{feed_port}"
    policy = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        f"connect-src {connect}",
        "frame-src 'self'",
        f"frame-ancestors {framers}",
        "base-uri 'none'",
        "form-action 'self'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY" if trades else "SAMEORIGIN",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": opener,
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


class Access:
    """The secret of one running instance and every decision that rests on it.

    `instance` (8 hex digits) keeps cookies of two instances on one machine apart: browsers do not
    separate cookies by port. Derive it from the data directory so that a restart replaces them.
    `realm` keeps login links of two servers with one token apart: each works once in all.
    """

    def __init__(
        self, token: str, *, instance: str, clock: Clock | None = None, realm: str = ""
    ) -> None:
        if not re.fullmatch(r"[0-9a-f]{8}", instance):
            raise ValueError("the instance is 8 hex digits")
        self.token = token
        self.cookie_name = f"vectra_{instance}"
        self._clock = clock or SystemClock()
        self._cookie = _derive(token, "cookie")
        self._trade = _derive(token, "trade")
        self._purpose = f"login {realm}".strip()
        self._used: dict[str, int] = {}

    def check(
        self,
        request: Request,
        door: Door,
        *,
        open_path: bool = False,
        body: BodyRule = JSON_BODY,
    ) -> Verdict:
        """Decide on an HTTP request; what is read must still be held to `body.max_bytes`.

        `open_path`: answer without credentials (`OPEN_PATHS`); reads only.
        """
        refusal = _wrong_address(request, door) or _wrong_shape(request, body)
        if refusal is not None:
            return refusal
        if open_path:
            if request.method in _READS:
                return Verdict(True, by="open")
            return Verdict(False, 405, "only GET here")
        proof = self._proof(request)
        if not proof.allowed:
            return proof
        if proof.by == "cookie":
            refusal = _wrong_page(request, door) or self._wrong_trader(request)
        return refusal or proof

    def trade_token(self, request: Request) -> str | None:
        """Return what the page that is asked for needs to trade; None where a script could read it.

        Only a visit of the user's own gets it: a browser says so in headers no script can set.
        """
        return self._trade if _is_visit(request) else None

    def check_handshake(self, request: Request, door: Door) -> Verdict:
        """Decide on a WebSocket handshake: cookie and Origin, or bearer."""
        refusal = _wrong_address(request, door)
        if refusal is not None:
            return refusal
        if request.method != "GET":
            return Verdict(False, 405, "a handshake is a GET")
        proof = self._proof(request)
        if not proof.allowed or proof.by == "bearer":
            return proof
        if request.one("origin") is None:
            return Verdict(False, 403, "no Origin: a program sends Authorization: Bearer")
        if not _site_fits(request, door):
            return Verdict(False, 403, "another site's page opened this")
        return proof

    def login_path(self, *, valid_s: int | None = None, next_path: str = "/") -> str:
        """Make a link (path and query) that logs a browser in once; None: valid until it is used.

        Any process that knows the token may make links; the server needs no record of them.
        """
        expires = 0 if valid_s is None else self._now_s() + valid_s
        text = f"{expires}.{secrets.token_urlsafe(12)}"
        code = f"{text}.{_derive(self.token, f'{self._purpose} {text}')}"
        tail = "" if next_path == "/" else f"&next={next_path}"
        return f"/login?token={code}{tail}"

    def login(self, code: str, next_path: str = "/") -> tuple[str, str] | None:
        """Exchange a link's code, or the token itself, for (Set-Cookie, where to go).

        None when it is wrong, expired or was used before. A code works once, so that a link in a
        history or a log is worth nothing; whoever has the token needs no link.
        """
        if not (_equal(code, self.token) or self._redeem(code)):
            return None
        cookie = f"{self.cookie_name}={self._cookie}; Path=/; HttpOnly; SameSite=Strict"
        return cookie, next_path if _LOCAL_PATH.fullmatch(next_path) else "/"

    def _redeem(self, code: str) -> bool:
        expires, _, rest = code.partition(".")
        nonce, _, mac = rest.partition(".")
        if not _equal(mac, _derive(self.token, f"{self._purpose} {expires}.{nonce}")):
            return False
        now_s = self._now_s()
        self._used = {c: end for c, end in self._used.items() if end == 0 or end >= now_s}
        end_s = int(expires)
        if code in self._used or 0 < end_s < now_s:
            return False
        self._used[code] = end_s
        return True

    def _proof(self, request: Request) -> Verdict:
        """Look for the bearer token, else for the cookie; a wrong bearer is never overlooked."""
        given = request.all("authorization")
        if given:
            scheme, _, value = given[0].partition(" ")
            good = len(given) == 1 and scheme.lower() == "bearer"
            if good and _equal(value.strip(), self.token):
                return Verdict(True, by="bearer")
            return Verdict(False, 401, "wrong Authorization")
        for header in request.all("cookie"):
            for pair in header.split(";"):
                name, _, value = pair.strip().partition("=")
                if name == self.cookie_name and _equal(value, self._cookie):
                    return Verdict(True, by="cookie")
        return Verdict(False, 401, "no valid login: open the link that was printed at the start")

    def _wrong_trader(self, request: Request) -> Verdict | None:
        """Refuse a trade by a page that only has the cookie."""
        if request.method in _READS or not request.path.startswith(TRADE_PATHS):
            return None
        if _equal(request.one(TRADE_HEADER) or "", self._trade):
            return None
        return Verdict(False, 403, "only our own trading pages, or a program, may trade")

    def _now_s(self) -> int:
        return self._clock.now_us() // 1_000_000


def _derive(token: str, purpose: str) -> str:
    return hmac.new(token.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def _equal(given: str, wanted: str) -> bool:
    """Compare in constant time, as bytes: `compare_digest` raises on non-ASCII text."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def _wrong_address(request: Request, door: Door) -> Verdict | None:
    """Refuse rebound names (Host) and foreign pages (Origin)."""
    if request.one("host") not in door.hosts:
        return Verdict(False, 421, "not a Host of this server")
    origins = request.all("origin")
    if origins and (len(origins) > 1 or origins[0] not in door.origins):
        return Verdict(False, 403, "not an Origin of this server")
    return None


def _wrong_shape(request: Request, body: BodyRule) -> Verdict | None:
    """Refuse methods and bodies no page or program of ours sends."""
    if request.method not in _READS | _WRITES:
        return Verdict(False, 405, "method not allowed")
    lengths = request.all("content-length")
    if len(lengths) > 1 or (lengths and not _LENGTH.fullmatch(lengths[0])):
        return Verdict(False, 400, "malformed Content-Length")
    length = int(lengths[0]) if lengths else 0
    chunked = bool(request.all("transfer-encoding"))
    if lengths and chunked:
        return Verdict(False, 400, "both Content-Length and Transfer-Encoding")
    if request.method in _READS:
        return Verdict(False, 400, "a read has no body") if length or chunked else None
    if length > body.max_bytes:
        return Verdict(False, 413, f"body larger than {body.max_bytes} bytes")
    if not body.kind.fullmatch(request.one("content-type") or ""):
        return Verdict(False, 415, f"this write is {body.told}")
    return None


def _wrong_page(request: Request, door: Door) -> Verdict | None:
    """Refuse what a browser sent with our cookie, but not on behalf of our page."""
    if request.all("service-worker"):
        return Verdict(False, 403, "no service worker: it would stand between us and our pages")
    if request.method in _READS:
        return None if _site_fits(request, door) or _is_visit(request) else _FOREIGN
    if request.one("origin") is None:
        return Verdict(False, 403, "a write needs an Origin")
    if request.one(WRITE_HEADER) != "1":
        return Verdict(False, 403, f"a write needs {WRITE_HEADER}: 1")
    return None if _site_fits(request, door) else _FOREIGN


_FOREIGN = Verdict(False, 403, "another site's page asked for this")


def _site_fits(request: Request, door: Door) -> bool:
    """Tell whether Sec-Fetch-Site is of ours; browsers that do not send it still send Origin."""
    sites = request.all("sec-fetch-site")
    return not sites or (len(sites) == 1 and sites[0] in door.sites)


def _is_visit(request: Request) -> bool:
    """Tell whether the user followed a link into a window of its own: nobody else sees the page."""
    mode, goal = request.one("sec-fetch-mode"), request.one("sec-fetch-dest")
    return mode == "navigate" and goal == "document"
