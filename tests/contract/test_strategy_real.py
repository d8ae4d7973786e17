"""On real captures a strategy decides live what it decides in a backtest of the same games."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vectra_player.analysis.games import Games, load_games
from vectra_player.errors import DecodeError
from vectra_player.live.provider import LiveStateProvider
from vectra_player.protocol import rugs
from vectra_player.protocol.phases import GamePhase
from vectra_player.store.importers import import_paths
from vectra_player.store.reads import StoreReader
from vectra_player.strategy import Strategy
from vectra_player.strategy.builtin.sidebets import ProfileSidebet
from vectra_player.strategy.engine import Engine
from vectra_player.strategy.latency import NO_LATENCY, Latency
from vectra_player.strategy.loading import BUILT_IN
from vectra_player.strategy.market import LiveSteps, Market, game_steps
from vectra_player.strategy.paper import PaperBroker
from vectra_player.strategy.profile import Profile, changed

pytestmark = pytest.mark.real_data

CAPTURES = ("2025-12-14_20-17-10_raw.jsonl", "websocket_raw_samples.part1.jsonl")


@pytest.fixture(scope="module")
def store(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("store")
    import_paths([real_data / name for name in (*CAPTURES, "games_with_seeds.jsonl")], root)
    return root


@pytest.fixture(scope="module")
def recorded(store: Path) -> Games:
    with StoreReader(store) as stored:
        return load_games(stored)


@pytest.fixture(scope="module")
def seen_live(store: Path) -> dict[str, list[Market]]:
    """The steps of every game of the captures, as the live state made them."""
    found: dict[str, list[Market]] = {}
    for step in live_steps(store):
        found.setdefault(step.game_id, []).append(step)
    return found


def live_steps(store: Path) -> Iterator[Market]:
    with StoreReader(store) as stored:
        sessions = stored.fetch(
            "SELECT DISTINCT session_id FROM ws_event_rows WHERE raw_format = 'capture' ORDER BY 1"
        )
        for session_id in sessions.column(0).to_pylist():
            live, steps = LiveStateProvider(), LiveSteps()
            for row in stored.read_ws_events(str(session_id)):
                try:
                    event = rugs.decode(row)
                except DecodeError:
                    continue
                step = steps.step(live.apply(event)) if event is not None else None
                if step is not None:
                    yield step


def whole(steps: list[Market]) -> bool:
    """Tell whether a game was watched from its presale to its rug without a missed tick."""
    ticks = {step.tick for step in steps if step.phase is GamePhase.LIVE}
    rugs_at = {step.tick for step in steps if step.phase is GamePhase.RUGGED}
    presale = any(step.phase is GamePhase.BETTING for step in steps)
    return presale and len(rugs_at) == 1 and ticks == set(range(rugs_at.pop()))


def told(strategy: Strategy, steps: Any, latency: Latency) -> list[Any]:
    engine = Engine(strategy, PaperBroker(Decimal(10), latency=latency, seed=2), seed=2)
    result = engine.run(steps)
    decided = [(d.number, d.phase, d.tick, d.price, d.action, d.value) for d in result.decisions]
    done = [(o.number, o.kind, o.tick, o.price, o.amount, o.cash) for o in result.outcomes]
    games = [(game.rug_tick, game.profit, game.expected) for game in result.games]
    return [*decided, *done, *games]


def profile_strategy() -> Strategy:
    return ProfileSidebet(changed(Profile(name="p"), {"execution.num_bets": 4}))


@pytest.mark.parametrize("latency", [NO_LATENCY, Latency.ms(219), Latency.measured([80, 400])])
def test_live_and_backtest_decide_and_earn_the_same(
    seen_live: dict[str, list[Market]], recorded: Games, latency: Latency
) -> None:
    compared = decided = 0
    for game_id, steps in seen_live.items():
        if not whole(steps):
            continue
        game = recorded.game_ids.index(game_id)
        prices, rug_tick = recorded.prices_of(game), int(recorded.rug_ticks[game])
        for maker in (*BUILT_IN.values(), profile_strategy):
            here = told(maker(), game_steps(game_id, prices, rug_tick), latency)
            assert told(maker(), steps, latency) == here, (game_id, maker)
            decided += len(here)
        compared += 1
    assert compared >= 2
    assert decided > compared * 20


def test_ticks_lost_on_the_wire_are_the_gaps_of_a_backtest(
    seen_live: dict[str, list[Market]], recorded: Games
) -> None:
    random = np.random.default_rng(3)
    for game_id, steps in seen_live.items():
        if not whole(steps):
            continue
        game = recorded.game_ids.index(game_id)
        rug_tick = int(recorded.rug_ticks[game])
        for share in (0.1, 0.5):
            lost = set(np.flatnonzero(random.random(rug_tick) < share).tolist())
            prices = recorded.prices_of(game).copy()
            prices[sorted(lost)] = np.nan
            left = [s for s in steps if s.phase is not GamePhase.LIVE or s.tick not in lost]
            for maker in (*BUILT_IN.values(), profile_strategy):
                here = told(maker(), game_steps(game_id, prices, rug_tick), Latency.ms(219))
                assert told(maker(), left, Latency.ms(219)) == here, (game_id, maker)


def test_whoever_joins_in_the_middle_knows_the_prices_from_tick_0(
    seen_live: dict[str, list[Market]],
) -> None:
    joined = 0
    for steps in seen_live.values():
        engine = Engine(BUILT_IN["never-bet"](), PaperBroker(Decimal(1)))
        for step in steps:
            engine.step(step)
        assert not np.isnan(engine.context.prices).any()
        joined += steps[0].tick > 0
    assert joined == 1
