"""The game itself: rounds one after another, as a schedule of events in game time. Pure.

`Simulation.advance(until_ms)` returns what happens until then, the same for the same seed
whoever is connected. The server calls it and paces it; tests call it without any server.
Order and delays: docs/protocol.md sections 2 to 4.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from vectra_player.demo import events, frames
from vectra_player.demo.people import make_roster
from vectra_player.demo.rounds import HISTORY_LENGTH, SEEDED_DAY, Chronicle, Dealer, play_unseen
from vectra_player.demo.settings import DemoSettings
from vectra_player.demo.values import Emission, Payload, Stamps, new_trace, stream
from vectra_player.game.timing import (
    COUNTDOWN_MS,
    PRESALE_MS,
    SETTLING_TYPICAL_MS,
    TICK_MS,
    TIMER_STEP_MS,
    presale_open,
    round_ms,
)

FLUSH_MS = 2000
"""A trade of the crowd is published on this timer, one a time."""

BATTLE_MS = 60_000
EVENT_MS = 15_000
SETTLE_AHEAD_MS = 175
"""Personal results reached a client so long before the public rug frame."""

GOLDEN_DUPLICATE_MS = 550


class Simulation:
    """The state of the show and its schedule. `now_ms` is the game time reached."""

    def __init__(self, settings: DemoSettings, seed: int, origin_ms: int) -> None:
        self.stamps = Stamps(origin_ms, settings.speed)
        self.people = make_roster(seed)
        self.now_ms = 0.0
        self.games_over = 0
        self.big_history_bytes = 0
        self.maintenance = False
        self._paused_until_ms = 0.0
        self._settings = settings
        self._seed = seed
        self._rng = stream("show", seed)
        self._traces = stream("traces", seed)
        self._schedule: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = 0
        self._out: list[Emission] = []
        day = SEEDED_DAY
        if settings.seed is None:
            day = datetime.fromtimestamp(origin_ms / 1000, UTC)
        self._dealer = Dealer(
            seed,
            self.people,
            self.stamps,
            day=day,
            shortest=settings.shortest_game,
            longest=settings.longest_game,
        )
        self.chronicle = Chronicle(
            [self._dealer.peak(-n) for n in range(settings.past_games, HISTORY_LENGTH, -1)]
        )
        self._play_the_past()
        self._index = 0
        self.table = frames.Table(self._dealer.deal(0, 0.0))
        self._at(0.0, self._reset, 0)
        self._at(FLUSH_MS, self._flush_trade)
        self._at(BATTLE_MS, self._battle)
        self._at(self._rng.uniform(500, 4000), self._chat)
        if settings.golden_hour:
            self._at(EVENT_MS, self._golden)

    @property
    def next_ms(self) -> float:
        """Return when the next thing happens."""
        return self._schedule[0][0]

    def advance(self, until_ms: float) -> list[Emission]:
        """Let game time pass up to and including `until_ms`; return what happened, in order."""
        while self._schedule and self._schedule[0][0] <= until_ms:
            at_ms, _, action, args = heapq.heappop(self._schedule)
            self.now_ms = at_ms
            action(*args)
        self.now_ms = max(self.now_ms, until_ms)
        happened, self._out = self._out, []
        return happened

    def snapshot(self) -> Payload:
        """Return the frame a client gets first."""
        return frames.snapshot(self.table, self.chronicle, padding_bytes=self.big_history_bytes)

    def greeting(self) -> list[tuple[str, Payload, bool]]:
        """Return name, payload and traced of what follows the snapshot, in order."""
        golden = self._settings.golden_hour
        first = [("goldenHourUpdate", self._golden_state(), True)] if golden else []
        return [
            *first,
            ("battleEventUpdate", events.battle(), True),
            ("rugRoyaleUpdate", events.rug_royale(self.people, self.stamps), False),
            ("sidebetEventUpdate", events.sidebet_event(self.people, self.stamps), True),
            ("battleEventUpdate", events.battle(), True),
            ("maintenanceUpdate", events.maintenance(active=self.maintenance), True),
        ]

    def _play_the_past(self) -> None:
        games = [self._dealer.deal(-n, -n * 60_000.0) for n in range(HISTORY_LENGTH, 0, -1)]
        end_ms = -SETTLING_TYPICAL_MS / 2
        ends = []
        for game in reversed(games):
            ends.append(end_ms)
            end_ms -= round_ms(game.rug_tick)
        for game, ended_ms in zip(games, reversed(ends), strict=True):
            play_unseen(game, ended_ms - 700 - game.rug_tick * TICK_MS)
            self.chronicle.add(game, self.stamps.at(ended_ms))

    # The round, in order -------------------------------------------------------------------

    def _reset(self, index: int) -> None:
        previous = self.table
        self._index = index
        game = self._dealer.deal(index, self.now_ms) if index else previous.game
        self.table = frames.Table(
            game,
            shown_trades=previous.shown_trades,
            players=previous.players,
            leaderboard=previous.leaderboard,
        )
        self._state(self._history(), "reset")
        self._later(TIMER_STEP_MS, self._countdown, COUNTDOWN_MS - TIMER_STEP_MS)

    def pause(self, for_ms: float) -> None:
        """Let the countdown stand still for so long, this one or the next."""
        self._paused_until_ms = self.now_ms + for_ms

    def _stands_still(self, timer_ms: int) -> bool:
        table = self.table
        begins = not table.paused
        table.paused = self.now_ms < self._paused_until_ms
        if table.paused:
            # The message is in the long shape only.
            self._state(frames.tick(table, self.chronicle) if begins else frames.cooldown(table))
            self._later(TIMER_STEP_MS, self._countdown, timer_ms)
        return table.paused

    def _countdown(self, timer_ms: int) -> None:
        table = self.table
        if self._stands_still(timer_ms):
            return
        table.timer_ms = timer_ms
        self._walk_players()
        if presale_open(timer_ms):
            table.game.crowd.presale(self.now_ms, timer_ms, PRESALE_MS)
            self._rank()
        if timer_ms == PRESALE_MS:
            self._state(frames.tick(table, self.chronicle))
        self._state(frames.cooldown(table))
        if timer_ms > TIMER_STEP_MS:
            self._later(TIMER_STEP_MS, self._countdown, timer_ms - TIMER_STEP_MS)
        else:
            self._later(TIMER_STEP_MS, self._start)

    def _start(self) -> None:
        table = self.table
        table.timer_ms, table.active, table.tick, table.leaderboard = 0, True, 0, ()
        self._state(frames.start(table), "start")
        if self._settings.golden_hour:
            self._later(GOLDEN_DUPLICATE_MS, self._golden_duplicate, self.now_ms)
        elif table.game.rug_tick > 1:
            self._later(TICK_MS, self._tick, 1, self.now_ms)
        else:
            self._rug_comes()

    def _golden_duplicate(self, started_ms: float) -> None:
        self._state(self._history())
        if self.table.game.rug_tick > 1:
            self._later(5, self._tick, 1, started_ms)
        else:
            self._rug_comes()

    def _tick(self, tick: int, started_ms: float) -> None:
        table = self.table
        table.tick = tick
        table.game.crowd.tick(tick, table.price, self.now_ms)
        self._walk_players()
        self._rank()
        self._state(frames.tick(table, self.chronicle), "tick")
        if tick + 1 < table.game.rug_tick:
            due = max(started_ms + (tick + 1) * TICK_MS, self.now_ms + 5)
            self._at(due, self._tick, tick + 1, started_ms)
        else:
            self._rug_comes()
        self._announce_sidebets()

    def _rug_comes(self) -> None:
        delay = self._rng.uniform(TICK_MS - 40, TICK_MS + 120)
        self._later(max(delay - SETTLE_AHEAD_MS, 20), self._settle)
        self._later(delay, self._rug)

    def _settle(self) -> None:
        self.table.settled = True
        self._out.append(Emission(self.now_ms, "", (), "settle"))

    def _rug(self) -> None:
        table = self.table
        table.tick, table.rugged = table.game.rug_tick, True
        table.game.crowd.rug(table.tick, table.price, self.now_ms)
        self._rank()
        self._state(frames.tick(table, self.chronicle), "rug")
        settled = self._rng.uniform(450, 900)
        stamp = self.stamps.at(self.now_ms + settled + self._rng.uniform(20, 180))
        self._later(settled, self._rug_history)
        self._later(settled + self._rng.uniform(240, 530), self._roll_over, stamp)

    def _rug_history(self) -> None:
        shown = self.table.tick + self._rng.choice((1, 1, 2))
        self._state(self._history(tick_shown=shown))
        if self._settings.golden_hour:
            self._later(20, self._drawing, self.table.game.game_id)

    def _roll_over(self, stamp_ms: int) -> None:
        self.chronicle.add(self.table.game, stamp_ms)
        self.games_over += 1
        self._reset(self._index + 1)

    # Beside the round ----------------------------------------------------------------------

    def _flush_trade(self) -> None:
        trade = self.table.game.crowd.sample_trade()
        if trade is not None:
            self._traced("standard/newTrade", trade)
        self._later(FLUSH_MS, self._flush_trade)

    def _announce_sidebets(self) -> None:
        crowd = self.table.game.crowd
        for payload in crowd.announced:
            self._traced("newSideBet", payload)
        crowd.announced.clear()

    def _battle(self) -> None:
        self._traced("battleEventUpdate", events.battle())
        self._later(BATTLE_MS, self._battle)

    def _golden(self) -> None:
        self._traced("goldenHourUpdate", self._golden_state())
        self._later(EVENT_MS, self._golden)

    def _golden_state(self) -> Payload:
        return events.golden_hour(self._seed, self.stamps)

    def _drawing(self, game_id: str) -> None:
        stamp = self.stamps.at(self.now_ms - 430)
        self._traced(
            "goldenHourDrawing", events.golden_drawing(self._rng, self.people, game_id, stamp)
        )

    def _chat(self) -> None:
        person = self._rng.choice(self.people)
        stamp = self.stamps.at(self.now_ms)
        self._traced("newChatMessage", events.chat(self._rng, person, stamp))
        self._later(self._rng.expovariate(1 / 7000) + 300, self._chat)

    # Plumbing ------------------------------------------------------------------------------

    def _history(self, tick_shown: int | None = None) -> Payload:
        return frames.history(
            self.table,
            self.chronicle,
            tick_shown=tick_shown,
            padding_bytes=self.big_history_bytes,
        )

    def _rank(self) -> None:
        table = self.table
        crowd = table.game.crowd
        if table.active:
            # In the presale frames show the total of the game before.
            table.shown_trades = crowd.trade_count
        board = crowd.leaderboard(table.price, presale=not table.active)
        table.leaderboard = tuple(board)

    def _walk_players(self) -> None:
        step = self._rng.choice((-1, 0, 0, 0, 0, 0, 0, 0, 1))
        self.table.players = min(292, max(182, self.table.players + step))

    def _state(self, payload: Payload, cue: str = "state") -> None:
        self._out.append(Emission(self.now_ms, "gameStateUpdate", (payload,), cue))

    def _traced(self, name: str, payload: Payload) -> None:
        args = (new_trace(self._traces), payload)
        self._out.append(Emission(self.now_ms, name, args))

    def _later(self, delay_ms: float, action: Callable[..., None], *args: Any) -> None:
        self._at(self.now_ms + delay_ms, action, *args)

    def _at(self, at_ms: float, action: Callable[..., None], *args: Any) -> None:
        # The counter keeps moments that coincide in the order in which they were planned.
        self._order += 1
        heapq.heappush(self._schedule, (at_ms, self._order, action, args))
