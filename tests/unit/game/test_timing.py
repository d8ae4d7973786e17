"""The clockwork of a round is as docs/protocol.md section 4 describes it."""

from __future__ import annotations

from vectra_player.game import timing


def test_a_countdown_runs_from_15000_to_100_in_steps_of_100() -> None:
    values = list(timing.countdown())
    assert (values[0], values[-1], len(values)) == (15_000, 100, 150)


def test_the_presale_opens_at_10000_and_closes_with_the_start() -> None:
    open_at = [timer for timer in timing.countdown() if timing.presale_open(timer)]
    assert (open_at[0], open_at[-1]) == (10_000, 100)
    assert not timing.presale_open(0)
    assert timing.COOLDOWN_MS == 5000


def test_a_round_takes_its_ticks_the_countdown_and_the_settling() -> None:
    assert timing.round_ms(200) == 50_000 + 15_000 + 1300
    low, high = timing.SETTLING_MS
    assert low < timing.SETTLING_TYPICAL_MS < high
