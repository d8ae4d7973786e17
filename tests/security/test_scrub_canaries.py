"""A thousand canaries in every place a credential travels: none may reach the journal."""

from __future__ import annotations

import base64
import itertools
import json
import random
import string

from vectra_player.model.frame import BINARY, Frame, fact
from vectra_player.protocol.redact import scrub

NAMES = [
    "token",
    "accessToken",
    "privy:token",
    "privy:id_token",
    "privy:refresh_token",
    "authorization",
    "cookie",
    "password",
    "secret",
    "apiKey",
    "private_key",
    "mnemonic",
    "signature",
    "jwt",
]


def canaries() -> list[str]:
    """Alternate opaque strings and JWT shapes, each findable afterwards."""
    rng = random.Random(7)
    body = ["".join(rng.choices(string.ascii_letters + string.digits, k=24)) for _ in range(1000)]
    return [f"canary{each}" for each in body]


def place(kind: int, name: str, canary: str) -> Frame:
    query = name.replace(":", "_")
    event = {"a": 1, name: canary}
    packets = [
        f'40{{"{name}":"{canary}"}}',
        f'40/game,{{"auth":{{"{name}":"{canary}"}}}}',
        "42" + json.dumps(["authenticate", {"__trace": True}, {"any": canary}]),
        "42" + json.dumps(["authenticate", canary]),
        "42" + json.dumps(["profile", {"list": [event]}]),
        "43" + json.dumps(["1", event])[0:],
        "42" + json.dumps(["x", {"body": json.dumps({"deep": json.dumps(event)})}]),
        f'42["x","see wss://h/?{query}={canary}&EIO=4"]',
        f'42["x","Bearer {canary}"]',
        f'42["x","eyJ{canary}.eyJ{canary}.{canary}"]',
        f'42["x","sk-{canary}"]',
    ]
    if kind < len(packets):
        return Frame(ts=1, raw=packets[kind])
    details: list[object] = [
        {"url": f"https://h/socket.io/?{query}={canary}"},
        {"reason": f"rejected: {query}={canary}"},
        {"reason": f"Authorization: Basic {canary}"},
        {"headers": {"Cookie": f"a=b; session={canary}"}},
        {"url": f"wss://user:{canary}@h/"},
    ]
    if kind < len(packets) + len(details):
        return fact("socket_error", details[kind - len(packets)], ts=1, source="cdp")
    payload = base64.b64encode(json.dumps(event).encode()).decode()
    return Frame(ts=1, raw=payload, opcode=BINARY)


def test_no_canary_survives_in_any_place() -> None:
    cases = itertools.cycle(itertools.product(range(17), NAMES))
    for canary, (kind, name) in zip(canaries(), cases, strict=False):
        frame = scrub(place(kind, name, canary))
        text = frame.raw
        if frame.opcode == BINARY:
            text = base64.b64decode(text).decode()
        assert canary not in text, (kind, name)
        assert scrub(frame) == frame
