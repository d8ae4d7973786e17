"""The record of an audit: every number its JSON and its report show stands here once.

Filled by `fairness.audit`, read by the report, the commands and the pages.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import msgspec

SMALL = 0.05
"""A single test's p-value below this is called small; of a fair game every twentieth is."""

ALARM = 0.06
"""Corrected p-value below which an audit speaks of a departure. Tests that overlap make Holm's
correction too mild: at 0.05, 3.9 % of 5,500 fair histories alarmed, at 0.06 it is 5 %."""

Verdict = Literal["wrong", "unaccounted", "departure", "no departure", "too little data"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One statistical test. `p` is None where there is too little data, and `note` says so.

    asks: the question in plain words. n: how many `unit` it rests on. p_holm: p after Holm's
    correction for all tests of the audit.
    """

    key: str
    title: str
    asks: str
    n: int
    unit: str
    statistic: float | None = None
    p: float | None = None
    p_holm: float | None = None
    note: str = ""

    @property
    def departs(self) -> bool:
        """Tell whether the data depart from a fair game beyond chance."""
        return self.p_holm is not None and self.p_holm < ALARM


class Question(NamedTuple):
    """What a test asks, before there is an answer; fields as in `Finding`."""

    key: str
    title: str
    asks: str
    unit: str

    def answer(self, n: int, statistic: float, p: float) -> Finding:
        """Return the test's result, not yet corrected."""
        return Finding(**self._asdict(), n=n, statistic=statistic, p=p)

    def unanswered(self, n: int, note: str) -> Finding:
        """Return the test without a result; the note says what it needs."""
        return Finding(**self._asdict(), n=n, note=note)


class Hazard(msgspec.Struct, frozen=True, kw_only=True):
    """Rugs among the rug checks that were watched, with the exact 95 % interval."""

    rugs: int
    ticks: int
    fair: float
    estimate: float | None
    low: float
    high: float


class AgeBin(msgspec.Struct, frozen=True, kw_only=True):
    """Rug checks and rugs at ages from `first` to `last`, with the exact 95 % interval."""

    first: int
    last: int
    ticks: int
    rugs: int
    estimate: float
    low: float
    high: float


class Survival(msgspec.Struct, frozen=True, kw_only=True):
    """Share of games still alive after a tick, as watched and as published."""

    tick: int
    watched: float
    fair: float


class Unaccounted(msgspec.Struct, frozen=True, kw_only=True):
    """Two games between which there was time enough for one that nobody was shown."""

    before: str
    after: str
    seconds: float


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """The completeness check. Residuals are seconds beyond the time that the second game took.

    pairs: neighbours whose times are known. adjacent: those with no room for a game between.
    breaks: those with room, while nobody watched. unaccounted: those with room, while watched.
    """

    pairs: int
    adjacent: int
    breaks: int
    unaccounted: tuple[Unaccounted, ...]
    largest_residual: float | None
    residuals: tuple[float, ...]
    note: str = ""


class PowerRow(msgspec.Struct, frozen=True, kw_only=True):
    """Games needed to notice a hazard that is `ratio` times the published one."""

    ratio: float
    games: int
    enough: bool


class Power(msgspec.Struct, frozen=True, kw_only=True):
    """What so many rugs can show. `lower` and `upper`: hazards outside are excluded, as ratios.

    detectable: the smallest ratio above 1 that this sample would notice four times in five.
    """

    rugs: int
    table: tuple[PowerRow, ...]
    detectable: float | None
    lower: float
    upper: float


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """The exact check: games recomputed from their seeds."""

    verified: int
    failed: tuple[str, ...]
    incomplete: int
    rebuilt: int
    compared: int
    unrevealed: int
    commitment: dict[str, int]


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an audit found and how it was made."""

    verdict: Verdict
    conclusions: tuple[str, ...]
    cannot_show: tuple[str, ...]
    origin: str
    games: int
    complete: int
    replay: Replay | None
    timing: Timing
    hazard: Hazard
    findings: tuple[Finding, ...]
    impossible_steps: int
    wrong_rug_prices: int
    power: Power
    hazard_by_age: tuple[AgeBin, ...]
    length_bins: tuple[int, ...]
    survival: tuple[Survival, ...]
    manifest: dict[str, Any]

    @property
    def alarmed(self) -> bool:
        """Tell whether something was found that a fair game would hardly show."""
        return self.verdict in ("wrong", "unaccounted", "departure")

    def finding(self, key: str) -> Finding:
        """Return one test by its key. Raises KeyError for an unknown one."""
        for finding in self.findings:
            if finding.key == key:
                return finding
        raise KeyError(key)
