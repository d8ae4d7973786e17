"""The 31 types of alerts: what each tells, its thresholds, and what its text may name.

The one list of them. Pure; defaults of the thresholds are in `rules.toml`. Types whose traffic was
never captured say so in `seen`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

from vectra_player.alerts.params import Param
from vectra_player.game.price_path import V3

Outcome = Literal["rug", "higher", "lower"]
"""What a signal is judged by: a rug within its window, or where the price is at its end."""

Seen = Literal["real", "demo", "constructed"]
"""Where events that raise it are known from; `constructed`: from documents alone."""

COMMON = ("game", "tick", "price")
"""What every text may name."""

LAST_TICK = V3.max_ticks


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One type. advice: it sounds like advice, so its odds are told with it, whatever its text."""

    name: str
    text: str
    params: tuple[Param, ...] = ()
    fields: tuple[str, ...] = ()
    advice: bool = False
    outcome: Outcome | None = None
    seen: Seen = "real"

    @property
    def placeholders(self) -> frozenset[str]:
        """Return the names a title or message may use in braces."""
        return frozenset((*COMMON, *self.fields))


def _percents(name: str, text: str, high: float) -> Param:
    return Param(name=name, kind="numbers", low=0.1, high=high, unit="percent", text=text)


def _percent(name: str, text: str, high: float = 1000) -> Param:
    return Param(name=name, kind="number", low=0.1, high=high, unit="percent", text=text)


def _ticks(name: str, text: str, low: int = 1, high: int = LAST_TICK) -> Param:
    return Param(name=name, kind="whole", low=low, high=high, unit="ticks", text=text)


def _factor(text: str) -> Param:
    return Param(name="factor", kind="number", low=0.01, high=10, unit="times", text=text)


_JUDGED = _ticks("window_ticks", "ticks after which the signal is judged")
_VOLATILITY = ("window_ticks", "volatility", "factor")
_TRADE = (
    "action", "amount", "size", "executed_price", "latency", "mode", "actor", "error", "outcome",
    "advice",
)  # fmt: skip
_SKIP = Param(
    name="skip", kind="words", text="actions that are not told: presses that move no money"
)
_PLAYERS = (
    Param(name="players", kind="words", text="ids or names of players to watch"),
    Param(name="measured", kind="flag",
          text="watch those, too, whose sampled record `alerts test --save` found exceptional"),
)  # fmt: skip
_PLAYER = ("player", "action", "amount", "record")
_CUSTOM = Param(name="when", kind="condition", text="when it is raised; empty: never")
_BET = ("stake", "payout", "profit", "start_tick")
_SHORT = ("entry_price", "change", "pnl", "value", "share", "why")

