"""Hear all recorders of a stream and keep their sessions in one store, each row once.

A message is acknowledged after the journal has its row. One that comes again is known by its key
(session_id, seq) and acknowledged at once; of two rows with one key the first is kept. The
collector is the writer of its data directory. Called by `cli`.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from vectra_player.errors import DecodeError, SourceError
from vectra_player.model.rows import WsEvent
from vectra_player.outlet.address import Address
from vectra_player.outlet.broker import BrokerError, Pull, connected
from vectra_player.outlet.held import Seqs
from vectra_player.outlet.messages import to_frame, to_row
from vectra_player.protocol.redact import scrub
from vectra_player.store.fsops import FileOps
from vectra_player.store.importers.known import KnownRecords
from vectra_player.store.importers.rederive import NOTE, Rederive
from vectra_player.store.reads import StoreReader
from vectra_player.store.writer import EventStore

if TYPE_CHECKING:
    from nats.aio.msg import Msg

log = structlog.get_logger(__name__)

BATCH: Final = 1_000
FIRST_RETRY_S: Final = 0.5
LONGEST_RETRY_S: Final = 30.0

ENDING_FACTS: Final = frozenset({"vectra.stopped", "vectra.crash_recovered"})


class Collected(msgspec.Struct, kw_only=True):
    """What a collector has done so far. `waiting` says why it hears nothing; empty: it does."""

    events: int = 0
    duplicates: int = 0
    bad_messages: int = 0
    sessions: int = 0
    waiting: str = ""


class Shelf:
    """The store as the collector fills it; its methods wait for the disk."""

    def __init__(self, store: EventStore) -> None:
        self.report: Final = Collected()
        self._store: Final = store
        self._held: dict[str, Seqs] = {}
        self._known: KnownRecords | None = None
        self._rederive: Rederive | None = None
        self._disordered: set[str] = set()
        self._quarantine: Final = store.data_dir.quarantine

    def begin(self) -> None:
        """Finish what a collector that was killed had to derive anew."""
        if (self._store.data_dir.manifests / NOTE).exists():
            self._rederiving().carry_out(self._store.hold)

    def put(self, rows: Sequence[WsEvent]) -> None:
        """Store rows that are not there yet; durable when this returns.

        Raises:
            DiskError: the disk refused. The rows may be stored or not: begin with a new shelf.
        """
        for session_id in dict.fromkeys(row.session_id for row in rows):
            held = self._seqs(session_id)
            came = [row for row in rows if row.session_id == session_id]
            # Backwards, so that the first row of a key is the one that stays.
            new = {row.seq: row for row in reversed(came) if row.seq not in held}
            self.report.duplicates += len(came) - len(new)
            for run in _runs(sorted(new.values(), key=lambda row: row.seq)):
                self._put_run(session_id, run, held)
            if any(row.event_name in ENDING_FACTS for row in new.values()):
                self.settle(session_id)

    def settle(self, session_id: str | None = None) -> None:
        """Derive anew what came in another order than it was recorded: one session, or all."""
        if self._disordered and (session_id is None or session_id in self._disordered):
            self._store.flush()
            self._rederiving().carry_out(self._store.hold)
            self._disordered.clear()

    def set_aside(self, body: bytes) -> None:
        """Keep a message that is no row of ours, for whoever wants to look. Raises OSError."""
        name = hashlib.blake2b(body, digest_size=16).hexdigest()
        path = self._quarantine / f"outlet-{name}.json"
        ops = FileOps()
        ops.unlink(path)
        ops.write(path, body)
        ops.fsync(path)
        self.report.bad_messages += 1

    def close(self) -> None:
        """File what came, settle, and free what reading took; the store stays open."""
        self._store.flush()
        self.settle()
        if self._known is not None:
            self._known.close()

    def _put_run(self, session_id: str, run: Sequence[WsEvent], held: Seqs) -> None:
        if run[0].seq <= held.last:  # the derivation has gone on without these
            self._disordered.add(session_id)
            self._rederiving().force(session_id)
        frames = [scrub(to_frame(row)) for row in run]
        self._store.import_frames(session_id, frames, run[0].seq, last=False, fill=True)
        for row in run:
            held.add(row.seq)
        self.report.events += len(run)

    def _seqs(self, session_id: str) -> Seqs:
        if session_id not in self._held:
            self._held[session_id] = self._read_seqs(session_id)
            self.report.sessions += 1
        return self._held[session_id]

    def _read_seqs(self, session_id: str) -> Seqs:
        # Nothing of a session that was not asked for yet is in the journal: opening the store
        # filed what an earlier run left there.
        with StoreReader(self._store.data_dir.root) as reader:
            table = reader.fetch(
                "SELECT min(seq) AS first, max(seq) AS last FROM ("
                " SELECT seq, seq - row_number() OVER (ORDER BY seq) AS island"
                " FROM (SELECT DISTINCT seq FROM ws_event_rows WHERE session_id = ?)"
                ") GROUP BY island ORDER BY first",
                [session_id],
            )
        return Seqs((row["first"], row["last"]) for row in table.to_pylist())

    def _rederiving(self) -> Rederive:
        if self._rederive is None:
            self._known = KnownRecords(self._store.data_dir.root)
            self._rederive = Rederive(self._store.data_dir, self._known)
        return self._rederive


class Collector:
    """Follows the stream into an open store."""

    def __init__(
        self,
        store: EventStore,
        address: Address,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`tell` is given what the report says of waiting, each time that it changes."""
        self._shelf = Shelf(store)
        self._address = address
        self._tell = tell
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Have `run` return after the messages it is at."""
        self._stop.set()

    async def run(self, *, once: bool = False) -> Collected:
        """Collect until stopped; a broker that is away is tried again and again.

        `once`: end when nothing is left in the stream, and do not wait for a broker.

        Raises:
            SourceError: with `once`, the broker cannot be used.
            DiskError: the disk refuses; what was not acknowledged comes again.
            UsageError: the credentials cannot be read.
        """
        report, wait_s = self._shelf.report, FIRST_RETRY_S
        await asyncio.to_thread(self._shelf.begin)
        try:
            while not self._stop.is_set():
                try:
                    async with connected(self._address) as broker:
                        await broker.open_stream()
                        pull = await broker.follow()
                        wait_s = FIRST_RETRY_S
                        await self._follow(pull, once=once)
                    return report
                except BrokerError as error:
                    if once:
                        raise SourceError(f"{self._address.url}: {error.message}.") from None
                    self._waits(error.message)
                await self._pause(wait_s)
                wait_s = min(LONGEST_RETRY_S, wait_s * 2)
            return report
        finally:
            await asyncio.to_thread(self._shelf.close)

    async def _follow(self, pull: Pull, *, once: bool) -> None:
        self._waits("")
        while not self._stop.is_set():
            messages = await pull.take(BATCH)
            if not messages:
                if once and not await pull.left():
                    return
                continue
            await asyncio.to_thread(self._keep, messages)
            await pull.acknowledge(messages)

    def _keep(self, messages: Sequence[Msg]) -> None:
        rows = []
        for message in messages:
            try:
                rows.append(to_row(message.data, message.headers))
            except DecodeError as error:
                log.warning("a message is set aside", reason=error.message)
                self._shelf.set_aside(message.data)
        self._shelf.put(rows)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return

    def _waits(self, reason: str) -> None:
        if self._shelf.report.waiting != reason:
            self._shelf.report.waiting = reason
            (log.warning if reason else log.info)("collecting", waiting=reason)
            self._tell(reason)


def _runs(rows: Sequence[WsEvent]) -> Iterator[list[WsEvent]]:
    """Cut sorted rows where a seq is missing."""
    run: list[WsEvent] = []
    for row in rows:
        if run and row.seq != run[-1].seq + 1:
            yield run
            run = []
        run.append(row)
    if run:
        yield run
