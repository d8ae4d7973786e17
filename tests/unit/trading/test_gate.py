"""The gate over time: one press an order, three switches, halts, and what outlives it."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.gate_support import (
    DEMO,
    SITE,
    Clock,
    FullDisk,
    holding,
    live,
    make_gate,
    make_order,
    make_scene,
    outcome,
)

from vectra_player.errors import PressRefusedError, UsageError
from vectra_player.protocol.phases import GamePhase
from vectra_player.trading.gate import Gate
from vectra_player.trading.gate_orders import OVERDUE_S
from vectra_player.trading.gate_records import GateEvent
from vectra_player.trading.limits import MAX_PRESSES
from vectra_player.trading.memory import TradeMemory
from vectra_player.trading.permit import Permit
from vectra_player.trading.records import Order, Scene


class Desk:
    """A gate over one folder that can be started again, and what it told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()
        self.disk = FullDisk()
        self.told: list[GateEvent] = []
        self.gate = self.start()

    def start(self, **settings: Any) -> Gate:
        """Start the service (again)."""
        given = {"ops": self.disk, "listen": self.told.append, **settings}
        self.gate = make_gate(self.folder, self.clock, **given)
        return self.gate

    def start_live(self) -> Gate:
        """Start with all switches on."""
        gate = self.start(origin=SITE, allow_live=True, live_enabled=True)
        gate.arm(gate.phrase)
        return gate

    def kept(self) -> list[str]:
        """Return the orders that are written down."""
        return [way.action_id for way in TradeMemory(self.folder).load().under_way]

    def scene(self, **changes: Any) -> Scene:
        return make_scene(self.clock, **changes)

    def press(self, order: Order, scene: Scene | None = None) -> None:
        """Have an order pressed."""
        kind = order.action_type
        self.gate.permit(order, scene or self.scene(), kind).spend(kind)

    def trade(self, order: Order, scene: Scene | None = None) -> None:
        """Have an order pressed and confirmed."""
        self.press(order, scene)
        self.gate.note_outcome(outcome(order))

    def refusal(self, order: Order, scene: Scene | None = None, button: str = "") -> str:
        with pytest.raises(PressRefusedError) as caught:
            self.gate.permit(order, scene or self.scene(), button or order.action_type)
        return caught.value.code


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "run")


def spent(permit: Permit) -> str:
    """Return why a permit is not good any more."""
    with pytest.raises(PressRefusedError) as caught:
        permit.spend(permit.button)
    return caught.value.code


# One order, one press -------------------------------------------------------------------------


def test_an_order_is_pressed_once_in_its_life(desk: Desk) -> None:
    order = make_order()
    desk.press(order)
    assert desk.refusal(order) == "pressed_already"
    desk.gate.note_outcome(outcome(order))
    assert desk.refusal(order) == "action_over"
    assert desk.refusal(order, button="+0.001") == "action_over"


def test_a_permit_that_was_not_used_in_time_is_not_given_again(desk: Desk) -> None:
    order = make_order()
    permit = desk.gate.permit(order, desk.scene(), "BUY")
    desk.clock.pass_s(2)
    assert spent(permit) == "permit_over"
    assert desk.refusal(order) == "pressed_already"


def test_amount_buttons_come_first_and_are_counted(desk: Desk) -> None:
    order = make_order()
    for button in ("CLEAR", "+0.01", "+0.001", "+0.001", "+0.001"):
        desk.gate.permit(order, desk.scene(), button).spend(button)
    desk.press(order)
    assert desk.refusal(order, button="+0.001") == "pressed_already"


def test_the_presses_of_an_amount_have_an_end(desk: Desk) -> None:
    order = make_order()
    for _ in range(MAX_PRESSES):
        desk.gate.permit(order, desk.scene(), "+0.001")
    assert desk.refusal(order, button="+0.001") == "presses"


@pytest.mark.parametrize("button", ["SELL", "SIDEBET", "SHORT", "100%", "buy", "X", "2x", "ALL"])
def test_an_order_gets_no_button_of_another(desk: Desk, button: str) -> None:
    assert desk.refusal(make_order(), button=button) == "wrong_button"


