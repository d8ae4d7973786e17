from __future__ import annotations

import pytest
from tests.live_support import GAME, NEXT, Session, cooldown, entry, reset, rug, rug_history, tick

from vectra_player.model.rows import GameTick, OtherPlayer, SystemEvent

PRICES = [1.0, 1.01, 1.02, 1.0300000000000002, 1.04, 1.05, 1.06, 0.02]


def told(session: Session) -> list[tuple[int | None, float, str, str]]:
    return [(r.tick, r.price, r.phase, r.price_source) for r in session.of(GameTick)]


def test_each_frame_of_a_running_game_gives_its_tick() -> None:
    session = Session()
    for number in range(3):
        session.game_state(**tick(number, PRICES))
    assert told(session) == [(n, PRICES[n], "LIVE", "live") for n in range(3)]
    row = session.of(GameTick)[2]
    assert (row.game_id, row.sub, row.seq, row.trade_count, row.connected_players) == (
        GAME,
        2,
        3,
        102,
        200,
    )


def test_countdown_frames_give_no_tick() -> None:
    session = Session()
    session.game_state(**reset([]))
    for timer in (14900, 10000, 100):
        session.game_state(**cooldown(timer))
    assert session.rows == []


def test_the_first_frame_of_a_tick_wins_and_doubles_give_nothing() -> None:
    session = Session()
    session.game_state(**tick(0, PRICES))
    assert session.game_state(**tick(0, PRICES, gameHistory=[])) == []
    assert len(session.of(GameTick)) == 1


def test_the_first_rugged_frame_is_the_rug_and_the_frame_after_it_tells_none() -> None:
    session = Session()
    for number in range(7):
        session.game_state(**tick(number, PRICES))
    session.game_state(**rug(PRICES))
    assert session.game_state(**rug_history(PRICES)) == []
    last = session.of(GameTick)[-1]
    assert (last.tick, last.price, last.phase, last.rugged) == (7, 0.02, "RUGGED", True)


@pytest.mark.parametrize("ran_on", [0, 1, 2, 3, 7])
def test_a_lost_rug_frame_is_told_by_the_window_of_the_frame_after_it(ran_on: int) -> None:
    session = Session()
    for number in range(7):
        session.game_state(**tick(number, PRICES))
    session.game_state(**rug_history(PRICES, ran_on=ran_on))
    assert told(session)[-1][:3] == (7, 0.02, "RUGGED")
    assert session.game_state(**rug(PRICES)) == []


def test_missing_ticks_are_taken_from_the_sliding_window() -> None:
    session = Session()
    session.game_state(**tick(0, PRICES))
    rows = session.game_state(**tick(3, PRICES))
    assert told(session) == [
        (0, 1.0, "LIVE", "live"),
        (1, 1.01, "LIVE", "partial"),
        (2, 1.02, "LIVE", "partial"),
        (3, PRICES[3], "LIVE", "live"),
    ]
    recovered = rows[0]
    assert isinstance(recovered, GameTick)
    assert (recovered.seq, recovered.sub, recovered.trade_count) == (2, 1, None)


def test_a_snapshot_tells_the_whole_game_so_far() -> None:
    session = Session()
    frame = tick(5, PRICES) | {"prices": PRICES[:6]}
    del frame["partialPrices"]
    session.game_state(**frame)
    assert [row[0] for row in told(session)] == [0, 1, 2, 3, 4, 5]
    assert [row[3] for row in told(session)] == ["partial"] * 5 + ["live"]


def test_a_snapshot_between_rug_and_reset_keeps_to_the_prices_it_carries() -> None:
    session = Session()
    frame = rug(PRICES, tickCount=9) | {"prices": PRICES}
    del frame["partialPrices"]
    session.game_state(**frame)
    assert told(session)[-1] == (7, 0.02, "RUGGED", "partial")


def test_a_frame_of_an_old_game_that_comes_late_still_gives_its_tick() -> None:
    session = Session()
    session.game_state(**tick(0, PRICES))
    session.game_state(**cooldown(14900))
    late = tick(6, PRICES)
    session.game_state(**late)
    assert (6, PRICES[6], "LIVE", "live") in told(session)
    assert {row.game_id for row in session.of(GameTick)} == {GAME}


def test_a_tick_that_arrives_after_its_successor_is_not_doubled() -> None:
    session = Session()
    session.game_state(**tick(1, PRICES))
    assert session.game_state(**tick(0, PRICES)) == []
    assert [row[0] for row in told(session)] == [0, 1]


