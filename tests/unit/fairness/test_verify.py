"""A revealed game is verified to the last bit, and one changed bit anywhere is found and named."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.fairness.recordings import START_US, make_claim, make_names, make_path

from vectra_player.fairness.checks import GameCheck, Verification
from vectra_player.fairness.evidence import Claim, pack
from vectra_player.fairness.verify import FEW_GAMES, compute, examine, screen, verify
from vectra_player.game.price_path import RULES, commitment, price_path

SHORT = next(number for number in range(100) if len(make_path(number).prices) in range(6, 12))
"""A game of a few ticks, so that each of its bits can be changed in turn."""


def check(claim: Claim) -> GameCheck:
    """Check one claim by the batch, and see that plain Python judges alike."""
    (found,) = verify(pack([claim]))
    assert found == examine(claim)
    return found


def flipped(price: float, bit: int) -> float:
    """Return a price with one of its 64 bits changed."""
    (bits,) = struct.unpack("<Q", struct.pack("<d", price))
    changed: float = struct.unpack("<d", struct.pack("<Q", bits ^ (1 << bit)))[0]
    return changed


def changed_texts(text: str) -> Iterator[str]:
    """Yield the text with each of its characters changed in turn."""
    for index, old in enumerate(text):
        yield text[:index] + ("0" if old != "0" else "1") + text[index + 1 :]


def changed_prices(prices: tuple[float, ...]) -> Iterator[tuple[float, ...]]:
    """Yield the series with each bit of each price changed in turn."""
    for index, price in enumerate(prices):
        for bit in range(64):
            yield (*prices[:index], flipped(price, bit), *prices[index + 1 :])


def test_a_game_recorded_whole_is_verified() -> None:
    found = check(make_claim(SHORT))
    prices = len(make_path(SHORT).prices)
    assert (found.status, found.reason, found.mismatches) == ("verified", "", ())
    assert (found.compared, found.rebuilt, found.commitment) == (2 * prices, False, "seen")


@pytest.mark.parametrize("name", ["seed", "hash", "game_id"])
def test_one_changed_character_of_a_text_fails_the_game(name: str) -> None:
    whole = getattr(make_claim(SHORT), name)
    claims = [make_claim(SHORT, **{name: text}) for text in changed_texts(whole)]
    assert not screen(pack(claims), threads=1).any()
    assert {examine(claim).status for claim in claims} == {"failed"}


def test_one_changed_bit_of_any_published_price_fails_the_game() -> None:
    claims = [
        make_claim(SHORT, published=prices) for prices in changed_prices(make_path(SHORT).prices)
    ]
    assert len(claims) >= 6 * 64
    assert not screen(pack(claims), threads=1).any()
    for claim in claims[::7]:
        missing = any(map(math.isnan, claim.published))
        assert examine(claim).status == ("incomplete" if missing else "failed")


def test_one_changed_bit_of_any_price_heard_live_fails_the_game() -> None:
    claims = [
        make_claim(SHORT, ticks=tuple(enumerate(prices)), published=(), rebuilt=True)
        for prices in changed_prices(make_path(SHORT).prices)
    ]
    assert not screen(pack(claims), threads=1).any()
    assert {found.status for found in map(examine, claims[::7])} == {"failed"}


@pytest.mark.parametrize("name", ["peak", "rug_price"])
def test_one_changed_bit_of_peak_or_rug_price_fails_the_game(name: str) -> None:
    whole = getattr(make_claim(SHORT), name)
    claims = [make_claim(SHORT, **{name: flipped(whole, bit)}) for bit in range(64)]
    assert not screen(pack(claims)).any()
    assert [examine(claim).mismatches[-1].check for claim in claims] == [name] * 64


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 400), st.randoms(use_true_random=False), st.integers(0, 63))
def test_a_changed_bit_at_any_tick_of_any_game_is_named(number: int, random: Any, bit: int) -> None:
    prices = make_path(number).prices
    tick = random.randrange(len(prices))
    wrong = (*prices[:tick], flipped(prices[tick], bit), *prices[tick + 1 :])
    found = check(make_claim(number, published=wrong))
    if math.isnan(wrong[tick]):
        assert found.status == "incomplete"
        return
    (mismatch,) = found.mismatches
    assert (mismatch.check, mismatch.tick) == ("path", tick)
    assert (mismatch.recorded, mismatch.recomputed) == (wrong[tick], prices[tick])
    assert f"tick {tick}" in found.reason
    assert repr(prices[tick]) in found.reason


def test_the_first_of_several_differences_is_named() -> None:
    prices = list(make_path(0).prices)
    prices[40], prices[90] = 2.5, 3.5
    found = check(make_claim(0, published=tuple(prices)))
    assert [(m.check, m.tick, m.recorded) for m in found.mismatches] == [("path", 40, 2.5)]


def test_another_length_is_named_with_both_rug_ticks() -> None:
    path = make_path(SHORT)
    last = len(path.prices) - 1
    shorter = check(make_claim(SHORT, rug_tick=last - 2, published=(), ticks=()))
    assert [(m.check, m.recorded, m.recomputed) for m in shorter.mismatches] == [
        ("length", last - 2, last)
    ]
    longer = check(make_claim(SHORT, published=(*path.prices, 0.5), rug_tick=None))
    assert [(m.check, m.tick) for m in longer.mismatches] == [
        ("path", last + 1),
        ("length", last),
    ]


def test_a_tick_heard_after_the_end_of_its_game_differs() -> None:
    path = make_path(SHORT)
    found = check(make_claim(SHORT, ticks=((len(path.prices), 1.0),)))
    assert [(m.check, m.recomputed) for m in found.mismatches] == [("tick", None)]


def test_gaps_and_doubled_ticks_are_no_fault_but_a_contradiction_is() -> None:
    prices = make_path(0).prices
    some = tuple((tick, prices[tick]) for tick in (3, 3, 50, 51, 200))
    assert check(make_claim(0, ticks=some)).status == "verified"
    contradicting = (*some, (51, 9.0))
    assert check(make_claim(0, ticks=contradicting)).mismatches[0].tick == 51


def test_minus_zero_is_not_zero() -> None:
    prices = make_path(SHORT).prices
    wrong = check(make_claim(SHORT, ticks=((0, -0.0), (1, prices[1]))))
    assert wrong.mismatches[0].tick == 0


def test_an_entry_without_prices_is_rebuilt_and_verified_by_hash_and_peak() -> None:
    alone = {"published": (), "ticks": (), "rug_tick": None, "rug_price": None, "rebuilt": True}
    found = check(make_claim(0, **alone))
    assert (found.status, found.rebuilt, found.compared) == ("verified", True, 0)
    assert check(make_claim(0, **alone, peak=None)).reason == "no peak was published for it"
    assert check(make_claim(0, **{**alone, "peak": 1.5})).mismatches[0].check == "peak"


@pytest.mark.parametrize("version", ["v9", "V3", "", None])
def test_an_unknown_version_is_reported_and_never_guessed(version: str | None) -> None:
    found = check(make_claim(0, version=version))
    assert found.status == "incomplete"
    assert "v1, v2, v3" in found.reason
    seed, _ = make_names(1)
    assert check(make_claim(0, version=version, seed=seed)).mismatches[0].check == "hash"


@pytest.mark.parametrize("version", sorted(RULES))
def test_each_known_version_has_its_own_rules(version: str) -> None:
    seed, game_id = make_names(0)
    path = price_path(seed, game_id, version)
    told = {"peak": path.peak, "rug_tick": path.rug_tick, "rug_price": path.prices[-1]}
    claim = make_claim(0, **told, published=path.prices, ticks=(), version=version)
    assert check(claim).status == "verified"
    other = "v3" if version != "v3" else "v2"
    assert check(claim._replace(version=other)).status == "failed"


def test_what_is_missing_makes_a_game_incomplete_with_the_reason() -> None:
    assert "hash" in check(make_claim(0, hash=None)).reason
    prices = make_path(0).prices
    holed = check(make_claim(0, published=(*prices[:5], math.nan, math.nan, *prices[7:])))
    assert (holed.status, holed.reason) == ("incomplete", "2 of its published prices are missing")
    whole_without_peak = check(make_claim(0, peak=None))
    assert whole_without_peak.status == "verified"


def test_a_hash_that_was_exchanged_before_the_reveal_fails_the_game() -> None:
    other = commitment("another seed")
    found = check(make_claim(0, other_hash=other))
    assert [(m.check, m.recorded) for m in found.mismatches] == [("commitment", other)]


@pytest.mark.parametrize(
    ("seen_at", "decided_at", "expected", "before"),
    [
        (START_US, START_US + 1_500_000, "seen", 1.5),
        (START_US, START_US, "late", 0.0),
        (START_US + 2_000_000, START_US, "late", -2.0),
        (None, START_US, "not seen", None),
        (START_US, None, "late", None),
    ],
)
def test_a_commitment_counts_only_from_before_the_outcome(
    seen_at: int | None, decided_at: int | None, expected: str, before: float | None
) -> None:
    found = check(make_claim(0, seen_at=seen_at, decided_at=decided_at))
    assert (found.status, found.commitment, found.seconds_before) == ("verified", expected, before)


def test_claims_of_one_game_are_judged_together() -> None:
    good, bad = make_claim(0), make_claim(0, peak=1.5)
    unsure = make_claim(0, version=None)
    assert [c.status for c in verify(pack([good, make_claim(1), bad]))] == ["failed", "verified"]
    assert [c.status for c in verify(pack([unsure, good]))] == ["verified"]
    demo = make_claim(0, peak=1.5, is_real=False)
    assert [c.status for c in verify(pack([good, demo]))] == ["verified", "failed"]


def test_a_batch_of_good_and_bad_games_is_sorted_out() -> None:
    claims = [
        make_claim(number, **({"peak": 9.9} if number % 5 == 3 else {})) for number in range(60)
    ]
    assert len(claims) > FEW_GAMES
    found = list(verify(pack(claims), threads=2))
    assert found == [examine(claim) for claim in claims]
    assert [check.status == "failed" for check in found] == [n % 5 == 3 for n in range(60)]
    result = Verification(games=tuple(found))
    document = result.document()
    assert (document["verified"], len(document["failed"])) == (48, 12)
    assert document["commitment"] == {"seen": 60, "not seen": 0, "late": 0}


def test_few_and_many_games_are_computed_alike() -> None:
    seeds, ids = zip(*map(make_names, range(FEW_GAMES + 1)), strict=True)
    many = compute(seeds, ids, "v3")
    few = compute(seeds[:FEW_GAMES], ids[:FEW_GAMES], "v3")
    end = few.offsets[-1]
    assert few.prices.tobytes() == many.prices[:end].tobytes()
    for name in ("rugged", "peaks", "lows", "draws"):
        assert getattr(few, name).tolist() == getattr(many, name)[:FEW_GAMES].tolist()


def test_no_claims_give_no_checks() -> None:
    assert list(verify(pack([]))) == []
