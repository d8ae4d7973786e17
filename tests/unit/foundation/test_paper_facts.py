"""What is recorded of paper orders and of the strategy runs that decide them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from tests.live_support import GAME, T0, Session, event, rug, tick
from tests.store_support import FakeClock

from vectra_player.bus import EventBus, Events
from vectra_player.errors import StoreFullError, UsageError
from vectra_player.foundation.paper_desk import PaperDesk
from vectra_player.foundation.paper_memory import PaperMemory
from vectra_player.foundation.paper_records import WalletLimits, WalletRequest
from vectra_player.foundation.run_book import MOST_OPEN, RunBook
from vectra_player.live.provider import LiveStateProvider
from vectra_player.model.rows import PlayerAction
from vectra_player.model.run import RunAccount, RunFact, RunPlan
from vectra_player.strategy import Buy, PlaceSidebet, Sell

PRICES = [1.0, 1.1, 1.2, 1.3, 1.4]
PLAN = RunPlan(
    strategy="momentum", name="momentum", source="built-in", params={"a": 1},
    account=RunAccount(cash=Decimal(5)),
)  # fmt: skip


class Desk:
    """A paper desk whose facts are derived as the store does; `rows` are the actions."""

    def __init__(
        self, memory: PaperMemory | None = None, latency_ms: float = 0, at: int = T0
    ) -> None:
        self.clock = FakeClock(at)
        self.session = Session()
        self.bus = EventBus()
        live = LiveStateProvider(self.bus)
        self.desk = PaperDesk(
            self.bus, live, lambda _: None, memory=memory, clock=self.clock, note=self.note
        )
        self.hear(0)
        self.desk.reset(WalletRequest(cash=1, latency_ms=latency_ms), "human")

    def note(self, kind: str, detail: object) -> int:
        self.session.fact(kind, detail)
        return self.session.seq

    def hear(self, number: int) -> None:
        self.clock.us += 250_000
        self._hear(tick(number, PRICES))

    def rug(self) -> None:
        self._hear(rug([*PRICES, 0.02], GAME))

    def _hear(self, frame: dict[str, object]) -> None:
        self.bus.publish(Events.EVENT, event("gameStateUpdate", frame, ts=self.clock.us))

    @property
    def rows(self) -> list[PlayerAction]:
        return self.session.of(PlayerAction)


def test_an_order_done_at_once_is_one_row_with_the_account_before_and_after_it() -> None:
    it = Desk()
    it.desk.act(Buy("0.5"), "human", "PAPER")
    it.hear(1)
    it.desk.act(Sell(50), "human", "PAPER")
    bought, sold = it.rows
    assert (bought.action_type, bought.mode, bought.actor) == ("BUY", "paper", "human")
    half, none = Decimal("0.5"), Decimal(0)
    assert (bought.amount, bought.qty, bought.outcome) == (half, half, "CONFIRMED")
    assert (bought.state_before_cash, bought.state_after_cash) == (Decimal(1), half)
    assert (bought.state_before_position_qty, bought.state_after_position_qty) == (none, half)
    assert (bought.state_before_avg_cost, bought.state_after_avg_cost) == (None, 1.0)
    assert (bought.game_id, bought.game_context_tick, bought.executed_tick) == (GAME, 0, 0)
    assert (sold.percentage, sold.amount, sold.profit) == (50, Decimal("0.275"), Decimal("0.025"))
    assert (sold.executed_price, sold.total_latency_ms) == (1.1, 0.0)
    assert (sold.player_id, sold.strategy) == (None, None)


def test_an_order_under_way_is_recorded_when_its_outcome_is_known() -> None:
    it = Desk(latency_ms=219)
    it.desk.act(PlaceSidebet("0.1"), "bot", "PAPER")
    assert it.rows == []
    it.hear(1)
    it.rug()  # the bet is won: an end, and no second row
    (row,) = it.rows
    assert (row.action_type, row.game_context_tick, row.executed_tick) == ("SIDEBET", 0, 1)
    assert (row.client_ts, row.confirmed_ts) == (row.intent_ts, (row.intent_ts or 0) + 250)
    assert row.total_latency_ms == 250.0


def test_what_fails_says_whether_a_limit_or_the_game_refused() -> None:
    it = Desk(latency_ms=219)
    it.desk.reset(
        WalletRequest(cash=1, latency_ms=219, limits=WalletLimits(max_stake_sol=0.2)), "human"
    )
    it.desk.act(Buy("0.5"), "human", "PAPER")
    it.desk.act(Buy("0.1"), "human", "PAPER")
    it.rug()
    blocked, missed = it.rows
    assert (blocked.outcome, blocked.client_ts) == ("BLOCKED", None)
    assert "max_stake_sol" in (blocked.error or "")
    assert (missed.outcome, missed.error) == ("REJECTED", "the rug came first")
    assert (missed.executed_tick, missed.confirmed_ts, missed.profit) == (None, None, None)


def test_no_number_comes_twice_over_wallets_and_restarts(tmp_path: Path) -> None:
    memory = PaperMemory(tmp_path / "paper.json")
    it = Desk(memory)
    it.desk.act(Buy("0.1"), "human", "PAPER")
    it.desk.reset(WalletRequest(latency_ms=0), "human")
    it.desk.act(Buy("0.1"), "human", "PAPER")
    again = Desk(memory, at=T0 + 1_000_000)
    again.desk.act(Buy("0.1"), "human", "PAPER")
    names = [row.action_id for row in (*it.rows, *again.rows)]
    assert len(set(names)) == 3
    assert names[0] == f"paper-{T0 + 1}"


def test_a_store_that_refuses_does_not_stop_trading() -> None:
    it = Desk()

    def refuse(kind: str, detail: object) -> int:
        raise StoreFullError("full")

    desk = PaperDesk(it.bus, LiveStateProvider(it.bus), lambda _: None, note=refuse)
    it.hear(1)
    assert desk.reset(WalletRequest(latency_ms=0), "human").action.kind == "reset"
    assert desk.act(Buy("0.1"), "human", "PAPER").action.kind == "bought"


def test_an_order_of_a_run_carries_its_id_and_an_unknown_run_may_not_act() -> None:
    it = Desk()
    run = it.desk.runs.begin(PLAN)
    it.desk.act(Buy("0.1"), "bot", "PAPER", run)
    assert it.rows[0].strategy == run
    with pytest.raises(UsageError, match="No run 'run-none'"):
        it.desk.act(Buy("0.1"), "bot", "PAPER", "run-none")


def facts(told: list[tuple[str, object]]) -> list[RunFact]:
    return [msgspec.convert(detail, RunFact, strict=False) for _, detail in told]


def test_a_run_is_told_at_its_begin_again_in_a_new_recording_and_by_a_new_service() -> None:
    told: list[tuple[str, object]] = []

    def note(kind: str, detail: object) -> int:
        told.append((kind, detail))
        return len(told)

    book = RunBook(note, FakeClock(T0))
    run = book.begin(PLAN)
    book.tell_again()
    RunBook(note, FakeClock(T0)).go_on(run, PLAN)
    book.go_on(run, PLAN)  # known: nothing new
    assert {kind for kind, _ in told} == {"strategy_run"}
    assert [(type(f).__name__, getattr(f, "restart", None)) for f in facts(told)] == [
        ("RunStarted", None), ("RunContinued", False), ("RunContinued", True),
    ]  # fmt: skip
    assert {f.run_id for f in facts(told)} == {run}
    with pytest.raises(UsageError, match="no id of a run"):
        book.go_on("'; DROP", PLAN)


def test_a_restart_that_was_not_recorded_is_told_when_recording_begins() -> None:
    told: list[tuple[str, object]] = []
    recording = False

    def note(kind: str, detail: object) -> int:
        if recording:
            told.append((kind, detail))
        return len(told)

    run = RunBook(note, FakeClock(T0)).begin(PLAN)
    book = RunBook(note, FakeClock(T0))
    book.go_on(run, PLAN)
    assert told == []
    recording = True
    book.tell_again()
    book.tell_again()
    assert [getattr(fact, "restart", None) for fact in facts(told)] == [True, False]


def test_runs_whose_program_is_gone_are_forgotten_in_the_end() -> None:
    book = RunBook(clock=FakeClock(T0))
    first = book.begin(PLAN)
    for _ in range(MOST_OPEN):
        book.begin(PLAN)
    with pytest.raises(UsageError, match="No run"):
        book.require(first)
