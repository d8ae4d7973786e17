"""Knobs and reports of the writer: frozen records, nothing else.

Used by `store` and by whoever opens a store or shows its state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

MIB = 1 << 20

Step = Callable[[str], None]
"""Called with the name of each step that matters for crash safety; tests stop there."""

HaltKind = Literal["disk", "queue", "bug"]


def no_step(name: str) -> None:
    """Go on."""


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the writer groups, files and compacts.

    group_*: a journal commit waits at most so long, and a blob holds at most so much.
    queue_*: frames that wait for the disk; beyond it capture halts loudly.
    file_*: filing starts after so long, so many frames or so many bytes of raw text.
    """

    group_ms: int = 50
    group_frames: int = 500
    group_bytes: int = 4 * MIB
    queue_frames: int = 100_000
    queue_bytes: int = 128 * MIB
    file_interval_s: float = 60.0
    file_frames: int = 50_000
    file_bytes: int = 32 * MIB
    import_group_frames: int = 5_000
    reserve_bytes: int = 64 * MIB
    resume_margin_bytes: int = 16 * MIB
    retry_s: float = 0.25
    stop_timeout_s: float = 30.0
    auto_compact: bool = True
    compact_file_bytes: int = 256 * MIB
    compact_memory_bytes: int = 512 * MIB
    retire_s: float = 1.0


class Halt(msgspec.Struct, frozen=True):
    """Why capture stopped."""

    kind: HaltKind
    reason: str
    since_us: int


class FilingReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one filing did."""

    frames: int = 0
    rows: Mapping[str, int] = {}
    files: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    damaged_groups: int = 0
    failures: int = 0
    seconds: float = 0.0


class CompactionReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one compaction did; `skipped` says why a day was left as it is."""

    days: int = 0
    files_before: int = 0
    files_after: int = 0
    rows: int = 0
    skipped: tuple[str, ...] = ()
    seconds: float = 0.0


class StoreStats(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a running store."""

    session_id: str | None
    events: int
    received: int
    sent: int
    facts: int
    queued: int
    queued_bytes: int
    durable_seq: int
    filed_seq: int
    last_receipt: int
    groups: int
    journal_bytes: int
    backlog_frames: int
    files_written: int
    rows_filed: int
    refused: int
    halted_reason: str | None
    last_error: str | None
