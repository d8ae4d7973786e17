"""T3: a rule-based machine that does whatever it likes to a gate and a small model of an account.

The model keeps its own truth and checks it at every press; it shares no rule with the gate.
`python -m tests.security.gate_machine --steps 100000` is the long form.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.gate_support import DEMO, SITE, Clock, make_gate, make_order, make_scene, outcome

from vectra_player.errors import PressRefusedError, UsageError
from vectra_player.protocol.phases import GamePhase
from vectra_player.trading.kill import write_kill
from vectra_player.trading.records import Order, Scene

MAX_STAKE = Decimal("0.02")
MAX_EXPOSURE = Decimal("0.045")
MAX_SESSION = Decimal("0.06")
MAX_DAY = Decimal("0.08")
PER_MINUTE = 4
DUST = Decimal("0.00000001")

AMOUNTS = ["0.0005", "0.001", "0.005", "0.01", "0.01", "0.02", "0.02", "0.021"]
DAY_S = 86_400

often = st.integers(0, 9).map(bool)
seldom = st.integers(0, 9).map(lambda number: number == 7)

seen: Counter[str] = Counter()
"""Refusals by code, presses by type, and steps, over all machines of the process."""


class Try(NamedTuple):
    """One order, what happens before its press, and what becomes of it."""

    kind: str
    amount: str = "0.005"
    share: int = 10
    meddle: str = ""
    ends: Any = "CONFIRMED"
    wrong_mode: bool = False
    other_button: str = ""
    ready: bool = True


TRY: dict[str, Any] = {
    "kind": st.sampled_from(["BUY", "BUY", "SELL", "SIDEBET"]),
    "amount": st.sampled_from(AMOUNTS),
    "share": st.sampled_from([1, 10, 50, 100, 100]),
    "meddle": st.sampled_from([""] * 12 + ["rug", "late", "kill", "disarm", "away", "unrecorded"]),
    "ends": st.sampled_from(["CONFIRMED"] * 8 + ["", "", "REJECTED", "UNKNOWN"]),
    "wrong_mode": seldom,
    "other_button": st.sampled_from([""] * 10 + ["SELL", "SHORT"]),
    "ready": often,
}
GAPS = st.sampled_from([0.1, 0.1, 1.0, 20.0])


class GateMachine(RuleBasedStateMachine):
    """One account, one gate, one page."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self.clock = Clock()
        self.halted = False
        self.armed_until = float("-inf")
        self.way_out = False
        self.cash: Decimal | None = Decimal("0.2")
        self.money = Decimal("0.2")
        self.qty = Decimal(0)
        self.avg = 1.0
        self.price = 1.0
        self.at_risk = Decimal(0)
        self.phase = GamePhase.LIVE
        self.game = 1
        self.recording = self.visible = self.on_page = True
        self.tick_s = 0.0
        self.pending: dict[str, Order] = {}
        self.begun_s: dict[str, float] = {}
        self.pressed_s: list[tuple[bool, float]] = []
        self.paid_in_session = self.paid_in_day = Decimal(0)

    @initialize(live=st.booleans())
    def begin(self, live: bool) -> None:
        self.mode = "live" if live else "practice"
        self.start()
        self.day = self.clock.now_us() // (DAY_S * 1_000_000)
        self.day_base = self.equity()

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    # The world ------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the service."""
        self.gate = make_gate(
            self.folder / "run",
            self.clock,
            origin=SITE if self.mode == "live" else DEMO,
            live_enabled=True,
            allow_live=True,
            max_stake_sol=MAX_STAKE,
            max_exposure_sol=MAX_EXPOSURE,
            max_loss_session_sol=MAX_SESSION,
            max_loss_day_sol=MAX_DAY,
            orders_per_minute=PER_MINUTE,
        )
        self.armed_until, self.way_out = float("-inf"), False
        self.session_base, self.paid_in_session = self.equity(), Decimal(0)
        self.tell()

    def equity(self) -> Decimal:
        return self.money + self.at_risk + self.qty * Decimal(str(self.price))

    def scene(self, without: str = "") -> Scene:
        others = [order for key, order in self.pending.items() if key != without]
        page = SITE if self.mode == "live" else DEMO
        return make_scene(
            self.clock,
            recording=self.recording,
            visible=self.visible,
            page_origin=page if self.on_page else "https://elsewhere.example",
            game_id=f"game-{self.game}",
            phase=self.phase,
            price=self.price,
            tick_age_s=self.clock.seconds - self.tick_s,
            cash=None if self.cash is None else self.money,
            position_qty=self.qty,
            avg_cost=self.avg,
            at_risk=self.at_risk,
            under_way=sum((order.amount or Decimal(0) for order in others), Decimal(0)),
        )

    def tell(self) -> None:
        self.gate.note_account(self.scene())

    def halt(self) -> None:
        self.halted = True
        self.armed_until, self.way_out = float("-inf"), False

    def let_pass(self, seconds: float) -> None:
        """Let time pass, as the gate's watch sees it."""
        self.clock.pass_s(seconds)
        self.gate.notice()
        self.arming_ends()
        if any(self.clock.seconds - self.begun_s[key] > 30 for key in self.pending):
            self.halt()

    def arming_ends(self) -> None:
        """Follow what the gate does when it notices that the time is over."""
        if self.clock.seconds >= self.armed_until > float("-inf"):
            self.armed_until = float("-inf")
            self.way_out = self.qty > 0 or bool(self.pending)

    @rule(seconds=st.sampled_from([0.1, 0.3, 1.0, 1.6, 2.5, 10, 61, 1800, DAY_S]))
    def time_passes(self, seconds: float) -> None:
        self.let_pass(seconds)
        if self.clock.now_us() // (DAY_S * 1_000_000) > self.day:
            self.day = self.clock.now_us() // (DAY_S * 1_000_000)
            self.day_base, self.paid_in_day = self.equity(), Decimal(0)

    @rule(factor=st.sampled_from([0.3, 0.8, 1.0, 1.1, 2.0]), phase=st.sampled_from(GamePhase))
    def a_frame_comes(self, factor: float, phase: GamePhase) -> None:
        self.price = min(50.0, max(0.01, self.price * factor))
        self.phase = phase
        self.tick_s = self.clock.seconds
        self.tell()

    @rule()
    def the_game_runs(self) -> None:
        """Bring everything into the state in which orders pass."""
        self.acknowledge()
        if self.mode == "live" and self.clock.seconds >= self.armed_until:
            self.arm(30)
        self.recording = self.visible = self.on_page = True
        self.phase, self.tick_s = GamePhase.LIVE, self.clock.seconds
        self.cash = self.money
        self.tell()

    @rule(won=st.booleans())
    def the_rug_comes(self, won: bool) -> None:
        self.phase, self.game = GamePhase.RUGGED, self.game + 1
        self.qty = Decimal(0)
        self.money += self.at_risk * 5 if won else Decimal(0)
        self.at_risk = Decimal(0)
        self.price = 1.0
        self.flat()
        self.tell()

    @rule(what=st.sampled_from(["recording", "visible", "on_page", "cash", "phase"]))
    def something_goes_wrong(self, what: str) -> None:
        """Let something be so that nothing may be pressed, and try."""
        self.the_game_runs()
        setattr(self, what, {"cash": None, "phase": GamePhase.COOLDOWN}.get(what, False))
        self.an_order_is_given(Try("BUY"))

    @rule(amount=st.sampled_from(["0.005", "0.02", "0.1"]))
    def a_person_loses_or_withdraws(self, amount: str) -> None:
        self.money -= min(self.money, Decimal(amount))
        self.tell()

    @precondition(lambda self: not (self.qty or self.at_risk or self.pending or self.cash is None))
    @rule(amount=st.sampled_from(["0.01", "0.3"]))
    def a_person_deposits(self, amount: str) -> None:
        self.on_page = True
        self.tell()
        self.time_passes(11)
        self.money += Decimal(amount)
        self.paid_in_session += Decimal(amount)
        self.paid_in_day += Decimal(amount)
        self.tell()

    # Orders ---------------------------------------------------------------------------------

    @rule(tries=st.lists(st.builds(Try, **TRY), min_size=1, max_size=6), gap_s=GAPS)
    def orders_are_given(self, tries: list[Try], gap_s: float) -> None:
        for one in tries:
            if one.ready:
                self.the_game_runs()
            self.an_order_is_given(one)
            self.let_pass(gap_s)

    def an_order_is_given(self, one: Try) -> None:
        modes = {"live": "practice", "practice": "live"}
        order = make_order(
            one.kind,
            mode=modes[self.mode] if one.wrong_mode else self.mode,
            amount=None if one.kind == "SELL" else Decimal(one.amount),
            percentage=one.share if one.kind == "SELL" else None,
        )
        button = one.other_button if one.other_button and one.other_button != one.kind else one.kind
        try:
            permit = self.gate.permit(order, self.scene(), button)
        except PressRefusedError as error:
            seen[error.code] += 1
            return
        assert button == one.kind
        self.begun_s[order.action_id] = self.clock.seconds
        self.meddle(one.meddle)
        try:
            permit.spend(button)
        except PressRefusedError as error:
            seen[error.code] += 1
            assert one.meddle
            self.gate.note_outcome(outcome(order, "BLOCKED"))
            return
        assert not one.meddle or (one.meddle == "disarm" and self.mode == "practice")
        self.judge(order)
        seen[f"pressed {one.kind}"] += 1
        self.pressed_s.append((one.kind == "SELL", self.clock.seconds))
        self.pending[order.action_id] = order
        if one.ends:
            self.it_ends(order, one.ends)

    def meddle(self, what: str) -> None:
        """Change the world between a permit and its press."""
        if what == "rug":
            self.the_rug_comes(won=False)
        elif what == "late":
            self.let_pass(1.6)
        elif what == "kill":
            (self.folder / "run" / "KILL").touch()
            self.halt()
        elif what == "disarm":
            self.disarm()
        elif what in ("away", "unrecorded"):
            setattr(self, "on_page" if what == "away" else "recording", False)
            self.tell()

    def judge(self, order: Order) -> None:
        """Hold a press that was made against what is true."""
        now_s = self.clock.seconds
        assert not self.halted
        assert self.recording
        assert self.visible
        assert self.on_page
        assert order.mode == self.mode
        assert now_s - self.tick_s <= 2.0
        sells = order.action_type == "SELL"
        assert self.phase in ((GamePhase.LIVE,) if sells else (GamePhase.LIVE, GamePhase.BETTING))
        armed = now_s < self.armed_until or (sells and self.way_out and self.qty > 0)
        assert self.mode == "practice" or armed
        assert order.action_type not in [one.action_type for one in self.pending.values()]
        alike = [at for was_sale, at in self.pressed_s if was_sale == sells and at > now_s - 60]
        assert len(alike) < PER_MINUTE
        if sells:
            assert self.qty > 0
            assert order.percentage in (10, 25, 50, 100)
            return
        assert order.amount is not None
        assert Decimal("0.001") <= order.amount <= MAX_STAKE
        self.judge_risk(order.amount)

    def judge_risk(self, amount: Decimal) -> None:
        """Hold a stake against the limits of risk: if all that is open were lost."""
        assert self.cash is not None
        coming = sum((one.amount or Decimal(0) for one in self.pending.values()), Decimal(0))
        held = self.qty * Decimal(str(self.avg))
        assert held + self.at_risk + coming + amount <= MAX_EXPOSURE + DUST
        left = self.money - coming - amount
        assert left >= 0
        assert self.session_base + self.paid_in_session - left <= MAX_SESSION + DUST
        assert self.day_base + self.paid_in_day - left <= MAX_DAY + DUST

    def it_ends(self, order: Order, ends: Any, *, happened: bool = True) -> None:
        """Let the server carry out an order, and tell the gate what is known of it."""
        del self.pending[order.action_id]
        if ends == "CONFIRMED" or (ends == "UNKNOWN" and happened):
            self.carry_out(order)
        if ends == "UNKNOWN":
            self.halt()
        self.gate.note_outcome(outcome(order, ends))
        self.flat()
        self.tell()

    def carry_out(self, order: Order) -> None:
        if order.action_type == "SELL":
            sold = self.qty * Decimal(order.percentage or 0) / 100
            self.qty -= sold
            self.money += sold * Decimal(str(self.price))
            return
        amount = min(order.amount or Decimal(0), self.money)
        if not amount:
            return
        self.money -= amount
        if order.action_type == "SIDEBET":
            self.at_risk += amount
            return
        cost = self.qty * Decimal(str(self.avg)) + amount
        self.qty += amount / Decimal(str(self.price))
        self.avg = float(cost / self.qty)

    def flat(self) -> None:
        if not self.qty and not self.pending:
            self.way_out = False

    @precondition(lambda self: self.pending)
    @rule(ends=st.sampled_from(["CONFIRMED", "REJECTED", "BLOCKED", "UNKNOWN"]), did=st.booleans())
    def an_outcome_comes_late(self, ends: str, did: bool) -> None:
        self.it_ends(next(iter(self.pending.values())), ends, happened=did)

    # People ---------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([0.5, 30, 480, 481]))
    def arm(self, minutes: float) -> None:
        try:
            self.gate.arm(self.gate.phrase, minutes)
        except UsageError:
            assert self.halted or minutes > 480 or self.mode == "practice"
            return
        assert not self.halted
        assert self.mode == "live"
        self.armed_until, self.way_out = self.clock.seconds + minutes * 60, False

    @rule()
    def disarm(self) -> None:
        self.gate.disarm()
        self.armed_until, self.way_out = float("-inf"), False

    @rule(way=st.sampled_from(["page", "cli", "file", "signal"]), really=seldom)
    def kill(self, way: str, really: bool) -> None:
        if not really:
            return
        if way == "page":
            self.gate.kill("page")
        elif way == "signal":
            self.gate.switch.fall("signal")
        elif way == "cli":
            write_kill(self.folder / "run" / "KILL", "cli")
        else:
            (self.folder / "run" / "KILL").touch()
        self.halt()

    @rule(really=seldom)
    def a_mismatch_is_found(self, really: bool) -> None:
        if not really:
            return
        self.gate.halt("mismatch", "The cash is not as told.")
        self.halt()

    @rule()
    def acknowledge(self) -> None:
        self.gate.acknowledge("test")
        if self.halted:
            self.pending = {
                way.action_id: self.pending[way.action_id]
                for way in self.gate.status().under_way
                if way.action_id in self.pending
            }
        self.halted = False

    @rule(really=seldom)
    def restart(self, really: bool) -> None:
        if not really:
            return
        if self.pending:
            self.halt()
        self.pending.clear()
        self.start()

    @rule(really=seldom)
    def the_memory_is_damaged(self, really: bool) -> None:
        path = self.folder / "run" / "trade.json"
        if really and path.exists() and self.money > 0 and not self.pending:
            path.write_bytes(path.read_bytes()[:-1])
            # It begins at what it hears first: what was lost before that nobody can know.
            self.cash, self.on_page = self.money, True
            self.start()
            self.halt()
            # What was lost on this day is forgotten with it; a person is told and says go on.
            self.day_base, self.paid_in_day = self.equity(), Decimal(0)

    @invariant()
    def the_state_is_told_as_it_is(self) -> None:
        seen["steps"] += 1
        if hasattr(self, "gate"):
            assert (self.gate.status().state == "HALTED") == self.halted


LIMITS_HIT = {
    *("stake", "exposure", "rate", "loss_session", "loss_day", "cash", "cash_unknown"),
    *("phase", "stale", "tab_hidden", "recording_off", "page_elsewhere", "wrong_mode"),
    *("halted", "not_armed", "under_way", "no_position", "open_bet", "bad_amount", "bad_share"),
    *("wrong_button", "permit_over", "game_over"),
}
"""Refusals a long run must have met; so that no limit is held only because nothing tried it."""


def run(examples: int, *, steps: int = 50, derandomize: bool = False) -> Counter[str]:
    """Run machines of so many steps each; return what was met."""
    seen.clear()
    run_state_machine_as_test(
        GateMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=derandomize,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )
    return Counter(seen)


def main() -> None:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    found: Counter[str] = Counter()
    while found["steps"] < given.steps:
        found += run(200)
    print(f"{found['steps']:,} steps, 0 breaches")
    print(", ".join(f"{name}: {count:,}" for name, count in sorted(found.items())))
    missing = sorted(LIMITS_HIT - found.keys())
    print(f"never met: {', '.join(missing) or 'none'}")
    raise SystemExit(bool(missing))


if __name__ == "__main__":
    main()
