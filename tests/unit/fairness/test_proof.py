"""A proof page says what was found, shows every tick, and carries a program that repeats it."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from typing import Any

import pytest
from tests.unit.fairness.recordings import make_claim, make_names, make_path

from vectra_player.errors import UsageError
from vectra_player.fairness.evidence import Claim, pack
from vectra_player.fairness.proof import program, proof_page
from vectra_player.game.price_path import RULES, commitment, price_path


def page_of(*claims: Claim) -> str:
    """Return a page as it reads."""
    return html.unescape(proof_page(pack(claims)).html())


def printed(source: str) -> list[str]:
    """Run a program with nothing but Python itself and return its lines."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", source], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_a_page_shows_seed_hash_and_every_price_with_every_digit() -> None:
    page = page_of(make_claim(0))
    seed, game_id = make_names(0)
    for text in (seed, game_id, commitment(seed), "This game follows from its seed."):
        assert text in page
    assert all(f"<td>{price!r}</td>" in page for price in make_path(0).prices)
    assert "differs" not in page
    assert "The commitment was recorded before the outcome." in page
    assert page.count("<svg") == 1


@pytest.mark.parametrize("version", sorted(RULES))
def test_the_program_on_the_page_repeats_the_game_with_python_alone(version: str) -> None:
    seed, game_id = make_names(2)
    path = price_path(seed, game_id, version)
    claim = make_claim(2, version=version, peak=path.peak)
    source = program(claim)
    assert source in page_of(claim)
    lines = printed(source)
    assert lines[0] == f"hash {commitment(seed)}"
    assert lines[1:-1] == [f"{tick} {price!r}" for tick, price in enumerate(path.prices)]
    assert lines[-1] == f"peak {path.peak!r} rugged"


def test_a_seed_that_is_no_hexadecimal_text_is_quoted_everywhere() -> None:
    seed = 'it\'s; $(a) "seed"'
    claim = Claim("odd", "v3", seed, commitment(seed), peak=price_path(seed, "odd").peak)
    assert printed(program(claim))[0] == f"hash {commitment(seed)}"
    command = re.search(r"printf '%s' .* \| sha256sum", page_of(claim))
    assert command is not None
    done = subprocess.run(["sh", "-c", command[0]], capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == commitment(seed)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"peak": 1.5}, "the peak is 1.5"),
        ({"hash": commitment("other")}, "does not have the hash"),
        ({"other_hash": commitment("other")}, commitment("other")),
        ({"ticks": ((3, 9.75),)}, "tick 3 is 9.75"),
        ({"ticks": ((100_000_000, 1.0),)}, "the game was over"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_differs_is_said_first_and_marked(changes: dict[str, Any], said: str) -> None:
    page = page_of(make_claim(1, **changes))
    assert "This game does not follow from its seed" in page
    assert said in page
    if "ticks" in changes:
        assert page.count(">differs<") >= 2


def test_what_was_not_recorded_is_no_difference() -> None:
    claim = make_claim(0, published=(), ticks=(), rug_tick=None, rug_price=None, rebuilt=True)
    page = page_of(claim)
    assert "No price of it was recorded" in page
    assert page.count("not recorded") >= 4
    assert "differs" not in page


def test_a_game_of_an_unknown_version_has_a_page_without_prices() -> None:
    page = page_of(make_claim(0, version="v9"))
    assert "cannot be verified: its version is 'v9'" in page
    assert "Repeat it yourself" not in page


def test_of_contradicting_recordings_the_failing_one_is_shown() -> None:
    assert "the peak is 1.5" in page_of(make_claim(0), make_claim(0, peak=1.5))


def test_without_a_seed_there_is_nothing_to_prove() -> None:
    with pytest.raises(UsageError, match="seed"):
        proof_page(pack([]))
