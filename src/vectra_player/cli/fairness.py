"""`verify` and `audit`: was each revealed game fair, and are all of them together?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vectra_player.cli.arguments import Working
from vectra_player.cli.bundles import unbundled
from vectra_player.cli.counting import counted
from vectra_player.cli.data import OriginChoice
from vectra_player.cli.session import FOUND_WRONG, Session, say
from vectra_player.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vectra_player.fairness.checks import GameCheck, Verification
    from vectra_player.fairness.evidence import Evidence
    from vectra_player.fairness.results import Audit
    from vectra_player.store.reads import StoreReader

_WHERE = {"real": "the real site", "demo": "the demo server", "all": "any server"}
_SHOWN = 20
"""Games listed one by one on a terminal; --json lists all."""


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command(epilog="Example: vectra-player verify --all")(verify)
    app.command(epilog="Example: vectra-player audit --report audit.html")(audit)


@unbundled
def verify(
    context: typer.Context,
    game_ids: Annotated[
        list[str] | None, typer.Argument(help="Games to verify; none means all.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="Verify a file of history entries instead of the store.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Verify every revealed game.")] = False,
    origin: Annotated[
        OriginChoice, typer.Option(help="Games of the real site, of the demo server, or all.")
    ] = OriginChoice.real,
    report: Annotated[
        Path | None, typer.Option(help="Write a proof page (.html) of the one game named.")
    ] = None,
    *,
    working: Working,
) -> None:
    """Recompute revealed games from their seeds and compare every recorded bit."""
    session: Session = context.obj
    named = list(game_ids or ())
    if named and all_:
        raise UsageError("Name games, or say --all, not both.")
    if report is not None and len(named) != 1:
        raise UsageError("A proof page is of one game.", advice="Name it before --report.")
    if file is not None and working.asked:
        raise UsageError("A file is verified here alone.", advice="Leave --engine and --jobs out.")
    if file is not None:
        result = _verified_file(file, named, report)
    else:
        result = _verified_store(session, named, origin, report, working)
    session.result(result.document(), lambda: _show_verification(session, result, bool(named)))
    if report is not None:
        session.note(f"Proof page: {report}")
    if result.of("failed"):
        raise typer.Exit(FOUND_WRONG)


def _verified_file(file: Path, named: Sequence[str], report: Path | None) -> Verification:
    from vectra_player.fairness.evidence import from_file
    from vectra_player.fairness.verify import verify_file

    read = from_file(file)
    if report is not None:
        _write_proof(read.only(named).evidence, report)
    return verify_file(read, named or None)


def _verified_store(
    session: Session,
    named: Sequence[str],
    origin: OriginChoice,
    report: Path | None,
    working: Working,
) -> Verification:
    from vectra_player.fairness.evidence import evidence_of
    from vectra_player.fairness.verify import verify_store

    with (
        working.opened(session, jobs=1) as engine,
        _reader(session) as reader,
        counted(session, "games") as progress,
    ):
        if report is not None:
            _write_proof(evidence_of(reader, named[0], origin.value), report)
        result = verify_store(reader, origin.value, named or None, engine=engine, progress=progress)
    if not result.games and not result.unrevealed:
        raise _nothing_recorded(origin)
    return result


def _nothing_recorded(origin: OriginChoice) -> UsageError:
    return UsageError(
        f"No finished game of {_WHERE[origin.value]} is recorded here.",
        advice="Bring recordings in with 'vectra-player import PATH', record the real site with "
        "'vectra-player record --source public', or play the demo with 'vectra-player record "
        "--games 2' and add --origin demo.",
    )


def _write_proof(evidence: Evidence, report: Path) -> None:
    """Write the page before the result is printed; a name that is no .html is refused."""
    from vectra_player.fairness.proof import proof_page

    proof_page(evidence).write(_page(report))


def _page(path: Path) -> Path:
    if path.suffix not in (".html", ".htm"):
        raise UsageError(f"{path} is no name of a page.", advice="End it in .html.")
    if not path.resolve().parent.is_dir():
        raise UsageError(f"There is no folder {path.parent}.", advice="Make it first.")
    return path


@unbundled
def audit(
    context: typer.Context,
    report: Annotated[
        Path | None, typer.Option(help="Write the audit as one page (.html) with figures.")
    ] = None,
    origin: Annotated[
        OriginChoice, typer.Option(help="Games of the real site, of the demo server, or all.")
    ] = OriginChoice.real,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the draws the tests need; same seed, same numbers.")
    ] = 1,
    *,
    working: Working,
) -> None:
    """Test all games together: replay, completeness, lengths, peaks, steps, independence."""
    from vectra_player.fairness.audit import audit_store

    session: Session = context.obj
    page = None if report is None else _page(report)
    with (
        working.opened(session, jobs=1) as engine,
        _reader(session) as reader,
        counted(session, "games") as progress,
    ):
        result = audit_store(reader, origin.value, seed=seed, engine=engine, progress=progress)
    if not result.games:
        raise _nothing_recorded(origin)
    if page is not None:
        from vectra_player.fairness.audit_report import audit_report

        audit_report(result).write(page)
    session.result(result, lambda: _show_audit(session, result))
    if page is not None:
        session.note(f"Report: {page}")
    if result.alarmed:
        raise typer.Exit(FOUND_WRONG)


def _show_audit(session: Session, result: Audit) -> None:
    from vectra_player.fairness.audit_report import format_p

    for sentence in result.conclusions:
        say(sentence)
    rows = [
        (
            found.title,
            f"{found.n:,} {found.unit}",
            None if found.p is None else format_p(found.p),
            None if found.p_holm is None else format_p(found.p_holm),
            found.note or ("departs" if found.departs else "agrees"),
        )
        for found in result.findings
    ]
    session.table("", ("test", "rests on", "p", "corrected", "result"), rows)
    session.note(f"What this cannot show: {result.cannot_show[0]}")


def _reader(session: Session) -> StoreReader:
    from vectra_player.store.reads import StoreReader

    return StoreReader(session.recordings)


def _show_verification(session: Session, result: Verification, one_by_one: bool) -> None:
    verified, failed, incomplete = (
        result.of(status) for status in ("verified", "failed", "incomplete")
    )
    say(
        f"{len(verified):,} verified, {len(failed):,} failed, {len(incomplete):,} incomplete; "
        f"{result.compared:,} recorded prices compared to the last bit."
    )
    if not result.games:
        say("No game here has a revealed seed.")
    if verified:
        _show_notes(session, result)
    listed = result.games if one_by_one else (*failed, *incomplete)
    if listed:
        session.table("", ("game", "result", "commitment", "why"), map(_line, listed[:_SHOWN]))
    if len(listed) > _SHOWN:
        session.note(f"and {len(listed) - _SHOWN:,} more; --json lists all")


def _show_notes(session: Session, result: Verification) -> None:
    counts = result.commitments()
    session.note(
        f"Commitment captured before the outcome in {counts['seen']:,} games, "
        f"after it in {counts['late']:,}, not seen in {counts['not seen']:,}."
    )
    if result.rebuilt:
        session.note(
            f"{result.rebuilt:,} rebuilt: their history entry had no prices, so hash, peak and "
            "what was heard live are the evidence."
        )
    if result.unrevealed:
        session.note(f"{result.unrevealed:,} more games have no revealed seed.")


def _line(game: GameCheck) -> tuple[str, str, str, str]:
    status = f"{game.status}, rebuilt" if game.rebuilt else game.status
    return game.game_id, status, game.commitment, game.reason
