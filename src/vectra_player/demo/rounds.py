"""Games from committed seeds, and what is known of the games played. Pure; the simulation's.

The seed decides everything: hash first, prices by `game.price_path`, seed after.
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from vectra_player.demo.crowd import Crowd
from vectra_player.demo.people import Person
from vectra_player.demo.values import Payload, Stamps, digest, number, numbers, stream
from vectra_player.game.price_path import V3, PricePath, commitment, price_path
from vectra_player.game.timing import TICK_MS

HISTORY_LENGTH = 10
STATISTICS_LENGTH = 100
VERSION = "v3"
INSTARUG_TICKS = 6
"""A rug up to here feeds the rugpool: instarugThreshold of the server's own config."""

RUGPOOL_THRESHOLD = 10
SEEDED_DAY = datetime(2026, 1, 1, tzinfo=UTC)
"""Date in the ids of seeded games: ids are part of what makes prices, so no clock may enter."""


@dataclass(slots=True)
class Round:
    """One game: its secret, its prices and its crowd."""

    game_id: str
    server_seed: str
    path: PricePath
    crowd: Crowd
    own_sidebets: list[Payload] = field(default_factory=list)

    @property
    def server_seed_hash(self) -> str:
        """Return the commitment that is published before the game."""
        return commitment(self.server_seed)

    @property
    def rug_tick(self) -> int:
        """Return the tick of the rug."""
        return len(self.path.prices) - 1

    def fair(self) -> Payload:
        """Return what is published of the seed while the game is not over."""
        return {"serverSeedHash": self.server_seed_hash, "version": VERSION}

    def entry(self, stamp_ms: int) -> Payload:
        """Return the game's history entry, seed revealed."""
        sidebets = sorted(
            self.crowd.sidebet_records + self.own_sidebets, key=lambda record: record["timestamp"]
        )
        return {
            "id": self.game_id,
            "timestamp": stamp_ms,
            "prices": numbers(self.path.prices),
            "peakMultiplier": number(self.path.peak),
            "rugged": True,
            "globalTrades": [],
            "globalSidebets": sidebets,
            "provablyFair": {
                "serverSeed": self.server_seed,
                "serverSeedHash": self.server_seed_hash,
            },
            "gameVersion": VERSION,
        }


class Dealer:
    """Makes the games of a seed, one after another; number 0 is the first one played live."""

    def __init__(
        self,
        seed: int,
        people: list[Person],
        stamps: Stamps,
        *,
        day: datetime = SEEDED_DAY,
        shortest: int | None = None,
        longest: int | None = None,
    ) -> None:
        self._seed = seed
        self._people = people
        self._stamps = stamps
        self._day = day
        self._shortest = shortest or 1
        self._longest = longest or V3.max_ticks

    def deal(self, index: int, at_ms: float) -> Round:
        """Make game `index`, created at this moment of game time."""
        prefix = (self._day + timedelta(milliseconds=at_ms)).strftime("%Y%m%d-")
        server_seed, game_id, path = self._draw(index, prefix)
        rng = stream("crowd", self._seed, index)
        return Round(game_id, server_seed, path, Crowd(self._people, rng, game_id, self._stamps))

    def peak(self, index: int) -> float:
        """Return the peak of a game long over."""
        return self._draw(index, self._day.strftime("%Y%m%d-"))[2].peak

    def _draw(self, index: int, prefix: str) -> tuple[str, str, PricePath]:
        attempt = 0
        while True:
            name = digest("id", self._seed, index, attempt)
            game_id = f"{prefix}{name[:12]}4{name[13:16]}"
            server_seed = digest("server seed", self._seed, index, attempt)
            path = price_path(server_seed, game_id, VERSION)
            # A path cut off at the tick limit has no rug; passed over like one of unwanted length.
            if path.rugged and self._shortest <= len(path.prices) - 1 <= self._longest:
                return server_seed, game_id, path
            attempt += 1


