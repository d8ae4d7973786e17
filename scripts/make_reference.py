"""Write docs/reference from the code: commands, settings, schema, feed, HTTP. Run after changes.

`tests/contract/test_reference.py` fails when a page is not what this writes.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import typer
from typer.cli import get_docs_for_click

from vectra_player.alerts.alert import Alert
from vectra_player.cli import app
from vectra_player.client.base import FeedEvent
from vectra_player.client.decode import EVENT_TYPES
from vectra_player.config import load
from vectra_player.foundation import feed, line, normaliser, outbox, replays
from vectra_player.foundation.feed import FeedSettings
from vectra_player.foundation.hub import HubSettings
from vectra_player.foundation.messages import MERGEABLE, PONG, Source
from vectra_player.foundation.monitor.app import Monitor
from vectra_player.foundation.monitor.openapi import Endpoint
from vectra_player.foundation.paper_records import ActionData
from vectra_player.foundation.snapshot import snapshot_data
from vectra_player.live.live_state import LiveState
from vectra_player.protocol.game_payloads import HistoryEntry
from vectra_player.replay import sessions
from vectra_player.replay.pacer import FASTEST, SLOWEST
from vectra_player.replay.player import ReplayStatus
from vectra_player.store.reference import schema_markdown
from vectra_player.web import security

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTE = "<!-- Made by scripts/make_reference.py; edit the code, not this page. -->\n\n"


def commands() -> str:
    """Describe every command and option."""
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="vectra-player")
    return get_docs_for_click(obj=command, ctx=context, name="vectra-player", title="Commands")


def settings() -> str:
    """Describe every setting with its environment variable and default."""
    lines = [
        "# Settings",
        "",
        "An option beats the environment, which beats `config.toml`, which beats the default.",
        "`trade.live_enabled` is `live_enabled` in the table `[trade]` of `config.toml`.",
        "",
        "| `config.toml` | environment | default | meaning |",
        "|---|---|---|---|",
    ]
    for setting in load({"data_dir": "/"}, {}).effective():
        default = "~/rugs_data" if setting.name == "data_dir" else setting.value
        shown = "unset" if default is None else f"`{default}`"
        env = f"`{setting.env}`" if setting.env else "–"
        lines.append(f"| `{setting.name}` | {env} | {shown} | {setting.description} |")
    return "\n".join(lines) + "\n"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    """Return a Markdown table."""
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    lines += [f"| {' | '.join(map(str, row))} |" for row in rows]
    return "\n".join(lines)


def _said(thing: object) -> str:
    """Return a docstring on one line."""
    return " ".join((inspect.getdoc(thing) or "").split())


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def feed_page() -> str:
    """Describe the feed: messages, what a client may ask, how it ends, limits."""
    parts = [
        "# The feed",
        f"`ws://127.0.0.1:{FeedSettings().port}/feed` (`/` is an alias). Text messages, one JSON"
        " object each, not compressed. Programs send `Authorization: Bearer TOKEN` with the token"
        " of `run/instance.json`; pages come with the cookie of the login link. The SDKs do both,"
        " see [write a subscriber](../how-to/write-a-subscriber.md).",
        "## Message",
        _ENVELOPE,
        "## Types of the game",
        "The payload as it came, every field of it ([protocol](../protocol.md)), with"
        f" {_names(normaliser.ADDED_KEYS)} added where it has no such key itself: the phase and"
        " the tick of the moment, and whether it is about the account that is logged in. A payload"
        " that is no object travels under `value`. The keys named here are those the SDKs read.",
        _wire_types(),
        f"Any other event is `{normaliser.RAW_PREFIX}<name>`, so is one whose payload is not what"
        " its name promises (`mismatch` says why) and what the page itself sent (`direction`"
        " `sent`, `ackId`).",
        "## Types of this system",
        _our_types(),
        "## What the snapshot holds",
        f"{_names(_snapshot_keys())}; in a replay `replay` too: the status, and `marks`. Amounts"
        " are in SOL, null is unknown.",
        "## Joining",
        _JOINING,
        "## What a client may send",
        _table(("message", "what happens"), [
            ('`{"type": "ping", "id": 7}`',
             f"`{PONG}` with the same id in `data`, after all that was published before"),
            ('`{"type": "subscribe", "types": ["game.rug"]}`',
             "the filter is another from now on; `null`: every type"),
        ]),
        "## How it ends",
        "Before the handshake ends, an HTTP status with the reason in its body:",
        _table(("status", "when"), _HTTP_ENDS),
        "After it, a close code with a reason:",
        _table(("code", "when"), _close_codes()),
        "## Limits",
        _table(("limit", "value"), _limits()),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


_ENVELOPE = _table(
    ("key", "what it is"),
    [
        ("`type`", "see below"),
        ("`ts`", "ms since the epoch, UTC: when the frame arrived"),
        ("`gameId`", "the game, or null"),
        ("`seq`", "rises by one over the messages of a stream; `snapshot`, `gap` of a resumption"
         " and `pong` go to one client and carry the last one"),
        ("`data`", "an object, see below"),
        ("`src`", f"the stored row it was made of ({_names(Source.__struct_fields__)});"
         " null when nothing is recorded"),
        ("`merged`", f"only on {_names(sorted(MERGEABLE))} and only for a slow client: [tick,"
         " price] of each tick this one stands for"),
    ],
)  # fmt: skip

_JOINING = _table(
    ("query field", "meaning"),
    [
        ("`types=a,b`", "only these types; `snapshot`, `pong` and the `gap` of a resumption come"
         " whatever is named here"),
        ("`since=SEQ&feed=ID`", "go on after `SEQ` of the stream `ID` (`feed_id` of a snapshot):"
         " what was missed comes, or `gap` and `snapshot` when it is too old or another stream"),
        ("`replay=ID`", "a replay instead of the main stream, with a seq of its own"),
    ],
)  # fmt: skip

_HTTP_ENDS = [
    (401, "no token or cookie, or a wrong one"),
    (403, "an Origin that is not of our pages; a cookie without Origin"),
    (404, "another path than `/feed` and `/`"),
    (405, "not a GET"),
    (421, "a Host that is not this server's"),
    (503, "too many sockets"),
]


def _wire_types() -> str:
    """Describe the types that wire events have."""
    wire: dict[str, list[str]] = {}
    for name, kind in normaliser.TYPES.items():
        wire.setdefault(kind, []).append(name)
    rows = [(f"`{k}`", _names(names), _told(EVENT_TYPES[k])) for k, names in wire.items()]
    return _table(("type", "on the wire", "what it tells"), rows)


def _told(kind: type[FeedEvent]) -> str:
    keys = [key for key, _ in kind.reads.values() if key not in normaliser.ADDED_KEYS]
    return f"{_in_wire_words(kind)} {_names(keys)}"


def _in_wire_words(kind: type[FeedEvent]) -> str:
    """Return a class's docstring with the payload's keys in place of the class's own."""
    told = _said(kind)
    for name, (key, _) in kind.reads.items():
        told = told.replace(f"`{name}`", f"`{key}`")
    return told.replace("None", "null")


