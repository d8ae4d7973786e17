"""The survival analysis laid out for reading. Every figure is the record's own."""

from __future__ import annotations

from collections.abc import Sequence

from vectra_player.analysis.charts import Figure
from vectra_player.analysis.page import Block, Page
from vectra_player.analysis.plots import behind, curve_plot, spans_plot
from vectra_player.analysis.report import Prose, Table
from vectra_player.analysis.survival import BAND_EDGES, CurvePoint, Survival
from vectra_player.analysis.wording import (
    ESTIMATE_COLUMNS,
    cells,
    counted,
    fine_percent,
    interval,
    known,
    percent,
    verdict,
)
from vectra_player.game.price_path import V3

CURVE_ROWS = 12
CURVE_DRAWN = 400
"""Points of a curve that are drawn: as many as can be told apart."""

METHOD = (
    "A game counts from the tick at which it was met to its rug, or to the last tick seen where "
    "nobody saw it rug. Intervals are Clopper-Pearson: of hazards on the rug checks, of the curve "
    "and of chances on the effective number of games that Greenwood's variance tells, which is "
    "exact where no game was lost from sight."
)


def survival_page(found: Survival) -> Page:
    """Lay out a survival analysis."""
    return Page(
        title="How long games last",
        summary=_summary(found),
        blocks=(_windows(found), _survival(found), _hazard(found)),
    )


def _summary(found: Survival) -> tuple[str, ...]:
    hazard = found.hazard
    sentences = [
        f"A rug came in {known(hazard.value, fine_percent)} of "
        f"{counted(found.checks, 'rug check')} of {counted(found.games, 'game')} (95 % interval "
        f"{interval(hazard, fine_percent)}); in a fair game it is "
        f"{fine_percent(hazard.fair or 0.0)}. {verdict(hazard)}"
    ]
    if found.met_midway or found.unfinished:
        sentences.append(
            f"Met midway: {counted(found.met_midway, 'game')}; not seen to rug: "
            f"{counted(found.unfinished, 'game')}. They count for the ticks that were watched."
        )
    return tuple(sentences)


def _windows(found: Survival) -> Block:
    within = found.windows[0].within if found.windows else 0
    rows = tuple(
        (f"tick {window.at}", f"{window.rugs:,}", *cells(window.chance, percent))
        for window in found.windows
    )
    return Block(
        f"Chance of a rug within {within} ticks",
        (
            Table(
                ("alive at", "rugs", *ESTIMATE_COLUMNS),
                rows,
                "n counts the games watched alive at that tick. In a fair game the chance is the "
                "same at every tick: how long it has lasted says nothing.",
            ),
        ),
    )


def _survival(found: Survival) -> Block:
    return Block(
        "Survival",
        (Prose((METHOD,)), _curve_table(found.curve)),
        (lambda: curve_figure(found.curve)) if found.curve else None,
    )


def _hazard(found: Survival) -> Block:
    rows = tuple(
        (
            f"{band.first} to {band.last}",
            f"{band.at_risk:,}",
            f"{band.rugs:,}",
            *cells(band.hazard, fine_percent),
        )
        for band in found.bands
    )
    return Block(
        "Hazard by age",
        (
            Table(
                ("ticks", "games watched", "rugs", *ESTIMATE_COLUMNS),
                rows,
                "The hazard is the chance that a game rugs at its next tick; n counts the rug "
                "checks seen.",
            ),
        ),
        (lambda: hazard_figure(found)) if found.bands else None,
    )


def _curve_table(curve: Sequence[CurvePoint]) -> Table:
    """Show the curve at points spread over the share alive."""
    rows = []
    for point in _spaced(curve, CURVE_ROWS):
        limits = f"{percent(point.low).removesuffix(' %')} to {percent(point.high)}"
        rows.append(
            (
                f"tick {point.tick}",
                f"{point.at_risk:,}",
                percent(point.alive),
                limits,
                percent(point.fair),
            )
        )
    return Table(
        ("after", "games watched", "still alive", "95 % interval", "fair"),
        tuple(rows),
        "A selection of ticks at which a game rugged; --json has all of them.",
    )


def _spaced(curve: Sequence[CurvePoint], count: int) -> list[CurvePoint]:
    """Choose points spread evenly over the share alive."""
    chosen: list[CurvePoint] = []
    step = 1.0 / count
    for point in curve:
        if not chosen or chosen[-1].alive - point.alive >= step:
            chosen.append(point)
    return chosen


Windows = Sequence[tuple[int, int]]
"""First and last tick of the windows of bets that are drawn into a plot."""


def curve_figure(curve: Sequence[CurvePoint], windows: Windows = ()) -> Figure:
    """Draw the share of games alive, with windows of bets as bands."""
    drawn = curve[:: max(1, len(curve) // CURVE_DRAWN)]
    rows = [{"x": 0, "value": 1.0, "low": 1.0, "high": 1.0, "fair": 1.0}]
    rows += [
        {"x": p.tick, "value": p.alive, "low": p.low, "high": p.high, "fair": p.fair} for p in drawn
    ]
    return Figure(
        name="survival",
        title="Share of games still alive",
        caption="The line falls at each tick at which a game rugged; the band is its 95 % interval "
        f"at each tick. The dashed line is a fair game: {_FAIR_HAZARD} of the rest rug at every "
        f"tick.{_of_windows(windows)}",
        chart=behind(windows, curve_plot(rows, "tick", "still alive"), "tick"),
    )


def hazard_figure(found: Survival, windows: Windows = ()) -> Figure:
    """Draw the hazard by age, with windows of bets as bands."""
    rows = [
        {
            "from": band.first - 1,
            "to": band.last,
            "value": band.hazard.value,
            "low": band.hazard.low,
            "high": band.hazard.high,
            "fair": band.hazard.fair,
        }
        for band in found.bands
    ]
    edges = [edge for edge in BAND_EDGES if edge <= found.bands[-1].last]
    return Figure(
        name="hazard",
        title="Chance of a rug at the next tick, by age",
        caption="Lines over the ages they stand for, with their 95 % intervals; the dashed line is "
        "the published chance. A game that remembers nothing has the same chance at every age."
        f"{_of_windows(windows)}",
        chart=behind(windows, spans_plot(rows, "tick", "hazard a tick", edges=edges), "tick"),
    )


_FAIR_HAZARD = f"{100 * V3.rug_chance:g} %"


def _of_windows(windows: Windows) -> str:
    return " Violet: the windows of the bets." if windows else ""
