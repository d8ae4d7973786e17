"""One definition a plot: a Vega-Lite chart that becomes SVG, PNG or part of a page.

The modules that know a result build its chart with altair and wrap it in a `Figure`; reports,
commands and pages all draw that. Colours are the product's tokens: `charts.token("up")`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vectra_player.errors import UsageError

if TYPE_CHECKING:
    import altair

STYLESHEET = Path(__file__).resolve().parent.parent / "web" / "static" / "vectra.css"
WIDTH, HEIGHT = 640, 280
PNG_SCALE = 2.0

_TOKEN = re.compile(r"--([a-z-]+):\s*(#[0-9a-f]{6})")


@dataclass(frozen=True)
class Figure:
    """A plot with what it shows in words: `name` is its file name, `caption` how to read it."""

    name: str
    title: str
    caption: str
    chart: altair.TopLevelMixin

    def spec(self, *, width: int = WIDTH) -> dict[str, Any]:
        """Return the Vega-Lite specification with the product's look; `width` in CSS pixels."""
        spec: dict[str, Any] = self.chart.to_dict()
        return spec | {"config": spec.get("config", {}) | _look(width)}

    def svg(self, *, follow_theme: bool = False, width: int = WIDTH) -> str:
        """Draw as SVG; with `follow_theme` its colours are the page's own, light or dark.

        `width` is that of the plot itself, axes beside it: a page draws as wide as it has room, so
        that letters keep their size.
        """
        drawn = self._drawn.get(width)
        if drawn is None:
            import vl_convert

            drawn = self._drawn[width] = vl_convert.vegalite_to_svg(self.spec(width=width))
        return _themed(drawn) if follow_theme else drawn

    @cached_property
    def _drawn(self) -> dict[int, str]:
        """Drawings by width: a page and a report that show a figure both do not draw it twice."""
        return {}

    def png(self) -> bytes:
        """Draw as PNG, light, twice its size in CSS pixels."""
        import vl_convert

        drawn: bytes = vl_convert.vegalite_to_png(self.spec(), scale=PNG_SCALE)
        return drawn

    def save(self, path: Path) -> None:
        """Write a .svg or .png file. Raises UsageError for another ending."""
        match path.suffix:
            case ".svg":
                path.write_text(self.svg(), "utf-8")
            case ".png":
                path.write_bytes(self.png())
            case other:
                raise UsageError(f"A plot is written as .svg or .png, not as {other!r}.")


def chart_of(rows: Sequence[Mapping[str, Any]]) -> altair.Chart:
    """Begin a chart over rows of plain values, which it carries within itself."""
    import altair

    return altair.Chart(altair.Data(values=list(rows)))  # type: ignore[no-untyped-call]


@cache
def _light() -> dict[str, str]:
    """Return the light theme's colours by token, as the stylesheet has them."""
    text = STYLESHEET.read_text("utf-8")
    return dict(_TOKEN.findall(text[text.index(':root[data-theme="light"]') :].split("}")[0]))


def token(name: str) -> str:
    """Return a colour of the product: up, down, rug, own, sidebet, text, muted, line, surface."""
    return _light()[name]


def _themed(svg: str) -> str:
    """Let the page's theme colour a drawing: token colours become the tokens themselves."""
    by_colour = {colour: name for name, colour in reversed(_light().items())}
    return re.sub(
        r'(fill|stroke)="(#[0-9a-f]{6})"',
        lambda found: (
            f'{found[1]}="var(--{by_colour[found[2]]})"' if found[2] in by_colour else found[0]
        ),
        svg,
    )


def _look(width: int) -> dict[str, Any]:
    text, muted, line = token("text"), token("muted"), token("line")
    colours = ("own", "rug", "sidebet", "up", "down", "muted")
    return {
        "font": "system-ui, 'DejaVu Sans', sans-serif",
        "background": "transparent",
        "view": {
            "continuousWidth": width,
            "discreteWidth": width,
            "continuousHeight": HEIGHT,
            "stroke": None,
        },
        "axis": {
            "domainColor": line,
            "gridColor": line,
            "tickColor": line,
            "labelColor": muted,
            "labelFontSize": 11,
            "titleColor": muted,
            "titleFontSize": 11,
            "titleFontWeight": "normal",
        },
        "legend": {"labelColor": muted, "titleColor": muted, "orient": "top"},
        "title": {"color": text, "anchor": "start", "fontSize": 13},
        "line": {"color": token("own"), "strokeWidth": 1.5},
        "area": {"color": token("own"), "opacity": 0.18},
        "bar": {"color": token("own")},
        "point": {"color": token("own"), "filled": True},
        "rule": {"color": muted},
        "range": {"category": [token(name) for name in colours]},
    }
