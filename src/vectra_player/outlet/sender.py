"""Send what is durable, session by session in order of seq, for as long as there is something.

Runs in a process of its own beside the recorder, or alone. A row is sent after the journal has it
and counts as sent once the broker has it; whatever stops in between, it is sent again. The broker
losing what it had acknowledged is noticed when a connection begins and every few seconds, and all
that nobody has collected is sent once more. Called by `app.outlet`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Literal

import msgspec
import structlog

from vectra_player.outlet.address import Address
from vectra_player.outlet.broker import Broker, BrokerError, StreamState, connected
from vectra_player.outlet.messages import Message, key_of, to_message
from vectra_player.outlet.positions import Positions, Receipt
from vectra_player.store.tail import Extent, Stretch, Tail

log = structlog.get_logger(__name__)

BATCH_EVENTS: Final = 500
BATCH_BYTES: Final = 4 << 20
"""About so much is on its way at once, and in memory."""

CHECK_S: Final = 5.0
"""So often the stream is looked at: is it the same, how much of it has been collected."""

FULL_LOOK_S: Final = 10.0
"""So often all sessions are looked at: one may have been ended and filed between two looks."""

FIRST_RETRY_S: Final = 0.5
LONGEST_RETRY_S: Final = 30.0

State = Literal["connected", "waiting"]


class Progress(msgspec.Struct, frozen=True):
    """What the sender is doing. `reason` says why it waits; `sent` counts since its start."""

    state: State
    reason: str = ""
    sent: int = 0
    too_long: int = 0


class Sender:
    """The one sender of a data directory; `run` it on an event loop."""

    def __init__(
        self,
        tail: Tail,
        positions: Positions,
        address: Address,
        tell: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self.progress = Progress("waiting", "not connected yet")
        self._tail = tail
        self._positions = positions
        self._address = address
        self._tell = tell
        self._wake = asyncio.Event()
        self._closing = False
        self._stream = StreamState("", 0, 0, 0)
        self._unmarked: dict[str, int] = {}

    def wake(self) -> None:
        """Say that there may be something new."""
        self._wake.set()

    def close(self) -> None:
        """Have `run` return once nothing is left, or the broker is away."""
        self._closing = True
        self._wake.set()

    async def run(self) -> None:
        """Send until closed; a broker that is away is tried again and again.

        Raises:
            DiskError: journal or recordings cannot be read.
            UsageError: the credentials cannot be read.
        """
        if not self._positions.begun:
            self._positions.begin(self._tail.extents(all_sessions=True))
        wait_s = FIRST_RETRY_S
        while True:
            try:
                async with connected(self._address) as broker:
                    await self._begin(broker)
                    wait_s = FIRST_RETRY_S
                    await self._serve(broker)
                return
            except BrokerError as error:
                self._waits(error.message)
            self._tail.close()
            if self._closing:
                return
            await self._pause(wait_s)
            wait_s = min(LONGEST_RETRY_S, wait_s * 2)

    async def _serve(self, broker: Broker) -> None:
        """Send what there is and what comes. Raises BrokerError."""
        loop = asyncio.get_running_loop()
        full_look = check = loop.time()
        while True:
            self._wake.clear()
            look_everywhere = self._closing or loop.time() >= full_look
            if look_everywhere:
                full_look = loop.time() + FULL_LOOK_S
            for extent in self._tail.extents(all_sessions=look_everywhere):
                await self._send_session(broker, extent)
            done = self._closing and not self._wake.is_set()
            if done or loop.time() >= check:
                check = loop.time() + CHECK_S
                if await self._check(broker):
                    full_look = loop.time()
                    continue
            if done:
                return
            await self._pause(check - loop.time())

    async def _pause(self, seconds: float) -> None:
        if self._closing:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _begin(self, broker: Broker) -> None:
        """Find out whether the stream still holds what it acknowledged. Raises BrokerError."""
        self._stream = await broker.open_stream()
        receipt = self._positions.receipt()
        if receipt is not None:
            if await _lost(broker, self._stream, receipt):
                self._rewind()
            else:
                # Whatever was sent stands at or before the newest: also what has no mark yet.
                self._unmarked = dict.fromkeys(self._positions.uncollected(), receipt.stream_seq)
                self._note_collected(self._stream)
        self._connected()

    async def _check(self, broker: Broker) -> bool:
        """Note what has been collected; true when the stream is another one."""
        state = await broker.open_stream()
        if state.created != self._stream.created:
            self._stream = state
            self._rewind()
            return True
        self._stream = state
        self._note_collected(state)
        return False

    def _note_collected(self, state: StreamState) -> None:
        for session_id, stream_seq in self._unmarked.items():
            self._positions.mark(session_id, stream_seq)
        self._unmarked.clear()
        self._positions.collected(state.first_seq - 1)

    def _rewind(self) -> None:
        self._unmarked.clear()
        again = self._positions.rewind()
        log.warning(
            "the broker has lost its stream; what nobody collected is sent again", seqs=again
        )

    async def _send_session(self, broker: Broker, extent: Extent) -> None:
        session_id = extent.session_id
        while (after := self._positions.sent(session_id)) < extent.last_seq:
            found = self._tail.read(session_id, after, BATCH_EVENTS, BATCH_BYTES)
            if found.through == after:  # a damaged group that filing sets aside
                return
            await self._send(broker, session_id, found)

    async def _send(self, broker: Broker, session_id: str, found: Stretch) -> None:
        """Send rows of a session; the position moves as far as they were taken in order."""
        messages: list[Message] = []
        seqs: list[int] = []
        for row in found.rows:
            message = to_message(row, broker.max_bytes)
            if message is None:
                self._tell_too_long(session_id, row.seq)
                continue
            messages.append(message)
            seqs.append(row.seq)
        through, reason = found.through, ""
        receipt = None
        if messages:
            done = await broker.publish(messages)
            if done.reason:
                through, reason = (seqs[done.events - 1] if done.events else 0), done.reason
            if done.events:
                key = key_of(session_id, seqs[done.events - 1])
                receipt = Receipt(self._stream.created, done.stream_seq, key)
                self._unmarked[session_id] = done.stream_seq
            self.progress = msgspec.structs.replace(
                self.progress, sent=self.progress.sent + done.events
            )
        if through:
            self._positions.advance(session_id, through, receipt)
        if reason:
            raise BrokerError(reason)

    def _tell_too_long(self, session_id: str, seq: int) -> None:
        log.error("an event is too long for the broker and stays here", session=session_id, seq=seq)
        self.progress = msgspec.structs.replace(self.progress, too_long=self.progress.too_long + 1)
        self._tell(self.progress)

    def _connected(self) -> None:
        if self.progress.state != "connected":
            log.info("the outlet is connected", broker=self._address.url)
        self.progress = msgspec.structs.replace(self.progress, state="connected", reason="")
        self._tell(self.progress)

    def _waits(self, reason: str) -> None:
        if (self.progress.state, self.progress.reason) == ("waiting", reason):
            return
        log.warning("the outlet waits", broker=self._address.url, reason=reason)
        self.progress = msgspec.structs.replace(self.progress, state="waiting", reason=reason)
        self._tell(self.progress)


async def _lost(broker: Broker, stream: StreamState, receipt: Receipt) -> bool:
    """Tell whether the stream has lost what it last acknowledged; it acknowledges before its disk.

    The newest row stands for all before it: a log that was cut short has lost its end.
    """
    if stream.created != receipt.created or stream.last_seq < receipt.stream_seq:
        return True
    if receipt.stream_seq < stream.first_seq:
        return False  # collected
    return not await broker.holds(receipt.stream_seq, receipt.key)
