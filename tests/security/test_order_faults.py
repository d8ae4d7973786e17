"""T6 in short: nothing is pressed twice and no outcome is invented, whatever goes wrong.

The long form is `python -m tests.security.order_faults --faults 10000`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog
from tests.security.order_faults import HAND_FAULTS, one_world, play
from tests.security.order_world import WORLD_FAULTS

from vectra_player.trading.followed import Followed
from vectra_player.trading.tracker import Tracker
from vectra_player.trading.trader import Trader


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """Keep what the code says of every fault out of the report."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


def test_a_thousand_faults_press_nothing_twice_and_invent_no_outcome() -> None:
    tally = play(1000, seed=1)
    assert tally.wrong == []
    assert tally.presses > 300
    assert {"CONFIRMED", "REJECTED", "BLOCKED", "UNKNOWN"} == set(tally.outcomes)
    met = {f"{part} {fault}" for part in ("ack", "echo", "update") for fault in ("lost", "later")}
    met |= {f"hand {fault}" for fault in HAND_FAULTS} | set(WORLD_FAULTS)
    met |= {"server claimed", "server denied", "frame twice", "frame another", "a person"}
    assert met <= set(tally.kinds)


def test_where_nothing_goes_wrong_every_order_is_confirmed_or_refused_and_nothing_halts() -> None:
    worlds = [one_world(seed, honest=True) for seed in range(4)]
    assert [world.wrong for world in worlds] == [[]] * 4
    assert sum(world.halts for world in worlds) == 0
    done = sum(world.executed for world in worlds)
    assert done == sum(world.outcomes["CONFIRMED"] for world in worlds) > 40
    assert {name for world in worlds for name in world.outcomes} <= {
        *("CONFIRMED", "REJECTED", "BLOCKED"),
    }


@pytest.mark.parametrize(
    ("where", "name", "instead"),
    [
        (Followed, "is_among", lambda self, shown, ts: self.sent is not None and not self.shown),
        (Followed, "is_ack", lambda self, event: self.sent is not None),
        (Tracker, "due", lambda self, now_us: []),
        (Trader, "_still_wanted", lambda self, record, until_s: None),
    ],
    ids=["any update shows it", "any ack is its own", "no end", "ever wanted"],
)
def test_a_rule_that_is_gone_is_noticed(
    monkeypatch: pytest.MonkeyPatch, where: type, name: str, instead: object
) -> None:
    monkeypatch.setattr(where, name, instead)
    worlds = (one_world(seed) for seed in range(100))
    assert any(world.wrong for world in worlds)
