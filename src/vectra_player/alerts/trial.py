"""Try rules over recorded games: how often each speaks, and how often a signal came true.

Pure: recorded moments in, figures out, with the engine that runs live. A signal is judged against
what happened after it, beside the same share in a fair game.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from vectra_player.alerts.alert import Alert
from vectra_player.alerts.catalogue import KINDS, Outcome
from vectra_player.alerts.engine import Engine
from vectra_player.alerts.moment import Moment
from vectra_player.alerts.odds import Measured, window_of
from vectra_player.alerts.rules import Rule
from vectra_player.analysis.intervals import Estimate, clustered_proportion, nothing
from vectra_player.analysis.peaks import fair_profit_chance
from vectra_player.game.sidebet import win_chance
from vectra_player.live.live_state import LiveState
from vectra_player.live.reducer import reduce
from vectra_player.protocol.phases import GamePhase
from vectra_player.protocol.rugs import Event

EXAMPLES = 3


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One alert as it was told."""

    game_id: str | None
    tick: int | None
    title: str
    message: str


class CameTrue(msgspec.Struct, frozen=True, kw_only=True):
    """How often a signal came true. judged: signals whose end was seen; share by game."""

    outcome: Outcome
    window_ticks: int
    judged: int
    came_true: int
    share: Estimate


class TypeResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one type did. enabled: whether it speaks live; a trial runs it either way."""

    type: str
    enabled: bool
    alerts: int
    games: int
    a_game: float | None
    came_true: CameTrue | None
    examples: tuple[Example, ...]


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What rules did over recordings. ticks: price steps they were shown."""

    games: int
    sessions: int
    ticks: int
    types: tuple[TypeResult, ...]

    def of(self, name: str) -> TypeResult:
        """Return the result of a type. Raises KeyError."""
        for one in self.types:
            if one.type == name:
                return one
        raise KeyError(name)


class Stretch(NamedTuple):
    """Events of one session in order. games: those counted; None counts all there are."""

    events: Iterable[Event]
    games: frozenset[str] | None = None


class _Course(NamedTuple):
    """What is known of a game at its end."""

    prices: tuple[float | None, ...]
    rug_tick: int | None


def run_trial(stretches: Iterable[Stretch], rules: Mapping[str, Rule]) -> Trial:
    """Run rules over recordings; those that are switched off run too."""
    wanted = {name: msgspec.structs.replace(rule, enabled=True) for name, rule in rules.items()}
    tally = _Tally()
    for stretch in stretches:
        tally.sessions += 1
        _run(stretch, Engine(wanted, Measured()), tally)
    return Trial(
        games=len(tally.games),
        sessions=tally.sessions,
        ticks=tally.ticks,
        types=tuple(_result(rule, tally) for rule in rules.values()),
    )


class _Tally:
    """What a trial gathers."""

    def __init__(self) -> None:
        self.sessions = 0
        self.ticks = 0
        self.games: dict[str, _Course] = {}
        self.count: Counter[str] = Counter()
        self.in_games: dict[str, set[str]] = defaultdict(set)
        self.examples: dict[str, list[Example]] = defaultdict(list)
        self.signals: dict[str, list[tuple[str, int]]] = defaultdict(list)

    def end_of(self, state: LiveState) -> None:
        """Keep what is known of a game that is left."""
        if state.game_id is None or not state.prices:
            return
        rugged = state.game_phase is GamePhase.RUGGED
        self.games[state.game_id] = _Course(state.prices, state.tick if rugged else None)

    def take(self, alert: Alert) -> None:
        """Count an alert."""
        name = alert.alert_type
        self.count[name] += 1
        if alert.game_id is not None:
            self.in_games[name].add(alert.game_id)
        if len(self.examples[name]) < EXAMPLES:
            self.examples[name].append(
                Example(
                    game_id=alert.game_id, tick=alert.tick, title=alert.title, message=alert.message
                )
            )
        if KINDS[name].outcome is not None and alert.game_id and alert.tick is not None:
            self.signals[name].append((alert.game_id, alert.tick))


def _run(stretch: Stretch, engine: Engine, tally: _Tally) -> None:
    state = LiveState()
    for event in stretch.events:
        before, state = state, reduce(state, event)
        counted = stretch.games is None or state.game_id in stretch.games
        if before.game_id != state.game_id and _counts(stretch, before):
            tally.end_of(before)
        if counted and state.tick != before.tick and state.game_phase is GamePhase.LIVE:
            tally.ticks += 1
        for alert in engine.step(Moment(event, before, state)):
            if counted:
                tally.take(alert)
    if _counts(stretch, state):
        tally.end_of(state)


def _counts(stretch: Stretch, state: LiveState) -> bool:
    return stretch.games is None or state.game_id in stretch.games


def _result(rule: Rule, tally: _Tally) -> TypeResult:
    name, games = rule.type, len(tally.games)
    return TypeResult(
        type=name,
        enabled=rule.enabled,
        alerts=tally.count[name],
        games=len(tally.in_games[name]),
        a_game=tally.count[name] / games if games else None,
        came_true=_came_true(rule, tally),
        examples=tuple(tally.examples[name]),
    )


def _came_true(rule: Rule, tally: _Tally) -> CameTrue | None:
    outcome = rule.kind.outcome
    if outcome is None:
        return None
    window = window_of(rule)
    hits, games = list[bool](), list[int]()
    numbers = {game_id: number for number, game_id in enumerate(tally.games)}
    for game_id, tick in tally.signals[rule.type]:
        course = tally.games.get(game_id)
        held = None if course is None else _held(outcome, course, tick, window)
        if held is not None:
            hits.append(held)
            games.append(numbers[game_id])
    return CameTrue(
        outcome=outcome,
        window_ticks=window,
        judged=len(hits),
        came_true=sum(hits),
        share=_share(hits, games, outcome, window),
    )


def _share(hits: list[bool], games: list[int], outcome: Outcome, window: int) -> Estimate:
    if not hits:
        return nothing()
    fair = fair_share(outcome, window)
    dense = {game: number for number, game in enumerate(dict.fromkeys(games))}
    clusters = [dense[game] for game in games]
    return clustered_proportion(hits, [1.0] * len(hits), clusters, fair)


def fair_share(outcome: Outcome, window: int) -> float:
    """Return how often a signal that knows nothing comes true in a fair game."""
    if outcome == "rug":
        return win_chance(window_ticks=window)
    higher = fair_profit_chance(window)
    return higher if outcome == "higher" else 1.0 - higher


def _held(outcome: Outcome, course: _Course, tick: int, window: int) -> bool | None:
    """Tell whether a signal at a tick came true; None where nobody saw it through."""
    rug, end = course.rug_tick, tick + window
    rugged = rug is not None and tick < rug <= end
    if outcome == "rug":
        return rugged if rug is not None or len(course.prices) > end else None
    if rugged:
        return outcome == "lower"
    now, then = _price(course, tick), _price(course, end)
    if now is None or then is None:
        return None
    return then > now if outcome == "higher" else then <= now


def _price(course: _Course, tick: int) -> float | None:
    return course.prices[tick] if tick < len(course.prices) else None
