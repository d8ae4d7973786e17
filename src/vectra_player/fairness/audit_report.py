"""The audit as one HTML page: the record's numbers, drawn and explained. Nothing is computed here.

Used by the command `audit` and the fairness page.
"""

from __future__ import annotations

from typing import Any

from vectra_player.analysis.report import Prose, Report, Section, Table
from vectra_player.fairness.audit_figures import (
    age_figure,
    pit_figure,
    power_figure,
    residual_figure,
    survival_figure,
)
from vectra_player.fairness.results import ALARM, Audit, Finding
from vectra_player.fairness.timing import HIDDEN_S

TESTS_TITLE = "Statistical tests"
CANNOT_TITLE = "What this cannot show"
HOW_TO_READ_P = (
    "p is how often a fair game would differ at least as much by chance. Among many tests some "
    "are small by chance alone; the corrected p (Holm) allows for that. Below "
    f"{ALARM} it is called a departure."
)

_ORIGINS = {"real": "the real site", "demo": "the demo server", "all": "all servers"}


def audit_report(audit: Audit) -> Report:
    """Lay an audit out as a report."""
    return Report(
        title="Fairness audit",
        summary=audit.conclusions,
        sections=tuple(
            section
            for section in (
                _replay_section(audit),
                _timing_section(audit),
                _hazard_section(audit),
                _length_section(audit),
                _tests_section(audit),
                _power_section(audit),
                Section(CANNOT_TITLE, (Prose(audit.cannot_show),)),
            )
            if section is not None
        ),
        manifest=_manifest(audit),
    )


def _replay_section(audit: Audit) -> Section | None:
    replay = audit.replay
    if replay is None:
        return None
    rows = (
        ("verified", f"{replay.verified:,}", "equal to the last bit in everything recorded"),
        ("failed", f"{len(replay.failed):,}", ", ".join(replay.failed[:20]) or "–"),
        ("incomplete", f"{replay.incomplete:,}", "something needed to decide was not recorded"),
        ("rebuilt", f"{replay.rebuilt:,}", "of the verified: the history had no prices for them"),
        ("without a seed", f"{replay.unrevealed:,}", "statistics only"),
        *(
            (f"commitment {name}", f"{count:,}", _COMMITMENTS[name])
            for name, count in replay.commitment.items()
        ),
    )
    told = (
        "Each seed was hashed and compared with its commitment, then every price of the game was "
        f"computed anew. {replay.compared:,} recorded prices were compared. A single different bit "
        "would have been found."
    )
    return Section(
        "Games recomputed from their seeds",
        (Prose((told,)), Table(("games", "number", "meaning"), rows)),
    )


_COMMITMENTS = {
    "seen": "recorded before the outcome was known",
    "late": "recorded, but only when the outcome was known",
    "not seen": "only the reveal was recorded: nothing shows that the seed was fixed before",
}


def _timing_section(audit: Audit) -> Section:
    timing = audit.timing
    told = (
        "A game takes a quarter of a second for each tick, then 1.3 seconds to settle and 15 to "
        "count down. What is left over between two games is the residual. A hidden game would "
        f"leave at least {HIDDEN_S:.2f} seconds."
    )
    parts: list[Any] = [Prose((told, *([timing.note] if timing.note else [])))]
    rows = [
        ("neighbours with known times", f"{timing.pairs:,}"),
        ("no room for a hidden game", f"{timing.adjacent:,}"),
        ("nobody was watching in between", f"{timing.breaks:,}"),
        ("room, although somebody watched", f"{len(timing.unaccounted):,}"),
    ]
    parts.append(Table(("pairs of games", "number"), tuple(rows)))
    if timing.unaccounted:
        listed = tuple((u.before, u.after, f"{u.seconds:.1f}") for u in timing.unaccounted[:50])
        parts.append(Table(("after", "before", "seconds unaccounted for"), listed))
    if timing.residuals:
        parts.append(residual_figure(audit))
    return Section("Was a game left out?", tuple(parts))


def _hazard_section(audit: Audit) -> Section:
    hazard = audit.hazard
    low, high = (f"{1000 * chance:.2f}" for chance in (hazard.low, hazard.high))
    estimate = "–" if hazard.estimate is None else f"{1000 * hazard.estimate:.3f}"
    rows = (
        ("rugs", f"{hazard.rugs:,}"),
        ("rug checks watched", f"{hazard.ticks:,}"),
        ("rugs per 1,000 ticks", estimate),
        ("95 % interval", f"{low} to {high}"),
        ("published", f"{1000 * hazard.fair:.3f}"),
    )
    note = (
        "At each tick the game may rug. A game met midway counts from there, and one that was lost "
        "from sight until then. The interval is exact (Clopper-Pearson): in 19 of 20 such audits "
        "it holds the true number."
    )
    parts: list[Any] = [Table(("chance of a rug", "value"), rows, note)]
    if audit.hazard_by_age:
        parts.append(age_figure(audit))
    return Section("How often games rug", tuple(parts))


def _length_section(audit: Audit) -> Section | None:
    if not audit.survival:
        return None
    return Section("How long games last", (survival_figure(audit), pit_figure(audit)))


def _tests_section(audit: Audit) -> Section:
    note = f"{HOW_TO_READ_P} The statistic is on the scale of its own test."
    rows = tuple(_test_row(finding) for finding in audit.findings)
    columns = ("test", "question", "rests on", "statistic", "p", "corrected", "result")
    return Section(TESTS_TITLE, (Table(columns, rows, note),))


def _test_row(finding: Finding) -> tuple[str, ...]:
    rests = f"{finding.n:,} {finding.unit}"
    if finding.p is None or finding.p_holm is None or finding.statistic is None:
        return finding.title, finding.asks, rests, "–", "–", "–", finding.note
    return (
        finding.title,
        finding.asks,
        rests,
        f"{finding.statistic:.4g}",
        format_p(finding.p),
        format_p(finding.p_holm),
        "departs" if finding.departs else "agrees",
    )


def format_p(p: float) -> str:
    """Write a p-value with three decimals, smaller ones as a bound."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _power_section(audit: Audit) -> Section:
    power = audit.power
    rows = tuple(
        (f"× {row.ratio:g}", f"{row.games:,}", "yes" if row.enough else "no") for row in power.table
    )
    excluded = (
        f"The {power.rugs:,} rugs seen here exclude a chance of a rug below {power.lower:.2f} or "
        f"above {power.upper:.2f} times the published one."
    )
    note = (
        "Games seen to rug that are needed to notice such a chance of a rug, in four of five "
        "samples, at 5 %."
    )
    table = Table(("chance of a rug", "games needed", "reached here"), rows, note)
    return Section("What so many games can show", (Prose((excluded,)), table, power_figure(audit)))


def _manifest(audit: Audit) -> dict[str, str]:
    made = audit.manifest
    versions = ", ".join(f"{name} {number}" for name, number in made["versions"].items())
    span = f"{made['first_ended_at']} to {made['last_ended_at']}"
    origin = _ORIGINS.get(audit.origin, audit.origin)
    command = f"vectra-player audit --origin {audit.origin} --seed {made['seed']}"
    return {
        "games": f"{audit.games:,} of {origin}, {audit.complete:,} known at every tick",
        "ended": span if made["first_ended_at"] else "times not known",
        "data (SHA-256)": made["data_sha256"],
        "method": f"version {made['method']}, docs/how-to/audit.md",
        "seed": str(made["seed"]),
        "fair null": f"{made['null_games']:,} simulated games, seed {made['null_seed']}",
        "versions": versions,
        "repeat it": f"{command} on the same recordings gives the same numbers",
    }
