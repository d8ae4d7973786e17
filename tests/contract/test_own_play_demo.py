"""Own play on the demo server's real wire: what the page says is what the account's books say."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.dashboard_support import board
from tests.demo_fixtures import Listener, ask, listening, live, log_in, running_demo
from tests.own_play_support import write_capture

from vectra_player.store.importers import import_paths

pytestmark = pytest.mark.timeout(180)

LONG = {"shortest_game": 300, "longest_game": 600}
"""Four seconds at least at this speed: time to trade also on a busy machine."""


def game_of(heard: Listener) -> str:
    return str(heard.named("gameStateUpdate")[-1].payload["gameId"])


async def played(heard: Listener) -> tuple[str, Decimal]:
    """Play one game: buy, sell half, bet; hold the rest to the rug. Return it and its result."""
    await log_in(heard)
    await live(heard)
    await heard.until(lambda: not heard.named("gameStateUpdate")[-1].payload.get("active"))
    before = Decimal(str(heard.named("playerUpdate")[-1].payload["cash"]))
    await live(heard)
    game = game_of(heard)
    assert (await ask(heard, "buyOrder", {"amount": 0.25}))["success"]
    assert (await ask(heard, "requestSidebet", {"amount": 0.05, "xPayout": 5}))["success"]
    assert (await ask(heard, "sellOrder", {"percentage": 50}))["success"]
    rugs = len(heard.named("rugPassQuestCompleted"))
    await heard.until(lambda: len(heard.named("rugPassQuestCompleted")) > rugs)
    after = Decimal(str(heard.named("playerUpdate")[-1].payload["cash"]))
    await heard.until(lambda: game_of(heard) != game)  # the frame that reveals the game
    return game, after - before


async def test_the_result_of_a_game_is_what_the_account_gained(tmp_path: Path) -> None:
    async with running_demo(speed=20.0, **LONG) as server, listening(server.url) as heard:
        game, gained = await played(heard)
        records: list[tuple[str, Any]] = [(each.name, each.payload) for each in heard.events]
    import_paths([write_capture(tmp_path / "demo.jsonl", iter(records))], tmp_path / "data")
    with board(tmp_path / "data") as site:
        lines = {line["game_id"]: line for line in site.get("/api/play").json["play"]["games"]}
        told = site.get(f"/api/play/games/{game}").json["play"]
    line = lines[game]
    assert list(lines) == [game]
    assert Decimal(line["profit"]) == gained
    assert (line["buys"], line["sells"], line["bets"]) == (1, 2, 1)
    assert abs(Decimal(told["seen"]) - gained) <= Decimal("0.000000002")
    assert [deal["action"] for deal in told["game"]["own"]] == ["BUY", "SELL", "SELL"]
