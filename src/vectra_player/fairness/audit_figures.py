"""The figures of an audit, each drawn from its record. Used by `fairness.audit_report` only."""

from __future__ import annotations

from vectra_player.analysis.charts import Figure, chart_of, token
from vectra_player.fairness.power import games_needed
from vectra_player.fairness.results import Audit
from vectra_player.fairness.timing import HIDDEN_S


def residual_figure(audit: Audit) -> Figure:
    """Draw the times left over between games."""
    import altair

    rows = [{"seconds": seconds} for seconds in audit.timing.residuals]
    bars = (
        chart_of(rows)
        .mark_bar()
        .encode(
            x=altair.X("seconds:Q", title="residual, seconds").bin(maxbins=40, extent=[-8, 16]),
            y=altair.Y("count():Q", title="pairs of games"),
        )
    )
    limit = (
        chart_of([{"at": HIDDEN_S}])
        .mark_rule(color=token("rug"), strokeDash=[4, 3])
        .encode(x="at:Q")
    )
    return Figure(
        "residuals",
        "Time left over between games",
        "Each bar counts pairs of neighbouring games. A game nobody was shown would put a pair at "
        "the dashed line or beyond it.",
        bars + limit,
    )


def age_figure(audit: Audit) -> Figure:
    """Draw the chance of a rug by age, with intervals."""
    import altair

    rows = [
        {
            "ages": f"{bin_.first}–{bin_.last}",
            "per_1000": 1000 * bin_.estimate,
            "low": 1000 * bin_.low,
            "high": 1000 * bin_.high,
        }
        for bin_ in audit.hazard_by_age
    ]
    base = chart_of(rows).encode(
        x=altair.X("ages:N", title="age of the game, ticks", sort=None).axis(labelAngle=0)
    )
    fair = (
        chart_of([{"fair": 1000 * audit.hazard.fair}])
        .mark_rule(color=token("rug"), strokeDash=[4, 3])
        .encode(y="fair:Q")
    )
    spans = base.mark_rule(strokeWidth=2, color=token("own")).encode(
        y=altair.Y("low:Q", title="rugs per 1,000 ticks"), y2="high:Q"
    )
    return Figure(
        "hazard-by-age",
        "Chance of a rug by the age of the game",
        "Dots are what was seen, bars the 95 % intervals, the dashed line what is published. In a "
        "fair game about one bar in twenty misses the line.",
        fair + spans + base.mark_point(size=50).encode(y="per_1000:Q"),
    )


def survival_figure(audit: Audit) -> Figure:
    """Draw how many games last how long, beside the published law."""
    import altair

    rows = [
        {"tick": point.tick, "share": 100 * share, "games": name}
        for point in audit.survival
        for share, name in ((point.watched, "watched"), (point.fair, "published"))
    ]
    lines = (
        chart_of(rows)
        .mark_line(interpolate="step-after")
        .encode(
            x=altair.X("tick:Q", title="tick"),
            y=altair.Y("share:Q", title="games still running, %"),
            color=altair.Color("games:N", title=None).scale(
                domain=["watched", "published"], range=[token("own"), token("rug")]
            ),
            strokeDash=altair.StrokeDash("games:N", legend=None).scale(
                domain=["watched", "published"], range=[[1, 0], [4, 3]]
            ),
        )
    )
    return Figure(
        "survival",
        "Games still running after so many ticks",
        "Half of all fair games are over after 139 ticks. The steps are the games watched; they "
        "wander around the dashed line by chance, and more so on the right, where few games are.",
        lines,
    )


def pit_figure(audit: Audit) -> Figure:
    """Draw the games in classes of length."""
    import altair

    count = len(audit.length_bins)
    expected = sum(audit.length_bins) / max(count, 1)
    rows = [
        {"class": f"{100 * k // count}–{100 * (k + 1) // count}", "games": games}
        for k, games in enumerate(audit.length_bins)
    ]
    bars = (
        chart_of(rows)
        .mark_bar()
        .encode(
            x=altair.X("class:N", title="from the shortest to the longest, %", sort=None).axis(
                labelAngle=0
            ),
            y=altair.Y("games:Q", title="games"),
        )
    )
    level = (
        chart_of([{"expected": expected}])
        .mark_rule(color=token("rug"), strokeDash=[4, 3])
        .encode(y="expected:Q")
    )
    return Figure(
        "length-classes",
        "Games in classes of length that are equally likely in a fair game",
        f"A fair game falls into each class equally often: {expected:.1f} of these games on "
        "average (dashed). A slope would mean that games end too early or too late.",
        bars + level,
    )


def power_figure(audit: Audit) -> Figure:
    """Draw which change of the chance how many games notice."""
    import altair

    rows = [
        {"percent": percent, "games": games_needed(1 + percent / 100)}
        for percent in (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12.5, 15, 20, 25, 30, 40, 50)
    ]
    curve = (
        chart_of(rows)
        .mark_line()
        .encode(
            x=altair.X("games:Q", title="games seen to rug").scale(
                type="log", domain=[30, 100_000]
            ),
            y=altair.Y("percent:Q", title="smallest change noticed, %").scale(
                type="log", domain=[1, 50]
            ),
        )
    )
    if not 30 <= audit.power.rugs <= 100_000:
        layers = curve
    else:
        here = chart_of([{"games": audit.power.rugs}])
        layers = curve + here.mark_rule(color=token("rug"), strokeDash=[4, 3]).encode(x="games:Q")
    return Figure(
        "power",
        "The smallest change of the rug's chance that is noticed",
        "Both scales are logarithmic: half the change takes four times the games. The dashed line "
        "is this audit.",
        layers,
    )