def test_a_sale_gets_the_button_of_its_own_share_only(desk: Desk) -> None:
    scene = holding(desk.clock)
    assert desk.refusal(make_order("SELL", percentage=10), scene, "100%") == "wrong_button"
    desk.gate.permit(make_order("SELL", percentage=10), scene, "10%").spend("10%")


def test_an_action_that_turns_into_another_order_is_refused(desk: Desk) -> None:
    order = make_order()
    desk.gate.permit(order, desk.scene(), "CLEAR")
    assert desk.refusal(replace(order, amount=Decimal("0.009"))) == "bad_order"


def test_a_refused_order_leaves_no_trace(desk: Desk) -> None:
    order = make_order()
    assert desk.refusal(order, desk.scene(phase=GamePhase.COOLDOWN)) == "phase"
    assert desk.gate.status().under_way == ()
    desk.trade(order)


# What changes between a permit and its press ----------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"page_origin": SITE}, "page_elsewhere"),
        ({"page_origin": None}, "page_unknown"),
        ({"recording": False}, "recording_off"),
        ({"visible": False}, "tab_hidden"),
        ({"phase": GamePhase.RUGGED}, "phase"),
        ({"game_id": "20261128-other"}, "game_over"),
        ({"cash": Decimal("0.001")}, "cash"),
    ],
)
def test_what_the_gate_learns_meanwhile_withdraws_a_permit(
    desk: Desk, change: dict[str, Any], code: str
) -> None:
    permit = desk.gate.permit(make_order(), desk.scene(), "BUY")
    desk.gate.note_account(desk.scene(**change))
    assert spent(permit) == code


def test_data_that_gets_stale_meanwhile_withdraws_a_permit(desk: Desk) -> None:
    permit = desk.gate.permit(make_order(), desk.scene(tick_age_s=1.5), "BUY")
    desk.clock.pass_s(0.6)
    assert spent(permit) == "stale"


def test_an_order_that_stands_among_those_under_way_is_not_counted_twice(desk: Desk) -> None:
    gate = desk.start(max_exposure_sol=Decimal("0.01"))
    order, among = make_order(), {"under_way": Decimal("0.01"), "cash": Decimal("0.01")}
    assert gate.refusal(order, desk.scene(cash=Decimal("0.01"))) is None
    permit = gate.permit(order, desk.scene(**among), "BUY")
    gate.note_account(desk.scene(**among))
    permit.spend("BUY")


def test_what_a_person_has_under_way_counts_beside_the_order(desk: Desk) -> None:
    desk.start(max_exposure_sol=Decimal("0.01"))
    assert desk.refusal(make_order(), desk.scene(under_way=Decimal("0.011"))) == "exposure"


def test_an_order_that_ended_withdraws_its_permit(desk: Desk) -> None:
    order = make_order()
    permit = desk.gate.permit(order, desk.scene(), "BUY")
    desk.gate.note_outcome(outcome(order, "BLOCKED"))
    assert spent(permit) == "action_over"


# Counts and losses ------------------------------------------------------------------------------


def test_orders_of_the_last_minute_are_limited_and_sales_counted_apart(desk: Desk) -> None:
    gate = desk.start(orders_per_minute=2)
    for kind in ("BUY", "SIDEBET"):
        desk.trade(make_order(kind))
    assert desk.refusal(make_order()) == "rate"
    for _ in range(2):
        desk.trade(make_order("SELL"), holding(desk.clock))
    assert desk.refusal(make_order("SELL"), holding(desk.clock)) == "rate"
    desk.clock.pass_s(60)
    desk.trade(make_order())
    assert gate.status().orders_last_minute == 1


@pytest.mark.parametrize("step_us", [0, 3_600_000_000, -3_600_000_000])
def test_the_count_outlives_the_service_and_clock_steps(desk: Desk, step_us: int) -> None:
    desk.start(orders_per_minute=1)
    desk.trade(make_order())
    desk.clock.us += min(0, step_us)
    desk.start(orders_per_minute=1)
    assert desk.refusal(make_order()) == "rate"
    desk.clock.us += step_us
    assert desk.refusal(make_order()) == "rate"


