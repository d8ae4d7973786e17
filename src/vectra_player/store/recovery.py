"""What opening a store does about an earlier end that was not clean.

Files that were on their way into the dataset arrive, leftovers of staging go, a filing that was
cut short is done again, and each session that never ended gets `vectra.crash_recovered` as its last
event. Used by `store.writer` only.
"""

from __future__ import annotations

from typing import NamedTuple

from vectra_player.clock import Clock
from vectra_player.model.frame import fact
from vectra_player.store.arrivals import finish_arrivals
from vectra_player.store.filing import Filer
from vectra_player.store.fsops import FileOps, remove_tree
from vectra_player.store.groups import GroupEncoder
from vectra_player.store.ingest import Ingest
from vectra_player.store.journal import Journal
from vectra_player.store.layout import DataDir, iso
from vectra_player.store.settings import FilingReport, Step

OWN_PREFIXES = ("file-", "compact-", "duckdb-")
"""Names in `staging/` that only the writer makes; others may be somebody's running export."""


class RecoveryReport(NamedTuple):
    """What had to be put right."""

    crashed_sessions: tuple[str, ...]
    plan_redone: bool
    filed: FilingReport


def recover(
    data_dir: DataDir, ingest: Ingest, filer: Filer, clock: Clock, ops: FileOps, step: Step
) -> RecoveryReport:
    """Bring the store to the state a clean stop would have left; can itself be cut short.

    Raises:
        DiskError: the disk refused; nothing is lost.
    """
    finish_arrivals(data_dir, ops, step)
    clean_staging(data_dir, ops)
    redo = ingest.call(Journal.plan) is not None
    crashed = ingest.call(lambda journal: _end_crashed(journal, clock))
    step("recovery.sessions_ended")
    return RecoveryReport(tuple(crashed), redo, filer.run(redo=redo))


def clean_staging(data_dir: DataDir, ops: FileOps) -> None:
    """Remove what a killed filing or compaction left behind."""
    leftovers = sorted(
        path for path in data_dir.staging.iterdir() if path.name.startswith(OWN_PREFIXES)
    )
    if not leftovers:
        return
    # An exchange of directories may be visible but not on disk yet: were the old directory's files
    # removed first and the exchange then undone by a power loss, a whole day would be gone.
    for doc_type in data_dir.events.iterdir():
        if doc_type.is_dir():
            ops.fsync_dir(doc_type)
    ops.fsync_dir(data_dir.staging)
    for path in leftovers:
        remove_tree(ops, path)


def _end_crashed(journal: Journal, clock: Clock) -> list[str]:
    encoder = GroupEncoder()
    ended = []
    for session in journal.open_sessions("live"):
        now = clock.now_us()
        last_seq = journal.last_seq(session.session_id)
        frame = fact(
            "crash_recovered",
            {"last_seq": last_seq, "recovered_at": iso(now)},
            ts=now,
            source=session.source,
            origin=session.origin,
        )
        journal.put(encoder.encode(session.session_id, last_seq + 1, [frame]))
        journal.set_state(session.session_id, "ended")
        ended.append(session.session_id)
    return ended