def test_the_history_fills_what_nobody_sent() -> None:
    session = Session()
    session.game_state(**tick(0, PRICES))
    session.game_state(**reset([entry(PRICES)]))
    assert [row[3] for row in told(session)] == ["live"] + ["history"] * 7
    assert told(session)[-1][:3] == (7, 0.02, "RUGGED")


def test_ticks_of_several_games_from_one_frame_keep_seq_and_sub_unique() -> None:
    session = Session()
    others = [entry(PRICES, f"20251215-{n:016x}") for n in range(10)]
    session.game_state(**reset(others))
    rows = session.of(GameTick)
    assert len(rows) == 80
    assert len({(row.seq, row.sub) for row in rows}) == 80
    assert all(row.sub % (1 << 16) == row.tick for row in rows)
    assert [row.sub for row in rows[:8]] == list(range(8))


def test_prices_are_kept_to_the_last_bit() -> None:
    session = Session()
    session.game_state(**tick(3, [1, 1.0142406628795866, 0.9999399913444291, 1.006402086957112]))
    assert [row[1].hex() for row in told(session)] == [
        (1.0).hex(),
        (1.0142406628795866).hex(),
        (0.9999399913444291).hex(),
        (1.006402086957112).hex(),
    ]


@pytest.mark.parametrize("number", [-1, 20_001, 1 << 40])
def test_an_impossible_tick_gives_no_row(number: int) -> None:
    session = Session()
    frame = tick(1, PRICES, tickCount=number)
    session.game_state(**frame)
    assert session.of(GameTick) == []


def test_a_field_of_another_type_gives_a_decode_failure_and_the_next_frame_goes_on() -> None:
    session = Session()
    session.game_state(**tick(0, PRICES, price="high"))
    session.game_state(**tick(1, PRICES))
    (failure,) = session.of(SystemEvent)
    assert failure.kind == "decode_failure"
    assert '"event_name":"gameStateUpdate"' in failure.detail
    assert '"seq":1' in failure.detail
    assert told(session)[-1][:2] == (1, 1.01)


def test_a_traced_frame_is_read_like_any_other() -> None:
    session = Session()
    session.event("gameStateUpdate", {"__trace": True, "traceparent": "00-x"}, tick(0, PRICES))
    assert len(session.of(GameTick)) == 1


def test_what_the_page_sends_tells_no_tick() -> None:
    session = Session()
    assert session.event("gameStateUpdate", tick(0, PRICES), direction="sent") == []


def legacy(number: int, **fields: object) -> dict[str, object]:
    return {
        "type": "tick",
        "game_id": NEXT,
        "tick": number,
        "price": PRICES[number],
        "phase": "UNKNOWN",
        "active": True,
        "rugged": False,
        "cooldown_timer": 0,
        "trade_count": 5 + number,
        **fields,
    }


def test_rows_of_per_game_files_follow_the_same_rules() -> None:
    session = Session()
    session.record("legacy.tick", legacy(0, active=False, cooldown_timer=15000), "legacy")
    for number in range(7):
        session.record("legacy.tick", legacy(number), "legacy")
    session.record("legacy.tick", legacy(7, rugged=True), "legacy")
    session.record("legacy.tick", legacy(7, rugged=True, tick=9, trade_count=0), "legacy")
    assert told(session) == [
        *((n, PRICES[n], "LIVE", "live") for n in range(7)),
        (7, 0.02, "RUGGED", "live"),
    ]


@pytest.mark.parametrize(
    "damage",
    [
        {"partialPrices": {"startTick": 0}},
        {"prices": [1, "two"]},
        {"gameHistory": {"id": 1}},
        {"gameHistory": [3]},
    ],
)
def test_a_damaged_part_gives_a_decode_failure(damage: dict[str, object]) -> None:
    session = Session()
    session.game_state(**(tick(3, PRICES) | damage))
    (failure,) = session.of(SystemEvent)
    assert failure.kind == "decode_failure"


def test_a_leaderboard_nobody_can_read_shows_nobody() -> None:
    session = Session()
    session.game_state(**tick(0, PRICES, leaderboard=[{"id": 5}]))
    session.event("standard/newTrade", {"type": "buy", "playerId": "p", "gameId": GAME})
    (row,) = session.of(OtherPlayer)
    assert row.leaderboard_rank is None


def test_a_frame_without_payload_gives_nothing() -> None:
    session = Session()
    session.event("gameStateUpdate")
    assert session.rows == []
