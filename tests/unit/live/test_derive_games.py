from __future__ import annotations

import pytest
from tests.live_support import (
    GAME,
    NEXT,
    T0,
    Session,
    cooldown,
    entry,
    reset,
    rug,
    rug_history,
    tick,
)

from vectra_player.game.price_path import commitment, price_path
from vectra_player.live.derive_state import MAX_OPEN_GAMES
from vectra_player.model.rows import Game, GameTick

PRICES = [1.0, 1.1, 1.2, 0.02]


def play(session: Session, prices: list[float] = PRICES, skip: tuple[int, ...] = ()) -> None:
    for number in range(len(prices) - 1):
        if number not in skip:
            session.game_state(**tick(number, prices))
    session.game_state(**rug(prices))


def only(session: Session) -> Game:
    (row,) = session.of(Game)
    return row


def test_a_game_recorded_from_start_to_reveal_is_full() -> None:
    session = Session()
    hashed = {"provablyFair": {"serverSeedHash": "ab" * 32}}
    session.game_state(**cooldown(15000, GAME, **hashed))
    play(session)
    session.game_state(**rug_history(PRICES))
    session.game_state(**reset([entry(PRICES)]))
    row = only(session)
    assert row.completeness == "full"
    assert (row.rug_tick, row.peak, row.rug_price) == (3, 1.2, 0.02)
    assert row.prices == PRICES
    assert (row.ticks_live, row.ticks_missing, row.first_tick_seen) == (4, 0, 0)
    assert row.server_seed == "5e" * 32
    assert row.server_seed_hash == "ab" * 32
    assert row.commitment_first_seen_at == T0
    assert row.started_at == T0 + 100_000
    assert row.ended_at == T0 + 400_000
    assert (row.trade_count, row.players_max, row.sidebets) == (103, 200, 0)


def test_a_reveal_repeated_by_later_frames_gives_no_second_row() -> None:
    session = Session()
    session.game_state(**reset([entry(PRICES)]))
    assert session.game_state(**reset([entry(PRICES)])) == []
    assert len(session.of(Game)) == 1


def test_a_lost_reset_frame_is_made_up_for_by_any_later_history() -> None:
    session = Session()
    play(session)
    session.game_state(**cooldown(14900))
    session.game_state(**tick(0, [1.0], NEXT, gameHistory=[entry(PRICES)]))
    assert only(session).completeness == "full"


def test_a_game_only_known_from_the_history_is_revealed_without_commitment() -> None:
    session = Session()
    session.game_state(**reset([entry(PRICES)]))
    row = only(session)
    assert row.completeness == "revealed"
    assert row.commitment_first_seen_at is None
    assert row.started_at is None
    assert row.ended_at == T0
    assert row.first_tick_seen is None
    assert row.ticks_live == 0


def test_a_commitment_other_than_the_revealed_one_is_not_counted_as_seen() -> None:
    session = Session()
    session.game_state(**cooldown(15000, GAME, provablyFair={"serverSeedHash": "00" * 32}))
    play(session)
    session.game_state(**reset([entry(PRICES)]))
    assert only(session).commitment_first_seen_at is None


def test_a_game_that_was_never_revealed_gets_its_row_at_the_end_once() -> None:
    session = Session()
    play(session)
    assert session.of(Game) == []
    session.finish()
    assert session.finish() == []
    row = only(session)
    assert row.completeness == "unrevealed"
    assert (row.rug_tick, row.prices, row.server_seed) == (3, PRICES, None)
    assert row.sidebets is None


@pytest.mark.parametrize("kind", ["stopped", "crash_recovered"])
def test_the_end_of_a_session_finishes_by_itself(kind: str) -> None:
    session = Session()
    play(session)
    session.fact(kind, {"reason": "test"})
    assert only(session).seq == session.seq
    assert session.finish() == []


def test_a_game_with_missing_ticks_is_partial_and_tells_no_series() -> None:
    session = Session()
    prices = [1.0, *([1.1] * 9), 0.02]
    play(session, prices, skip=(1, 2, 3, 4, 5, 6, 7, 8, 9))
    session.finish()
    row = only(session)
    assert row.completeness == "partial"
    assert (row.prices, row.peak, row.ticks_missing) == (None, None, 5)
    assert row.rug_tick == 10


