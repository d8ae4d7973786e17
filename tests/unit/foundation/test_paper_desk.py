"""Paper trading on the bus: driven by live states, told on the feed, and never in the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.live_support import GAME, NEXT, T0, event, rug, tick
from tests.store_support import FakeClock

from vectra_player.bus import EventBus, Events
from vectra_player.errors import UsageError
from vectra_player.foundation.messages import Message
from vectra_player.foundation.paper_desk import PaperDesk
from vectra_player.foundation.paper_memory import PaperMemory
from vectra_player.foundation.paper_records import WalletLimits, WalletRequest
from vectra_player.live.provider import LiveStateProvider
from vectra_player.strategy import Buy, PlaceSidebet
from vectra_player.strategy.engine import DAY_US

PRICES = [1.0, 1.1, 1.2, 1.3, 1.4]


class Wired:
    """A bus with live state and a desk, as `app` joins them."""

    def __init__(self, memory: PaperMemory | None = None) -> None:
        self.bus = EventBus()
        live = LiveStateProvider(self.bus)
        self.told: list[Message] = []
        tell = self.told.append
        self.desk = PaperDesk(self.bus, live, tell, memory=memory, clock=FakeClock(T0))

        self.now = T0

    def tick(self, number: int, game: str = GAME) -> None:
        self._hear(tick(number, PRICES, game))

    def rug(self, game: str) -> None:
        self._hear(rug([*PRICES, 0.02], game))

    def _hear(self, frame: dict[str, object]) -> None:
        self.bus.publish(Events.EVENT, event("gameStateUpdate", frame, ts=self.now))

    def kinds(self) -> list[str]:
        data = [message.data for message in self.told]
        return [told["kind"] for told in data if isinstance(told, dict)]


async def test_an_action_is_told_on_the_feed_with_the_account_after_it() -> None:
    wired = Wired()
    wired.tick(0)
    answer = wired.desk.act(Buy("0.5"), "human", "PAPER")
    assert (answer.action.kind, len(answer.account.pending)) == ("submitted", 1)
    wired.tick(1)
    assert wired.kinds() == ["submitted", "bought"]
    message = wired.told[-1]
    assert (message.type, message.game_id, message.src) == ("action", GAME, None)
    assert isinstance(message.data, dict)
    assert (message.data["mode"], message.data["executed_price"]) == ("paper", 1.1)
    assert message.data["account"]["cash"] == 9.5
    assert message.data["account"]["holding"]["entry_tick"] == 1


async def test_a_new_wallet_begins_anew_in_the_same_game() -> None:
    wired = Wired()
    wired.tick(0)
    wired.desk.act(Buy("0.5"), "human", "PAPER")
    answer = wired.desk.reset(WalletRequest(cash=3, latency_ms=0), "human")
    assert (answer.action.kind, answer.account.cash, answer.account.pending) == ("reset", 3, [])
    assert wired.desk.act(PlaceSidebet("0.1"), "human", "PAPER").action.kind == "placed"
    assert wired.desk.state().latency_ms == 0


async def test_no_mode_but_paper_is_possible() -> None:
    wired = Wired()
    wired.tick(0)
    with pytest.raises(UsageError, match="PAPER mode"):
        wired.desk.act(Buy("0.5"), "human", "ARMED")
    with pytest.raises(UsageError, match="PAPER mode"):
        wired.desk.reset(WalletRequest(mode="LIVE"), "human")
    assert wired.told == []


async def test_before_the_first_frame_nothing_can_be_done() -> None:
    wired = Wired()
    with pytest.raises(UsageError, match="No game is known"):
        wired.desk.act(Buy("0.5"), "human", "PAPER")
    assert wired.desk.state().account.cash == 10


async def test_a_closed_desk_hears_nothing() -> None:
    wired = Wired()
    wired.tick(0)
    wired.desk.act(Buy("0.5"), "human", "PAPER")
    wired.desk.close()
    wired.tick(1)
    assert wired.kinds() == ["submitted"]


async def test_the_wallet_outlives_the_service_and_what_was_open_is_settled(tmp_path: Path) -> None:
    memory = PaperMemory(tmp_path / "run" / "paper.json")
    wired = Wired(memory)
    wired.tick(0)
    wired.desk.reset(WalletRequest(cash=3, latency_ms=0), "human")
    wired.desk.act(Buy("0.5"), "human", "PAPER")
    wired.desk.act(PlaceSidebet("0.1"), "human", "PAPER")
    again = Wired(PaperMemory(tmp_path / "run" / "paper.json")).desk.state()
    assert (again.account.start_cash, again.account.cash) == (3, 2.5)
    assert (again.account.holding, again.account.sidebet, again.latency_ms) == (None, None, 0)
    assert (again.account.profit, again.score[0].profit) == (-0.5, -0.5)
    assert (tmp_path / "run" / "paper.json").stat().st_mode & 0o777 == 0o600


async def test_the_score_goes_on_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "paper.json"
    wired = Wired(PaperMemory(path))
    wired.tick(0)
    wired.desk.reset(WalletRequest(cash=1, latency_ms=0), "human")
    wired.desk.act(PlaceSidebet("0.1"), "human", "PAPER")
    wired.bus.publish(Events.EVENT, event("gameStateUpdate", rug([*PRICES, 0.02])))
    again = Wired(PaperMemory(path)).desk.state()
    assert again.account.cash == pytest.approx(1.4)
    assert (again.score[0].bets, again.score[0].bets_won) == (1, 1)


async def test_limits_hold_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "paper.json"
    first = limited(path, WalletLimits(max_loss_day_sol=0.4))
    lose(first, GAME)
    again = Wired(PaperMemory(path))
    again.tick(0, NEXT)
    note = again.desk.act(Buy("0.1"), "human", "PAPER").action
    assert (note.outcome, note.reason) == ("BLOCKED", "limit")
    assert "max_loss_day_sol" in (note.error or "")
    again.now += DAY_US
    again.tick(0, "20251216-0000000000000001")
    assert again.desk.act(Buy("0.1"), "human", "PAPER").action.kind == "bought"


async def test_a_drawdown_is_measured_from_the_peak_before_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "paper.json"
    first = limited(path, WalletLimits(max_drawdown=0.2))
    first.desk.act(PlaceSidebet("0.1"), "human", "PAPER")
    first.rug(GAME)  # 1.4 SOL: the peak
    again = Wired(PaperMemory(path))
    lose(again, NEXT)
    assert again.desk.state().account.stopped == "35.0% below the highest cash of the run"
    third = Wired(PaperMemory(path)).desk
    assert third.state().account.stopped == "35.0% below the highest cash of the run"


async def test_a_file_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "paper.json"
    lose(limited(path, WalletLimits()), GAME)
    told = json.loads(path.read_bytes())
    del told["marks"]
    path.write_text(json.dumps(told))
    assert Wired(PaperMemory(path)).desk.state().account.cash == pytest.approx(0.51)


def limited(path: Path, limits: WalletLimits) -> Wired:
    wired = Wired(PaperMemory(path))
    wired.tick(0)
    wired.desk.reset(WalletRequest(cash=1, latency_ms=0, limits=limits), "human")
    return wired


def lose(wired: Wired, game: str) -> None:
    """Lose 0.49 SOL at a rug."""
    wired.tick(0, game)
    assert wired.desk.act(Buy("0.5"), "human", "PAPER").action.kind == "bought"
    wired.rug(game)


@pytest.mark.parametrize("text", [b"", b"{}", b'{"wallet": 1}', b"\xff"])
async def test_a_damaged_file_begins_anew(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "paper.json"
    path.write_bytes(text)
    assert Wired(PaperMemory(path)).desk.state().account.cash == 10


async def test_a_disk_that_refuses_does_not_stop_trading(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file where the folder should be")
    wired = Wired(PaperMemory(tmp_path / "run" / "paper.json"))
    wired.tick(0)
    assert wired.desk.act(Buy("0.5"), "human", "PAPER").action.kind == "submitted"
