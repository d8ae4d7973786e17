"""Texts that would run as code if a page took them for more than text, and what carries them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.store_support import make_frame

from vectra_player.store.writer import EventStore

GAME = "20260101-6e72269198a08a31"
CALL = "window.top.fired=1"
SHELLS = [
    "<script>{}</script>", "<ScRiPt>{}</sCrIpT>", "<img src=x onerror={}>", "<svg onload={}>",
    "<svg><script>{}</script></svg>", "<body onload={}>", "<iframe src='javascript:{}'>",
    "<a href='javascript:{}'>x</a>", "<input autofocus onfocus={}>", "<details open ontoggle={}>",
    "'><img src=x onerror={}>", '"><svg onload={}>', "javascript:{}", "{{{{constructor('{}')()}}}}",
    "</title><script>{}</script>", "<math><mi xlink:href='javascript:{}'>", "${{{}}}", "`;{};//",
    "';{};//", '";{};//', "<style>@import 'javascript:{}'</style>", "<base href='javascript:{}//'>",
    "<object data='javascript:{}'>", "<embed src='javascript:{}'>", "<form action='javascript:{}'>",
    "<video><source onerror={}>", "<marquee onstart={}>", "<link rel=import href='data:,{}'>",
    "<meta http-equiv=refresh content='0;javascript:{}'>", "<b onclick={}>x</b>",
]  # fmt: skip
PAYLOADS = [shell.format(CALL) for shell in SHELLS]
PAYLOADS += [f"\u202e{p}\x00" for p in PAYLOADS]


def hostile_capture(path: Path) -> None:
    """Write a capture in which every text a player or the server chooses is a payload."""
    lines: list[dict[str, object]] = []

    def add(event: str, data: object) -> None:
        at = f"2026-01-01T00:00:{len(lines) * 0.05:09.6f}"
        lines.append({"seq": len(lines) + 1, "ts": at, "event": event, "data": data})

    for tick, text in enumerate(PAYLOADS):
        leaders = [
            {"id": PAYLOADS[(tick + n) % 60], "username": PAYLOADS[(tick + n) % 60],
             "pnl": 1.5 - n, "positionQty": 1.0, "avgCost": 1.0, "position": n + 1}
            for n in range(10)
        ]  # fmt: skip
        game = GAME if tick < 40 else text
        update = {
            "gameId": game, "active": True, "rugged": False, "price": 1 + tick / 100,
            "tickCount": tick if tick < 40 else 0, "leaderboard": leaders, "connectedPlayers": 9,
            "gameVersion": text, "provablyFair": {"serverSeedHash": text, "version": text},
        }  # fmt: skip
        add("gameStateUpdate", update)
        trade = {"id": text, "gameId": game, "playerId": text, "username": text, "type": text}
        add("standard/newTrade", trade | {"amount": 1.0, "qty": 1.0, "price": 1.0, "tickIndex": 1})
        add("newChatMessage", {"username": text, "message": text})
        add(text, {text: text})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def hostile_sessions(root: Path) -> None:
    """File a session for each payload: its origin, its reason to end, a name in it."""
    with EventStore.open(root) as store:
        for number, text in enumerate(PAYLOADS):
            store.start_session("demo", text, {"note": text})
            store.append(make_frame(number, raw=f"42{json.dumps([text, text])}", origin=text))
            store.stop_session(text)


def hostile_tools(folder: Path) -> None:
    """Write tools whose folders, titles and mistakes are payloads; half of them can be opened."""
    for number, text in enumerate(PAYLOADS):
        name = f"tool-{number}"
        told: dict[str, object] = {"name": name, "title": text, "description": text}
        if number % 3 == 1:
            told = {"name": name, "title": "t", text: text}
        elif number % 3 == 2:
            name = text.replace("/", "_").replace("\x00", "")
        (folder / name).mkdir(parents=True, mode=0o700)
        (folder / name / "manifest.json").write_text(json.dumps(told))
        (folder / name / "index.html").write_text("<!doctype html><title>t</title>")


def hostile_profiles(folder: Path) -> None:
    """Write profiles whose every free text is a payload, and files that are none."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for number, text in enumerate(PAYLOADS):
        told = {"name": f"p{number}", "source": text, "strategy": text, text: text}
        metrics = {"monte_carlo_metrics": {"risk_level": text}, "params": {text: text}}
        (folder / f"p{number}.json").write_text(json.dumps({**told, **metrics}))
    (folder / "broken.json").write_text(json.dumps({"name": PAYLOADS[2]}))
    (folder / f"{PAYLOADS[2]}.json".replace("/", "_")).write_text(PAYLOADS[2])
