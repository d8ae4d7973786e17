"""Whatever a strategy does in whatever games: no lamport is made or lost, and the rules hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.strategy_support import with_rug

from vectra_player.game.positions import RugPayout
from vectra_player.game.sidebet import PAYOUT_MULTIPLE, WINDOW_TICKS, Bet, settle
from vectra_player.model.units import to_sol
from vectra_player.protocol.phases import GamePhase
from vectra_player.strategy import Action, Buy, Context, PlaceSidebet, Sell, Strategy
from vectra_player.strategy.engine import Engine
from vectra_player.strategy.latency import Latency
from vectra_player.strategy.limits import Limits
from vectra_player.strategy.market import UNKNOWN_RUG, Market, game_steps
from vectra_player.strategy.paper import PaperBroker
from vectra_player.strategy.records import Outcome, RunResult

CASH = Decimal(10)

amounts = st.integers(0, 4 * 10**9).map(lambda n: Decimal(n).scaleb(-9))
actions: st.SearchStrategy[Action] = st.one_of(
    st.builds(Buy, amounts),
    st.builds(Sell, st.decimals(0, 101, places=2)),
    st.builds(PlaceSidebet, amounts),
)
prices = st.one_of(st.floats(0.02, 50.0), st.just(float("nan")))
games = st.lists(
    st.tuples(st.lists(prices, min_size=1, max_size=60), st.booleans()), min_size=1, max_size=3
)
latencies = st.lists(st.sampled_from([0.0, 100.0, 250.0, 700.0]), min_size=1, max_size=3).map(
    lambda samples: Latency(tuple(samples))
)
scripts = st.dictionaries(st.integers(-1, 60), st.lists(actions, max_size=3), max_size=25)


class Follows(Strategy):
    """Does what a table says, and checks the books before."""

    def __init__(self, script: dict[int, Sequence[Action]]) -> None:
        super().__init__()
        self._script = script

    def on_tick(self, context: Context) -> Sequence[Action]:
        ledger = context.ledger
        assert ledger.cash + ledger.position.cost + ledger.at_risk == (
            CASH + ledger.realised + ledger.sidebet_pnl
        )
        for amount in (ledger.cash, ledger.position.qty, ledger.position.cost, ledger.at_risk):
            assert amount >= 0
            assert amount == to_sol(amount)
        assert (context.sidebet is None) == (ledger.at_risk == 0)
        assert context.holding == (ledger.position.qty > 0)
        at = -1 if context.phase is GamePhase.BETTING else context.tick
        return self._script.get(at, ())


def steps_of(played: list[tuple[list[float], bool]]) -> Iterator[Market]:
    for number, (path, seen) in enumerate(played):
        known = [price for price in path if price == price]
        whole = with_rug(known)[-1:] if known else [0.02]
        rug_tick = len(path) if seen else UNKNOWN_RUG
        yield from game_steps(f"g{number}", np.array([*path, *whole][: len(path) + seen]), rug_tick)


def run(
    script: dict[int, Sequence[Action]],
    played: list[tuple[list[float], bool]],
    latency: Latency,
    payout: RugPayout = "rug_price",
    limits: Limits | None = None,
) -> RunResult:
    broker = PaperBroker(CASH, latency=latency, rug_payout=payout, seed=1)
    result = Engine(Follows(script), broker, limits=limits or Limits()).run(steps_of(played))
    assert result.stopped is None, result.stopped
    return result


@given(scripts, games, latencies, st.sampled_from(["rug_price", "nothing"]))
def test_money_is_conserved_and_every_decision_has_one_outcome(
    script: dict[int, Sequence[Action]],
    played: list[tuple[list[float], bool]],
    latency: Latency,
    payout: RugPayout,
) -> None:
    result = run(script, played, latency, payout)
    moved = sum(
        (-o.amount if o.kind in ("bought", "placed") else o.amount for o in result.outcomes),
        Decimal(0),
    )
    assert result.cash == CASH + moved == CASH + sum(game.profit for game in result.games)
    assert result.profit == sum(o.profit for o in result.outcomes)
    assert [game.game_id for game in result.games] == [f"g{n}" for n in range(len(played))]
    first = [
        o.number
        for o in result.outcomes
        if o.kind in ("bought", "sold", "placed", "refused", "missed")
    ]
    assert sorted(number or 0 for number in first) == [d.number for d in result.decisions]


@given(scripts, games, latencies)
def test_sidebets_are_one_at_a_time_and_settled_as_the_game_settles_them(
    script: dict[int, Sequence[Action]], played: list[tuple[list[float], bool]], latency: Latency
) -> None:
    result = run(script, played, latency)
    rugs = {game.game_id: game.rug_tick for game in result.games}
    open_bet: Outcome | None = None
    for outcome in result.outcomes:
        if outcome.kind == "placed":
            assert open_bet is None
            open_bet = outcome
        elif outcome.kind in ("won", "lost", "void"):
            assert open_bet is not None
            assert (open_bet.number, open_bet.game_id) == (outcome.number, outcome.game_id)
            rug_tick = rugs[outcome.game_id]
            if outcome.kind != "void":
                end = outcome.tick + 1 if rug_tick is None else rug_tick
                told = settle(Bet("me", open_bet.tick, open_bet.amount), end)
                assert (outcome.kind == "won", outcome.amount) == (told.won, told.payout)
            else:
                assert (outcome.amount, outcome.profit) == (open_bet.amount, 0)
                assert rug_tick is None
                assert outcome.tick < open_bet.tick + WINDOW_TICKS
            open_bet = None
    assert open_bet is None
    assert all(
        o.profit == o.amount * (PAYOUT_MULTIPLE - 1) / PAYOUT_MULTIPLE
        for o in result.outcomes
        if o.kind == "won"
    )


@given(scripts, games, st.sampled_from([0.0, 100.0, 250.0, 700.0]))
def test_an_order_fills_at_the_first_tick_seen_at_or_after_its_arrival(
    script: dict[int, Sequence[Action]], played: list[tuple[list[float], bool]], delay_ms: float
) -> None:
    result = run(script, played, Latency.ms(delay_ms))
    decided = {decision.number: decision for decision in result.decisions}
    for outcome in result.outcomes:
        if outcome.number is None or outcome.kind in ("won", "lost", "void"):
            continue
        decision = decided[outcome.number]
        path, seen = played[int(outcome.game_id[1:])]
        if decision.phase == GamePhase.BETTING:
            assert outcome.tick == 0
            continue
        due = decision.tick + int(-(-delay_ms // 250))
        fills = [tick for tick in range(due, len(path)) if path[tick] == path[tick]]
        if fills:
            assert outcome.kind != "missed"
            assert (outcome.tick, outcome.price) == (fills[0], path[fills[0]])
        else:
            assert (outcome.kind, outcome.reason) == ("missed", "rug" if seen else "unseen")


@given(scripts, games, latencies, amounts.filter(bool))
def test_no_more_is_at_risk_than_the_limit(
    script: dict[int, Sequence[Action]],
    played: list[tuple[list[float], bool]],
    latency: Latency,
    most: Decimal,
) -> None:
    result = run(script, played, latency, limits=Limits(max_exposure_sol=most))
    for game in result.games:
        risk = peak = Decimal(0)
        for outcome in (o for o in result.outcomes if o.game_id == game.game_id):
            if outcome.kind in ("bought", "placed"):
                risk += outcome.amount
            elif outcome.kind in ("sold", "rugged", "won", "lost", "void"):
                risk -= outcome.amount - outcome.profit
            peak = max(peak, risk)
        assert peak <= most
