"""An audit is kept whole: its record, its page with what each test can show, and its report."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.unit.fairness import histories

from vectra_player.analysis.report import Report
from vectra_player.dashboard.data import audits
from vectra_player.dashboard.data.laid_out import LaidFigure, LaidTable, laid_out
from vectra_player.dashboard.work import fairness as work
from vectra_player.errors import UsageError
from vectra_player.fairness.audit import audit
from vectra_player.fairness.audit_report import audit_report, format_p
from vectra_player.fairness.null import fair_null
from vectra_player.fairness.reach import REACH
from vectra_player.fairness.results import Audit
from vectra_player.store.layout import DataDir


@pytest.fixture(scope="module")
def result() -> Audit:
    return audit(histories.fair(60, 5), null=fair_null(2_000))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return DataDir.open_or_create(tmp_path).root


@pytest.fixture(scope="module")
def report(result: Audit) -> Report:
    return audit_report(result)


@pytest.fixture
def head(root: Path, result: Audit, report: Report) -> audits.AuditHead:
    return audits.keep(root, result, laid_out(report), report.html(), "files")


def test_every_test_says_what_it_can_and_cannot_show(result: Audit) -> None:
    assert list(REACH) == [finding.key for finding in result.findings]
    for reach in REACH.values():
        assert reach.shows
        assert reach.cannot
        assert not reach.shows.endswith(".")


def test_a_kept_audit_has_the_words_and_numbers_of_the_command(
    root: Path, result: Audit, head: audits.AuditHead
) -> None:
    found = audits.read_audit(root, head.id)
    assert found is not None
    assert found.conclusions == result.conclusions
    assert found.cannot_show == result.cannot_show
    assert (head.headline, head.state) == (result.conclusions[0], "files")
    for line, finding in zip(found.tests, result.findings, strict=True):
        assert line.title == finding.title
        assert line.p == (None if finding.p is None else format_p(finding.p))
        assert line.p_holm == (None if finding.p_holm is None else format_p(finding.p_holm))
        assert line.departs == finding.departs
        assert line.result == (finding.note or "agrees")
    record = (DataDir(root).results / "audits" / head.id / "audit.json").read_bytes()
    assert msgspec.json.decode(record, type=Audit) == result


def test_figures_follow_the_theme_and_what_is_told_elsewhere_is_left_out(
    root: Path, head: audits.AuditHead
) -> None:
    found = audits.read_audit(root, head.id)
    assert found is not None
    titles = [section.title for section in found.report.sections]
    assert "How often games rug" in titles
    assert "Statistical tests" not in titles
    assert "What this cannot show" not in titles
    parts = [part for section in found.report.sections for part in section.parts]
    figures = [part for part in parts if isinstance(part, LaidFigure)]
    assert len(figures) >= 3
    assert all("var(--" in figure.svg and "<script" not in figure.svg for figure in figures)
    assert any(isinstance(part, LaidTable) for part in parts)


def test_the_report_is_the_one_file_of_the_command(
    root: Path, report: Report, head: audits.AuditHead
) -> None:
    path = audits.report_of(root, head.id)
    assert path is not None
    assert path.read_text("utf-8") == report.html()


def test_audits_are_listed_newest_first_and_a_broken_one_is_passed_over(
    root: Path, result: Audit, report: Report, head: audits.AuditHead
) -> None:
    again = audits.keep(root, result, laid_out(report), "", "")
    broken = DataDir(root).results / "audits" / "9999999999999-000000"
    broken.mkdir()
    (broken / "head.json").write_text("{")
    ids = sorted([head.id, again.id], reverse=True)
    assert [one.id for one in audits.kept_audits(root)] == ids
    assert audits.read_audit(root, broken.name) is None


def test_an_audit_without_a_game_is_refused_and_nothing_is_kept(root: Path) -> None:
    with pytest.raises(UsageError, match="No finished game"):
        work.audit_games(root, {"origin": "real", "seed": 1}, lambda *progress: None)
    assert audits.kept_audits(root) == []
