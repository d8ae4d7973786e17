"""What is known at this moment: the frozen record the reducer makes and everybody reads.

Made by `live.reducer`; read by every layer above. None always means "not known", never zero.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from vectra_player.model.units import Micros, Millis
from vectra_player.protocol.game_payloads import LeaderboardEntry, Rugpool, ShortState
from vectra_player.protocol.phases import GamePhase, Round


class OpenSidebet(msgspec.Struct, frozen=True, kw_only=True):
    """The account's running sidebet; it wins when the rug comes at `end_tick` or before."""

    game_id: str | None = None
    start_tick: int
    end_tick: int
    amount: Decimal | None = None
    x_payout: float | None = None
    coin_address: str | None = None


class SidebetResult(msgspec.Struct, frozen=True, kw_only=True):
    """The account's last settled sidebet, as the server settled it. Amounts in SOL."""

    game_id: str | None = None
    start_tick: int | None = None
    won: bool | None = None
    payout: Decimal | None = None
    profit: Decimal | None = None
    settled_at: Millis | None = None


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """How the feed is doing. `connected` None: nothing was said yet.

    `delay_ms` is by how much the last stamped event came later than the fastest one: the
    server's clock and ours differ by an unknown offset, so only the excess is known.
    """

    connected: bool | None = None
    sockets: tuple[str, ...] = ()
    last_frame_ts: Micros | None = None
    last_seq: int | None = None
    delay_ms: float | None = None
    least_offset_us: int | None = None
    silent: bool = False
    gaps: int = 0


class LiveState(msgspec.Struct, frozen=True, kw_only=True):
    """Game, account and connection as the server last stated them.

    `prices` holds the current game by tick, None where a tick was not told. `entry_tick` is where
    the open position was first bought in this game.
    """

    round: Round = Round()
    tick: int | None = None
    price: float | None = None
    prices: tuple[float | None, ...] = ()
    trade_count: int | None = None
    connected_players: int | None = None
    server_seed_hash: str | None = None
    game_version: str | None = None
    leaderboard: tuple[LeaderboardEntry, ...] | None = None
    rugpool: Rugpool | None = None
    settled_game_id: str | None = None
    player_id: str | None = None
    username: str | None = None
    balance: Decimal | None = None
    bonus_balance: Decimal | None = None
    position_qty: Decimal | None = None
    avg_cost: float | None = None
    total_invested: Decimal | None = None
    cumulative_pnl: Decimal | None = None
    entry_tick: int | None = None
    own_trade_tick: int | None = None
    has_sidebet: bool | None = None
    sidebet: OpenSidebet | None = None
    last_sidebet_result: SidebetResult | None = None
    has_short: bool | None = None
    short: ShortState | None = None
    connection: Connection = Connection()

    @property
    def game_id(self) -> str | None:
        """Return the id of the game played or awaited."""
        return self.round.fields.game_id

    @property
    def game_phase(self) -> GamePhase:
        """Return the phase by the one phase rule."""
        return self.round.phase

    @property
    def paused(self) -> bool:
        """Tell whether the countdown stands still."""
        return self.round.paused

    @property
    def cooldown_ms(self) -> int | None:
        """Return what the countdown shows, in ms."""
        return self.round.fields.cooldown_timer

    @property
    def time_in_position(self) -> int | None:
        """Return for how many ticks the open position is held; None without a known one."""
        if self.entry_tick is None or self.tick is None or not self.position_qty:
            return None
        return max(0, self.tick - self.entry_tick)
