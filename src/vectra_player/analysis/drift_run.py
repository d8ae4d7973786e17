"""A strategy run as the store has it: what was run, what it saw and did, and the games it played.

Read for the drift report (`analysis.drift`). All of it comes from facts the run and the service
told while they were at it; nothing is guessed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from vectra_player.analysis.contestant import Contestant
from vectra_player.analysis.games import load_games
from vectra_player.analysis.play import Conditions
from vectra_player.errors import UsageError
from vectra_player.game.price_path import V3
from vectra_player.model.action import ActionRecord, Mode
from vectra_player.model.run import (
    RunContinued,
    RunEnded,
    RunFact,
    RunGame,
    RunPlan,
    RunPlayed,
    RunStarted,
)
from vectra_player.model.units import Micros
from vectra_player.protocol.phases import GamePhase
from vectra_player.store.reads import GameFilter, StoreReader
from vectra_player.strategy.limits import Limits
from vectra_player.strategy.loading import FOLDER
from vectra_player.strategy.market import Market
from vectra_player.strategy.profile import Profile

ORDERS = frozenset({"BUY", "SELL", "SIDEBET"})

Prices = npt.NDArray[np.float64]

_fact = msgspec.json.Decoder(RunFact, strict=False).decode
_action = msgspec.json.Decoder(ActionRecord, strict=False).decode


@dataclass(frozen=True)
class Played:
    """A game of the run with its recorded prices: (n_ticks,) float64, NaN where not known.

    rug_tick -1: nobody saw it. `whole`: every tick the run saw is in the store.
    """

    game: RunGame
    prices: Prices
    rug_tick: int

    @property
    def whole(self) -> bool:
        """Tell whether the store knows every price the run was shown."""
        return all(
            last < len(self.prices) and not np.isnan(self.prices[first : last + 1]).any()
            for first, last in self.game.seen
        )

    @property
    def missed(self) -> int:
        """Count the recorded ticks before the run's last one at which it was not asked."""
        if not self.game.seen:
            return 0
        first, last = self.game.seen[0][0], self._last()
        asked = sum(end - begin + 1 for begin, end in self.game.seen)
        return int((~np.isnan(self.prices[first : last + 1])).sum()) - asked

    def as_seen(self) -> list[Market]:
        """Return the steps the strategy was shown."""
        ticks = [tick for first, last in self.game.seen for tick in range(first, last + 1)]
        return [*self._countdown(), *self._running(ticks), *self._rug(self.game.rug_tick)]

    def as_recorded(self) -> list[Market]:
        """Return the steps of every recorded tick from the first the run saw to its end."""
        first = self.game.seen[0][0] if self.game.seen else 0
        ticks = [t for t in range(first, self._last() + 1) if not np.isnan(self.prices[t])]
        ends = self.rug_tick if self.rug_tick >= 0 and not self.game.cut else self.game.rug_tick
        return [*self._countdown(), *self._running(ticks), *self._rug(ends)]

    def _last(self) -> int:
        """Return the last tick before the rug that a backtest is shown."""
        game = self.game
        if game.cut or self.rug_tick < 0:
            return min(game.seen[-1][1], len(self.prices) - 1) if game.seen else -1
        return min(self.rug_tick, len(self.prices)) - 1

    def _countdown(self) -> list[Market]:
        name, at = self.game.game_id, self.game.started_us
        return [
            Market(name, GamePhase(step.phase), 0, V3.start_price, step.timer_ms, (), at)
            for step in self.game.countdown
        ]

    def _running(self, ticks: Sequence[int]) -> list[Market]:
        """Return steps of ticks; what the run was told late, and is no step here, comes late."""
        name, at, asked = self.game.game_id, self.game.started_us, set(ticks)
        late: dict[int, list[tuple[int, float]]] = {}
        for tick, told_at in self.game.late:
            if tick not in asked and tick < len(self.prices):
                late.setdefault(told_at, []).append((tick, float(self.prices[tick])))
        return [
            Market(
                name, GamePhase.LIVE, tick, float(self.prices[tick]), None,
                tuple(late.get(tick, ())), at,
            )
            for tick in ticks
        ]  # fmt: skip

    def _rug(self, tick: int | None) -> list[Market]:
        if tick is None:
            return []
        price = float(self.prices[tick]) if tick < len(self.prices) else 0.0
        at = self.game.started_us
        return [Market(self.game.game_id, GamePhase.RUGGED, tick, price, None, (), at)]


@dataclass(frozen=True)
class RecordedRun:
    """Everything the store has of one run. `games`: those it has prices of, in order.

    unrecorded: games the run told of that the store has no prices of. strangers: what others did
    in its account's mode meanwhile. restarts: how often the service was another one.
    """

    run_id: str
    plan: RunPlan
    started_us: Micros
    origin: str
    ended: RunEnded | None
    games: tuple[Played, ...]
    unrecorded: tuple[RunGame, ...] = ()
    actions: dict[str, ActionRecord] = field(default_factory=dict)
    restarts: int = 0

    @property
    def told(self) -> tuple[RunGame, ...]:
        """Return every game the run told of."""
        games = [*(one.game for one in self.games), *self.unrecorded]
        return tuple(sorted(games, key=lambda one: one.number))

    @property
    def limits(self) -> Limits:
        """Return the limits of the run."""
        return msgspec.convert(msgspec.to_builtins(self.plan.limits), Limits, strict=False)

    @property
    def latencies_ms(self) -> list[float]:
        """Return what was measured from decision to account, of each order of the run."""
        known = (one.total_latency_ms for one in self.actions.values())
        return [one for one in known if one is not None]

    def contestant(self, data_dir: Path) -> Contestant:
        """Return what played. Raises UsageError where its file is gone or cannot be used."""
        plan = self.plan
        return Contestant(
            plan.name,
            plan.source,  # type: ignore[arg-type]
            plan.strategy,
            plan.params,
            Conditions(cash=plan.cash, limits=self.limits),
            None if plan.profile is None else Profile.model_validate(plan.profile),
            data_dir / FOLDER,
        )


