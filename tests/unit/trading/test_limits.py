"""Each rule of the gate refuses what it is for, by its own code, and nothing else."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.gate_support import DEMO, SITE, Clock, holding, make_order, make_scene

import vectra_player.trading
from vectra_player.config import TradeSettings
from vectra_player.protocol.phases import GamePhase
from vectra_player.trading.limits import (
    Facts,
    Switches,
    buttons_of,
    equity,
    exposure,
    live_refusal,
    mode_of,
    refused,
)
from vectra_player.trading.records import SHARES, Order, Scene

CLOCK = Clock()
FACTS = Facts(settings=TradeSettings(), origin=DEMO, switches=Switches(False, False, False))


def code(order: Order, scene: Scene, **facts: Any) -> str | None:
    found = refused(order, scene, replace(FACTS, **facts))
    if found is not None:
        assert not found.message[0].islower()
        assert found.message.endswith((".", "`."))
    return None if found is None else found.code


def buy(**changes: Any) -> Order:
    return make_order("BUY", **changes)


@pytest.mark.parametrize("kind", ["BUY", "SELL", "SIDEBET"])
def test_an_order_against_which_nothing_speaks_passes(kind: str) -> None:
    assert code(make_order(kind), holding(CLOCK)) is None


PHASES = list(product(["BUY", "SELL", "SIDEBET"], GamePhase))


@pytest.mark.parametrize(("kind", "phase"), PHASES)
def test_an_order_passes_in_its_phases_only(kind: str, phase: GamePhase) -> None:
    allowed = {"BUY": {"BETTING", "LIVE"}, "SIDEBET": {"BETTING", "LIVE"}, "SELL": {"LIVE"}}
    found = code(make_order(kind), holding(CLOCK, phase=phase))
    assert found == (None if phase in allowed[kind] else "phase")


def test_no_game_is_no_phase() -> None:
    assert code(buy(), make_scene(CLOCK, game_id=None)) == "phase"


@pytest.mark.parametrize("age", [None, 2.001, 3600.0, float("nan"), float("inf"), -1.0])
def test_stale_data_refuses(age: float | None) -> None:
    for kind in ("BUY", "SELL", "SIDEBET"):
        assert code(make_order(kind), holding(CLOCK, tick_age_s=age)) == "stale"


def test_two_seconds_are_not_stale_yet() -> None:
    assert code(buy(), make_scene(CLOCK, tick_age_s=2.0)) is None


@pytest.mark.parametrize("visible", [None, False])
def test_a_tab_that_is_not_known_to_be_visible_refuses(visible: bool | None) -> None:
    for kind in ("BUY", "SELL", "SIDEBET"):
        assert code(make_order(kind), holding(CLOCK, visible=visible)) == "tab_hidden"


def test_nothing_is_pressed_unrecorded() -> None:
    for kind in ("BUY", "SELL", "SIDEBET"):
        assert code(make_order(kind), holding(CLOCK, recording=False)) == "recording_off"
        gone = make_scene(CLOCK, recording=False, page_origin=None)
        assert code(make_order(kind), gone) == "recording_off", "it is the cause"


def test_a_halt_refuses_everything_and_says_why() -> None:
    for kind in ("BUY", "SELL", "SIDEBET"):
        found = refused(make_order(kind), holding(CLOCK), replace(FACTS, halted="It went wrong."))
        assert found is not None
        assert found.code == "halted"
        assert "It went wrong." in found.message
        assert "trade acknowledge" in found.message


# Orders ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "amount", [None, "0", "-1", "0.0009", "NaN", "sNaN", "Infinity", "-Infinity"]
)
def test_an_impossible_amount_is_refused(amount: str | None) -> None:
    given = None if amount is None else Decimal(amount)
    for kind in ("BUY", "SIDEBET"):
        assert code(make_order(kind, amount=given), make_scene(CLOCK)) == "bad_amount"


def test_the_least_amount_passes() -> None:
    assert code(buy(amount=Decimal("0.001")), make_scene(CLOCK)) is None


@pytest.mark.parametrize("share", [None, 0, 1, 9, 11, 99, 101, -100, 1000])
def test_only_shares_with_a_button_are_sold(share: int | None) -> None:
    assert code(make_order("SELL", percentage=share), holding(CLOCK)) == "bad_share"


@pytest.mark.parametrize("share", SHARES)
def test_each_share_with_a_button_is_sold(share: int) -> None:
    assert code(make_order("SELL", percentage=share), holding(CLOCK)) is None


def test_an_order_of_two_minds_is_refused() -> None:
    assert code(buy(percentage=100), make_scene(CLOCK)) == "bad_amount"
    assert code(make_order("SELL", amount=Decimal("0.01")), holding(CLOCK)) == "bad_share"
    assert code(make_order("SHORT", percentage=None), holding(CLOCK)) == "bad_order"
    assert code(buy(action_id=""), make_scene(CLOCK)) == "bad_order"


def test_an_order_presses_its_own_buttons_only() -> None:
    assert set(buttons_of(make_order("SELL", percentage=25))) == {"SELL", "25%"}
    for kind in ("BUY", "SIDEBET"):
        named = set(buttons_of(make_order(kind)))
        assert not named & {"SELL", "SHORT", "BUY", "SIDEBET"} - {kind}


def test_the_buttons_of_orders_are_those_the_page_is_searched_for() -> None:
    data = Path(vectra_player.trading.__file__).with_name("selectors.toml").read_text("utf-8")
    named = {button["name"] for button in tomllib.loads(data)["button"]}
    orders = [make_order("BUY"), make_order("SIDEBET")]
    orders += [make_order("SELL", percentage=share) for share in SHARES]
    assert {button for order in orders for button in buttons_of(order)} == named


# Pages and switches ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "mode"),
    [
        ("http://127.0.0.1:8765", "practice"),
        ("http://127.8.9.10", "practice"),
        ("http://localhost:1", "practice"),
        ("http://[::1]:8765", "practice"),
        ("https://rugs.fun", "live"),
        ("http://192.168.1.2:8765", "live"),
        ("https://localhost.evil.example", "live"),
        ("https://127.0.0.1.evil.example", "live"),
        ("http://0.0.0.0:8765", "live"),
        ("http://127.1:80", "live"),
        ("https://evil.example@127.0.0.1", None),
        ("https://127.0.0.1@evil.example", None),
        ("https://rugs.fun/", None),
        ("https://rugs.fun/candleflip", None),
        ("https://rugs.fun#127.0.0.1", None),
        ("chrome-extension://abc", None),
        ("file://", None),
        ("null", None),
        ("", None),
        (None, None),
        ("https://", None),
        ("http://127.0.0.1:99999", None),
        ("http://[::1", None),
    ],
)
def test_a_page_of_this_machine_is_practice_and_any_other_live(
    origin: str | None, mode: str | None
) -> None:
    assert mode_of(origin) == mode


@pytest.mark.parametrize("origin", [None, "", "null", "about:blank", "https://rugs.fun/x"])
def test_without_a_page_nothing_is_pressed(origin: str | None) -> None:
    assert code(buy(), make_scene(CLOCK, page_origin=origin)) == "page_unknown"


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:8766", "https://127.0.0.1:8765", "http://localhost:8765", SITE]
)
def test_another_page_than_the_game_is_refused(origin: str) -> None:
    assert code(buy(), make_scene(CLOCK, page_origin=origin)) == "page_elsewhere"


ALL_ON = Switches(True, True, True)


def test_practice_is_refused_on_the_real_page_and_live_on_a_page_of_this_machine() -> None:
    real = make_scene(CLOCK, page_origin=SITE)
    assert code(buy(mode="practice"), real, origin=SITE, switches=ALL_ON) == "wrong_mode"
    assert code(buy(mode="live"), make_scene(CLOCK), switches=ALL_ON) == "wrong_mode"
    assert code(buy(mode="live"), real, origin=SITE, switches=ALL_ON) is None


SWITCHES = list(product([False, True], repeat=3))


def test_of_eight_ways_to_set_the_switches_one_is_live() -> None:
    real, passed = make_scene(CLOCK, page_origin=SITE), []
    for switches in SWITCHES:
        given = Switches(*switches)
        found = code(buy(mode="live"), real, origin=SITE, switches=given)
        assert (found is None) == given.live == (live_refusal(given) is None)
        if found is None:
            passed.append(switches)
        else:
            missing = ("live_disabled", "live_not_allowed", "not_armed")
            assert found == missing[switches.index(False)]
    assert passed == [(True, True, True)]


@pytest.mark.parametrize("switches", SWITCHES)
def test_practice_needs_none_of_the_switches(switches: tuple[bool, bool, bool]) -> None:
    assert code(buy(), make_scene(CLOCK), switches=Switches(*switches)) is None


@pytest.mark.parametrize("switches", SWITCHES)
def test_after_the_arming_ran_out_only_what_is_open_can_be_sold(
    switches: tuple[bool, bool, bool],
) -> None:
    real = holding(CLOCK, page_origin=SITE)
    facts = {"origin": SITE, "switches": Switches(*switches), "arming_ran_out": True}
    sold = code(make_order("SELL", mode="live"), real, **facts)
    assert (sold is None) == (switches[:2] == (True, True))
    for kind in ("BUY", "SIDEBET"):
        found = code(make_order(kind, mode="live"), real, **facts)
        assert (found is None) == (switches == (True, True, True))


# Limits ---------------------------------------------------------------------------------------

WIDE = TradeSettings(
    max_stake_sol=Decimal(1),
    max_exposure_sol=Decimal(2),
    max_loss_session_sol=Decimal(3),
    max_loss_day_sol=Decimal(4),
)
RICH = {"cash": Decimal(100)}


@pytest.mark.parametrize("kind", ["BUY", "SIDEBET"])
def test_a_stake_above_the_limit_is_refused(kind: str) -> None:
    scene = make_scene(CLOCK, **RICH)
    assert code(make_order(kind, amount=Decimal(1)), scene, settings=WIDE) is None
    above = make_order(kind, amount=Decimal("1.000000001"))
    assert code(above, scene, settings=WIDE) == "stake"


def test_an_amount_is_written_without_zeros_at_its_end() -> None:
    found = refused(buy(amount=Decimal("20.500000000")), make_scene(CLOCK, **RICH), FACTS)
    assert found is not None
    assert found.message.startswith("20.5 SOL is above")


def test_exposure_is_what_is_held_staked_and_under_way_at_cost() -> None:
    scene = make_scene(
        CLOCK,
        **RICH,
        position_qty=Decimal("0.5"),
        avg_cost=2.0,
        price=0.1,
        at_risk=Decimal("0.3"),
        under_way=Decimal("0.2"),
    )
    assert exposure(scene) == Decimal("1.5")
    assert code(buy(amount=Decimal("0.5")), scene, settings=WIDE) is None
    assert code(buy(amount=Decimal("0.501")), scene, settings=WIDE) == "exposure"


def test_an_order_must_be_paid_from_what_is_free() -> None:
    scene = make_scene(CLOCK, cash=Decimal("0.5"), under_way=Decimal("0.2"))
    assert code(buy(amount=Decimal("0.3")), scene, settings=WIDE) is None
    assert code(buy(amount=Decimal("0.301")), scene, settings=WIDE) == "cash"


@pytest.mark.parametrize(
    ("unknown", "expected"),
    [
        ({"cash": None}, "cash_unknown"),
        ({"position_qty": None}, "position_unknown"),
        ({"position_qty": Decimal(1), "avg_cost": None}, "position_unknown"),
        ({"position_qty": Decimal(1), "avg_cost": float("nan")}, "position_unknown"),
        ({"position_qty": Decimal(1), "avg_cost": 1.0, "price": None}, "position_unknown"),
        ({"cash": Decimal("NaN")}, "bad_scene"),
        ({"cash": Decimal(-1)}, "bad_scene"),
        ({"position_qty": Decimal(-1)}, "bad_scene"),
        ({"at_risk": Decimal(-1)}, "bad_scene"),
        ({"under_way": Decimal("Infinity")}, "bad_scene"),
    ],
)
def test_an_account_that_is_not_known_is_not_risked(unknown: dict[str, Any], expected: str) -> None:
    assert code(buy(), make_scene(CLOCK, **unknown)) == expected


def test_nothing_is_sold_that_is_not_held() -> None:
    sell = make_order("SELL")
    assert code(sell, make_scene(CLOCK)) == "no_position"
    assert code(sell, make_scene(CLOCK, position_qty=None)) == "position_unknown"


def test_a_second_sidebet_is_refused() -> None:
    scene = make_scene(CLOCK, at_risk=Decimal("0.001"))
    assert code(make_order("SIDEBET"), scene) == "open_bet"
    assert code(buy(), scene) is None


@pytest.mark.parametrize("kind", ["BUY", "SIDEBET", "SELL"])
def test_one_order_of_a_type_at_a_time(kind: str) -> None:
    others = tuple({"BUY", "SIDEBET", "SELL"} - {kind})
    assert code(make_order(kind), holding(CLOCK), under_way=others) is None
    assert code(make_order(kind), holding(CLOCK), under_way=(kind,)) == "under_way"


def test_orders_of_a_minute_are_counted() -> None:
    most = TradeSettings().orders_per_minute
    assert code(buy(), make_scene(CLOCK), recent=most - 1) is None
    assert code(buy(), make_scene(CLOCK), recent=most) == "rate"


@pytest.mark.parametrize("limit", ["session", "day"])
def test_a_loss_at_its_limit_leaves_only_the_sale(limit: str) -> None:
    most: Decimal = getattr(WIDE, f"max_loss_{limit}_sol")
    facts = {"settings": WIDE, f"loss_{limit}": most}
    scene = make_scene(CLOCK, position_qty=Decimal("0.01"), avg_cost=1.0, **RICH)
    for kind in ("BUY", "SIDEBET"):
        assert code(make_order(kind), scene, **facts) == f"loss_{limit}"
    assert code(make_order("SELL"), scene, **facts) is None


def test_an_order_that_could_lose_more_than_is_left_is_refused() -> None:
    lost = {"settings": WIDE, "loss_session": Decimal("2.5")}
    assert code(buy(amount=Decimal("0.5")), make_scene(CLOCK, **RICH), **lost) is None
    assert code(buy(amount=Decimal("0.501")), make_scene(CLOCK, **RICH), **lost) == "loss_session"
    # 0.1 held at the current price could be lost too.
    held = make_scene(CLOCK, position_qty=Decimal("0.05"), avg_cost=1.0, price=2.0, **RICH)
    assert code(buy(amount=Decimal("0.4")), held, **lost) is None
    assert code(buy(amount=Decimal("0.401")), held, **lost) == "loss_session"


def test_a_sale_is_refused_for_no_loss_no_amount_and_no_exposure() -> None:
    scene = holding(CLOCK, cash=Decimal(0), at_risk=Decimal(50), under_way=Decimal(50))
    assert code(make_order("SELL"), scene, loss_day=Decimal(99), loss_session=Decimal(99)) is None


def test_what_an_account_is_worth_is_unknown_where_a_part_is() -> None:
    assert equity(make_scene(CLOCK, cash=None)) is None
    assert equity(make_scene(CLOCK, position_qty=None)) is None
    assert equity(holding(CLOCK, price=None)) is None
    known = holding(CLOCK, price=2.0, at_risk=Decimal("0.5"))
    assert equity(known) == Decimal("1.52")
