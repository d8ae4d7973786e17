"""Builders for the tests of alerts: rules by their keys, and a stream of events for an engine.

stream = Stream(rules("game_rug", severity="danger"))
stream.ticks([1.0, 1.1, 1.2])
stream.rug()
assert stream.types() == ["game_rug"]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace
from tests.live_support import GAME, T0, cooldown, event, fact_event, rug, tick

from vectra_player.alerts.alert import Alert
from vectra_player.alerts.engine import Engine
from vectra_player.alerts.moment import Moment
from vectra_player.alerts.odds import NOTHING, Measured
from vectra_player.alerts.rules import Rule, default_rules, read_rules
from vectra_player.live.live_state import LiveState
from vectra_player.live.reducer import reduce
from vectra_player.protocol.rugs import Event

TICK_US = 250_000


def rules(*names: str, **keys: Any) -> dict[str, Rule]:
    """Return the rules of some types, switched on, with other values for some keys."""
    return {name: rule(name, **keys) for name in names}


def rule(name: str, **keys: Any) -> Rule:
    """Return one rule, switched on, with other values for some keys."""
    told = {"enabled": True, **keys}
    text = "\n".join([f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in told.items())])
    read = read_rules(text, "test.toml")
    assert not read.faults, [str(fault) for fault in read.faults]
    return read.rules[name]


def all_on() -> dict[str, Rule]:
    """Return every built-in rule, switched on."""
    return {name: replace(one, enabled=True) for name, one in default_rules().items()}


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(list(value)) if isinstance(value, list | tuple) else repr(value)


class Stream:
    """Feeds events to an engine as the live feed does; `alerts` are all so far."""

    def __init__(self, wanted: Mapping[str, Rule], measured: Measured = NOTHING) -> None:
        self.engine = Engine(wanted, measured)
        self.state = LiveState()
        self.alerts: list[Alert] = []
        self.seq = 0
        self.now = T0
        self.prices: list[float] = []
        self.game = GAME

    def feed(self, given: Event) -> list[Alert]:
        """Take in an event; return what it raised."""
        self.seq += 1
        given = replace(given, seq=self.seq, ts=self.now)
        before, self.state = self.state, reduce(self.state, given)
        told = self.engine.step(Moment(given, before, self.state))
        self.alerts += told
        return told

    def event(self, name: str, *args: object) -> list[Alert]:
        """Take in an event by its name."""
        return self.feed(event(name, *args))

    def fact(self, kind: str, **detail: object) -> list[Alert]:
        """Take in a fact of our own."""
        return self.feed(fact_event(kind, detail))

    def countdown(self, timer: int = 5000, game: str = GAME, **fields: object) -> list[Alert]:
        """Begin to wait for a game."""
        self.prices, self.game = [], game
        return self.event("gameStateUpdate", cooldown(timer, game, **fields))

    def ticks(self, prices: Iterable[float]) -> list[Alert]:
        """Play ticks on, one price each; return what they raised."""
        told: list[Alert] = []
        for price in prices:
            self.prices.append(price)
            self.now += TICK_US
            frame = tick(len(self.prices) - 1, self.prices, self.game)
            told += self.event("gameStateUpdate", frame)
        return told

    def rug(self) -> list[Alert]:
        """Rug the game."""
        self.now += TICK_US
        self.prices.append(0.02 * min(self.prices))
        return self.event("gameStateUpdate", rug(self.prices, self.game))

    def types(self) -> list[str]:
        """Return the types of all alerts so far."""
        return [alert.alert_type for alert in self.alerts]


def steady(count: int, price: float = 1.0) -> Sequence[float]:
    """Return a price that does not move."""
    return [price] * count