def test_a_game_still_running_at_the_end_gives_no_row() -> None:
    session = Session()
    session.game_state(**tick(0, PRICES))
    session.finish()
    assert session.of(Game) == []


def seeded(**fields: object) -> tuple[list[float], dict[str, object]]:
    seed = "a1" * 32
    prices = list(price_path(seed, GAME).prices)
    fair = {"serverSeed": seed, "serverSeedHash": commitment(seed)}
    return prices, entry(None, provablyFair=fair, peakMultiplier=max(prices), **fields)


def test_prices_left_out_of_the_history_are_computed_from_the_seed() -> None:
    session = Session()
    prices, revealed = seeded()
    session.game_state(**tick(0, prices))
    session.game_state(**reset([revealed]))
    row = only(session)
    assert row.prices == prices
    assert row.completeness == "revealed"
    sources = [r.price_source for r in session.of(GameTick)]
    assert sources == ["live"] + ["recomputed"] * (len(prices) - 1)


def test_a_seed_that_contradicts_a_price_seen_is_not_believed() -> None:
    session = Session()
    prices, revealed = seeded()
    session.game_state(**tick(0, prices, price=1.5))
    session.game_state(**reset([revealed]))
    assert only(session).prices is None
    assert only(session).completeness == "partial"
    assert only(session).server_seed == "a1" * 32
    assert len(session.of(GameTick)) == 1


def test_a_seed_that_does_not_fit_its_hash_or_rules_nobody_knows_compute_nothing() -> None:
    session = Session()
    _, unknown = seeded(gameVersion="v9")
    session.game_state(**reset([unknown, entry(None, NEXT)], game="20251215-" + "0" * 16))
    assert [row.prices for row in session.of(Game)] == [None, None]


def test_records_of_history_files_give_games_and_ticks() -> None:
    session = Session()
    session.record("history.game", entry(PRICES), "history")
    session.record("history.game", entry(PRICES), "history")
    row = only(session)
    assert (row.game_id, row.rug_tick, row.completeness) == (GAME, 3, "revealed")
    assert [r.price for r in session.of(GameTick)] == PRICES


def test_the_end_record_of_a_per_game_file_gives_the_row() -> None:
    session = Session()
    for number, price in enumerate(PRICES):
        record = {"game_id": GAME, "tick": number, "price": price, "active": True}
        session.record("legacy.tick", record | {"rugged": number == 3}, "legacy")
    session.record("legacy.game_end", {"type": "game_end", "game_id": GAME}, "legacy")
    assert only(session).completeness == "unrevealed"
    assert only(session).rug_tick == 3
    assert session.finish() == []


def test_one_entry_that_is_damaged_does_not_take_the_others_along() -> None:
    session = Session()
    session.game_state(**reset([entry(PRICES) | {"prices": "none"}, entry(PRICES, NEXT)], game="x"))
    assert [row.game_id for row in session.of(Game)] == [NEXT]
    assert len(session.rows) == len(PRICES) + 2


def test_what_is_remembered_stays_bounded() -> None:
    session = Session()
    for number in range(3 * MAX_OPEN_GAMES):
        session.game_state(**rug([0.02], f"game-{number}"))
    assert len(session.state.games) <= MAX_OPEN_GAMES
    assert len(session.of(Game)) == 2 * MAX_OPEN_GAMES
    session.finish()
    assert len(session.of(Game)) == 3 * MAX_OPEN_GAMES


@pytest.mark.parametrize("number", range(len(PRICES)))
def test_a_running_game_and_one_revealed_by_the_same_frame_share_no_key(number: int) -> None:
    session = Session()
    session.game_state(**tick(number, PRICES, NEXT), gameHistory=[entry(PRICES)])
    ticks = session.of(GameTick)
    assert {row.game_id for row in ticks} == {GAME, NEXT}
    assert len({(row.seq, row.sub) for row in ticks}) == len(ticks)
    assert [row.sub for row in ticks if row.price_source == "live"] == [number]
