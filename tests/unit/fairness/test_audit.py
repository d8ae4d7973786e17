"""The audit as a whole: its alarms, its words, and that the same games give the same record.

The rates are measured at length by tests.unit.fairness.audit_of_the_audit; here is its short form.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from tests.unit.fairness import histories
from tests.unit.fairness.audit_of_the_audit import HOUSES, judge
from tests.unit.fairness.recordings import (
    START_US,
    frames,
    history_entry,
    make_claim,
    make_path,
    make_store,
    vars_of,
    with_times,
)

from vectra_player.analysis.games import Games, generate_games
from vectra_player.fairness.audit import Recorded, audit, audit_store
from vectra_player.fairness.audit_report import audit_report
from vectra_player.fairness.checks import Verification
from vectra_player.fairness.evidence import pack
from vectra_player.fairness.null import FairNull, fair_null
from vectra_player.fairness.results import Audit
from vectra_player.fairness.timing import Watched
from vectra_player.fairness.verify import verify
from vectra_player.store import observations
from vectra_player.store.reads import StoreReader


def null() -> FairNull:
    """Return what fair games look like; made when the first test asks."""
    return fair_null(20_000)


GAMES = histories.fair(120, 6)


def run(games: Games = GAMES, **recorded: object) -> Audit:
    """Audit some games with a null of moderate size."""
    return audit(games, Recorded(**recorded), null=null())  # type: ignore[arg-type]


def test_a_fair_house_alarms_as_rarely_as_it_should() -> None:
    """5 % of 40 histories are 2; 7 or more have a chance of 0.3 %."""
    tally = judge(histories.fair, 150, 40, null())
    assert tally.alarms < 7
    assert all(hits < 9 for hits in tally.below.values())


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("hazard x 1.5, 100 games", 2),
        ("hazard x 1.2, 1,000 games", 3),
        ("rugs twice as likely above 2x, 400 games", 3),
        ("lower peak of two seeds, 400 games", 4),
        ("long games follow long ones, 400 games", 4),
        ("one big move in nine steps, 100 games", 3),
        ("games above 10x never shown, 200 games", 4),
    ],
)
def test_a_dishonest_house_is_found_out(name: str, least: int) -> None:
    house, games = HOUSES[name]
    assert judge(house, games, 4, null()).alarms >= least


def test_the_same_games_and_seed_give_the_same_record() -> None:
    assert run() == run()
    assert msgspec.json.encode(run()) == msgspec.json.encode(run())
    other = audit(GAMES, seed=2, null=null())
    assert other.finding("hazard") == run().finding("hazard")
    assert other.finding("length_ks").p != run().finding("length_ks").p


def test_the_manifest_names_data_method_seed_and_versions() -> None:
    made = run().manifest
    assert made["data_sha256"] == GAMES.digest
    assert (made["method"], made["seed"], made["null_games"]) == ("1", 1, 20_000)
    assert {"vectra-player", "numpy", "scipy", "numba"} <= set(made["versions"])
    assert made["first_ended_at"] < made["last_ended_at"]


def test_nothing_against_a_fair_house_is_said_plainly() -> None:
    found = run()
    assert (found.verdict, found.alarmed) == ("no departure", False)
    assert found.conclusions[0] == "Nothing here speaks against a fair game."
    assert any("per 1,000 ticks" in sentence for sentence in found.conclusions)
    assert any("no room for a hidden one" in sentence for sentence in found.conclusions)
    assert "no client seed" in found.cannot_show[0]


def test_a_departure_is_named_with_its_tests() -> None:
    found = run(histories.ground_seeds(400, 3))
    assert found.verdict == "departure"
    assert found.alarmed
    named = [finding.title.lower() for finding in found.findings if finding.departs]
    assert named
    assert any(all(name in sentence for name in named) for sentence in found.conclusions)


def test_a_game_that_does_not_follow_from_its_seed_outweighs_all_statistics() -> None:
    checks = tuple(verify(pack([make_claim(0), make_claim(1, peak=1.5)])))
    found = run(verification=Verification(games=checks, unrevealed=7))
    assert found.verdict == "wrong"
    assert found.replay is not None
    assert found.replay.failed == (make_claim(1).game_id,)
    assert any(make_claim(1).game_id in sentence for sentence in found.conclusions)


def test_a_step_that_no_rule_can_make_is_wrong() -> None:
    prices = GAMES.prices.copy()
    prices[1] = 5.0
    found = run(Games(**{**vars_of(GAMES), "prices": prices}))
    assert found.verdict == "wrong"
    assert found.impossible_steps == 2


def test_a_game_that_ends_at_another_price_than_its_lowest_gives_is_wrong() -> None:
    prices = GAMES.prices.copy()
    prices[GAMES.offsets[1] - 1] *= 1.0000001
    found = run(Games(**{**vars_of(GAMES), "prices": prices}))
    assert (found.verdict, found.wrong_rug_prices) == ("wrong", 1)
    assert any("1 game ended at another price" in sentence for sentence in found.conclusions)
    assert run().wrong_rug_prices == 0


def test_time_for_a_hidden_game_counts_only_where_somebody_watched() -> None:
    games = with_times(generate_games(60, 5), hidden_after=[20])
    watching = Watched(np.ones(59, np.bool_))
    assert run(games, watched=watching).verdict == "unaccounted"
    away = run(games, watched=Watched(np.zeros(59, np.bool_)))
    assert (away.verdict, away.timing.breaks) == ("no departure", 1)


@pytest.mark.parametrize("count", [0, 1, 2, 12])
def test_few_games_are_said_to_be_few(count: int) -> None:
    found = run(histories.fair(count, 9) if count else generate_games(0, 9))
    assert found.verdict == "too little data"
    assert found.finding("length_ks").p is None
    assert audit_report(found).html()


def test_every_number_of_a_finding_is_in_the_report() -> None:
    found = run(verification=Verification(games=tuple(verify(pack([make_claim(0)])))))
    page = audit_report(found).html()
    for finding in found.findings:
        assert finding.title in page
        assert finding.statistic is None or f"{finding.statistic:.4g}" in page
    assert page.count("<svg") == 5
    assert found.manifest["data_sha256"] in page


def test_an_unknown_test_has_no_finding() -> None:
    with pytest.raises(KeyError):
        run().finding("astrology")


def test_a_store_is_audited_with_its_sessions_trades_and_sidebets(tmp_path: Path) -> None:
    bet = {
        "playerId": "p1", "username": "one", "gameId": "", "betAmount": 0.5, "xPayout": 5,
        "coinAddress": "So1", "type": "placed", "startedAtTick": 5, "end": 45, "id": "b1",
    }  # fmt: skip
    events, begin = [], START_US
    for number in range(14):
        entry = history_entry(number, globalSidebets=[{**bet, "id": f"b{number}"}])
        events += frames(number, begin_us=begin, entry=entry)
        begin += int((len(make_path(number).prices) * 0.2506 + 16.3) * 1e6)
    with StoreReader(make_store(tmp_path, events)) as reader:
        found = audit_store(reader)
    assert (found.games, found.complete, found.hazard.rugs) == (14, 14, 14)
    assert found.replay is not None
    assert (found.replay.verified, found.replay.commitment["seen"]) == (14, 14)
    assert (found.timing.pairs, found.timing.adjacent) == (13, 13)
    ticks = sum(len(make_path(number).prices) - 1 for number in range(14))
    assert found.finding("trades").n == ticks
    assert found.finding("stakes").p is not None
    assert found.origin == "real"


@pytest.mark.parametrize(("lost_after_s", "unaccounted"), [(None, 1), (10.0, 0), (900.0, 1)])
def test_a_hole_in_time_is_excused_by_a_connection_lost_in_it(
    lost_after_s: float | None,
    unaccounted: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rug_s = len(make_path(0).prices) * 0.25
    second = START_US + int((rug_s + 60) * 1e6)
    events = [*frames(0), *frames(1, begin_us=second)]
    with StoreReader(make_store(tmp_path, events)) as reader:
        (session,) = (row.session_id for row in reader.sessions())
        times = [] if lost_after_s is None else [START_US + int((rug_s + lost_after_s) * 1e6)]
        lost = pa.table({"session_id": [session] * len(times), "ts": pa.array(times, pa.int64())})
        monkeypatch.setattr(observations, "interruptions", lambda _: lost)
        found = audit_store(reader)
    assert len(found.timing.unaccounted) == unaccounted
    assert found.timing.breaks == 1 - unaccounted


def test_a_hole_in_the_server_s_own_list_is_nobody_s_absence(tmp_path: Path) -> None:
    """Two entries of one history are neighbours by the server's own word."""
    ends = START_US // 1000
    later = ends + int(len(make_path(1).prices) * 250.6) + 60_000
    entries = [history_entry(1, timestamp=later), history_entry(0, timestamp=ends)]
    reveal = frames(2, begin_us=later * 1000 + 10**9)[-1]
    reveal["data"]["gameHistory"] = entries
    with StoreReader(make_store(tmp_path, [reveal])) as reader:
        (hole,) = audit_store(reader).timing.unaccounted
    assert hole.seconds == pytest.approx(60 - 16.3, abs=0.5)
