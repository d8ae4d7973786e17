"""How long the parts of a round last: the one place for the round's clockwork.

Any layer may use it. Source: docs/protocol.md section 4; lengths are the server's own, a tick
takes 250.6 ms on average on the wire.
"""

from __future__ import annotations

TICK_MS = 250  # 51 consecutive games: 0.2506 s a tick
COUNTDOWN_MS = 15_000  # the reset frame's timer: time between two games
PRESALE_MS = 10_000  # last part of the countdown: allowPreRoundBuys from timer 10000 on
COOLDOWN_MS = COUNTDOWN_MS - PRESALE_MS  # first part: timer 15000 to 10100
TIMER_STEP_MS = 100  # between two countdown frames
SETTLING_MS = (900, 2300)  # shortest and longest time from the rug to the reset frame
SETTLING_TYPICAL_MS = 1300  # the same 51 games: ticks + 15 s + 1.3 s


def countdown() -> range:
    """Return the timer values of a countdown in order: 15000 down to 100, never 0."""
    return range(COUNTDOWN_MS, 0, -TIMER_STEP_MS)


def presale_open(timer_ms: int) -> bool:
    """Tell whether bets are taken while the countdown shows this many milliseconds."""
    return 0 < timer_ms <= PRESALE_MS


def round_ms(rug_tick: int) -> int:
    """Return the usual time from one reset frame to the next for a game with this rug tick."""
    return COUNTDOWN_MS + rug_tick * TICK_MS + SETTLING_TYPICAL_MS
