"""How often the audit alarms without reason, and how often with: measured on made histories.

Long form, whose figures docs/how-to/audit.md shows:

    python -m tests.unit.fairness.audit_of_the_audit --histories 1000

The short form runs with the tests (test_audit.py). Seeds are fixed: the figures repeat.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from tests.unit.fairness import histories

from vectra_player.analysis.games import Games
from vectra_player.fairness.audit import Recorded, audit
from vectra_player.fairness.null import FairNull, fair_null
from vectra_player.fairness.timing import Watched

House = Callable[[int, int], Games]
NULL_GAMES = 50_000
FIRST_SEED = 1_000_000


HOUSES: dict[str, tuple[House, int]] = {
    "hazard x 1.5, 100 games": (histories.more_rugs(1.5), 100),
    "hazard x 1.2, 400 games": (histories.more_rugs(1.2), 400),
    "hazard x 1.2, 1,000 games": (histories.more_rugs(1.2), 1_000),
    "hazard x 1.1, 1,000 games": (histories.more_rugs(1.1), 1_000),
    "rugs twice as likely above 2x, 400 games": (histories.rugs_at_high_prices, 400),
    "rugs late rather than early, 400 games": (histories.rugs_late, 400),
    "lower peak of two seeds, 400 games": (histories.ground_seeds, 400),
    "long games follow long ones, 400 games": (histories.tied_games, 400),
    "one big move in nine steps, 100 games": (histories.fewer_big_moves, 100),
    "games above 10x never shown, 200 games": (histories.withheld_games, 200),
}
"""Dishonest houses, and how many of their games the audit gets to see."""


@dataclass
class Tally:
    """Alarms over many histories, and how often each test is below 5 % by itself."""

    histories: int = 0
    alarms: int = 0
    below: Counter[str] = field(default_factory=Counter)
    departing: Counter[str] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Return the share of histories with an alarm."""
        return self.alarms / self.histories


def judge(house: House, games: int, count: int, null: FairNull) -> Tally:
    """Audit many histories of a house."""
    tally = Tally()
    for number in range(count):
        history = house(games, FIRST_SEED + number)
        watched = Watched(np.ones(len(history) - 1, np.bool_))
        found = audit(history, Recorded(watched=watched), seed=number, null=null)
        tally.histories += 1
        tally.alarms += found.alarmed
        for finding in found.findings:
            tally.below[finding.key] += finding.p is not None and finding.p < 0.05
            tally.departing[finding.key] += finding.departs
    return tally


def main() -> None:
    """Print the false alarms of a fair house and the alarms of dishonest ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=1_000)
    count = parser.parse_args().histories
    begin, null = time.perf_counter(), fair_null(NULL_GAMES)
    fair = judge(histories.fair, 400, count, null)
    error = 1.96 * (0.05 * 0.95 / count) ** 0.5
    print(f"fair house, {count:,} histories of 400 games: {100 * fair.rate:.1f} % alarms")
    print(f"  allowed: 5.0 % +- {100 * error:.1f}")
    print("  single tests below 5 %: " + ", ".join(
        f"{key} {100 * hits / count:.1f}" for key, hits in fair.below.items() if hits
    ))  # fmt: skip
    few = max(count // 5, 20)
    print(f"dishonest houses, {few:,} histories each:")
    for name, (house, games) in HOUSES.items():
        tally = judge(house, games, few, null)
        best = ", ".join(f"{key} {100 * n / few:.0f}" for key, n in tally.departing.most_common(3))
        print(f"  {name:42} {100 * tally.rate:5.1f} % alarms ({best})")
    print(f"{time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
