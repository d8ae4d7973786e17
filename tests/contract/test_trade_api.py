"""Paper trading over HTTP against a running `up`, and what the feed tells of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from tests.foundation_support import Answer, Site, site

from vectra_player.client import Action, FoundationClient, GameTick
from vectra_player.game.sidebet import PAYOUT_MULTIPLE, WINDOW_TICKS

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("trade")
    words = ("--source", "demo", "--speed", "10", "--seed", "7")
    with site(root, *words, VECTRA_FILE_INTERVAL_S="1") as running:
        yield running


@pytest.fixture
def live(up: Site) -> Site:
    """A running game with some way to go, and a new wallet of 10 SOL without latency."""
    up.until(lambda state: state["state"]["phase"] == "LIVE", "a game runs")
    assert do(up, "reset", cash=10, latency_ms=0).status == 200
    return up


def do(up: Site, name: str, **body: Any) -> Answer:
    return up.post(f"/api/trade/{name}", body)


def in_a_game(up: Site, name: str, **body: Any) -> dict[str, Any]:
    """Act while a game runs: one that rugged in between is no reason to fail."""
    for _ in range(50):
        up.until(lambda state: state["state"]["phase"] == "LIVE", "a game runs")
        told: dict[str, Any] = do(up, name, **body).json
        if told["action"]["reason"] != "closed":
            return told
    raise AssertionError("no game was met")


def test_the_account_is_told_whole(live: Site) -> None:
    told = live.get("/api/trade").json
    assert (told["mode"], told["account"]["cash"], told["latency_ms"]) == ("PAPER", 10, 0)
    assert told["account"]["holding"] is None
    assert [row["who"] for row in told["score"]] == ["you", "never betting", "coin flip"]
    assert told["actions"] == []


def test_a_buy_and_a_sale_are_done_at_the_price_of_the_feed(live: Site) -> None:
    bought = in_a_game(live, "buy", amount=0.5)
    assert (bought["action"]["kind"], bought["action"]["actor"]) == ("bought", "bot")
    assert bought["account"]["cash"] == 9.5
    price, qty = bought["action"]["executed_price"], bought["action"]["qty"]
    assert qty * price == pytest.approx(0.5, abs=1e-6)
    sold = do(live, "sell", percentage=50).json
    if sold["action"]["kind"] == "sold":
        assert sold["account"]["holding"]["qty"] == pytest.approx(qty / 2, abs=1e-8)
        expected = 9.5 + qty / 2 * sold["action"]["executed_price"]
        assert sold["account"]["cash"] == pytest.approx(expected, abs=1e-6)


def test_a_sidebet_is_settled_by_the_rule(live: Site) -> None:
    placed = in_a_game(live, "sidebet", amount=0.1)["action"]
    action_id = placed["action_id"]

    def settled() -> Any:
        notes = live.get("/api/trade").json["actions"]
        return next((n for n in notes if n["kind"] in ("won", "lost")), None)

    note = live.until(lambda _: settled(), "the sidebet was settled") and settled()
    assert note["action_id"] == action_id
    assert note["executed_tick"] - placed["executed_tick"] <= WINDOW_TICKS
    profit = 0.1 * (PAYOUT_MULTIPLE - 1) if note["kind"] == "won" else -0.1
    assert note["profit"] == pytest.approx(profit)
    assert note["cash"] == pytest.approx(10 + profit)


def test_one_sidebet_at_a_time(live: Site) -> None:
    in_a_game(live, "sidebet", amount=0.001)
    again = do(live, "sidebet", amount=0.001).json["action"]
    assert (again["outcome"], again["reason"]) in {("REJECTED", "open_bet"), ("REJECTED", "closed")}


def test_limits_block(live: Site) -> None:
    do(live, "reset", cash=1, latency_ms=0, limits={"max_stake_sol": 0.05})
    told = in_a_game(live, "buy", amount=0.06)["action"]
    assert (told["outcome"], told["reason"]) == ("BLOCKED", "limit")
    assert "max_stake_sol" in told["error"]
    assert live.get("/api/trade").json["limits"]["max_stake_sol"] == 0.05


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("buy", {}),
        ("buy", {"amount": 0}),
        ("buy", {"amount": -1}),
        ("buy", {"amount": "NaN"}),
        ("buy", {"amount": "Infinity"}),
        ("buy", {"amount": 1e300}),
        ("buy", {"amount": None}),
        ("buy", {"amount": 1, "more": 1}),
        ("buy", {"amount": "9" * 5000}),
        ("sell", {"percentage": 0}),
        ("sell", {"percentage": 101}),
        ("sell", {"percentage": "NaN"}),
        ("sidebet", {"amount": []}),
        ("reset", {"cash": 0}),
        ("reset", {"cash": 1e12}),
        ("reset", {"latency_ms": -1}),
        ("reset", {"limits": {"max_stake_sol": -1}}),
        ("reset", {"limits": {"max_drawdown": 2}}),
    ],
    ids=str,
)
def test_nonsense_is_refused_with_its_reason(live: Site, name: str, body: dict[str, Any]) -> None:
    before = live.get("/api/trade").json["account"]["cash"]
    answer = live.post(f"/api/trade/{name}", body)
    assert answer.status == 400
    assert answer.json["error"]["message"]
    assert live.get("/api/trade").json["account"]["cash"] == before


@pytest.mark.parametrize(
    ("mode", "said"),
    [("ARMED", "No mode"), ("PRACTICE", "no game page"), ("LIVE", "no game page")],
)
@pytest.mark.parametrize("name", ["buy", "sell", "sidebet", "reset"])
def test_without_a_page_to_press_only_paper_is_taken(
    live: Site, name: str, mode: str, said: str
) -> None:
    body = {"mode": mode, **({"amount": 1} if name in ("buy", "sidebet") else {})}
    answer = live.post(f"/api/trade/{name}", body)
    assert answer.status == 409
    assert said in answer.json["error"]["message"]


def test_the_feed_tells_an_action_before_the_tick_that_did_it(live: Site) -> None:
    do(live, "reset", cash=10, latency_ms=500)
    asyncio.run(asyncio.wait_for(follow(live), 100))


async def follow(up: Site) -> None:
    submitted: str | None = None
    async with FoundationClient(data_dir=up.root) as client:
        async for event in client:
            if isinstance(event, Action) and event.data["kind"] == "bought":
                assert event.action_id == submitted
                assert (event.action_type, event.mode, event.outcome) == (
                    *("BUY", "paper"),
                    "CONFIRMED",
                )
                executed = event.data["executed_tick"]
            elif isinstance(event, Action) and event.data["kind"] in ("missed", "refused"):
                submitted = None
            elif isinstance(event, GameTick) and event.phase == "LIVE":
                if submitted is None:
                    told = await asyncio.to_thread(do, up, "buy", amount=0.01)
                    submitted = told.json["action"]["action_id"]
                    executed = None
                elif executed is not None:
                    assert event.tick == executed
                    return


def test_recording_goes_on_and_holds_nothing_of_paper(live: Site) -> None:
    in_a_game(live, "buy", amount=0.01)
    assert live.get("/api/recording").json["recording"] is True
    names = live.get("/api/state").json["recorder"]
    assert names["recording"] is True
