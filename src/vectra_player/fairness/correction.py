"""Many tests, one alarm: Holm's correction. Used by `fairness.audit`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from vectra_player.fairness.results import Finding


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected so that a fair game alarms in all tests together at most as often.

    The smallest is multiplied by their number, the next by one less, and so on (Holm 1979); it
    holds however the tests depend on each other.
    """
    order = np.argsort(p_values, kind="stable")
    count = len(order)
    scaled = np.asarray(p_values, np.float64)[order] * (count - np.arange(count))
    corrected = np.empty(count)
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return [float(value) for value in corrected]


def corrected(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Add the corrected p-value to every finding that has one; order is kept."""
    values = holm([finding.p for finding in findings if finding.p is not None])
    found = iter(values)
    return tuple(
        finding if finding.p is None else msgspec.structs.replace(finding, p_holm=next(found))
        for finding in findings
    )
