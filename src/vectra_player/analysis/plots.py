"""The plots analyses share: estimates with their intervals, by name or over spans, and curves.

Used by the pages of `analysis`; altair is loaded when one is drawn. What was found has the colour
of the user's own data, the fair baseline that of a rug and a dash.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vectra_player.analysis.charts import chart_of, token
from vectra_player.analysis.intervals import Estimate

if TYPE_CHECKING:
    import altair

FOUND, FAIR = "these games", "fair game"
PERCENT = ".3~%"
DASH = [5, 4]
LEVEL_LETTERS = 90
"""Letters of all names that fit beside each other under a plot."""


def estimates_plot(
    found: Sequence[tuple[str, Estimate]],
    x_title: str,
    y_title: str,
    *,
    number: str = PERCENT,
    log: bool = False,
    zero: bool = False,
) -> altair.TopLevelMixin:
    """Draw estimates side by side in the order given: point, interval, and a dash where fair is."""
    import altair

    rows = [
        {"x": name, "value": one.value, "low": one.low, "high": one.high, "fair": one.fair}
        for name, one in found
        if one.value is not None
    ]
    scale = altair.Scale(type="log", nice=False) if log else altair.Scale(zero=zero)
    order = [name for name, _ in found]
    x = altair.X("x:N", sort=order, title=x_title, axis=altair.Axis(labelAngle=_angle(order)))
    base = chart_of(rows).encode(x=x)
    axis = altair.Axis(format=number, tickCount=5) if log else altair.Axis(format=number)
    y = altair.Y("value:Q", title=y_title, scale=scale, axis=axis)
    low = altair.Y("low:Q", title=y_title, scale=scale, axis=axis)
    intervals = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    fair = base.transform_filter("isValid(datum.fair)")
    return altair.layer(
        _of(FOUND, intervals.mark_rule(strokeWidth=2, opacity=0.6).encode(y=low, y2="high:Q")),
        _of(FAIR, fair.mark_tick(orient="horizontal", thickness=2, size=26).encode(y="fair:Q")),
        _of(FOUND, base.mark_point(size=60, filled=True, opacity=1).encode(y=y)),
    )


def _angle(names: Sequence[str]) -> int:
    """Lay names level while they have room beside each other."""
    return 0 if max(map(len, names), default=0) * len(names) <= LEVEL_LETTERS else -40


def curve_plot(rows: Sequence[dict[str, Any]], x_title: str, y_title: str) -> altair.TopLevelMixin:
    """Draw a step curve with its band over {"x", "value", "low", "high", "fair"} rows."""
    import altair

    base = chart_of(rows).encode(x=altair.X("x:Q", title=x_title))
    axis = altair.Axis(format="%")
    y = altair.Y("value:Q", title=y_title, axis=axis)
    low = altair.Y("low:Q", title=y_title, axis=axis)
    band = base.mark_area(interpolate="step-after").encode(y=low, y2="high:Q")
    return altair.layer(
        _of(FOUND, band),
        _of(FAIR, base.mark_line(strokeDash=DASH, strokeWidth=1.5).encode(y="fair:Q")),
        _of(FOUND, base.mark_line(interpolate="step-after").encode(y=y)),
    )


def spans_plot(
    rows: Sequence[dict[str, Any]], x_title: str, y_title: str, *, edges: Sequence[int]
) -> altair.TopLevelMixin:
    """Draw estimates over spans of x: {"from", "to", "value", "low", "high", "fair"} rows.

    The scale of x is logarithmic from the second edge on, so that spans twice as wide look alike.
    """
    import altair

    scale = altair.Scale(type="symlog", constant=edges[1], nice=False)
    x = altair.X("from:Q", title=x_title, scale=scale, axis=altair.Axis(values=list(edges)))
    base = chart_of(rows).encode(x=x, x2="to:Q")
    axis = altair.Axis(format=PERCENT)
    y = altair.Y("value:Q", title=y_title, axis=axis)
    low = altair.Y("low:Q", title=y_title, axis=axis)
    intervals = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    return altair.layer(
        _of(FOUND, intervals.mark_rect(opacity=0.2).encode(y=low, y2="high:Q")),
        _of(FAIR, base.mark_rule(strokeDash=DASH, strokeWidth=1.5).encode(y="fair:Q")),
        _of(FOUND, base.mark_rule(strokeWidth=2.5).encode(y=y)),
    )


def behind(windows: Sequence[tuple[int, int]], plot: Any, x_title: str) -> altair.TopLevelMixin:
    """Draw spans of x as numbered bands behind a plot, the windows of bets for example."""
    import altair

    if not windows:
        return plot  # type: ignore[no-any-return]
    rows = [{"from": low, "to": high, "bet": str(k)} for k, (low, high) in enumerate(windows, 1)]
    base = chart_of(rows).encode(x=altair.X("from:Q", title=x_title))
    bands = base.mark_rect(
        color=token("sidebet"), opacity=0.16, stroke=token("sidebet"), strokeWidth=0.5
    )
    names = base.mark_text(align="left", dx=3, dy=9, fontSize=11, color=token("sidebet"))
    return altair.layer(
        bands.encode(x2="to:Q"), plot, names.encode(y=altair.value(0), text="bet:N")
    )


def _of(name: str, layer: altair.Chart) -> altair.Chart:
    """Give a layer the colour and the place in the legend of what it shows."""
    import altair

    scale = altair.Scale(domain=[FOUND, FAIR], range=[token("own"), token("rug")])
    legend = altair.Legend(symbolType="square", symbolOpacity=1, symbolStrokeWidth=0)
    colour = altair.Color("shown:N", scale=scale, legend=legend, title=None)
    return layer.transform_calculate(shown=f"'{name}'").encode(color=colour)
