"""Orders through the demo server's page: real clicks, real replies, and every way they fail.

One service for all tests, in the order they stand: seed 288 begins with a game of 1,011 ticks, in
which they all trade.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from decimal import Decimal

import pytest
from tests.command_support import run_warm, wait_until, warm_server
from tests.e2e.support import kill_presses
from tests.e2e.support.practice import OVER, ROOMY, Practice
from tests.foundation_support import site

from vectra_player.model.rows import PlayerAction

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.timeout(300)]

LONG_GAME = ("--speed", "2", "--seed", "288")
MONEY = {"BUY", "SELL", "SIDEBET"}


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """A practice service in its long game, logged in."""
    root = tmp_path_factory.mktemp("practice")
    warm_server()  # its start takes long: not in the long game
    settings = {
        "FOUNDATION_HEADLESS": "1",
        "HOME": str(tmp_path_factory.mktemp("home")),
        **ROOMY,
    }
    with site(root, "--source", "practice", *LONG_GAME, dashboard=False, **settings) as up:
        up.until(
            lambda told: told["state"]["phase"] == "LIVE" and told["state"]["player"]["id"],
            "the long game runs and the page is logged in",
        )
        yield Practice(up)


def test_the_badge_says_practice_and_paper_is_still_there(practice: Practice) -> None:
    state = practice.up.get("/api/state").json
    assert (state["mode"], state["trading"]) == ("DEMO", "PRACTICE")
    assert practice.gate()["state"] == "ACTIVE"
    assert practice.up.get("/api/trade").json["mode"] == "PAPER"


def test_every_button_is_found_on_the_open_page(practice: Practice) -> None:
    told = run_warm("--data-dir", practice.up.root, "--json", "trade", "check")
    assert (told.code, told.json["findings"]) == (0, [])


def test_buy_sidebet_and_sale_go_through_the_page_and_are_confirmed(practice: Practice) -> None:
    bought = practice.order("buy", amount=0.003)
    assert (bought["outcome"], bought["kind"], bought["error"]) == ("CONFIRMED", "bought", None)
    holding = practice.account()["account"]["holding"]
    assert holding["qty"] == pytest.approx(0.003 / bought["executed_price"], rel=1e-6)
    placed = practice.order("sidebet", amount=0.002)
    assert (placed["outcome"], placed["kind"]) == ("CONFIRMED", "placed")
    half = practice.order("sell", percentage=50)
    assert (half["outcome"], half["kind"]) == ("CONFIRMED", "sold")
    rest = practice.order("sell", percentage=100)
    assert rest["outcome"] == "CONFIRMED"
    account = practice.account()["account"]
    assert account["holding"] is None
    assert account["realised"] == pytest.approx(half["profit"] + rest["profit"], abs=1e-8)


@pytest.mark.parametrize(
    ("what", "value", "code"),
    [
        ("buy", {"amount": 0.02}, "stake"),
        ("buy", {"amount": 0.0001}, "bad_amount"),
        ("sell", {"percentage": 100}, "no_position"),
        ("sell", {"percentage": 33}, "bad_share"),
    ],
)
def test_what_the_limits_forbid_is_blocked_and_nothing_is_pressed(
    practice: Practice, what: str, value: dict[str, object], code: str
) -> None:
    before = practice.orders()
    note = practice.order(what, **value)
    assert note["outcome"] == "BLOCKED"
    assert note["error"].partition(":")[0] == code
    assert practice.orders() == before


def test_live_orders_are_refused_on_a_practice_page(practice: Practice) -> None:
    answer = practice.up.post("/api/trade/buy", {"amount": 0.003, "mode": "LIVE"})
    assert answer.status == 409
    assert "PRACTICE" in answer.json["error"]["message"]


def test_a_rejected_order_is_told_in_the_servers_words(practice: Practice) -> None:
    practice.fault(kind="acks", mode="rejected")
    note = practice.order("buy", amount=0.003)
    practice.fault(kind="acks", mode="normal")
    assert (note["outcome"], note["error"]) == ("REJECTED", "Rejected by the server")
    assert practice.gate()["state"] == "ACTIVE"
    covered = practice.try_order("buy", amount=0.002)
    assert covered["outcome"] == "BLOCKED"
    assert "toast" in covered["error"]  # the page's own word of the refusal lies over the buttons
    pictures = practice.up.root / "results" / "refusals"
    wait_until(lambda: list(pictures.glob("*.png")), "a picture of what was not pressed")


@pytest.mark.parametrize("missing", ["acks", "echo"])
def test_one_reply_that_names_the_order_is_enough(practice: Practice, missing: str) -> None:
    practice.fault(kind=missing, mode="missing")
    note = practice.order("buy", amount=0.002)
    practice.fault(kind=missing, mode="normal")
    assert note["outcome"] == "CONFIRMED", note["error"]


def test_a_doubled_reply_changes_nothing(practice: Practice) -> None:
    practice.fault(kind="acks", mode="double")
    note = practice.order("buy", amount=0.001)
    practice.fault(kind="acks", mode="normal")
    assert note["outcome"] == "CONFIRMED", note["error"]
    assert practice.gate()["state"] == "ACTIVE"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"kind": "autosell", "amount": 50}, "nobody ordered"),
        ({"kind": "cash", "amount": 0.5}, "unexplained"),
    ],
    ids=["a sale nobody ordered", "cash nobody explains"],
)
def test_what_nothing_explains_halts_until_acknowledged(
    practice: Practice, fault: dict[str, object], said: str
) -> None:
    practice.fault(**fault)
    assert said in practice.halted()
    note = practice.order("buy", amount=0.001)
    assert (note["outcome"], note["error"].partition(":")[0]) == ("BLOCKED", "halted")
    practice.go_on()
    assert practice.order("buy", amount=0.001)["outcome"] == "CONFIRMED"


@pytest.mark.parametrize("how", ["page", "file", "signal", "command"])
def test_the_kill_switch_falls_in_four_ways_and_stays_down(practice: Practice, how: str) -> None:
    root, process = practice.up.root, practice.up.process
    if how == "page":
        told = practice.up.post("/api/kill", {}).json["not_undone"]
        assert any("position" in line for line in told)
    elif how == "file":
        (root / "run" / "KILL").touch()
    elif how == "signal":
        os.kill(process.pid, signal.SIGUSR1)
    else:
        assert run_warm("--data-dir", root, "trade", "kill").code == 0
    before = practice.orders()
    assert "kill switch" in practice.halted()
    assert practice.order("buy", amount=0.001)["outcome"] == "BLOCKED"
    assert practice.orders() == before
    practice.go_on()
    assert not (root / "run" / "KILL").exists()


def test_a_kill_amid_a_stream_of_orders_leaves_no_press_after_it(practice: Practice) -> None:
    """The rows say it, in the last test: none was pressed while the switch was down."""
    sent = kill_presses.run(practice, kills=5, seed=7)
    assert sent > 3


def test_nothing_is_pressed_while_nothing_is_recorded(practice: Practice) -> None:
    practice.up.post("/api/recording", {"action": "stop"})
    note = practice.order("buy", amount=0.001)
    assert (note["outcome"], note["error"].partition(":")[0]) == ("BLOCKED", "recording_off")
    practice.up.post("/api/recording", {"action": "start"})
    assert practice.order("buy", amount=0.001)["outcome"] == "CONFIRMED"


def test_a_server_that_was_gone_and_kept_the_holding_is_traded_with_again(
    practice: Practice,
) -> None:
    assert practice.order("buy", amount=0.001)["outcome"] == "CONFIRMED"
    practice.fault(kind="restart", seconds=0.5)
    note = practice.order_when_back("sell", percentage=50)
    assert (note["outcome"], note["error"]) == ("CONFIRMED", None)
    assert practice.gate()["state"] == "ACTIVE"


def test_a_server_that_forgets_the_holding_halts_trading(practice: Practice) -> None:
    practice.fault(kind="reboot", seconds=0.5)
    assert "unexplained" in practice.halted()
    practice.go_on()
    assert practice.account()["account"]["holding"] is None
    note = practice.order_when_back("sell", percentage=100)
    assert note["error"].partition(":")[0] == "no_position"


def test_without_any_reply_the_outcome_is_unknown_and_nothing_is_repeated(
    practice: Practice,
) -> None:
    before = len(practice.orders())
    practice.fault(kind="acks", mode="ignored")
    note = practice.order("buy", amount=0.001)
    practice.fault(kind="acks", mode="normal")
    assert (note["outcome"], note["error"]) == ("UNKNOWN", "heard no reply only")
    assert "heard no reply" in practice.halted()
    assert practice.order("buy", amount=0.001)["outcome"] == "BLOCKED"
    assert len(practice.orders()) == before + 1
    practice.go_on()


def test_everything_is_in_the_store_and_no_press_is_without_an_intent(practice: Practice) -> None:
    """The last test: it ends the service."""
    sent = practice.orders()
    practice.up.stop()
    root = practice.up.root
    rows = practice.rows()
    assert set(PlayerAction.__struct_fields__) <= set(rows[0])
    pressed = [row for row in rows if row["client_ts"] and row["action_type"] in MONEY]
    assert len(pressed) == len(sent)
    assert all(row["mode"] == "practice" and row["actor"] == "bot" for row in pressed)
    done = [row for row in pressed if row["outcome"] == "CONFIRMED"]
    assert all(row["total_latency_ms"] > 0 and row["press_ts"] for row in done)
    assert {row["outcome"] for row in rows} == set(OVER)
    assert kill_presses.pressed_while_silent(practice, rows) == []
    steps = [row for row in rows if row["action_type"] == "BET_INCREMENT"]
    assert {row["sequence"] for row in steps} <= {row["action_id"] for row in rows}
    bought = next(row for row in done if row["action_type"] == "BUY")
    assert Decimal(bought["state_after_cash"]) < Decimal(bought["state_before_cash"])
    query = "SELECT count(*) FROM ws_event WHERE event_name = 'vectra.intent'"
    intents = run_warm("--data-dir", root, "--json", "query", query).json["rows"][0][0]
    assert intents >= len(sent)
    query = "SELECT DISTINCT alert_type FROM alert_trigger"
    alerts = run_warm("--data-dir", root, "--json", "query", query).json["rows"]
    assert {"trade_success", "trade_failed"} <= {row[0] for row in alerts}
    assert run_warm("--data-dir", root, "store", "check").code == 0
