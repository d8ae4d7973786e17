"""Audits that the fairness page ran, kept under `results/audits/`, one folder each.

The job writes them, the routes read them. `head.json` is written last: a folder that has it is
whole.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

import msgspec

from vectra_player.clock import SystemClock
from vectra_player.dashboard.data.laid_out import LaidOut
from vectra_player.fairness.audit_report import (
    CANNOT_TITLE,
    HOW_TO_READ_P,
    TESTS_TITLE,
    format_p,
)
from vectra_player.fairness.reach import REACH
from vectra_player.fairness.results import SMALL, Audit, Finding, Verdict
from vectra_player.store.fsops import FileOps, make_directories, replace_file
from vectra_player.store.layout import DataDir
from vectra_player.web.files import inside

FOLDER = "audits"
HEAD, PAGE, RECORD, REPORT = "head.json", "page.json", "audit.json", "report.html"
_TOLD = (TESTS_TITLE, CANNOT_TITLE)
"""Sections that the page shows in its own way."""


class AuditHead(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of audits shows; `made_at` in milliseconds UTC.

    state: of the files it was made of (`verification_kept.state_of`).
    """

    id: str
    made_at: int
    origin: str
    seed: int
    games: int
    verdict: Verdict
    alarmed: bool
    headline: str
    state: str


class AuditLine(msgspec.Struct, frozen=True, kw_only=True):
    """One test: what it rests on, its p-values as the command words them, and how far it reaches.

    `p` and `p_holm` (corrected for the number of tests) are None where there is too little data.
    """

    key: str
    title: str
    asks: str
    rests_on: str
    p: str | None
    p_holm: str | None
    small: bool
    departs: bool
    result: str
    shows: str
    cannot: str


class KeptAudit(msgspec.Struct, frozen=True, kw_only=True):
    """An audit as the page shows it. `report`: its further sections, with figures."""

    head: AuditHead
    conclusions: tuple[str, ...]
    cannot_show: tuple[str, ...]
    tests: list[AuditLine]
    how_to_read_p: str
    report: LaidOut


def keep(data_dir: Path, audit: Audit, report: LaidOut, html: str, state: str) -> AuditHead:
    """Write an audit into a folder of its own: its record, its page and its one-file report."""
    made_at = SystemClock().now_us() // 1000
    head = AuditHead(
        id=f"{made_at:013d}-{secrets.token_hex(3)}",
        made_at=made_at,
        origin=audit.origin,
        seed=audit.manifest["seed"],
        games=audit.games,
        verdict=audit.verdict,
        alarmed=audit.alarmed,
        headline=audit.conclusions[0],
        state=state,
    )
    page = KeptAudit(
        head=head,
        conclusions=audit.conclusions,
        cannot_show=audit.cannot_show,
        tests=[_line(finding) for finding in audit.findings],
        how_to_read_p=HOW_TO_READ_P,
        report=msgspec.structs.replace(
            report, sections=[one for one in report.sections if one.title not in _TOLD]
        ),
    )
    folder = _folder(data_dir) / head.id
    make_directories(FileOps(), folder)
    for name, text in (
        (RECORD, msgspec.json.encode(audit)),
        (REPORT, html.encode()),
        (PAGE, msgspec.json.encode(page)),
        (HEAD, msgspec.json.encode(head)),
    ):
        replace_file(FileOps(), folder / name, text)
    return head


def kept_audits(data_dir: Path) -> list[AuditHead]:
    """List the kept audits, newest first."""
    return sorted(_heads(data_dir), key=lambda head: head.id, reverse=True)


def read_audit(data_dir: Path, audit_id: str) -> KeptAudit | None:
    """Return a kept audit; None where there is none of this id."""
    found = inside(_folder(data_dir), f"{audit_id}/{PAGE}")
    with contextlib.suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode(found.read_bytes(), type=KeptAudit) if found else None
    return None


def report_of(data_dir: Path, audit_id: str) -> Path | None:
    """Return where the one-file report of a kept audit lies."""
    return inside(_folder(data_dir), f"{audit_id}/{REPORT}")


def _heads(data_dir: Path) -> Iterator[AuditHead]:
    for path in _folder(data_dir).glob(f"*/{HEAD}"):
        with contextlib.suppress(OSError, msgspec.DecodeError):
            yield msgspec.json.decode(path.read_bytes(), type=AuditHead)


def _line(finding: Finding) -> AuditLine:
    reach = REACH[finding.key]
    p, p_holm = (
        None if number is None else format_p(number) for number in (finding.p, finding.p_holm)
    )
    return AuditLine(
        key=finding.key,
        title=finding.title,
        asks=finding.asks,
        rests_on=f"{finding.n:,} {finding.unit}",
        p=p,
        p_holm=p_holm,
        small=finding.p is not None and finding.p < SMALL,
        departs=finding.departs,
        result=finding.note or ("departs" if finding.departs else "agrees"),
        shows=reach.shows,
        cannot=reach.cannot,
    )


def _folder(data_dir: Path) -> Path:
    return DataDir(data_dir).results / FOLDER
