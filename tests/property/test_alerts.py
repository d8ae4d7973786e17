"""No stream of events makes the alert engine fail, and it remembers little of it."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.alert_support import Stream, all_on, rules
from tests.live_support import GAME, ME, NEXT, OTHER, cooldown

from vectra_player.alerts.conditions import ConditionError, parse
from vectra_player.alerts.gate import KEYS_KEPT, Gate
from vectra_player.alerts.rules import Cooldown, default_rules, read_rules

numbers = st.one_of(
    st.integers(-3, 400), st.floats(-10, 1e12), st.sampled_from([0, 1e-300, 1e300, -1.0, 5, 1.0])
)
words = st.one_of(st.text(max_size=12), st.sampled_from([GAME, NEXT, ME, OTHER, "LIVE", "BUY"]))
values = st.one_of(st.none(), st.booleans(), numbers, words)
NAMES = [
    "gameStateUpdate", "playerUpdate", "standard/newTrade", "currentSidebet", "newChatMessage",
    "currentSidebetResult", "bbcRound", "candleflipUpdate", "usernameStatus", "anything",
]  # fmt: skip
KEYS = [
    "gameId", "active", "rugged", "price", "tickCount", "cooldownTimer", "id", "playerId", "type",
    "positionQty", "avgCost", "amount", "startTick", "payout", "profit", "timestamp", "roundId",
    "actualResult", "currentStreak", "streakDirection", "username", "connectedPlayers",
]  # fmt: skip
payloads = st.dictionaries(st.sampled_from(KEYS), values, max_size=10)
shorts = st.fixed_dictionaries(
    {"id": st.just(ME), "shortPosition": st.dictionaries(
        st.sampled_from(["amount", "entryPrice", "currentValue", "pnl", "atRisk",
                         "liquidationPrice"]), values)}
)  # fmt: skip
facts = st.tuples(
    st.sampled_from(["outcome", "connected", "disconnected", "silence", "gap", "stopped"]),
    st.dictionaries(
        st.sampled_from(["outcome", "action_type", "amount", "total_latency_ms", "executed_price",
                         "error", "reason", "socket_id"]),
        st.one_of(values, st.sampled_from(["CONFIRMED", "REJECTED", "UNKNOWN"])),
    ),
)  # fmt: skip
steps = st.one_of(
    st.tuples(st.sampled_from(NAMES), payloads),
    st.tuples(st.just("playerUpdate"), shorts),
    facts,
    st.lists(st.one_of(st.floats(0.001, 300), st.just(1.0)), max_size=60),
)
CUSTOM = {
    **rules("custom_signal_1", when="price > 1.5 or pnl < 0 or volatility_percent > 5"),
    **rules("custom_signal_2", when="drop_percent > 1 and players > 1 and phase == LIVE"),
    **rules("exceptional_entry", players=[OTHER, ME]),
}


def play(told: list[Any]) -> Stream:
    stream = Stream({**all_on(), **CUSTOM})
    stream.countdown()
    for step in told:
        stream.now += 250_000
        if isinstance(step, list):
            stream.ticks(step)
        elif step[0] in NAMES:
            stream.event(step[0], step[1])
        else:
            stream.fact(step[0], **step[1])
    return stream


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, max_size=25))
def test_no_stream_of_events_makes_it_fail_and_the_same_stream_tells_the_same(
    told: list[Any],
) -> None:
    first = play(told)
    assert [a.alert_id for a in first.alerts] == [a.alert_id for a in play(told).alerts]
    for alert in first.alerts:
        assert 0 < len(alert.title) < 400
        assert (alert.title + alert.message).isprintable()


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120))
def test_any_text_is_a_condition_or_is_refused(text: str) -> None:
    with suppress(ConditionError):
        parse(text).holds(lambda _: None)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(default_rules())),
    st.sampled_from(["levels", "when", "cooldown", "title", "dedupe", "expires_s", "x", "factor"]),
    st.one_of(
        st.text(max_size=20), st.sampled_from(["1", "nan", "-1", "[1, 2]", '"{tick}"', "{}"])
    ),
)
def test_any_table_gives_all_rules(name: str, key: str, value: str) -> None:
    read = read_rules(f"[{name}]\n{key} = {value}\n", "x.toml")
    assert set(read.rules) == set(default_rules())


def test_memory_is_bounded_however_long_it_runs() -> None:
    gate = Gate()
    for number in range(10_000):
        gate.lets(Cooldown(), f"{number}", number, None, None)
    assert len(gate._keys) == KEYS_KEPT
    stream = Stream(all_on())
    sizes = []
    for number in range(12):
        stream.countdown(game=f"game-{number}")
        stream.event("gameStateUpdate", cooldown(100, f"game-{number}"))
        stream.ticks([1.0, 2.0, 6.0, 0.4] * 5)
        stream.rug()
        sizes.append(sum(sys.getsizeof(w.gate._keys) for w in stream.engine._wards.values()))
    assert sizes[-1] <= sizes[3] * 4
