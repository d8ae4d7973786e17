"""Wall times to UTC: zones, transitions, evidence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from vectra_player.errors import UsageError
from vectra_player.store.importers.legacy import id_evidence
from vectra_player.store.importers.times import (
    HOUR,
    MINUTE,
    Evidence,
    Timeline,
    choose_zone,
    parse_stamp,
    parse_uniform,
    parse_zone,
)

EASTERN = ZoneInfo("America/New_York")


def micros(text: str) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def to_utc(*texts: str) -> list[str]:
    wall = [micros(text) for text in texts]
    found = Timeline(EASTERN).to_utc(wall, [False] * len(wall))
    return [datetime.fromtimestamp(value / 1e6, UTC).strftime("%H:%M") for value in found]


def test_summer_and_winter_have_their_own_offsets() -> None:
    assert to_utc("2025-11-01T12:00:00") == ["16:00"]
    assert to_utc("2025-11-03T12:00:00") == ["17:00"]


def test_the_hour_that_happens_twice_goes_on_rising() -> None:
    walls = ("00:50", "01:20", "01:59", "01:01", "01:40", "02:05")
    texts = [f"2025-11-02T{wall}:00" for wall in walls]
    assert to_utc(*texts) == ["04:50", "05:20", "05:59", "06:01", "06:40", "07:05"]


def test_a_small_step_back_in_the_doubled_hour_is_not_its_second_pass() -> None:
    assert to_utc("2025-11-02T01:20:00", "2025-11-02T01:19:59") == ["05:20", "05:19"]


def test_times_that_carry_a_zone_are_left_alone() -> None:
    wall = micros("2025-11-01T12:00:00")
    assert Timeline(EASTERN).to_utc([wall, wall], [True, False]) == [wall, wall + 4 * HOUR]


@pytest.mark.parametrize(
    ("value", "expected", "utc"),
    [
        ("2025-12-14T20:17:11.142710", "2025-12-14T20:17:11.142710", False),
        ("2025-12-14T20:17:11Z", "2025-12-14T20:17:11", True),
        ("2025-12-14T20:17:11.5-05:00", "2025-12-15T01:17:11.5", True),
        (1765761431, "2025-12-15T01:17:11", True),
        (1765761431142, "2025-12-15T01:17:11.142", True),
        (1765761431142710, "2025-12-15T01:17:11.142710", True),
        (1765761431142710000, "2025-12-15T01:17:11.142710", True),
    ],
)
def test_stamps_of_every_unit_are_read(value: str | int, expected: str, utc: bool) -> None:
    assert parse_stamp(value) == (micros(expected), utc)


@pytest.mark.parametrize("value", ["", "yesterday", "0001-01-01T00:00:00", 5, float("nan")])
def test_a_time_that_cannot_be_is_refused(value: str | float) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_stamp(value)


def test_one_odd_stamp_sends_the_batch_to_the_careful_reader() -> None:
    plain = "2025-10-31T15:21:52.665752"
    assert parse_uniform([plain, plain]) is not None
    for odd in ("2025-10-31T15:21:52Z", "2025-10-31T15:21:52+00:00", "NaT", "now", "0001-01-01"):
        assert parse_uniform([plain, odd]) is None


def test_zones_are_named_or_offsets_and_anything_else_is_refused() -> None:
    assert parse_zone("America/New_York") == EASTERN
    offset = parse_zone("-05:00").utcoffset(None)
    assert offset == timedelta(hours=-5)
    for name in ("Mars/Olympus", "", "../etc/passwd"):
        with pytest.raises(UsageError):
            parse_zone(name)


def stamp(text: str, offset_hours: float, delay_ms: int = 50) -> Evidence:
    high = int(offset_hours * HOUR)
    return Evidence(micros(text), low=high - 1, high=high, exact=True)


def test_a_server_stamp_decides_and_daylight_saving_is_preferred_to_a_fixed_offset() -> None:
    choice = choose_zone([stamp("2025-12-14T20:17:11", -5)], None, "UTC")
    assert choice.zone == EASTERN
    assert choice.warning is None


def test_a_stamp_no_known_zone_fits_gives_its_fixed_offset() -> None:
    choice = choose_zone([stamp("2025-12-14T20:17:11", 12.75)], None, "UTC")
    assert choice.zone.utcoffset(None) == timedelta(hours=12, minutes=45)


def test_a_wish_that_contradicts_the_stamps_is_overruled_and_said() -> None:
    choice = choose_zone([stamp("2025-12-14T20:17:11", -5)], parse_zone("Europe/Berlin"), "UTC")
    assert choice.zone == EASTERN
    assert "Europe/Berlin" in (choice.warning or "")


def test_dates_in_game_ids_on_both_sides_of_midnight_give_the_zone() -> None:
    evidence = [
        id_evidence("20251029-55515ef892624ff3", micros("2025-10-29T18:59:03"), 0),
        id_evidence("20251030-62218b3c508c4c18", micros("2025-10-29T21:04:13"), 0),
        id_evidence("20251103-0b9bed1f955e4dfc", micros("2025-11-02T20:03:05"), 0),
    ]
    found = [item for item in evidence if item]
    assert choose_zone(found, None, "UTC").zone == EASTERN


def test_without_evidence_the_default_is_taken_and_said() -> None:
    choice = choose_zone([], None, "UTC")
    assert (choice.zone, choice.how) == (UTC, "assumed")
    assert choice.warning
    assert choose_zone([], EASTERN, "UTC").warning is None


def test_a_game_id_bounds_the_offset_by_its_date_and_its_age() -> None:
    item = id_evidence("20251030-62218b3c508c4c18", micros("2025-10-29T21:00:00"), 0)
    assert item is not None
    assert item.high == -3 * HOUR + 2 * MINUTE
    assert id_evidence("nonsense", 0, 0) is None
    assert id_evidence("20251399-62218b3c508c4c18", 0, 0) is None
