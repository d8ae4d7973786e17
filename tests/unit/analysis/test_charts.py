"""A plot has one definition, which becomes SVG, PNG or part of a page in the product's colours."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import altair
import pytest

from vectra_player.analysis.charts import HEIGHT, WIDTH, Figure, chart_of, token
from vectra_player.errors import UsageError


def make_figure() -> Figure:
    chart = (
        chart_of([{"tick": 0, "price": 1.0}, {"tick": 1, "price": 1.25}])
        .mark_line(color=token("rug"))
        .encode(x="tick:Q", y="price:Q")
    )
    return Figure("path", "A path", "Up is up.", chart)


def test_the_specification_holds_its_own_rows_and_the_look() -> None:
    spec = make_figure().spec()
    assert spec["data"]["values"] == [{"tick": 0, "price": 1.0}, {"tick": 1, "price": 1.25}]
    assert spec["config"]["view"]["continuousWidth"] == WIDTH
    assert spec["config"]["line"]["color"] == token("own")


def test_a_chart_of_classes_is_as_wide_as_one_of_numbers() -> None:
    bars = chart_of([{"kind": "a", "n": 1}]).mark_bar().encode(x="kind:N", y="n:Q")
    (width,) = re.findall(r'^<svg[^>]* width="(\d+)"', Figure("bars", "", "", bars).svg())
    assert int(width) > WIDTH


def test_a_page_draws_as_wide_as_it_has_room() -> None:
    widths = [
        int(re.findall(r'^<svg[^>]* width="(\d+)"', make_figure().svg(width=width))[0])
        for width in (300, 700)
    ]
    assert widths[1] - widths[0] == 400


def test_colours_are_those_of_the_stylesheet() -> None:
    assert re.fullmatch(r"#[0-9a-f]{6}", token("own"))
    assert len({token(name) for name in ("up", "down", "rug", "own", "sidebet")}) == 5
    with pytest.raises(KeyError):
        token("mauve")


def test_a_drawing_follows_the_theme_only_where_asked() -> None:
    figure = make_figure()
    plain, themed = figure.svg(), figure.svg(follow_theme=True)
    assert token("rug") in plain
    assert "var(--" not in plain
    assert 'stroke="var(--rug)"' in themed
    assert token("rug") not in themed


def test_a_png_has_twice_the_pixels() -> None:
    data = make_figure().png()
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    assert width > 2 * WIDTH
    assert height > 2 * HEIGHT


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_a_figure_is_saved_by_its_ending(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"plot.{ending}"
    make_figure().save(path)
    assert path.read_bytes()[:4] in (b"<svg", b"\x89PNG")


def test_another_ending_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.svg or \.png"):
        make_figure().save(tmp_path / "plot.gif")
    assert list(tmp_path.iterdir()) == []


def test_layers_share_the_look() -> None:
    line = chart_of([{"x": 1, "y": 2}]).mark_rule().encode(y="y:Q")
    layered = altair.layer(line, line)
    assert Figure("two", "", "", layered).spec()["config"]["rule"]["color"] == token("muted")