def _our_types() -> str:
    """Describe the types that are not on the wire."""
    nothing = LiveState()
    settled = normaliser._settled(HistoryEntry(id=""), nothing, nothing)
    keys: dict[str, Iterable[str]] = {
        "game.start": normaliser._start(nothing),
        "game.rug": normaliser._rug(nothing),
        "game.settled": settled,
        "connection": ("kind", "connected", "silent", "detail"),
        "gap": ("scope", "reason", "from", "to", "missing"),
        "recording": ("kind", "recording", "session_id", "detail"),
        "replay.status": ReplayStatus.__struct_fields__,
        "action": ActionData.__struct_fields__,
        "trade.gate": (
            "kind",
            "by",
            "detail",
            "trading",
            "state",
            "mode",
            "armed_until",
            "halts",
            "not_undone",
        ),
        "alert": [name for name in Alert.__struct_fields__ if name != "ts"],
    }
    instead = {
        "connection": f"The connection to the game changed. `kind`:"
        f" {', '.join(sorted(normaliser.CONNECTION_FACTS))}.",
        "gap": "Something is missing. `scope` `capture`: the recorder missed it. Without `scope`:"
        " this client asked for more than is kept, and a snapshot follows.",
        "recording": f"Recording began or ended. `kind`: {', '.join(normaliser.RECORDING_FACTS)},"
        " halted, resumed (the disk takes nothing, or does again).",
    }
    rows = []
    for kind in normaliser.OURS:
        told = instead.get(kind) or _in_wire_words(EVENT_TYPES[kind])
        if kind in keys:
            told += f" {_names(keys[kind])}"
        rows.append((f"`{kind}`", told))
    rows.append((f"`{PONG}`", "The answer to a ping. `id`"))
    return _table(("type", "what it tells"), rows)


