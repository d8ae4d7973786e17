"""Acknowledgements of messages that are sent many at a time: one inbox, one place an answer.

nats-py has this too, but one of its answers is lost where the stream refuses a message (2.16), and
a full stream is what a sender must hear of. Used by `broker` only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from vectra_player.outlet.messages import Message

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

NO_STREAM: Final = "no stream of the broker takes events: it has no JetStream, or is starting"
_EXPECTED_STREAM: Final = "Nats-Expected-Stream"


class Acknowledged(NamedTuple):
    """How many messages of a batch were taken in order, up to which place of the stream.

    `reason` says why it is not all of them.
    """

    events: int
    stream_seq: int
    reason: str


class _Refusal(msgspec.Struct):
    description: str = ""
    code: int = 0


class _Answer(msgspec.Struct):
    seq: int = 0
    error: _Refusal | None = None


_DECODE = msgspec.json.Decoder(_Answer).decode


class Acks:
    """The inbox of one connection; one batch at a time."""

    def __init__(self, client: Client, stream: str) -> None:
        self._client = client
        self._stream = stream
        self._inbox = client.new_inbox()
        self._batch = 0
        self._answers: list[_Answer | None] = []
        self._missing = 0
        self._all_there = asyncio.Event()
        self._listening = False

    async def send(self, messages: Sequence[Message]) -> None:
        """Send a batch and wait until each message was answered for."""
        if not self._listening:
            await self._client.subscribe(f"{self._inbox}.*.*", cb=self._hear)
            self._listening = True
        self._batch += 1
        self._answers = [None] * len(messages)
        self._missing = len(messages)
        self._all_there.clear()
        for index, message in enumerate(messages):
            await self._client.publish(
                message.subject,
                message.body,
                reply=f"{self._inbox}.{self._batch}.{index}",
                headers={**message.headers, _EXPECTED_STREAM: self._stream},
            )
        await self._all_there.wait()

    def outcome(self) -> Acknowledged:
        """Return what has come of the batch so far."""
        taken, stream_seq = 0, 0
        for answer in self._answers:
            if answer is None or answer.error is not None:
                refused = None if answer is None else answer.error
                reason = "" if refused is None else refused.description or str(refused.code)
                return Acknowledged(taken, stream_seq, reason)
            taken, stream_seq = taken + 1, max(stream_seq, answer.seq)
        return Acknowledged(taken, stream_seq, "")

    async def _hear(self, message: Msg) -> None:
        batch, index = map(int, message.subject.rsplit(".", 2)[-2:])
        if batch != self._batch or self._answers[index] is not None:
            return
        self._answers[index] = _read(message)
        self._missing -= 1
        if not self._missing:
            self._all_there.set()


def _read(message: Msg) -> _Answer:
    if message.headers and message.headers.get("Status") == "503":
        return _Answer(error=_Refusal(NO_STREAM))
    try:
        return _DECODE(message.data)
    except msgspec.MsgspecError:
        return _Answer(error=_Refusal("the broker answers what is no acknowledgement"))