def test_orders_under_way_count_even_where_the_scene_does_not_know_them(desk: Desk) -> None:
    desk.start(max_exposure_sol=Decimal("0.015"))
    desk.press(make_order("BUY"))
    assert desk.refusal(make_order("SIDEBET")) == "exposure"


def test_a_loss_limit_leaves_sales_and_holds_over_a_restart_for_the_day(desk: Desk) -> None:
    limits = {"max_loss_session_sol": Decimal("0.05"), "max_loss_day_sol": Decimal("0.05")}
    gate = desk.start(**limits)
    gate.note_account(desk.scene(cash=Decimal("1.05")))
    assert gate.state() == "ACTIVE"
    scene = holding(desk.clock, cash=Decimal("0.97"))
    assert desk.refusal(make_order(), scene) == "loss_session"
    assert gate.state() == "REDUCING"
    desk.trade(make_order("SELL"), scene)
    gate = desk.start(**limits)
    assert gate.state() == "REDUCING"
    assert gate.status().loss_session_sol == 0
    assert desk.refusal(make_order(), scene) == "loss_day"
    desk.clock.pass_s(86_400)
    assert gate.state() == "ACTIVE"


def test_a_loss_without_any_order_outlives_the_service_too(desk: Desk) -> None:
    desk.gate.note_account(desk.scene())
    desk.gate.note_account(desk.scene(cash=Decimal("0.97")))
    desk.clock.pass_s(60)
    desk.gate.note_account(desk.scene(cash=Decimal("0.97")))
    desk.clock.pass_s(11)
    desk.gate.note_account(desk.scene(cash=Decimal(5)))  # a deposit
    desk.gate.note_account(desk.scene(cash=Decimal("4.95")))
    gate = desk.start()
    gate.note_account(desk.scene(cash=Decimal("4.95")))
    assert gate.status().loss_day_sol == Decimal("0.08")


def test_a_frame_without_news_writes_nothing(desk: Desk) -> None:
    desk.gate.note_account(holding(desk.clock))
    path = desk.folder / "trade.json"
    before = path.stat().st_mtime_ns, path.stat().st_ino
    for price in (1.0, 0.5, 2.0):
        desk.gate.note_account(holding(desk.clock, price=price))
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


# Live -------------------------------------------------------------------------------------------


def test_of_eight_ways_to_start_and_arm_one_presses_live(desk: Desk) -> None:
    pressed = []
    for enabled, allowed, armed in product((False, True), repeat=3):
        gate = desk.start(origin=SITE, live_enabled=enabled, allow_live=allowed)
        if armed and enabled and allowed:
            gate.arm(gate.phrase)
        elif armed:
            with pytest.raises(UsageError, match=r"config\.toml|--allow-live"):
                gate.arm(gate.phrase)
        order = make_order(mode="live")
        if gate.refusal(order, live(desk.scene())) is None:
            desk.trade(order, live(desk.scene()))
            pressed.append((enabled, allowed, armed))
        else:
            missing = ("live_disabled", "live_not_allowed", "not_armed")
            wanted = missing[(enabled, allowed, armed).index(False)]
            assert desk.refusal(order, live(desk.scene())) == wanted
    assert pressed == [(True, True, True)]


@pytest.mark.parametrize(
    "typed",
    ["", "yes", "trade live", "TRADE LIVE WITH UP TO 0.05 SOL", "trade live with up to 5 SOL"],
)
def test_only_the_phrase_arms(desk: Desk, typed: str) -> None:
    gate = desk.start(origin=SITE, live_enabled=True, allow_live=True)
    with pytest.raises(UsageError, match=r"trade live with up to 0\.05 SOL"):
        gate.arm(typed)
    assert gate.status().armed_until_us is None


