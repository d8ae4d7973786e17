"""What players did, as a store answers it."""

from __future__ import annotations

import json
from typing import Any

from vectra_player.model.rows import OtherPlayer
from vectra_player.model.units import to_sol
from vectra_player.store.crowd import (
    final_boards,
    sampled_trades,
    settled_sidebets,
    trade_coverage,
)
from vectra_player.store.reads import GameFilter, StoreReader

REAL = GameFilter(origins="real")
DEMO = "127.0.0.1:9"


def trade(tree: Any, seq: int, tick: int, **changes: Any) -> OtherPlayer:
    values: dict[str, Any] = {
        "session_id": "s1",
        "seq": seq,
        "ts": tree.T0,
        "source": "cdp",
        "origin": tree.ORIGIN,
        "game_id": "g1",
        "player_id": "p1",
        "trade_id": f"t{seq}",
        "action_type": "BUY",
        "tick": tick,
        "game_phase": "LIVE",
    }
    return OtherPlayer(**{**values, **changes})


def test_only_settled_bets_of_finished_games_count(tree: Any) -> None:
    tree.add(
        tree.game("g1", rug_tick=30),
        tree.sidebet(outcome="won", bet_amount=to_sol(1), payout=to_sol(5)),
        tree.sidebet(seq=51, start_tick=9, player_id="p2"),
        tree.sidebet(seq=52, game_id="open", outcome="lost"),
    )
    with StoreReader(tree.root) as reader:
        (row,) = settled_sidebets(reader, REAL).to_pylist()
    assert (row["won"], row["stake"], row["payout"], row["rug_tick"]) == (True, 1.0, 5.0, 30)
    assert (row["practice"], row["own"], row["start_tick"]) == (False, False, 5)


def test_a_bet_belongs_to_the_game_of_its_own_server(tree: Any) -> None:
    tree.add(tree.game("g1", rug_tick=30), tree.game("g1", "s9", rug_tick=99, origin=DEMO))
    tree.add(tree.sidebet("s9", outcome="lost", origin=DEMO), tree.sidebet(outcome="won"))
    with StoreReader(tree.root) as reader:
        rows = settled_sidebets(reader, GameFilter(origins="all")).to_pylist()
    assert {(row["is_real"], row["won"], row["rug_tick"]) for row in rows} == {
        (True, True, 30),
        (False, False, 99),
    }


def test_a_time_chooses_the_trades(tree: Any) -> None:
    tree.add(trade(tree, 1, 4), trade(tree, 2, 5, ts=tree.T0 + 60_000_000))
    with StoreReader(tree.root) as reader:
        late = GameFilter(origins="real", since=tree.T0 + 1)
        assert sampled_trades(reader, late).column("tick").to_pylist() == [5]


def test_coverage_counts_what_was_heard_between_the_ticks_watched(tree: Any) -> None:
    counted = [tree.tick(tick, 1.0, seq=tick, trade_count=10 * tick) for tick in (3, 4, 6)]
    tree.add(*counted, *(trade(tree, 90 + tick, tick) for tick in range(9)))
    tree.add(*(tree.tick(tick, 1.0, session="mute", trade_count=tick) for tick in (1, 2)))
    with StoreReader(tree.root) as reader:
        (row,) = trade_coverage(reader, REAL).to_pylist()
    assert (row["game_id"], row["made"], row["sampled"]) == ("g1", 30, 3)


def test_the_board_after_the_rug_replaces_the_one_at_the_rug(tree: Any) -> None:
    def frame(seq: int, pnl: float, game: str = "g1") -> Any:
        line = {"id": "p1", "position": 1, "pnl": pnl, "totalInvested": 2, "selectedCoin": None}
        payload = {"gameId": game, "rugged": True, "leaderboard": [line]}
        raw = "42" + json.dumps(["gameStateUpdate", payload])
        return tree.ws(seq, raw, game_id=game)

    rug = tree.tick(7, 0.02, seq=20, rugged=True)
    tree.add(frame(19, 9.0), frame(20, 1.0), rug, frame(23, 2.0), frame(24, 3.0, "next"))
    with StoreReader(tree.root) as reader:
        (row,) = final_boards(reader, REAL).to_pylist()
    assert (row["player_id"], row["pnl"], row["invested"], row["entries"]) == ("p1", 2.0, 2.0, 1)
    assert row["practice"] is False