def find_run(
    reader: StoreReader,
    run_id: str | None = None,
    *,
    mode: Mode | None = None,
    since: Micros | None = None,
) -> str:
    """Return the id of the last run, or make sure of the one given. Raises UsageError: none."""
    where, given = ["event_name = 'vectra.strategy_run'", _STATE + " = 'started'"], []
    for term, value in (
        ("json_extract_string(raw, '$.run_id') = ?", run_id),
        ("json_extract_string(raw, '$.mode') = ?", mode),
        ("epoch_us(ts) >= ?", since),
    ):
        if value is not None:
            where.append(term)
            given.append(value)
    found = reader.fetch(
        f"SELECT json_extract_string(raw, '$.run_id') FROM ws_event_rows "  # noqa: S608 -- ours
        f"WHERE {' AND '.join(where)} ORDER BY ts DESC, seq DESC LIMIT 1",
        given,
    ).column(0)
    if len(found):
        return str(found[0].as_py())
    raise UsageError(
        f"No run {run_id} is recorded." if run_id else "No such run of a strategy is recorded.",
        advice="`vectra-player strategy run NAME` beside a recording service leaves one.",
    )


_STATE = "json_extract_string(raw, '$.state')"


def load_run(reader: StoreReader, run_id: str) -> RecordedRun:
    """Read a run and its games. Raises UsageError: its begin is not recorded."""
    rows = reader.fetch(
        """
        SELECT epoch_us(ts) AS ts, origin, raw FROM ws_event_rows
        WHERE event_name = 'vectra.strategy_run' AND json_extract_string(raw, '$.run_id') = ?
        ORDER BY ts, session_id, seq
        """,
        [run_id],
    ).to_pylist()
    facts: list[Any] = [_fact(row["raw"]) for row in rows]
    begun = [(fact, row) for fact, row in zip(facts, rows, strict=True) if _plans(fact)]
    if not begun:
        raise UsageError(f"The begin of the run {run_id} is not recorded.")
    plan, first = begun[0]
    told = joined(fact.game for fact in facts if isinstance(fact, RunPlayed))
    games = _with_prices(reader, told, str(first["origin"]))
    return RecordedRun(
        run_id=run_id,
        plan=plan,
        started_us=first["ts"],
        origin=str(first["origin"]),
        ended=next((fact for fact in facts if isinstance(fact, RunEnded)), None),
        games=tuple(one for one in games if one.whole),
        unrecorded=tuple(one.game for one in games if not one.whole),
        actions=_actions(reader, run_id),
        restarts=sum(isinstance(fact, RunContinued) and fact.restart for fact in facts),
    )


def joined(told: Iterable[RunGame]) -> list[RunGame]:
    """Return games made of their parts; one of which a part is missing is left out."""
    parts: dict[int, dict[int, RunGame]] = defaultdict(dict)
    for one in told:
        parts[one.number][one.part] = one
    return [
        msgspec.structs.replace(
            found[0],
            decisions=tuple(one for part in range(len(found)) for one in found[part].decisions),
            outcomes=tuple(one for part in range(len(found)) for one in found[part].outcomes),
            shown=tuple(one for part in range(len(found)) for one in found[part].shown),
        )
        for _, found in sorted(parts.items())
        if sorted(found) == list(range(next(iter(found.values())).parts))
    ]


def _plans(fact: Any) -> bool:
    return isinstance(fact, RunStarted | RunContinued)


def _actions(reader: StoreReader, run_id: str) -> dict[str, ActionRecord]:
    """Return what became of each order of the run, by its action id.

    The presses that set its amount are records too, and no orders.
    """
    rows = reader.fetch(
        """
        SELECT raw FROM ws_event_rows WHERE event_name = 'vectra.outcome'
          AND json_extract_string(raw, '$.strategy') = ? ORDER BY ts, session_id, seq
        """,
        [run_id],
    ).column(0)
    found = [_action(str(raw)) for raw in rows.to_pylist()]
    return {one.action_id: one for one in found if one.action_type in ORDERS}


def _with_prices(reader: StoreReader, told: Sequence[RunGame], origin: str) -> list[Played]:
    """Return games with the best that is known of their prices, by the number of the game."""
    ids = [game.game_id for game in told]
    games = load_games(reader, GameFilter(origins="all"), ids, unfinished=True)
    places = {game_id: place for place, game_id in enumerate(games.game_ids)}
    found = []
    for game in sorted(told, key=lambda one: one.number):
        place = places.get(game.game_id)
        prices = np.empty(0) if place is None else games.prices_of(place)
        rug_tick = -1 if place is None else int(games.rug_ticks[place])
        found.append(Played(game, prices, rug_tick))
    return found
