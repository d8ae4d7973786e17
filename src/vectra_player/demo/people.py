"""The simulated players: names, ids, levels and temperaments. Pure; called by the crowd."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal

from vectra_player.demo.values import stream

ROSTER_SIZE = 120
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_ADJECTIVES = (
    "amber brisk calm dusty early fuzzy glass happy icy jolly keen lucky misty neon odd plain "
    "quiet rapid salty tidal umber vivid windy young zesty"
)
_NOUNS = (
    "anchor badger comet dune ember falcon grove harbor island jackal kettle lantern maple "
    "newt otter pebble quartz raven sparrow thistle"
)
_CHAT = (
    "gl all",
    "this one runs",
    "out at 1.4, happy with that",
    "who bought the top",
    "40 ticks, come on",
    "green candle incoming",
    "never selling early again",
    "that drop was brutal",
    "2x and I am done for today",
    "presale was the right call",
    "sidebet hit!",
    "how long was the last one",
    "nice exit",
    "chart looks tired",
    "one more and I sleep",
)
_STAKES = (
    *map(Decimal, ("0.001", "0.002", "0.005", "0.01", "0.02", "0.05")),
    *map(Decimal, ("0.1", "0.25", "0.4", "0.5", "1", "3")),
)
_STAKE_WEIGHTS = (8, 6, 10, 16, 14, 12, 10, 5, 3, 3, 2, 1)


@dataclass(frozen=True, slots=True)
class Person:
    """One simulated player. `eagerness` is the chance of a move per tick."""

    id: str
    username: str | None
    level: int
    practice: bool
    buys: bool
    bets: bool
    target: float
    stop: float
    eagerness: float
    stake: Decimal


def new_id(rng: random.Random) -> str:
    """Return a player id: 35 characters, as the login provider makes them."""
    return "did:privy:" + "".join(rng.choices(_ALPHABET, k=25))


def make_roster(seed: int) -> list[Person]:
    """Draw the players of a seed."""
    rng = stream("roster", seed)
    names = [f"{first}{second}"[:16] for first in _ADJECTIVES.split() for second in _NOUNS.split()]
    rng.shuffle(names)
    return [_person(rng, names[index]) for index in range(ROSTER_SIZE)]


def _person(rng: random.Random, name: str) -> Person:
    practice = rng.random() < 0.12
    stake = rng.choices(_STAKES, _STAKE_WEIGHTS)[0]
    return Person(
        id=new_id(rng),
        username=name if rng.random() > 0.03 else None,
        level=min(100, int(rng.expovariate(1 / 18))),
        practice=practice,
        buys=rng.random() < 0.85,
        bets=rng.random() < 0.3,
        target=1.05 + rng.expovariate(1.6),
        stop=rng.uniform(0.35, 0.95),
        eagerness=rng.uniform(0.005, 0.05),
        stake=stake * 100 if practice else stake,
    )


def chat_line(rng: random.Random) -> str:
    """Return something a player says."""
    return rng.choice(_CHAT)
