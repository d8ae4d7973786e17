"""Make frames of what was never recorded as frames: rows of the earlier recorder, and histories.

Pure; used by `replay.reader`. The rows made are `gameStateUpdate` records with the session and seq
of the row they come from, so that a viewer can go back to the evidence. They carry only what is
known: prices, ticks and the seed of a game, never a player or a trade.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from vectra_player.errors import DecodeError
from vectra_player.game import price_path
from vectra_player.game.timing import SETTLING_TYPICAL_MS, TIMER_STEP_MS
from vectra_player.live.frames import history_entry
from vectra_player.model.rows import WsEvent
from vectra_player.protocol.game_payloads import LegacyTick
from vectra_player.replay.timeline import TICK_US

LEAD_IN_MS = 1_000
"""Countdown shown before tick 0 of a game whose countdown nobody recorded."""

UNSTATED_VERSION = "v3"
"""Rules where an entry does not name them; all entries since 2025 say v3."""

WINDOW_TICKS = 4
"""Ticks before the newest that `partialPrices` shows (protocol reference section 3.1)."""

_NAME = "gameStateUpdate"
_MADE_OF = frozenset({"legacy.game_start", "legacy.game_end", "legacy.tick", "history.game"})
_legacy_tick = msgspec.json.Decoder(LegacyTick).decode


class KnownGame(Struct, frozen=True, kw_only=True):
    """A finished game without frames: `prices` from tick 0, None or NaN where one is unknown.

    `ended_us` is when it rugged; `entry` its history entry as JSON text, if there is one.
    """

    game_id: str
    prices: Sequence[float | None]
    rugged: bool
    ended_us: int
    seed_hash: str | None = None
    version: str | None = None
    entry: str | None = None


def as_frames(rows: Iterable[WsEvent]) -> Iterator[WsEvent]:
    """Yield rows as frames of the game: recorded packets as they are, other records remade.

    A record that tells no price (a history entry without prices and seed) is left out.
    """
    rugs: dict[str, LegacyTick] = {}
    for row in rows:
        if row.event_name not in _MADE_OF:
            yield row
        elif row.event_name == "legacy.tick":
            yield from _legacy(row, rugs)
        elif row.event_name == "history.game":
            yield from _history(row)


def needs_frames(rows: Iterable[WsEvent]) -> bool:
    """Tell whether rows hold records that are no frames."""
    return any(row.event_name in _MADE_OF for row in rows)


def game_rows(game: KnownGame, like: WsEvent) -> Iterator[WsEvent]:
    """Yield a known game as it may have been sent; `like` is the row that tells of it."""
    start = game.ended_us - (len(game.prices) - 1) * TICK_US
    for timer in range(LEAD_IN_MS, 0, -TIMER_STEP_MS):
        told = {**_head(game), "cooldownTimer": timer, "allowPreRoundBuys": True}
        yield _row(like, start - timer * 1000, game.game_id, told)
    last = len(game.prices) - 1
    for tick, price in enumerate(game.prices):
        if price is not None and not math.isnan(price):
            told = {**_head(game), **_running(game, tick), "rugged": game.rugged and tick == last}
            yield _row(like, start + tick * TICK_US, game.game_id, told)
    if game.entry is not None:
        told = {**_head(game), **_running(game, last), "rugged": game.rugged}
        told["gameHistory"] = [msgspec.Raw(game.entry.encode())]
        yield _row(like, game.ended_us + SETTLING_TYPICAL_MS * 1000, game.game_id, told)


def prices_of_seed(seed: str, game_id: str, version: str | None) -> tuple[float, ...]:
    """Compute a game from its revealed seed; empty where the rules of its version are unknown."""
    try:
        return price_path.price_path(seed, game_id, version or UNSTATED_VERSION).prices
    except ValueError:
        return ()


def _legacy(row: WsEvent, rugs: dict[str, LegacyTick]) -> Iterator[WsEvent]:
    """Remake a row; `rugs` holds the first rugged row of each game, after which ticks run on."""
    try:
        tick = _legacy_tick(row.raw)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return
    told: dict[str, Any] = {
        "gameId": tick.game_id,
        "active": tick.active,
        "rugged": tick.rugged,
        "price": tick.price,
        "tickCount": tick.tick,
        "cooldownTimer": tick.cooldown_timer,
        "tradeCount": tick.trade_count,
    }
    if tick.rugged and tick.active:
        # As on the wire the window ends at the rug, wherever the counter is (section 4).
        rug = rugs.setdefault(tick.game_id, tick)
        values = {str(rug.tick): rug.price}
        told["partialPrices"] = {"startTick": rug.tick, "endTick": rug.tick, "values": values}
        if rug is not tick:
            told["tradeCount"] = None  # the frame after the rug has none; the recorder wrote 0
    sent = {key: value for key, value in told.items() if value is not None}
    yield _row(row, row.ts, tick.game_id, sent)


def _history(row: WsEvent) -> Iterator[WsEvent]:
    try:
        entry = history_entry(row.raw)
    except DecodeError:
        return
    fair = entry.provably_fair
    prices = entry.prices or ()
    if not prices and fair is not None and fair.server_seed is not None:
        prices = prices_of_seed(fair.server_seed, entry.id, entry.game_version)
    if not prices:
        return
    known = KnownGame(
        game_id=entry.id,
        prices=prices,
        rugged=entry.rugged is not False,
        ended_us=entry.timestamp * 1000 if entry.timestamp else row.ts,
        seed_hash=fair.server_seed_hash if fair else None,
        version=entry.game_version,
        entry=row.raw,
    )
    yield from game_rows(known, row)


def _head(game: KnownGame) -> dict[str, Any]:
    fair = {} if game.seed_hash is None else {"provablyFair": {"serverSeedHash": game.seed_hash}}
    version = {} if game.version is None else {"gameVersion": game.version}
    return {"gameId": game.game_id, **fair, **version}


def _running(game: KnownGame, tick: int) -> dict[str, Any]:
    first = max(0, tick - WINDOW_TICKS)
    window = {
        str(number): price
        for number, price in enumerate(game.prices[first : tick + 1], first)
        if price is not None and not math.isnan(price)
    }
    return {
        "active": True,
        "price": game.prices[tick],
        "tickCount": tick,
        "cooldownTimer": 0,
        "partialPrices": {"startTick": first, "endTick": tick, "values": window},
    }


def _row(like: WsEvent, ts: int, game_id: str, data: dict[str, Any]) -> WsEvent:
    raw = msgspec.json.encode({"event": _NAME, "data": data}).decode()
    return msgspec.structs.replace(
        like,
        ts=ts,
        event_name=_NAME,
        packet_type="record",
        direction="received",
        raw_format="capture",
        raw=raw,
        size_bytes=len(raw),
        game_id=game_id,
        player_id=None,
        username=None,
    )