def _snapshot_keys() -> list[str]:
    first = ["feed_id", "last_seq", "mode", "trading", "gate", "recording", "session_id"]
    return [*first, *snapshot_data(LiveState()), "trades"]


def _close_codes() -> list[tuple[object, ...]]:
    budget, settings = HubSettings().budget, FeedSettings()
    return [
        (replays.GONE, "the replay was closed"),
        (feed._GOING_AWAY, "the service stops: come back later"),
        (feed._NOT_TEXT, "a binary message"),
        (feed._POLICY, "a query field, a filter or a message this feed does not know; too many"
         " messages or pings"),
        (1009, f"a message of more than {settings.max_message_bytes:,} bytes"),
        (1011, f"no answer to a ping for {settings.ping_timeout_s:g} s"),
        (outbox.TRY_AGAIN_LATER, f"too slow: over {budget.max_bytes:,} bytes or"
         f" {budget.max_messages:,} messages unread, or nothing read for"
         f" {budget.max_stall_s:g} s; or too many clients. Come back with `since`"),
        (feed.NO_SUCH_REPLAY, "there is no such replay: coming back is of no use"),
    ]  # fmt: skip


def _limits() -> list[tuple[object, ...]]:
    settings, hub = FeedSettings(), HubSettings()
    return [
        ("clients", f"{settings.max_clients:,}"),
        ("message of a client", f"{settings.max_message_bytes:,} bytes"),
        ("messages and pings of a client",
         f"{line._FRAMES_PER_S:g} a second, {line._BURST_FRAMES} at once"),
        ("types in a filter", f"{feed._MAX_TYPES}, {feed._MAX_TYPE_CHARS} characters each"),
        ("time to finish the handshake", f"{settings.open_timeout_s:g} s"),
        ("pings of the server", f"every {settings.ping_interval_s:g} s"),
        ("kept for clients that come back",
         f"{hub.ring_messages:,} messages, {hub.ring_bytes >> 20} MiB"),
        ("unread by one client",
         f"{hub.budget.max_messages:,} messages, {hub.budget.max_bytes >> 20} MiB,"
         f" {hub.budget.max_stall_s:g} s without reading"),
        ("open replays", f"{sessions.MOST_REPLAYS}; one that nobody watches or drives is closed"
         f" after {sessions.IDLE_S / 60:g} minutes"),
        ("speed of a replay", f"{SLOWEST:g} to {FASTEST:g}"),
    ]  # fmt: skip


def http_page() -> str:
    """Describe the routes of the monitor from the table they are made of."""
    access = security.Access("token", instance="00000000")
    anything: Any = SimpleNamespace()
    monitor = Monitor(
        anything,
        access,
        user_artifacts=Path("/"),
        artifacts=anything,
        replay=anything,
        trade=anything,
        alerts=anything,
    )
    table = monitor.endpoints()
    rows = [
        (f"`{e.method} {e.path}`", e.summary, _body_of(e.takes), _answer_of(e),
         _who_may(e))
        for e in table
    ]  # fmt: skip
    parts = [
        "# The monitor's HTTP API",
        f"`http://127.0.0.1:{FeedSettings().page_ports[0]}`, on this machine only. The same as an"
        " OpenAPI document: `/openapi.json`.",
        "## Routes",
        _table(("route", "what it does", "takes", "gives", "access"), rows),
        "`limit` of the lists: 1 to 1,000, else 100.",
        _SURVIVAL,
        "## Access",
        _ACCESS,
        "## Bodies",
        *_bodies(table),
    ]
    return "\n\n".join(parts) + "\n"


