"""What `derive` remembers between two events of a session: bounded, and packed with the journal.

Used by the modules of `live.derive` only; the store keeps the packed form without looking in.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from vectra_player.model.units import Micros, Source
from vectra_player.protocol.game_payloads import ShortState
from vectra_player.protocol.phases import Round

if TYPE_CHECKING:
    from vectra_player.model.rows import WsEvent

MAX_OPEN_GAMES = 64
"""Games still awaited: the one played, those not revealed, those with ticks missing."""

MAX_DONE_GAMES = 50_000
"""Games remembered as finished, eleven days of play; the wire repeats only the last ten."""

MAX_TICK = 20_000
"""Four times what the generator can reach; a frame beyond it is damaged."""


class Bet(msgspec.Struct):
    """A sidebet as far as it is known. Amounts as on the wire, stamps in ms."""

    player_id: str
    start: int
    end: int
    own: bool = False
    username: str | None = None
    bet_id: str | None = None
    amount: float | None = None
    x_payout: float | None = None
    coin: str | None = None
    bonus: float | None = None
    real: float | None = None
    placed_at: int | None = None
    paid: bool = False
    payout: float | None = None
    profit: float | None = None
    settled_at: int | None = None
    record_tick: int | None = None


class OpenGame(msgspec.Struct):
    """A game not yet known to its end. `prices` by tick, None: not yet seen.

    `own` counts prices from the game's own frames, `live` those with a frame of their own.
    """

    prices: list[float | None] = []
    known: int = 0
    own: int = 0
    live: int = 0
    first_tick: int | None = None
    rug_tick: int | None = None
    started_at: Micros | None = None
    ended_at: Micros | None = None
    hash: str | None = None
    hash_at: Micros | None = None
    version: str | None = None
    trade_count: int | None = None
    players_max: int | None = None
    bets: dict[str, Bet] = {}
    settled: set[str] = set()
    reported: bool = False

    def put(self, tick: int, price: float) -> bool:
        """Keep the price of a tick; False when there is one already."""
        prices = self.prices
        missing = tick + 1 - len(prices)
        if missing > 0:
            prices.extend([None] * missing)
        elif prices[tick] is not None:
            return False
        prices[tick] = price
        self.known += 1
        return True

    def has(self, tick: int) -> bool:
        """Tell whether the price of a tick is known."""
        return tick < len(self.prices) and self.prices[tick] is not None

    @property
    def complete(self) -> bool:
        """Tell whether every price up to the rug is known."""
        return self.rug_tick is not None and self.known >= self.rug_tick + 1


class Last(msgspec.Struct, array_like=True):
    """The event derived last; rows of `finish` are stamped with it."""

    seq: int = 0
    ts: Micros = 0
    source: Source = "import"
    origin: str = ""


class DeriveState(msgspec.Struct):
    """Everything one session remembers."""

    session_id: str
    last: Last = msgspec.field(default_factory=Last)
    subs: dict[str, int] = {}
    round: Round = msgspec.field(default_factory=Round)
    games: dict[str, OpenGame] = {}
    done: dict[int, None] = {}
    board_game: str = ""
    board: bytes = b""
    own_id: str | None = None
    own_name: str | None = None
    short: ShortState | None = None

    def is_done(self, game_id: str) -> bool:
        """Tell whether nothing more can be learnt of a game."""
        return game_key(game_id) in self.done

    def close(self, game_id: str) -> None:
        """Forget an open game for good."""
        self.games.pop(game_id, None)
        self.done[game_key(game_id)] = None
        if len(self.done) > MAX_DONE_GAMES:
            del self.done[next(iter(self.done))]

    def next_sub(self, doc_type: str) -> int:
        """Number the rows of one doc type within one event."""
        sub = self.subs.get(doc_type, 0)
        self.subs[doc_type] = sub + 1
        return sub


class Stamp(NamedTuple):
    """The columns every row of one event shares."""

    session_id: str
    seq: int
    ts: Micros
    source: Source
    origin: str


def enter(state: DeriveState, ws: WsEvent) -> Stamp:
    """Make an event the last one."""
    last = state.last
    if last.seq != ws.seq:
        state.subs = {}
        last.seq = ws.seq
    last.ts, last.source, last.origin = ws.ts, ws.source, ws.origin
    return Stamp(state.session_id, ws.seq, ws.ts, ws.source, ws.origin)


def stamp_of(state: DeriveState) -> Stamp:
    """Return the stamp of the last event."""
    last = state.last
    return Stamp(state.session_id, last.seq, last.ts, last.source, last.origin)


def game_key(game_id: str) -> int:
    """Shorten a game id to 64 bits, for remembering many."""
    return int.from_bytes(
        blake2b(game_id.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big"
    )


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(DeriveState)


def new_state(session_id: str) -> DeriveState:
    """Return the state before the first event of a session."""
    return DeriveState(session_id)


def encode_state(state: DeriveState) -> bytes:
    """Pack a state."""
    return _encoder.encode(state)


def decode_state(data: bytes) -> DeriveState:
    """Unpack a state; it goes on exactly as the packed one would have."""
    return _decoder.decode(data)
