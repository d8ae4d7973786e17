"""The long work of the fairness page: verifying all games, an audit, a proof page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from vectra_player.analysis.manifest import code_digest
from vectra_player.clock import SystemClock
from vectra_player.dashboard.data import audits
from vectra_player.dashboard.data import verification_kept as kept
from vectra_player.dashboard.data.laid_out import laid_out
from vectra_player.errors import UsageError
from vectra_player.fairness import checks as checks_module
from vectra_player.fairness import evidence as evidence_module
from vectra_player.fairness import verify as verify_module
from vectra_player.fairness.audit import audit_store
from vectra_player.fairness.audit_report import audit_report
from vectra_player.fairness.evidence import evidence_of, from_store
from vectra_player.fairness.proof import proof_page
from vectra_player.fairness.verify import verify, verify_store
from vectra_player.store import observations
from vectra_player.store.dataset import open_root, vanished
from vectra_player.store.reads import StoreReader

Tell = Callable[[int, int, str], None]

FEW = 200
"""Up to so many games that are new are read one by one; more, and all are verified anew."""

_RULES = tuple(
    Path(module.__file__ or "") for module in (verify_module, evidence_module, checks_module)
)


def verify_games(data_dir: Path, request: dict[str, Any], tell: Tell) -> Any:
    """Verify what was filed since the last pass; everything where files went or rules changed."""
    rules = code_digest(_RULES)
    files = _files(data_dir)
    checks = kept.read_checks(data_dir, rules)
    fresh = _fresh_games(data_dir, files, checks.files)
    with StoreReader(data_dir) as reader:
        done = sum(
            _bring_up_to_date(reader, origin, checks, fresh, tell) for origin in kept.ORIGINS
        )
        unrevealed = {name: observations.unrevealed_count(reader, name) for name in kept.ORIGINS}
    checks.files = files
    kept.write(data_dir, checks, _summary(checks, unrevealed))
    return {"games": done}


def _files(data_dir: Path) -> kept.Files:
    root = open_root(data_dir)
    return {file.path: file.size for name in kept.DOC_TYPES for file in root.files(name)}


def _fresh_games(data_dir: Path, files: kept.Files, before: kept.Files) -> set[str] | None:
    """Return the games that new files tell of; None where a file went: then any may have changed.

    A day that is compacted or partly deleted exchanges its files.
    """
    if not before or any(files.get(path) != size for path, size in before.items()):
        return None
    root, found = open_root(data_dir), set[str]()
    for name in kept.DOC_TYPES:
        chosen = [file for file in root.files(name) if file.path not in before]
        try:
            table = root.dataset(name, chosen).to_table(columns=["game_id"])
        except Exception as error:
            if vanished(error):
                return None
            raise
        found |= {str(game) for game in pc.unique(table.column("game_id")).to_pylist()}
    return found


def _bring_up_to_date(
    reader: StoreReader,
    origin: kept.Origin,
    checks: kept.Checks,
    fresh: set[str] | None,
    tell: Tell,
) -> int:
    """Verify the games of one origin that are new, all where `fresh` is None; return how many."""
    revealed = observations.revealed_ids(reader, origin)
    known = checks.of(origin)
    wanted = revealed if fresh is None else [name for name in revealed if name in fresh]
    if fresh is None or len(wanted) > FEW:
        known.clear()
        for evidence in from_store(reader, origin):
            known.update((game.game_id, game) for game in verify(evidence))
            tell(len(known), len(revealed), "games")
        return len(known)
    for done, name in enumerate(wanted):
        tell(done, len(wanted), "games")
        known.update((game.game_id, game) for game in verify_store(reader, origin, [name]).games)
    return len(wanted)


def _summary(checks: kept.Checks, unrevealed: dict[kept.Origin, int]) -> kept.Summary:
    real, demo = (
        kept.counts_of(checks.of(name).values(), unrevealed[name]) for name in kept.ORIGINS
    )
    doubtful = [
        kept.Doubtful(name, check)
        for name in kept.ORIGINS
        for check in checks.of(name).values()
        if check.status != "verified"
    ]
    doubtful.sort(key=lambda one: one.check.game_id, reverse=True)
    doubtful.sort(key=lambda one: one.check.status != "failed")
    return kept.Summary(
        state=kept.state_of(checks.files.items()),
        made_at=SystemClock().now_us() // 1000,
        real=real,
        demo=demo,
        doubtful=doubtful,
    )


def audit_games(data_dir: Path, request: dict[str, Any], tell: Tell) -> Any:
    """Audit all games of an origin, and keep the record, its figures and its report."""
    tell(0, 3, "Testing all games")
    state = kept.state_of(_files(data_dir).items())
    with StoreReader(data_dir) as reader:
        result = audit_store(reader, request["origin"], seed=request["seed"])
    if not result.games:
        raise UsageError(
            "No finished game of this origin is recorded here.",
            advice="Record or import some, or choose another origin.",
        )
    tell(1, 3, "Drawing")
    report = audit_report(result)
    laid = laid_out(report)
    tell(2, 3, "Writing the report")
    head = audits.keep(data_dir, result, laid, report.html(), state)
    return {"id": head.id, "headline": head.headline}


def proof(data_dir: Path, request: dict[str, Any]) -> str:
    """Return the proof page of one game, as `verify GAME_ID --report` writes it."""
    with StoreReader(data_dir) as reader:
        return proof_page(evidence_of(reader, request["game_id"], "all")).html()
