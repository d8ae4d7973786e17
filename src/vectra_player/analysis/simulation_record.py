"""Simulations with how to repeat them: what `simulate --json` prints and pages keep.

Used by `cli.simulate` and the dashboard.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from vectra_player.analysis.manifest import Manifest, make_manifest
from vectra_player.analysis.monte_carlo import Simulation


class SimulationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Simulations over the same draws, in the order in which they were asked for."""

    manifest: Manifest
    simulations: list[Simulation]


def record_of(results: Sequence[Simulation], made_at: str) -> SimulationRecord:
    """Describe simulations of one plan and pool; `made_at` is ISO 8601, UTC."""
    first = results[0]
    manifest = make_manifest(
        "simulate",
        made_at=made_at,
        data=first.data_digest,
        question={
            "plan": msgspec.structs.asdict(first.plan),
            "games": first.pool,
            "profiles": [one.settings for one in results],
        },
        seed=first.plan.seed,
    )
    return SimulationRecord(manifest=manifest, simulations=list(results))