@dataclass(slots=True)
class Record:
    """A game worth remembering: the day's highest, or one with a god candle."""

    peak: float
    stamp_ms: int
    prices: list[float | int]
    jump: tuple[float, float] | None = None


class Chronicle:
    """The games that are over: history entries, multiplier counts, records, the rugpool."""

    def __init__(self, peaks: list[float]) -> None:
        self.entries: deque[msgspec.Raw] = deque(maxlen=HISTORY_LENGTH)
        self.names: deque[str] = deque(maxlen=HISTORY_LENGTH)
        self._peaks: deque[float] = deque(peaks, maxlen=STATISTICS_LENGTH)
        self._highest: Record | None = None
        self._god: dict[str, Record] = {}
        self._instarugs = 4
        self._pool = 2.411619380000004

    def add(self, played: Round, stamp_ms: int) -> None:
        """Enter a finished game; the newest stands first."""
        # Encoded once: the same ten entries travel in every history frame to every client.
        self.entries.appendleft(msgspec.Raw(msgspec.json.encode(played.entry(stamp_ms))))
        self.names.appendleft(played.game_id)
        self._peaks.append(played.path.peak)
        record = Record(
            played.path.peak, stamp_ms, numbers(played.path.prices), god_jump(played.path)
        )
        if self._highest is None or record.peak > self._highest.peak:
            self._highest = record
        if record.jump:
            self._god[_tier(record.peak)] = record
        if played.rug_tick <= INSTARUG_TICKS:
            self._instarugs = (self._instarugs + 1) % RUGPOOL_THRESHOLD
        self._pool += 0.0007 * played.crowd.trade_count

    def statistics(self) -> Payload:
        """Return the multiplier fields, fixed within a game."""
        counts = {
            f"count{level}x": sum(peak >= level for peak in self._peaks)
            for level in (2, 10, 50, 100)
        }
        mean = sum(self._peaks) / len(self._peaks) if self._peaks else 0
        return {"averageMultiplier": number(mean), **counts}

    def extremes(self, padding_bytes: int = 0) -> Payload:
        """Return the `highestToday*` and `godCandle*` fields; padding lengthens the price list."""
        highest = self._highest or Record(1.0, 0, [1])
        prices = highest.prices
        if padding_bytes:
            size = len(msgspec.json.encode(prices))
            prices = prices * (padding_bytes // size + 1)
        fields: Payload = {
            "highestToday": number(highest.peak),
            "highestTodayTimestamp": highest.stamp_ms,
            "highestTodayPrices": prices,
        }
        for tier in ("2x", "10x", "50x"):
            god = self._god.get(tier)
            fields |= {
                f"godCandle{tier}": number(god.peak) if god else None,
                f"godCandle{tier}Timestamp": god.stamp_ms if god else None,
                f"godCandle{tier}Prices": god.prices if god else [],
                f"godCandle{tier}MassiveJump": list(god.jump) if god and god.jump else None,
            }
        return fields

    def rugpool(self) -> Payload:
        """Return the public form of the rugpool."""
        return {
            "instarugCount": self._instarugs,
            "threshold": RUGPOOL_THRESHOLD,
            "rugpoolAmount": number(round(self._pool, 15)),
        }


def god_jump(path: PricePath) -> tuple[float, float] | None:
    """Return prices before and after the first god candle of a game."""
    prices = path.path
    for before, after in itertools.pairwise(prices):
        if after == before * V3.god_factor:
            return before, after
    return None


def _tier(peak: float) -> str:
    return "50x" if peak >= 50 else "10x" if peak >= 10 else "2x"


def play_unseen(played: Round, start_ms: float) -> None:
    """Let the crowd play a whole game nobody watched, from tick 0 at `start_ms`."""
    for timer in range(10_000, 0, -100):
        played.crowd.presale(start_ms - timer, timer, 10_000)
    prices = played.path.prices
    for tick in range(1, played.rug_tick):
        played.crowd.tick(tick, prices[tick], start_ms + tick * TICK_MS)
    played.crowd.rug(played.rug_tick, prices[-1], start_ms + played.rug_tick * TICK_MS)
