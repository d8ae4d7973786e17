"""Put rows of our own exports back at the seqs they had.

Used by `store.importers.job` only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from vectra_player.model.frame import Frame
from vectra_player.store.importers.known import KnownRecords
from vectra_player.store.importers.records import OwnRecord
from vectra_player.store.importers.rederive import Rederive
from vectra_player.store.importers.sink import GROUP_BYTES, GROUP_FRAMES, Store
from vectra_player.store.reads import record_key

CONFLICT = "the store holds another record at this session and seq"


class OwnSink:
    """The sessions of one import's own exports.

    Rows that come in order from seq 1 are derived as they come; sessions that were there before,
    or come in another order, have to be derived anew. `on_conflict` is told of rows whose place
    holds something else.
    """

    def __init__(
        self,
        store: Store,
        known: KnownRecords,
        rederive: Rederive,
        on_conflict: Callable[[OwnRecord], None],
    ) -> None:
        self.added = 0
        self.duplicates = 0
        self._touched: set[str] = set()
        self._disordered: set[str] = set()
        self._store = store
        self._known = known
        self._rederive = rederive
        self._on_conflict = on_conflict
        self._session = ""
        self._held: dict[int, bytes] = {}
        self._held_of: dict[str, dict[int, bytes]] = {}
        self._ends: dict[str, int] = {}
        self._waiting: list[OwnRecord] = []
        self._bytes = 0

    @property
    def unfinished(self) -> set[str]:
        """Sessions that got rows and not their end."""
        return self._touched

    def add(self, record: OwnRecord) -> bool:
        """Take one row; true when it is new."""
        if record.session_id != self._session:
            self.flush()
            self._session = record.session_id
            self._held = self._places(record.session_id)
        key = record_key(record.frame.raw)
        held = self._held.get(record.seq)
        if held is not None:
            if held == key:
                self.duplicates += 1
            else:
                self._on_conflict(record)
            return False
        self._held[record.seq] = key
        self.added += 1
        self._touched.add(record.session_id)
        self._waiting.append(record)
        self._bytes += len(record.frame.raw)
        if len(self._waiting) >= GROUP_FRAMES or self._bytes >= GROUP_BYTES:
            self.flush()
        return True

    def flush(self) -> None:
        """Store what waits, one run of consecutive seqs after the other."""
        for run in _runs(sorted(self._waiting, key=lambda record: record.seq)):
            first = run[0].seq
            end = self._ends.get(self._session, self._known.last_seq(self._session))
            if first != end + 1:
                self._disordered.add(self._session)
                self._rederive.force(self._session)
            self._rederive.add(self._session)
            frames: list[Frame] = [record.frame for record in run]
            self._store.import_frames(self._session, frames, first, last=False, fill=True)
            self._ends[self._session] = max(end, run[-1].seq)
        self._waiting, self._bytes = [], 0

    def finish(self) -> None:
        """Store what waits and end the sessions that came whole and in order."""
        self.flush()
        for name in sorted(self._touched - self._disordered - self._known.sessions.keys()):
            self._store.import_frames(name, [], self._ends[name] + 1, last=True)

    def _places(self, session_id: str) -> dict[int, bytes]:
        if session_id not in self._held_of:
            if sum(map(len, self._held_of.values())) > _MAX_PLACES:
                self._held_of = {
                    name: held for name, held in self._held_of.items() if name in self._touched
                }
            self._held_of[session_id] = self._known.by_seq(session_id)
        return self._held_of[session_id]


_MAX_PLACES = 2_000_000


def _runs(records: Sequence[OwnRecord]) -> Iterator[list[OwnRecord]]:
    """Cut sorted rows where a seq is missing."""
    run: list[OwnRecord] = []
    for record in records:
        if run and record.seq != run[-1].seq + 1:
            yield run
            run = []
        run.append(record)
    if run:
        yield run


def as_bytes(record: OwnRecord) -> bytes:
    """Return a row's content for quarantine."""
    return msgspec.json.encode(record)
