"""A report is one file that needs no network, runs no script and shows strangers' text as text."""

from __future__ import annotations

import re
from pathlib import Path

from vectra_player.analysis.charts import Figure, chart_of
from vectra_player.analysis.report import LONGEST_NUMBER, Code, Prose, Report, Section, Table

NASTY = "<script>alert('x')</script>"


def make_figure() -> Figure:
    chart = chart_of([{"x": 1, "y": 2}]).mark_point().encode(x="x:Q", y="y:Q")
    return Figure("points", "Points", "One point.", chart)


def make_report(*parts: Prose | Code | Table | Figure) -> Report:
    return Report("Title", ("The answer.",), (Section("Heading", parts),), {"seed": "7"})


def test_every_part_is_in_the_page() -> None:
    page = make_report(
        Prose(("Some words.",)),
        Code("print(1)"),
        Table(("name", "value"), (("a", "1.5"),), "How to read it."),
        make_figure(),
    ).html()
    for text in ("Title", "The answer.", "Heading", "Some words.", "print(1)", "How to read it."):
        assert text in page
    assert page.count("<svg") == 1
    assert "One point." in page
    assert "<dt>seed</dt><dd>7</dd>" in page


def test_text_of_strangers_is_shown_and_never_run() -> None:
    page = make_report(Prose((NASTY,)), Code(NASTY), Table((NASTY,), ((NASTY,),), NASTY)).html()
    assert NASTY not in page
    assert page.count("&lt;script&gt;") == 5


def test_a_page_loads_nothing_and_allows_nothing() -> None:
    page = make_report(make_figure()).html()
    assert "default-src 'none'" in page
    assert not re.search(r"<script|<link|@import|\bsrc=|\bhref=", page)
    assert "url(" not in page.replace("url(#", "").replace('url("data:', "")


def test_columns_of_words_wrap_and_columns_of_numbers_do_not() -> None:
    words = "w" * (LONGEST_NUMBER + 1)
    table = Table(("a", "b"), (("1.25", words), ("2.5", "short")))
    assert table.words() == [False, True]
    page = make_report(table).html()
    assert page.count('<td class="words">') == 2
    assert page.count('<th scope="col" class="words">') == 1


def test_a_tall_table_scrolls_by_itself() -> None:
    rows = tuple((str(k), str(k)) for k in range(300))
    assert 'class="wide tall"' in make_report(Table(("a", "b"), rows, tall=True)).html()
    assert 'class="wide tall"' not in make_report(Table(("a", "b"), rows)).html()


def test_a_page_is_written_whole(tmp_path: Path) -> None:
    report = make_report(Prose(("ä → ✓",)))
    path = tmp_path / "report.html"
    path.write_text("old")
    report.write(path)
    assert path.read_text("utf-8") == report.html()
    assert [found.name for found in tmp_path.iterdir()] == ["report.html"]
