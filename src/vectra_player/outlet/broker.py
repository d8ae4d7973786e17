"""The edge to NATS JetStream: one connection, one stream, one durable consumer.

The stream keeps on disk what nobody has collected and refuses more when it is full; it never drops
an event that was not collected. A lost connection ends the object: who uses it connects anew, and
checks then what the stream still holds. Used by `sender`, `collector` and `app`.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from vectra_player.errors import VectraError
from vectra_player.outlet.acks import Acknowledged, Acks
from vectra_player.outlet.address import Address
from vectra_player.outlet.messages import ID_HEADER, SUBJECTS, Message

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.js.api import StreamConfig
    from nats.js.client import JetStreamContext

T = TypeVar("T")

STREAM: Final = "VECTRA"
CONSUMER: Final = "collector"
PRESENCE: Final = "vectra.collector"
"""A collector answers there while it runs."""

STREAM_BYTES: Final = 1 << 30
"""About a day of play that nobody collects; a fuller stream refuses and the sender waits."""

DUPLICATES_S: Final = 30.0
"""The broker remembers each id so long. More is memory: 30 s of catching up are 300,000 ids."""

CONNECT_S: Final = 5
CLOSE_S: Final = 1.0
ANSWER_S: Final = 15.0
ACK_WAIT_S: Final = 60.0
"""What was handed to a collector and not acknowledged by then is handed out again."""

PULL_S: Final = 1.0
WITHOUT_JETSTREAM = "the broker has no JetStream: start nats-server with -js"


class BrokerError(VectraError):
    """The broker cannot be used now; `message` says why and holds no secret."""


class StreamState(NamedTuple):
    """What the stream says of itself; what was before `first_seq` has been collected."""

    created: str
    first_seq: int
    last_seq: int
    messages: int


class Broker:
    """An open connection; see `connected`."""

    def __init__(self, client: Client, end: _End) -> None:
        self._client = client
        self._end = end
        self._js: JetStreamContext = client.jetstream(timeout=ANSWER_S)
        self._acks = Acks(client, STREAM)

    @property
    def max_bytes(self) -> int:
        """The longest body it takes, headers left room for."""
        return int(self._client.max_payload) - 1024

    async def open_stream(self) -> StreamState:
        """Make the stream if there is none, and say what it holds.

        Raises:
            BrokerError: it cannot be made, or one is there that drops what was not collected.
        """
        found = await self.look()
        if found is None:
            await self._answer(self._js.add_stream(_stream_config()))
            found = await self.look()
        if found is None:
            raise BrokerError("the broker does not keep the stream")
        return found

    async def look(self) -> StreamState | None:
        """Say what the stream holds; None when there is none. Raises BrokerError."""
        try:
            info = await self._answer(self._js.stream_info(STREAM))
        except _MissingError:
            return None
        config = info.config
        if config.discard != "new" or config.max_age or config.retention != "workqueue":
            raise BrokerError(
                f"stream {STREAM} of the broker may drop events that nobody has collected; "
                "it needs retention workqueue, discard new and no max age"
            )
        state = info.state
        return StreamState(str(info.created), state.first_seq, state.last_seq, state.messages)

    async def holds(self, stream_seq: int, key: str) -> bool:
        """Tell whether the message with this key stands at its place in the stream."""
        try:
            found = await self._answer(self._js.get_msg(STREAM, stream_seq))
        except _MissingError:
            return False
        return (found.headers or {}).get(ID_HEADER) == key

    async def publish(self, messages: Sequence[Message]) -> Acknowledged:
        """Send messages at once and wait for the broker to have each.

        A lost connection is the `reason` why not all are acknowledged.
        """
        lost = ""
        try:
            await self._answer(self._acks.send(messages))
        except BrokerError as error:
            lost = error.message
        done = self._acks.outcome()
        return done._replace(reason=done.reason or lost)

    async def follow(self) -> Pull:
        """Begin to collect, from the first message that is in the stream.

        The consumer is made anew: what a collector that was killed had taken and not acknowledged
        comes first then, not when its time is up.

        Raises:
            BrokerError: another collector follows the stream.
        """
        from nats.js.api import AckPolicy, ConsumerConfig

        if await self._followed():
            raise BrokerError("another collector follows the stream; a stream has one")
        await self._answer(self._client.subscribe(PRESENCE, cb=_here))
        with contextlib.suppress(_MissingError):
            await self._answer(self._js.delete_consumer(STREAM, CONSUMER))
        config = ConsumerConfig(
            durable_name=CONSUMER, ack_policy=AckPolicy.EXPLICIT, ack_wait=ACK_WAIT_S,
            max_ack_pending=20_000,
        )  # fmt: skip
        await self._answer(self._js.add_consumer(STREAM, config))
        subscribe = self._js.pull_subscribe_bind(consumer=CONSUMER, stream=STREAM)
        return Pull(self, await self._answer(subscribe))

    async def _followed(self) -> bool:
        from nats.errors import NoRespondersError

        async def ask() -> bool:
            try:
                await self._client.request(PRESENCE, timeout=PULL_S)
            except (NoRespondersError, TimeoutError):  # no answer: its machine is gone
                return False
            return True

        return await self._answer(ask())

    async def _answer(self, asked: Awaitable[T]) -> T:
        """Wait for an answer, but not beyond the end of the connection. Raises BrokerError."""
        try:
            async with self._end.before(ANSWER_S):
                return await asked
        except VectraError:
            raise
        except Exception as error:
            if self._end.closed:
                raise BrokerError("the connection is lost") from None
            raise _mapped(error) from None


class _End:
    """The end of a connection, which ends every wait for it."""

    def __init__(self) -> None:
        self._closed = asyncio.Event()
        self._waits: set[asyncio.Timeout] = set()

    @property
    def closed(self) -> bool:
        """Tell whether it has come."""
        return self._closed.is_set()

    async def closing(self) -> None:
        """Wait until it has come."""
        await self._closed.wait()

    async def come(self) -> None:
        """End all waits; called by the client when it is closed."""
        self._closed.set()
        for wait in self._waits:
            wait.reschedule(0)

    @contextlib.asynccontextmanager
    async def before(self, limit_s: float) -> AsyncIterator[None]:
        """Let the block wait no longer. Raises TimeoutError."""
        async with asyncio.timeout(0 if self.closed else limit_s) as wait:
            self._waits.add(wait)
            try:
                yield
            finally:
                self._waits.discard(wait)


class Pull:
    """The stream as its collector gets it."""

    def __init__(self, broker: Broker, subscription: Any) -> None:
        self._broker = broker
        self._subscription = subscription

    async def take(self, count: int) -> list[Msg]:
        """Return the next messages, none when none came for a moment. Raises BrokerError."""

        async def fetch() -> list[Msg]:
            try:
                return list(await self._subscription.fetch(count, timeout=PULL_S))
            except TimeoutError:  # nats-py raises its own kind of it, and at times the plain one
                return []

        return await self._broker._answer(fetch())

    async def acknowledge(self, messages: Sequence[Msg]) -> None:
        """Let the broker forget messages; returns once it has heard. Raises BrokerError."""

        async def tell() -> None:
            for message in messages:
                await message.ack()
            await self._broker._client.flush()

        await self._broker._answer(tell())

    async def left(self) -> int:
        """Return how many messages wait, handed out and not acknowledged ones too."""
        info = await self._broker._answer(self._subscription.consumer_info())
        return int(info.num_pending or 0) + int(info.num_ack_pending or 0)


@contextlib.asynccontextmanager
async def connected(address: Address) -> AsyncIterator[Broker]:
    """Be connected while the block runs.

    Raises:
        BrokerError: nobody answers, or we are refused.
        UsageError: the credentials cannot be read.
    """
    end = _End()

    async def on_error(error: Exception) -> None:
        """Say nothing: what fails is told where it is waited for."""

    client = _client(address)
    try:
        async with asyncio.timeout(CONNECT_S):
            await client.connect(
                address.url,
                name="vectra-player",
                allow_reconnect=False,
                connect_timeout=CONNECT_S,
                ping_interval=5,
                closed_cb=end.come,
                error_cb=on_error,
                **_named(address),
            )
        yield Broker(client, end)
    except VectraError:
        raise
    except Exception as error:
        raise _mapped(error) from None
    finally:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(CLOSE_S):
                await client.close()
                await end.closing()  # nats-py may be at it in a task of its own


def _client(address: Address) -> Client:
    from nats.aio.client import Client

    from vectra_player.outlet.encrypted import EncryptedClient

    return EncryptedClient() if address.encrypted else Client()


def _named(address: Address) -> dict[str, Any]:
    login = address.login()
    if login is None:
        return {}
    if not login.user:
        return {"token": login.password}
    return {"user": login.user, "password": login.password}


async def _here(message: Msg) -> None:
    await message.respond(b"here")


class _MissingError(BrokerError):
    """The broker has no such stream, consumer or message."""


def _stream_config() -> StreamConfig:
    from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig

    return StreamConfig(
        name=STREAM,
        description="recordings on their way to the collector",
        subjects=[f"{SUBJECTS}.>"],
        retention=RetentionPolicy.WORK_QUEUE,
        discard=DiscardPolicy.NEW,
        storage=StorageType.FILE,
        max_bytes=STREAM_BYTES,
        duplicate_window=DUPLICATES_S,
    )


def _mapped(error: Exception) -> BrokerError:
    from nats.js.errors import NotFoundError

    return (_MissingError if isinstance(error, NotFoundError) else BrokerError)(_reason(error))


def _reason(error: Exception) -> str:
    from nats.errors import NoRespondersError, NoServersError
    from nats.js.errors import APIError, NoStreamResponseError

    text = str(error)
    if "authoriz" in text.lower() or "authentic" in text.lower() or "permissions" in text.lower():
        return "the broker refuses the credentials"
    if isinstance(error, ssl.SSLError):
        why = getattr(error, "verify_message", None) or error.strerror
        return f"no TLS with the broker: {why}"
    if isinstance(error, NoServersError | OSError):
        return "no broker answers"
    if isinstance(error, NoRespondersError | NoStreamResponseError):
        return WITHOUT_JETSTREAM
    if isinstance(error, APIError):
        if error.code is None:  # nats-py's form of "nobody takes such requests"
            return WITHOUT_JETSTREAM
        return f"the broker refuses: {error.description or error.code}"
    return f"{type(error).__name__}: {text}"[:200]
