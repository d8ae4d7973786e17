"""Who played what: accounts, the paper account, and what others were seen to do."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.live_support import GAME, ME, OTHER, T0, packet
from tests.own_play_support import BET, PRICES, TRADED, own_game, sidebet, trade, write_capture
from tests.unit.rl.test_episodes import recording, told, watched

from vectra_player.model.action import ActionRecord
from vectra_player.model.frame import Frame, fact
from vectra_player.rl.observed import (
    OTHER_RULES,
    UNTOLD,
    ObservedPlay,
    observed_plays,
    sample_of,
    without_trades,
)
from vectra_player.rl.own_plays import OwnPlay, own_plays
from vectra_player.store.importers import import_paths
from vectra_player.store.reads import Origins, StoreReader


def owned(root: Path, origins: Origins = "real") -> list[OwnPlay]:
    with StoreReader(root) as reader:
        return own_plays(reader, origins)


def observed(root: Path) -> tuple[list[ObservedPlay], Counter[str]]:
    left_out: Counter[str] = Counter()
    with StoreReader(root) as reader:
        return observed_plays(reader, "real", left_out), left_out


def mine(root: Path, *more: Frame, **options: Any) -> None:
    """Record the account's game, some facts within."""
    frames = [packet(name, data, ts=T0) for name, data in own_game(**options)]
    with recording(root, [*frames[:20], *more, *frames[20:]]):
        pass


def pressed(actor: Any, strategy: str | None, outcome: Any = "CONFIRMED") -> Frame:
    """What became of a press on the page."""
    record = ActionRecord(
        action_id=f"{actor}-{strategy}-{outcome}", action_type="BUY", button="BUY", actor=actor,
        mode="live", outcome=outcome, game_id=GAME, strategy=strategy,
    )  # fmt: skip
    return fact("outcome", record, ts=T0, source="public_ws")


def test_orders_are_those_the_server_told(tmp_path: Path) -> None:
    mine(tmp_path)
    (play,) = owned(tmp_path)
    assert [(order.kind, order.step) for order in play.orders] == [
        ("buy", 3), ("sell", 6), ("sidebet", 4),
    ]  # fmt: skip
    assert (play.profit, play.player_id, play.mode) == (TRADED + BET, ME, "live")


def test_without_echoes_the_account_itself_tells(tmp_path: Path) -> None:
    mine(tmp_path, echoes=False)
    (play,) = owned(tmp_path)
    assert [order.kind for order in play.orders] == ["buy", "sell", "sidebet"]
    assert play.profit == TRADED + BET


def test_of_two_sessions_the_one_that_heard_more_counts(tmp_path: Path) -> None:
    mine(tmp_path)
    (first,) = owned(tmp_path)
    half = list(own_game())[:12]
    import_paths([write_capture(tmp_path / "half.jsonl", iter(half))], tmp_path)
    (play,) = owned(tmp_path)
    assert play.session_id == first.session_id


@pytest.mark.parametrize(
    ("presses", "actor", "strategy"),
    [
        ((), "human", None),
        ((("human", None),), "human", None),
        ((("bot", "run-1"),), "bot", "run-1"),
        ((("bot", "run-1"), ("bot", "run-2")), "bot", None),
        ((("bot", "run-1"), ("human", None)), "mixed", None),
        ((("bot", "run-1", "REJECTED"),), "human", None),
    ],
)
def test_who_pressed_is_who_acted(
    tmp_path: Path, presses: tuple[Any, ...], actor: str, strategy: str | None
) -> None:
    mine(tmp_path, *(pressed(*press) for press in presses))
    (play,) = owned(tmp_path)
    assert (play.actor, play.strategy) == (actor, strategy)


def test_a_sidebet_that_only_the_history_tells_is_a_play(tmp_path: Path) -> None:
    name = ("usernameStatus", {"id": ME, "hasUsername": True, "username": "me"})
    update = next(r for r in own_game() if r[0] == "playerUpdate")
    told_bet = sidebet("newSideBet", id="b1", gameId=GAME)
    frames = watched()
    extra = [packet(*name, ts=T0), packet(*told_bet, ts=T0)]
    with recording(tmp_path, [packet(*update, ts=T0), *extra, *frames]):
        pass
    (play,) = owned(tmp_path)
    assert [order.kind for order in play.orders] == ["sidebet"]
    assert play.player_id == ME


def test_paper_accounts_of_two_sessions_are_two_plays(tmp_path: Path) -> None:
    for _ in range(2):
        with recording(tmp_path, watched(told("BUY", 2, "0.1", qty=Decimal("0.1")))):
            pass
    found = owned(tmp_path)
    assert [play.mode for play in found] == ["paper", "paper"]
    assert len({play.session_id for play in found}) == 2
    assert owned(tmp_path, "demo") == []


def seen(side: str, at: int, player: str = OTHER, **more: Any) -> Frame:
    """A trade of somebody else."""
    name, data = trade(side, at, 0.1, 0.1 / PRICES[at], player)
    data |= {"id": f"{player[-3:]}{side}{at}", "qty": round(data["qty"], 9), **more}
    return packet(name, data, ts=T0)


def watching(root: Path, *trades: Frame) -> None:
    frames = watched()
    with recording(root, [*frames[:9], *trades, *frames[9:]]):
        pass


def test_trades_of_others_are_orders_at_their_ticks(tmp_path: Path) -> None:
    watching(tmp_path, seen("buy", 2), seen("sell", 5), seen("buy", 2))
    ((play,), left_out) = observed(tmp_path)
    assert [(order.kind, order.step, order.amount) for order in play.orders] == [
        ("buy", 3, Decimal("0.1")), ("sell", 6, Decimal("0.1")),
    ]  # fmt: skip
    assert (play.player_id, play.sampled, left_out) == (OTHER, True, Counter())
    assert without_trades(play) is None
    with StoreReader(tmp_path) as reader:
        assert sample_of(reader, "real").broadcast > 0


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ({"type": "short_open"}, OTHER_RULES),
        ({"leverage": 5}, OTHER_RULES),
        ({"qty": None}, UNTOLD),
        ({"tickIndex": None}, UNTOLD),
    ],
)
def test_trades_by_other_rules_are_not_taken(tmp_path: Path, odd: dict[str, Any], why: str) -> None:
    watching(tmp_path, seen("buy", 2), seen("buy", 4, **odd))
    assert observed(tmp_path) == ([], Counter({why: 1}))


@pytest.mark.parametrize("coin", [{"coin": "0xPractice"}, {"realPortion": 0}])
def test_practice_coins_are_no_play(tmp_path: Path, coin: dict[str, Any]) -> None:
    watching(tmp_path, seen("buy", 2, **coin))
    assert observed(tmp_path) == ([], Counter())


def test_the_account_here_is_nobody_else(tmp_path: Path) -> None:
    mine(tmp_path)
    assert observed(tmp_path)[0] == []