@pytest.mark.parametrize("minutes", [0, -1, 480.1, float("nan"), float("inf")])
def test_the_time_of_arming_is_bounded(desk: Desk, minutes: float) -> None:
    gate = desk.start(origin=SITE, live_enabled=True, allow_live=True)
    with pytest.raises(UsageError, match="480"):
        gate.arm(gate.phrase, minutes)


def test_arming_ends_by_itself(desk: Desk) -> None:
    gate = desk.start_live()
    desk.clock.pass_s(30 * 60 - 1)
    desk.trade(make_order(mode="live"), live(desk.scene()))
    desk.clock.pass_s(1)
    assert desk.refusal(make_order(mode="live"), live(desk.scene())) == "not_armed"
    assert [event.kind for event in desk.told] == ["armed", "disarmed"]
    assert gate.state() == "ACTIVE"


@pytest.mark.parametrize("clock", ["us", "seconds"])
def test_either_clock_ends_the_arming(desk: Desk, clock: str) -> None:
    gate = desk.start_live()
    ahead = 31 * 60
    setattr(
        desk.clock, clock, getattr(desk.clock, clock) + (ahead * 10**6 if clock == "us" else ahead)
    )
    assert gate.status().armed_until_us is None


def test_a_restart_disarms(desk: Desk) -> None:
    desk.start_live()
    gate = desk.start(origin=SITE, live_enabled=True, allow_live=True)
    assert desk.refusal(make_order(mode="live"), live(desk.scene())) == "not_armed"
    assert gate.status().armed_until_us is None


def test_when_the_time_is_over_an_open_position_may_still_be_sold(desk: Desk) -> None:
    gate = desk.start_live()
    gate.note_account(live(holding(desk.clock)))
    desk.clock.pass_s(31 * 60)
    scene = live(holding(desk.clock))
    assert desk.refusal(make_order(mode="live"), scene) == "not_armed"
    assert gate.state() == "REDUCING"
    desk.trade(make_order("SELL", mode="live", percentage=50), scene)
    gate.note_account(live(desk.scene()))
    assert gate.state() == "ACTIVE"
    assert desk.refusal(make_order("SELL", mode="live"), scene) == "not_armed"


def test_disarming_ends_everything_at_once_sales_and_permits_too(desk: Desk) -> None:
    gate = desk.start_live()
    scene = live(holding(desk.clock))
    permit = gate.permit(make_order(mode="live"), scene, "BUY")
    gate.disarm()
    assert spent(permit) == "not_armed"
    assert desk.refusal(make_order("SELL", mode="live"), scene) == "not_armed"


# Halts ------------------------------------------------------------------------------------------


def test_an_unknown_outcome_halts_until_acknowledged(desk: Desk) -> None:
    order = make_order()
    desk.press(order)
    desk.gate.note_outcome(outcome(order, "UNKNOWN"))
    assert desk.refusal(make_order("SELL"), holding(desk.clock)) == "halted"
    assert desk.gate.unfinished[0].action_id == order.action_id
    done = desk.gate.acknowledge("test")
    assert order.action_id in done[0].detail
    assert desk.gate.unfinished == ()
    assert desk.refusal(order) == "action_over"
    desk.trade(make_order())


@pytest.mark.parametrize("name", ["CONFIRMED", "REJECTED", "BLOCKED"])
def test_any_other_outcome_makes_room_for_the_next_order(desk: Desk, name: Any) -> None:
    order = make_order()
    desk.press(order)
    assert desk.refusal(make_order()) == "under_way"
    desk.gate.note_outcome(outcome(order, name))
    desk.trade(make_order())


def test_an_order_nothing_is_heard_of_becomes_unknown_by_itself(desk: Desk) -> None:
    desk.press(make_order())
    desk.clock.pass_s(OVERDUE_S + 1)
    desk.gate.notice()
    assert desk.gate.state() == "HALTED"


