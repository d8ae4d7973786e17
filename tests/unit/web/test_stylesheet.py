"""The one stylesheet: colours can be read, both themes are whole, nothing comes from outside."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import vectra_player.web

STATIC = Path(vectra_player.web.__file__).parent / "static"
SHEET = re.sub(r"/\*.*?\*/", "", (STATIC / "vectra.css").read_text("utf-8"), flags=re.DOTALL)
SURFACES = ("bg", "surface", "raised")
MODES = ("live", "demo", "replay", "paper", "practice", "armed")
HUES = ("up", "down", "rug", "own", "sidebet")
TEXTS = ("text", "muted", *(f"{hue}-text" for hue in HUES), *MODES)
MARKS = (*HUES, *MODES, "edge")
FILLS = ("own", "armed")
SPECIFIED = {
    "dark": {
        "bg": "#0e1116", "surface": "#151a21", "raised": "#1c232c", "line": "#2a323d",
        "text": "#e6ebf2", "muted": "#95a1b2", "up": "#2fbf8f", "down": "#f0616d",
        "rug": "#ff8a3d", "own": "#5aa9ff", "sidebet": "#b58cff", "live": "#2fbf8f",
        "demo": "#8b98a9", "replay": "#b58cff", "paper": "#5aa9ff", "practice": "#8b98a9",
        "armed": "#f0616d",
    },
    "light": {
        "bg": "#f7f8fa", "surface": "#ffffff", "raised": "#eef1f5", "line": "#d7dde5",
        "text": "#121820", "muted": "#566273", "up": "#0b8a62", "down": "#c9303f",
        "rug": "#c2540a", "own": "#1769d1", "sidebet": "#6d3fd1",
    },
}  # fmt: skip


def tokens(selector: str) -> dict[str, str]:
    """Return the custom properties of the first rule with a selector."""
    body = SHEET.split(selector + " {", 1)[1].split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+): ([^;]+);", body))


DARK = tokens(":root")
LIGHT = tokens(':root[data-theme="light"]')
THEMES = {"dark": DARK, "light": DARK | LIGHT}


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", TEXTS)
def test_text_can_be_read_on_every_surface(theme: str, name: str) -> None:
    values = THEMES[theme]
    for surface in SURFACES:
        assert contrast(values[name], values[surface]) >= 4.5, surface


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", MARKS)
def test_marks_and_outlines_can_be_seen_on_every_surface(theme: str, name: str) -> None:
    values = THEMES[theme]
    for surface in SURFACES:
        assert contrast(values[name], values[surface]) >= 3, surface


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", FILLS)
def test_text_on_a_filled_mark_can_be_read(theme: str, name: str) -> None:
    assert contrast(THEMES[theme]["on-mark"], THEMES[theme][name]) >= 4.5


@pytest.mark.parametrize("theme", SPECIFIED)
def test_tokens_are_those_that_were_specified(theme: str) -> None:
    assert SPECIFIED[theme].items() <= THEMES[theme].items()


def test_the_system_preference_gives_the_same_light_theme_as_the_choice() -> None:
    assert tokens(':root:not([data-theme="dark"])') == LIGHT


def test_every_colour_of_the_dark_theme_has_a_light_one() -> None:
    coloured = {name for name, value in DARK.items() if value.startswith(("#", "rgb"))}
    assert coloured <= {*LIGHT}


def test_every_token_that_is_used_is_there_and_no_text_has_a_marks_colour() -> None:
    used = set(re.findall(r"var\(--([\w-]+)", SHEET))
    assert used - DARK.keys() == {"mode"}  # set by the page's mode
    as_text = set(re.findall(r"(?<![\w-])color: var\(--([\w-]+)\)", SHEET))
    assert as_text <= {*TEXTS, "on-mark"}


def test_colours_stand_in_the_tokens_only() -> None:
    rules = SHEET.split("*, *::before", 1)[1].split("@media print")[0]
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", rules) == []


def test_nothing_is_loaded_from_outside() -> None:
    assert not re.search(r"url\(|@import|https?:", SHEET)


@pytest.mark.parametrize(
    "feature",
    [
        "prefers-reduced-motion: reduce",
        "prefers-color-scheme: light",
        "@media print",
        ":focus-visible",
        "tabular-nums",
        "max-width: 639px",
    ],
)
def test_what_readers_need_is_there(feature: str) -> None:
    assert feature in SHEET