_SURVIVAL = """\
`GET /api/survival` has the figures of `analyze survival --json`, with `asked` (alive at tick `at`,
a rug within `within` ticks) and `ladder` (a rug within 1 to `bets` sidebet windows from there).
`origin`: `real`, `demo` or `all`."""

_ACCESS = f"""\
- A browser comes through the login link, which works once, and keeps a cookie (HttpOnly, SameSite
  strict). A program sends `Authorization: Bearer TOKEN`; the token is in `run/instance.json` of the
  data directory, together with the ports.
- Host must be `127.0.0.1`, `localhost` or `[::1]` with this port, and Origin, if there is one, one
  of these: else 421 and 403.
- A write is `application/json` of at most {security.MAX_BODY_BYTES >> 10} KiB. A page's write has
  `{security.WRITE_HEADER}: 1` and its Origin too.
- Trading takes a program's bearer token, or the token only the monitor's own page is given, as
  `{security.TRADE_HEADER}`: [why](../decisions/0016-the-trade-token.md). What comes with the bearer
  token is a bot's action, else a human's.
- Every error is `{{"error": {{"message", "advice"}}}}`: 400 a body that is not what it should be,
  401 no login, 404, 409 what cannot be done now, 413, 415, 503, 507 the disk is full."""


def _type_name(kind: Any) -> str:
    """Return a type as a reader of JSON would write it."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return f"[`{kind.__name__}`](#{kind.__name__.lower()})"
    arguments = getattr(kind, "__args__", ())
    if getattr(kind, "__origin__", None) is list:
        return f"list of {_type_name(arguments[0])}"
    return "object"


def _body_of(kind: Any) -> str:
    return "" if kind is None else _type_name(kind)


def _who_may(endpoint: Endpoint) -> str:
    if endpoint.open:
        return "no login"
    trades = endpoint.method != "GET" and endpoint.path.startswith(security.TRADE_PATHS)
    return "monitor page, program" if trades else ""


def _answer_of(endpoint: Endpoint) -> str:
    if endpoint.status != 200:
        return str(endpoint.status)
    return f"`{endpoint.media}`" if endpoint.gives is None else _type_name(endpoint.gives)


def _structures(kinds: Iterable[Any]) -> dict[str, type[msgspec.Struct]]:
    """Return the structures among types, each followed by those of its fields."""
    found: dict[str, type[msgspec.Struct]] = {}
    for kind in kinds:
        for plain in getattr(kind, "__args__", (kind,)):
            if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
                found[plain.__name__] = plain
                found |= _structures(field.type for field in msgspec.structs.fields(plain))
    return found


def _bodies(table: list[Endpoint]) -> list[str]:
    """Describe every structure that is taken or given."""
    parts: list[str] = []
    for name, kind in _structures(kind for e in table for kind in (e.takes, e.gives)).items():
        rows = [(f"`{field.name}`", _written(field.type), _default_of(field))
                for field in msgspec.structs.fields(kind)]  # fmt: skip
        parts += [f"### {name}", _said(kind), _table(("key", "type", "default"), rows)]
    return parts


def _default_of(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return ""
    made = field.default_factory is not msgspec.NODEFAULT
    default = field.default_factory() if made else field.default
    return f"`{msgspec.json.encode(default).decode()}`"


def _written(kind: Any) -> str:
    """Return the type of a key as a reader of JSON would write it."""
    schema = msgspec.json.schema_components([kind])[0][0]
    kinds = schema.get("anyOf", [schema])
    return " or ".join(_of_schema(one) for one in kinds)


def _of_schema(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[`{name}`](#{name.lower()})"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(map(_of_schema, schema["anyOf"]))
    if schema["type"] == "array":
        items = schema.get("items")
        each = [items] if isinstance(items, dict) else schema.get("prefixItems", [])
        return f"list of {', '.join(map(_of_schema, each))}" if each else "list"
    return str(schema["type"])


PAGES = {
    "commands.md": commands,
    "settings.md": settings,
    "schema.md": schema_markdown,
    "feed.md": feed_page,
    "http.md": http_page,
}


def main() -> None:
    """Write all pages."""
    for name, make in PAGES.items():
        (REFERENCE / name).write_text(NOTE + make(), "utf-8")


if __name__ == "__main__":
    main()
