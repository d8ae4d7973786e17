"""Every revealed real game is verified exactly, and one changed byte of its record is found."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import RealStore

from vectra_player.fairness.audit import audit_store
from vectra_player.fairness.checks import Verification
from vectra_player.fairness.evidence import from_file
from vectra_player.fairness.results import Audit
from vectra_player.fairness.verify import verify_file, verify_store
from vectra_player.store.importers import import_paths
from vectra_player.store.reads import StoreReader

pytestmark = [pytest.mark.real_data]

GAMES = "games_with_seeds.jsonl"
WATCHED = {"20251215-a8311c871b0e4bea", "20251215-1a211bfc7caf41d6"}
"""Games of which a capture has every live frame, the commitment in the countdown among them."""


@pytest.fixture(scope="module")
def imported(real_store: RealStore) -> Verification:
    with StoreReader(real_store.root) as reader:
        return verify_store(reader)


def test_every_game_of_the_file_is_verified_with_its_rug_price(real_data: Path) -> None:
    result = verify_file(from_file(real_data / GAMES))
    lines = (real_data / GAMES).read_text().splitlines()
    assert len(result.of("verified")) == len(result.games) == len(lines) == 22
    assert result.compared == sum(len(json.loads(line)["prices"]) for line in lines)
    assert result.rebuilt == 0


@pytest.mark.slow
def test_every_revealed_game_of_the_captures_is_verified(imported: Verification) -> None:
    assert len(imported.of("verified")) == len(imported.games) == 22
    assert (imported.rebuilt, imported.unrevealed) == (0, 55)


@pytest.mark.slow
def test_commitments_seen_before_the_rug_are_those_of_the_watched_games(
    imported: Verification,
) -> None:
    seen = {
        game.game_id: game.seconds_before for game in imported.games if game.commitment == "seen"
    }
    assert set(seen) == WATCHED
    assert all(before is not None and before > 10 for before in seen.values())
    assert imported.commitments()["late"] == 0


def test_without_their_prices_the_games_are_rebuilt_and_verified(
    real_data: Path, tmp_path: Path
) -> None:
    entries = [json.loads(line) for line in (real_data / GAMES).read_text().splitlines()]
    for entry in entries:
        del entry["prices"]
    (tmp_path / GAMES).write_text("\n".join(map(json.dumps, entries)))
    result = verify_file(from_file(tmp_path / GAMES))
    assert (len(result.of("verified")), result.rebuilt) == (22, 22)


def proved_part(line: str) -> Iterator[int]:
    """Yield the places of everything in a record that the seed decides, and of the seed."""
    for name in ("id", "prices", "peakMultiplier", "serverSeed", "serverSeedHash"):
        match = re.search(rf'"{name}":\s*(\[[^\]]*\]|"[^"]*"|[\d.]+)', line)
        assert match is not None
        yield from range(*match.span(1))


def test_one_changed_byte_anywhere_in_a_record_is_found(real_data: Path, tmp_path: Path) -> None:
    lines = (real_data / GAMES).read_text().splitlines()
    short = min(lines, key=lambda line: len(json.loads(line)["prices"]))
    whole = json.loads(short)
    changed, kept = [], 0
    for place in proved_part(short):
        other = "7" if short[place] != "7" else "3"
        line = short[:place] + other + short[place + 1 :]
        try:
            same = json.loads(line) == whole
        except ValueError:
            same = False
        kept += same  # a digit beyond what a double holds: the number is the same one
        changed += [] if same else [line]
    assert kept <= 2
    (tmp_path / GAMES).write_text("\n".join([short, *changed]))
    result = verify_file(from_file(tmp_path / GAMES))
    assert len(changed) > 250
    by_id = [game for game in result.games if game.game_id == whole["id"]]
    others = [game for game in result.games if game.game_id != whole["id"]]
    assert [game.status for game in by_id] == ["failed"]
    assert "verified" not in {game.status for game in others}
    for line in changed[:: len(changed) // 40]:
        (tmp_path / GAMES).write_text("\n".join([lines[1], line]))
        statuses = [game.status for game in verify_file(from_file(tmp_path / GAMES)).games]
        assert sorted(statuses) in (["failed", "verified"], ["incomplete", "verified"])


@pytest.fixture(scope="module")
def audited(real_store: RealStore) -> Audit:
    with StoreReader(real_store.root) as reader:
        return audit_store(reader)


@pytest.mark.slow
def test_real_games_break_no_rule_that_needs_no_seed(audited: Audit) -> None:
    """docs/fairness.md section 4, as far as its data is here: rug price rule, published law."""
    assert audited.complete > 60
    assert (audited.impossible_steps, audited.wrong_rug_prices) == (0, 0)
    assert audited.finding("big_share").n > 14_000


@pytest.mark.slow
def test_the_audit_of_the_real_games_finds_nothing(audited: Audit) -> None:
    assert (audited.verdict, audited.replay and audited.replay.failed) == ("no departure", ())
    assert audited.hazard.low < 0.005 < audited.hazard.high
    done = [finding.p for finding in audited.findings if finding.p is not None]
    assert len(done) >= 17
    assert min(done) > 0.01
    assert audited.power.detectable is not None
    assert 1.3 < audited.power.detectable < 1.45


@pytest.mark.slow
def test_times_between_real_games_fit_the_clockwork(audited: Audit) -> None:
    """docs/fairness.md section 6: the largest residual of 51 pairs was 2.1 s."""
    assert audited.timing.adjacent >= 25
    assert audited.timing.largest_residual is not None
    assert audited.timing.largest_residual < 2.3
    assert audited.timing.unaccounted == ()


@pytest.mark.slow
def test_the_hazard_of_the_revealed_games_is_counted_as_by_hand(
    real_data: Path, tmp_path: Path
) -> None:
    import_paths([real_data / GAMES], tmp_path / "data")
    with StoreReader(tmp_path / "data") as reader:
        found = audit_store(reader)
    entries = [json.loads(line) for line in (real_data / GAMES).read_text().splitlines()]
    assert found.hazard.rugs == 22
    assert found.hazard.ticks == sum(len(entry["prices"]) - 1 for entry in entries)
    assert found.finding("stakes").n == found.hazard.ticks