_KINDS = (
    Kind(name="trade_success", text="A press of yours was confirmed by the server.",
         params=(_SKIP,), fields=_TRADE, seen="demo"),
    Kind(name="trade_failed", text="A press was rejected or blocked, or its outcome is unknown.",
         params=(_SKIP,), fields=_TRADE, seen="demo"),
    Kind(name="position_profit", text="Your position, as the server states it, has gained.",
         params=(_percents("levels_percent", "gains told once a position each", 1e6),),
         fields=("gain", "pnl", "entry_price", "level"), seen="demo"),
    Kind(name="position_loss", text="Your position, as the server states it, has lost.",
         params=(_percents("levels_percent", "losses told once a position each", 100),),
         fields=("loss", "pnl", "entry_price", "level"), seen="demo"),
    Kind(name="sidebet_won", text="The server settled your sidebet as won.", fields=_BET,
         seen="demo"),
    Kind(name="sidebet_lost", text="The server settled your sidebet as lost.", fields=_BET,
         seen="demo"),
    Kind(name="game_start", text="A game has begun."),
    Kind(name="game_rug", text="A game was rugged.", fields=("peak",)),
    Kind(name="multiplier_milestone", text="The price has reached a level for the first time.",
         params=(Param(name="levels", kind="numbers", low=1.01, high=1e6, unit="x",
                       text="prices told once a game each"),), fields=("level",)),
    Kind(name="volatility_spike", text="The price has moved much more than usual.",
         params=(_ticks("window_ticks", "steps it is measured over", 5, 200),
                 _factor("of the published law, from which on it is told")), fields=_VOLATILITY),
    Kind(name="volatility_calm", text="The price has moved much less than usual.",
         params=(_ticks("window_ticks", "steps it is measured over", 5, 200),
                 _factor("of the published law, up to which it is told")), fields=_VOLATILITY),
    Kind(name="sidebet_optimal_zone", text="The game is in the ticks you chose for sidebets.",
         params=(_ticks("first_tick", "where the zone begins", 0), _ticks("last_tick", "its end")),
         fields=("first_tick", "last_tick"), advice=True, outcome="rug"),
    Kind(name="high_potential_entry", text="The price has pulled back from a high.",
         params=(_percent("pullback_percent", "below the highest of the ticks looked at", 99),
                 _ticks("lookback_ticks", "ticks looked at", 2, 400), _JUDGED),
         fields=("pullback", "high"), advice=True, outcome="higher"),
    Kind(name="high_potential_exit", text="The price has fallen off the game's peak.",
         params=(_percent("drop_percent", "below the peak", 99),
                 Param(name="min_peak", kind="number", low=1, high=1e6, unit="x",
                       text="peaks below it are not looked at"), _JUDGED),
         fields=("drop", "peak"), advice=True, outcome="lower"),
    Kind(name="rug_warning", text="The game has reached an age.",
         params=(Param(name="at_ticks", kind="wholes", low=1, high=LAST_TICK, unit="ticks",
                       text="ages told once a game each"), _JUDGED),
         fields=("age", "window_ticks"), advice=True, outcome="rug"),
    Kind(name="survival_milestone", text="The game has lived to a tick.",
         params=(Param(name="at_ticks", kind="wholes", low=1, high=LAST_TICK, unit="ticks",
                       text="ages told once a game each"),), fields=("age", "share")),
    Kind(name="exceptional_entry", text="A player you watch bought or opened a short.",
         params=_PLAYERS, fields=_PLAYER),
    Kind(name="exceptional_exit", text="A player you watch sold or closed a short.",
         params=_PLAYERS, fields=_PLAYER),
    *(Kind(name=f"custom_signal_{number}", text="Your own condition has become true.",
           params=(_CUSTOM,), fields=("condition",)) for number in (1, 2, 3)),
    Kind(name="short_entry_signal", text="The price has risen fast.",
         params=(_percent("rise_percent", "over the ticks looked at"),
                 _ticks("lookback_ticks", "ticks looked at", 2, 400), _JUDGED),
         fields=("rise",), advice=True, outcome="lower"),
    Kind(name="short_exit_signal", text="The price has left the entry of your short.",
         params=(_percent("gain_percent", "below the entry: in your favour", 99),
                 _percent("loss_percent", "above the entry: against you")),
         fields=_SHORT, advice=True, seen="constructed"),
    Kind(name="short_liquidation", text="Your short is close to being closed by force.",
         params=(_percent("value_percent", "of its amount, up to which its value is told", 100),),
         fields=_SHORT, seen="constructed"),
    Kind(name="bbc_round_start", text="A Bull/Bear/Crab round has begun.", fields=("round",),
         seen="constructed"),
    Kind(name="bbc_optimal_pred", text="What Bull/Bear/Crab rounds ended in most often.",
         params=(Param(name="min_rounds", kind="whole", low=3, high=1000, unit="rounds",
                       text="results needed before anything is told"),),
         fields=("round", "prediction", "count", "rounds"), advice=True, seen="constructed"),
    Kind(name="candleflip_start", text="A Candleflip round has begun.", fields=("round",),
         seen="constructed"),
    Kind(name="candleflip_streak", text="Candleflip has shown one colour several times in a row.",
         params=(Param(name="length", kind="whole", low=2, high=100, unit="flips",
                       text="from how many in a row on"),),
         fields=("round", "streak", "colour"), advice=True, seen="constructed"),
    Kind(name="connection_lost", text="The connection to the game was lost or fell silent.",
         fields=("why",), seen="demo"),
    Kind(name="connection_restored", text="The game is heard again.", fields=("seconds",),
         seen="demo"),
    Kind(name="latency_warning", text="Events or confirmations come late.",
         params=(Param(name="delay_ms", kind="number", low=1, high=60_000, unit="ms",
                       text="delay of an event beyond the least one seen"),
                 Param(name="action_ms", kind="number", low=1, high=60_000, unit="ms",
                       text="from a press to its confirmation")), fields=("delay", "what")),
)  # fmt: skip

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _KINDS})
"""Every type by its name, in the order of the contract."""