def test_an_order_of_the_service_before_is_unknown_and_never_pressed_again(desk: Desk) -> None:
    order = make_order()
    desk.gate.permit(order, desk.scene(), "BUY")  # the process dies before or after its press
    gate = desk.start()
    assert gate.state() == "HALTED"
    assert [way.action_id for way in gate.unfinished] == [order.action_id]
    assert desk.refusal(order) == "halted"
    gate = desk.start()  # not acknowledged: the same again, told once
    assert len(gate.status().halts) == 1
    gate.acknowledge("test")
    assert desk.refusal(order) == "action_over"
    assert desk.start().state() == "ACTIVE"


def test_a_mismatch_halts_over_restarts_and_disarms(desk: Desk) -> None:
    gate = desk.start_live()
    for number in range(50):
        gate.halt("mismatch", f"The cash is not as told ({number}).")
    gate = desk.start(origin=SITE, live_enabled=True, allow_live=True)
    assert [halt.detail for halt in gate.status().halts] == ["The cash is not as told (0)."]
    with pytest.raises(UsageError, match="halted"):
        gate.arm(gate.phrase)
    gate.acknowledge("test")
    assert gate.status().armed_until_us is None
    assert desk.refusal(make_order(mode="live"), live(desk.scene())) == "not_armed"


def test_acknowledging_keeps_an_order_that_is_really_under_way(desk: Desk) -> None:
    desk.press(make_order())
    desk.gate.halt("mismatch", "The cash is not as told.")
    desk.gate.acknowledge("test")
    assert desk.refusal(make_order()) == "under_way"


def test_a_damaged_memory_halts_and_is_kept_until_acknowledged(desk: Desk) -> None:
    desk.trade(make_order())
    path = desk.folder / "trade.json"
    path.write_bytes(path.read_bytes()[:-5])
    for _ in range(2):
        gate = desk.start()
        assert gate.state() == "HALTED"
        assert desk.refusal(make_order()) == "halted"
        gate.halt("other", "Another reason.")
    gate.acknowledge("test")
    assert (desk.folder / "trade.damaged.json").exists()
    assert desk.refusal(make_order()) == "rate"  # what the last minute had is not known
    desk.clock.pass_s(60)
    desk.trade(make_order())
    assert desk.start().state() == "ACTIVE"


def test_a_memory_of_a_newer_version_halts(desk: Desk) -> None:
    (desk.folder / "trade.json").write_bytes(b'{"version":9,"crc32":0,"state":{}}')
    assert "another version" in desk.start().halted


def test_an_order_that_cannot_be_written_down_is_not_pressed(desk: Desk) -> None:
    desk.gate.note_account(desk.scene())
    desk.disk.full = True
    assert desk.refusal(make_order()) == "disk"
    assert desk.refusal(make_order()) == "halted"
    with pytest.raises(UsageError, match="stays halted"):
        desk.gate.acknowledge("test")
    desk.disk.full = False
    desk.gate.acknowledge("test")
    desk.trade(make_order())


# The kill switch --------------------------------------------------------------------------------


def test_a_kill_ends_permits_and_says_what_it_could_not_undo(desk: Desk) -> None:
    scene = holding(desk.clock, at_risk=Decimal("0.005"))
    order = make_order()
    permit = desk.gate.permit(order, scene, "BUY")
    report = desk.gate.kill("page")
    assert spent(permit) == "halted"
    assert report.by == "page"
    text = " ".join(report.not_undone)
    assert order.action_id in text
    assert "0.01" in text
    assert "0.005 SOL" in text


def test_a_kill_without_a_known_account_says_so(desk: Desk) -> None:
    assert "not known" in desk.gate.kill("page").not_undone[0]


def test_a_kill_holds_over_restarts_until_acknowledged(desk: Desk) -> None:
    desk.gate.kill("page")
    assert (desk.folder / "KILL").read_text() == "page\n"
    assert desk.start().status().killed
    assert desk.refusal(make_order()) == "halted"
    (desk.folder / "KILL").unlink()  # by hand: not enough
    assert desk.start().state() == "HALTED"
    assert desk.gate.acknowledge("test")[0].reason == "kill"
    assert not (desk.folder / "KILL").exists()
    desk.start()
    desk.trade(make_order())


