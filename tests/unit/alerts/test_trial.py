"""A trial counts what rules say over recordings, and judges signals by what happened after."""

from __future__ import annotations

import pytest
from tests.alert_support import rules, steady
from tests.live_support import GAME, NEXT, T0, cooldown, event, rug, tick

from vectra_player.alerts.measuring import measured_of
from vectra_player.alerts.odds import PlayerNote, odds_of
from vectra_player.alerts.rules import default_rules
from vectra_player.alerts.trial import Stretch, fair_share, run_trial
from vectra_player.game.sidebet import FAIR_WIN_CHANCE
from vectra_player.protocol.rugs import Event


def game(prices: list[float], game_id: str = GAME, *, rugged: bool = True) -> list[Event]:
    """Return the frames of a game: a countdown frame, its ticks, its rug."""
    frames = [cooldown(1000, game_id), *(tick(t, prices, game_id) for t in range(len(prices)))]
    if rugged:
        frames.append(rug([*prices, 0.02], game_id))
    return [
        event("gameStateUpdate", frame, seq=number + 1, ts=T0 + number * 250_000)
        for number, frame in enumerate(frames)
    ]


WARN = {"at_ticks": [3], "window_ticks": 5}


@pytest.mark.parametrize(
    ("ticks", "rugged", "judged", "came_true"),
    [(5, True, 1, 1), (8, True, 1, 1), (9, True, 1, 0), (9, False, 1, 0), (8, False, 0, 0)],
)
def test_a_warning_is_true_when_the_rug_comes_within_its_window(
    ticks: int, rugged: bool, judged: int, came_true: int
) -> None:
    events = game([*steady(ticks)], rugged=rugged)
    found = run_trial([Stretch(events)], rules("rug_warning", **WARN)).of("rug_warning")
    assert found.came_true is not None
    assert (found.alerts, found.came_true.judged, found.came_true.came_true) == (
        1,
        judged,
        came_true,
    )


@pytest.mark.parametrize(
    ("after", "rugged", "higher"),
    [([0.6] * 5, False, True), ([0.4] * 5, False, False), ([0.9] * 3, True, False)],
)
def test_an_entry_is_true_when_the_price_stands_higher_and_a_rug_makes_it_false(
    after: list[float], rugged: bool, higher: bool
) -> None:
    keys = {"lookback_ticks": 4, "window_ticks": 5}
    wanted = {
        **rules("high_potential_entry", pullback_percent=40, **keys),
        **rules("short_entry_signal", rise_percent=30, **keys),
    }
    events = game([*steady(5), 0.5, *after], rugged=rugged)
    told = run_trial([Stretch(events)], wanted).of("high_potential_entry").came_true
    assert told is not None
    assert (told.judged, told.came_true) == (1, int(higher))


def test_rules_that_are_off_are_tried_and_said_to_be_off() -> None:
    found = run_trial([Stretch(game([*steady(150)]))], default_rules())
    warned, started = found.of("rug_warning"), found.of("game_rug")
    assert (warned.enabled, warned.alerts, started.enabled, started.alerts) == (False, 1, True, 1)
    assert (found.games, found.sessions, found.ticks) == (1, 1, 150)
    example = warned.examples[0]
    assert (example.game_id, example.tick) == (GAME, 139)
    with pytest.raises(KeyError):
        found.of("nothing")


def test_only_the_games_that_were_chosen_count() -> None:
    events = [*game([*steady(5)]), *game([*steady(5)], NEXT)]
    found = run_trial([Stretch(events, frozenset({NEXT}))], default_rules())
    assert (found.games, found.ticks) == (1, 5)
    assert {one.game_id for one in found.of("game_rug").examples} == {NEXT}


def test_examples_are_few_and_the_rate_is_by_game() -> None:
    stretches = [Stretch(game([*steady(4)], f"game-{number}")) for number in range(5)]
    found = run_trial(stretches, rules("game_rug")).of("game_rug")
    assert (found.alerts, found.games, found.a_game, len(found.examples)) == (5, 5, 1.0, 3)


def test_a_signal_that_knows_nothing_comes_true_as_often_as_the_law_says() -> None:
    assert fair_share("rug", 40) == FAIR_WIN_CHANCE
    assert fair_share("higher", 40) + fair_share("lower", 40) == 1
    assert 0.44 < fair_share("higher", 40) < 0.49


def test_what_is_kept_of_a_trial_is_what_signals_state() -> None:
    wanted = rules("rug_warning", **WARN)
    stretches = [
        Stretch(game([*steady(ticks)], f"game-{ticks}")) for ticks in (5, 6, 30, 40, 50, 60)
    ]
    found = run_trial(stretches, wanted)
    players = (
        PlayerNote(player_id="p", username="n", what="w", successes=1, tries=1, fair=0, adjusted=0),
    )
    kept = measured_of(found, wanted, players, made_at="2026-01-01", origin="real")
    assert (kept.games, kept.players) == (6, players)
    told = odds_of(wanted["rug_warning"], kept)
    assert "Measured here: came true 2 of 6 times, 33.33 % (" in told
    assert told.endswith(" %), fair 2.48 %.")
