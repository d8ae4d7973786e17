"""Bring many frames of an import into the journal quickly, with the same exactly-once guarantee.

Frames are numbered by the caller from their place in the imported file, so that a second run can
tell what is there already. Used by `store.writer` only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Final, NamedTuple

from vectra_player.clock import Clock
from vectra_player.errors import UsageError
from vectra_player.model.frame import Frame
from vectra_player.store.filing import Filer
from vectra_player.store.groups import Group, GroupEncoder, split
from vectra_player.store.ingest import Ingest
from vectra_player.store.journal import Journal, Session, SessionState
from vectra_player.store.settings import StoreSettings

_BACKLOG_PLANS = 4
"""How many plans may wait before the importing thread files some itself."""


class _Known(NamedTuple):
    last_seq: int
    ended: bool


class BulkLoader:
    """The import path of one open store; not to be shared by threads."""

    def __init__(self, ingest: Ingest, filer: Filer, settings: StoreSettings, clock: Clock) -> None:
        self._ingest: Final = ingest
        self._filer: Final = filer
        self._settings: Final = settings
        self._clock: Final = clock
        self._encoder: Final = GroupEncoder()

    def known_seq(self, session_id: str) -> int:
        """Return the highest seq the journal knows to be durable; 0 for an unknown session."""
        return int(self._ingest.call(lambda journal: journal.last_seq(session_id)))

    def load(
        self,
        session_id: str,
        frames: Iterable[Frame],
        first_seq: int,
        *,
        last: bool,
        fill: bool = False,
    ) -> int:
        """Journal frames `first_seq`, `first_seq` + 1, ...; return how many were new.

        Frames the session already holds are passed over, so a repeated call changes nothing.
        `fill`: seqs below the highest held are new all the same, the caller has looked.

        Raises:
            UsageError: `first_seq` is below 1.
            DiskError: the disk refused; repeat the call when it is well again.
        """
        if first_seq < 1:
            raise UsageError(f"A session starts at seq 1, not {first_seq}.")
        known = self._ingest.call(lambda journal: _known(journal, session_id))
        skip = 0 if fill else max(0, known.last_seq - first_seq + 1)
        todo: Iterator[Frame] = islice(iter(frames), skip, None)
        head = list(islice(todo, 1))
        if not head:
            if last and not known.ended:
                self._put(session_id, [], self._last_group(session_id, known.last_seq))
            return 0
        seq, count = first_seq + skip, 0
        todo = chain(head, todo)
        ahead = list(islice(todo, self._settings.import_group_frames))
        while ahead:
            chunk, ahead = ahead, list(islice(todo, self._settings.import_group_frames))
            final = last and not ahead
            count += self._load_chunk(session_id, chunk, seq + count, final=final)
        return count

    def _load_chunk(
        self, session_id: str, chunk: list[Frame], first_seq: int, *, final: bool
    ) -> int:
        groups = []
        seq = first_seq
        limits = self._settings
        for run in split(chunk, limits.import_group_frames, limits.group_bytes):
            end = final and seq + len(run) == first_seq + len(chunk)
            groups.append(self._encoder.encode(session_id, seq, run, final=end))
            seq += len(run)
        self._put(session_id, chunk, *groups)
        return len(chunk)

    def _last_group(self, session_id: str, last_seq: int) -> Group:
        # No frame is new, but the import has ended: a group without frames carries that.
        return self._encoder.encode(session_id, last_seq + 1, [], final=True)

    def _put(self, session_id: str, frames: list[Frame], *groups: Group) -> None:
        first = frames[0] if frames else None
        session = Session(
            session_id=session_id,
            kind="import",
            source=first.source if first else "import",
            origin=first.origin if first else "",
            started_us=first.ts if first else self._clock.now_us(),
            state="open",
            filed_seq=0,
        )
        state: SessionState = "ended" if groups[-1].final else "open"

        def operation(journal: Journal) -> None:
            journal.add_session(session)
            journal.set_state(session_id, state)
            for group in groups:
                journal.put(group)

        self._ingest.call(operation)
        self._ingest.grew(len(frames), sum(group.raw_bytes for group in groups))
        limits, backlog = self._settings, self._ingest.backlog
        if (
            backlog.frames > _BACKLOG_PLANS * limits.file_frames
            or backlog.raw_bytes > _BACKLOG_PLANS * limits.file_bytes
        ):
            self._filer.run()


def _known(journal: Journal, session_id: str) -> _Known:
    session = journal.session(session_id)
    return _Known(journal.last_seq(session_id), session is not None and session.state == "ended")