def test_a_file_that_anybody_makes_kills(desk: Desk) -> None:
    permit = desk.gate.permit(make_order(), desk.scene(), "BUY")
    (desk.folder / "KILL").touch()
    assert spent(permit) == "halted"
    assert desk.told[-1].kind == "killed"
    assert str(desk.folder / "KILL") in desk.told[-1].by


def test_even_a_dangling_link_kills(desk: Desk) -> None:
    (desk.folder / "KILL").symlink_to("/nowhere/at/all")
    assert desk.refusal(make_order()) == "halted"
    desk.gate.acknowledge("test")
    desk.trade(make_order())


class KilledAtTheWrite(FullDisk):
    """A disk that takes so long that somebody makes the kill file meanwhile."""

    file: Path | None = None

    def _before(self, operation: str, path: Path, target: Path | None = None) -> None:
        if operation == "write" and self.file is not None:
            self.file.touch()
            self.file = None


@pytest.mark.parametrize("halted", [True, False])
def test_a_kill_that_falls_while_somebody_acknowledges_stays(desk: Desk, halted: bool) -> None:
    disk = KilledAtTheWrite()
    gate = desk.start(ops=disk)
    if halted:
        gate.halt("mismatch", "The cash is not as told.")
    disk.file = desk.folder / "KILL"
    gate.acknowledge("test")
    assert desk.refusal(make_order()) == "halted"
    assert gate.status().killed
    gate.acknowledge("test")
    desk.trade(make_order())


def test_a_halt_without_a_word_halts_all_the_same(desk: Desk) -> None:
    desk.gate.halt("other", "")
    assert desk.refusal(make_order()) == "halted"


def test_a_kill_works_with_a_full_disk(desk: Desk) -> None:
    desk.disk.full = True
    desk.gate.kill("page")
    assert desk.refusal(make_order()) == "halted"


def test_a_switch_that_cannot_be_put_back_stays_fallen(desk: Desk) -> None:
    (desk.folder / "KILL").mkdir()  # cannot be unlinked
    desk.gate.notice()
    with pytest.raises(UsageError, match="stays halted"):
        desk.gate.acknowledge("test")
    assert desk.gate.state() == "HALTED"


def test_practice_obeys_the_kill_switch_and_the_limits_too(desk: Desk) -> None:
    assert desk.gate.status().mode == "practice"
    assert desk.gate.status().origin == DEMO
    desk.gate.kill("page")
    assert desk.refusal(make_order(mode="practice")) == "halted"


def test_every_change_is_told_in_order(desk: Desk) -> None:
    gate = desk.start_live()
    gate.disarm(by="page")
    gate.kill("page")
    gate.acknowledge("cli")
    assert [(event.kind, event.by) for event in desk.told] == [
        ("armed", ""),
        ("disarmed", "page"),
        ("killed", "page"),
        ("acknowledged", "cli"),
    ]


def test_an_order_stays_written_until_its_outcome_is_on_the_disk(desk: Desk) -> None:
    order = make_order()
    desk.gate.permit(order, make_scene(desk.clock), "BUY")
    desk.gate.note_outcome(outcome(order), durable=False)
    assert desk.gate.status().under_way == ()
    assert desk.kept() == [order.action_id]
    desk.gate.outcome_durable(order.action_id)
    assert desk.kept() == []


def test_an_unknown_outcome_is_told_once_and_halts_until_acknowledged(desk: Desk) -> None:
    order = make_order()
    desk.gate.permit(order, make_scene(desk.clock), "BUY")
    desk.gate.note_outcome(outcome(order, "UNKNOWN"), durable=False)
    assert [way.told for way in desk.gate.unfinished] == [False]
    desk.gate.outcome_durable(order.action_id)
    assert [way.told for way in desk.gate.unfinished] == [True]
    again = make_gate(desk.folder, desk.clock)
    assert [way.told for way in again.unfinished] == [True]
    assert again.state() == "HALTED"
    again.acknowledge("test")
    assert desk.kept() == []
