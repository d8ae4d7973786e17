"""What counts as evidence: independent observations of a store or of a file, nothing recomputed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.fairness.recordings import (
    START_US,
    TICK_US,
    frames,
    history_entry,
    make_claim,
    make_names,
    make_path,
    make_store,
    write_history,
)

from vectra_player.errors import UsageError
from vectra_player.fairness.checks import GameCheck, Verification
from vectra_player.fairness.evidence import evidence_of, from_file, from_store, pack
from vectra_player.fairness.verify import verify_file, verify_store
from vectra_player.game.price_path import commitment
from vectra_player.store.reads import StoreReader

GAME = make_names(0)[1]
OTHER_HASH = commitment("another seed")


def verified(root: Path, **chosen: Any) -> Verification:
    """Verify a store."""
    with StoreReader(root) as reader:
        return verify_store(reader, **chosen)


def only(root: Path) -> GameCheck:
    """Return the check of the one game of a store."""
    (found,) = verified(root).games
    return found


def test_a_claim_comes_back_from_its_columns_as_it_was() -> None:
    claims = [
        make_claim(0),
        make_claim(1, published=(), ticks=(), peak=None, rug_tick=None, rug_price=None),
        make_claim(2, other_hash=OTHER_HASH, seen_at=None, decided_at=None, hash=None),
    ]
    evidence = pack(claims)
    assert [evidence.claim(index) for index in range(3)] == claims


def test_a_game_watched_to_its_reveal_is_verified_with_its_commitment(tmp_path: Path) -> None:
    found = only(make_store(tmp_path, frames(0)))
    prices = len(make_path(0).prices)
    assert (found.status, found.commitment, found.compared) == ("verified", "seen", 2 * prices)
    assert found.seconds_before == pytest.approx(prices * TICK_US / 1e6)


def test_prices_computed_from_the_seed_are_no_evidence(tmp_path: Path) -> None:
    entry = history_entry(0, prices=None)
    root = make_store(tmp_path, frames(0, first=60, entry=entry))
    with StoreReader(root) as reader:
        claim = evidence_of(reader, GAME).claim(0)
    path = make_path(0)
    assert (claim.rebuilt, claim.published, claim.rug_tick, claim.rug_price) == (
        True,
        (),
        None,
        None,
    )
    assert claim.ticks == tuple(enumerate(path.prices))[60:]
    found = only(root)
    assert (found.status, found.rebuilt) == ("verified", True)
    assert found.compared == len(path.prices) - 60


def test_a_wrong_peak_of_an_entry_without_prices_is_found(tmp_path: Path) -> None:
    entry = history_entry(0, prices=None, peakMultiplier=1.25)
    found = only(make_store(tmp_path, frames(0, first=60, entry=entry)))
    assert [m.check for m in found.mismatches] == ["peak"]


def test_live_prices_that_the_seed_does_not_give_fail_the_game(tmp_path: Path) -> None:
    entry = history_entry(0, prices=None)
    events = frames(0, entry=entry)
    events[31]["data"]["price"] = 1.75
    found = only(make_store(tmp_path, events))
    assert ("tick", 30, 1.75) in [(m.check, m.tick, m.recorded) for m in found.mismatches]


def test_a_history_that_differs_from_what_was_live_fails_the_game(tmp_path: Path) -> None:
    prices = list(make_path(0).prices)
    prices[10] = 1.5
    found = only(make_store(tmp_path, frames(0, entry=history_entry(0, prices=prices))))
    assert [(m.check, m.tick) for m in found.mismatches] == [("path", 10)]


def test_a_commitment_first_shown_with_the_rug_is_late(tmp_path: Path) -> None:
    last = len(make_path(0).prices) - 1
    assert only(make_store(tmp_path / "late", frames(0, shown_from=last))).commitment == "late"
    assert only(make_store(tmp_path / "seen", frames(0, shown_from=last - 1))).commitment == "seen"
    unseen = only(make_store(tmp_path / "unseen", frames(0, shown_hash=None)))
    assert unseen.commitment == "not seen"


def test_a_hash_exchanged_within_a_session_fails_the_game(tmp_path: Path) -> None:
    found = only(make_store(tmp_path, frames(0, shown_hash=OTHER_HASH)))
    assert [(m.check, m.recorded) for m in found.mismatches] == [("commitment", OTHER_HASH)]


def test_a_hash_that_another_session_was_shown_fails_the_game(tmp_path: Path) -> None:
    unrevealed = frames(0, begin_us=START_US + 1000, shown_hash=OTHER_HASH)[:-1]
    found = only(make_store(tmp_path, frames(0), unrevealed))
    assert [m.check for m in found.mismatches] == ["commitment"]


def test_a_commitment_seen_by_one_session_counts_for_the_reveal_in_another(tmp_path: Path) -> None:
    reveal = frames(0, begin_us=START_US + 600_000_000)[-1:]
    found = only(make_store(tmp_path, frames(0)[:-1], reveal))
    assert (found.status, found.commitment) == ("verified", "seen")


def test_sessions_that_contradict_each_other_fail_the_game(tmp_path: Path) -> None:
    wrong = frames(0, begin_us=START_US + 1000, entry=history_entry(0, peakMultiplier=2.5))
    found = only(make_store(tmp_path, frames(0), wrong))
    assert [(m.check, m.recorded) for m in found.mismatches] == [("peak", 2.5)]


def test_games_without_a_seed_are_counted_and_named_ones_are_incomplete(tmp_path: Path) -> None:
    root = make_store(tmp_path, frames(0), frames(1)[:-1])
    result = verified(root)
    assert (len(result.games), result.unrevealed) == (1, 1)
    unrevealed = make_names(1)[1]
    named = verified(root, game_ids=[unrevealed, GAME, "nowhere", GAME])
    assert [(g.game_id, g.status) for g in named.games] == [
        (GAME, "verified"),
        (unrevealed, "incomplete"),
        ("nowhere", "incomplete"),
    ]


def test_games_of_the_demo_server_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    root = make_store(tmp_path, frames(0))
    assert len(verified(root, origins="all").games) == 1
    assert verified(root, origins="demo") == Verification(games=())


def test_games_are_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_store(tmp_path, *(frames(number) for number in range(5)))
    whole = verified(root)
    monkeypatch.setattr("vectra_player.fairness.evidence.CHUNK_GAMES", 2)
    with StoreReader(root) as reader:
        assert [len(part) for part in from_store(reader)] == [2, 2, 1]
    assert verified(root) == whole
    assert len(whole.of("verified")) == 5


def test_a_file_is_verified_without_a_store(tmp_path: Path) -> None:
    entries = [history_entry(number) for number in range(4)]
    entries += [history_entry(4, prices=None), history_entry(5, gameVersion="v7")]
    result = verify_file(from_file(write_history(tmp_path / "games.jsonl", entries)))
    assert [game.status for game in result.games] == ["verified"] * 5 + ["incomplete"]
    assert result.rebuilt == 1
    assert result.commitments()["not seen"] == 6


def test_what_a_file_cannot_show_is_said_line_by_line(tmp_path: Path) -> None:
    holed: list[Any] = list(make_path(2).prices)
    holed[4] = None
    lines = [
        history_entry(0),
        "",
        '{"id": "cut',
        history_entry(1, provablyFair=None),
        history_entry(2, prices=holed),
        history_entry(3, rugged=False),
        "[1, 2]",
    ]
    result = verify_file(from_file(write_history(tmp_path / "games.jsonl", lines)))
    assert [(game.game_id, game.status) for game in result.games] == [
        (GAME, "verified"),
        (make_names(2)[1], "incomplete"),
        (make_names(3)[1], "incomplete"),
        ("line 3", "failed"),
        ("line 7", "failed"),
    ]
    assert result.unrevealed == 1
    assert "1 of its published prices" in result.games[1].reason


def test_named_games_of_a_file_are_looked_at_alone(tmp_path: Path) -> None:
    path = write_history(tmp_path / "games.jsonl", [history_entry(0), history_entry(1), "{"])
    result = verify_file(from_file(path), [GAME, "nowhere"])
    assert [(g.game_id, g.status) for g in result.games] == [
        (GAME, "verified"),
        ("nowhere", "incomplete"),
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "no json\n", json.dumps({"ts": 1}) + "\n"])
def test_a_file_without_any_entry_is_refused_with_advice(text: str, tmp_path: Path) -> None:
    (tmp_path / "games.jsonl").write_text(text)
    with pytest.raises(UsageError, match="gameHistory"):
        from_file(tmp_path / "games.jsonl")
    with pytest.raises(UsageError, match="no file"):
        from_file(tmp_path / "nowhere.jsonl")
