"""Sidebets: a stake that the rug comes within 40 ticks. The one rule for paying them.

Any layer may use it: the demo server settles with it, derivation and audits check records with
it. Source: docs/protocol.md section 8; 2,195 resolved bets agree without exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vectra_player.game.price_path import V3
from vectra_player.game.refusal import RefusedError, checked_amount
from vectra_player.model.units import to_sol

WINDOW_TICKS = 40  # end = start + 40 in 2,195 of 2,195
PAYOUT_MULTIPLE = 5  # xPayout; the stake is included: 422 of 422 wins paid 5.0 x stake
MIN_STAKE_SOL = Decimal("0.001")  # smallest of 2,195
MAX_STAKE_SOL = Decimal(5)  # largest SOL stake seen
MAX_STAKE_PRACTICE = Decimal(10_000)  # selectedCoin.max_bet; 1,010.575 was seen
PRESALE_START_TICK = 0  # bets of the presale resolve with startTick 0


def win_chance(hazard: float = V3.rug_chance, window_ticks: int = WINDOW_TICKS) -> float:
    """Return the chance that a rug comes within the window: one check a tick, all alike."""
    return 1.0 - (1.0 - hazard) ** window_ticks


def expected_value(chance: float, multiple: float = PAYOUT_MULTIPLE) -> float:
    """Return the mean profit of one unit staked."""
    return multiple * chance - 1.0


FAIR_WIN_CHANCE = win_chance()
"""0.181680, the same at every tick of a game."""

FAIR_EXPECTED_VALUE = expected_value(FAIR_WIN_CHANCE)
"""-0.09160 of the stake: the house's edge."""

BREAK_EVEN_CHANCE = 1 / PAYOUT_MULTIPLE
"""0.20: below it a sidebet loses on average."""


@dataclass(frozen=True, slots=True)
class Bet:
    """An open sidebet. `stake` in SOL, or in practice coins where `practice`."""

    player_id: str
    start_tick: int
    stake: Decimal
    practice: bool = False

    @property
    def end_tick(self) -> int:
        """Return the last tick whose rug wins."""
        return end_of(self.start_tick)


@dataclass(frozen=True, slots=True)
class Settlement:
    """A resolved sidebet. `payout` includes the stake; `profit` is payout minus stake.

    `settle_tick` is the tick it was decided at; `record_tick` is the `tickIndex` the server
    writes, which for a loss is the start.
    """

    bet: Bet
    won: bool
    payout: Decimal
    profit: Decimal
    settle_tick: int
    record_tick: int


def end_of(start_tick: int) -> int:
    """Return the last tick of the window of a bet placed at `start_tick`."""
    return start_tick + WINDOW_TICKS


def wins(end_tick: int, rug_tick: int) -> bool:
    """Tell whether a bet open until `end_tick` wins: equality wins too, 9 of 9 times."""
    return rug_tick <= end_tick


def settle(bet: Bet, rug_tick: int) -> Settlement:
    """Resolve a bet of a finished game."""
    won = wins(bet.end_tick, rug_tick)
    payout = to_sol(bet.stake * PAYOUT_MULTIPLE) if won else to_sol(0)
    return Settlement(
        bet=bet,
        won=won,
        payout=payout,
        profit=payout - bet.stake,
        settle_tick=rug_tick if won else bet.end_tick,
        record_tick=rug_tick if won else bet.start_tick,
    )


def settle_at(bet: Bet, tick: int, *, rugged: bool) -> Settlement | None:
    """Resolve a bet while its game runs; None while it is open.

    A loss is certain once the window's last tick has come without a rug (records are stamped
    9.9 s after the bet, 40 ticks being 10 s).
    """
    if rugged:
        return settle(bet, tick)
    return settle(bet, tick + 1) if tick >= bet.end_tick else None


def check_stake(stake: Decimal, *, practice: bool = False) -> Decimal:
    """Return the stake to a lamport. Raises RefusedError outside the limits."""
    exact = checked_amount(stake, "stake")
    highest = MAX_STAKE_PRACTICE if practice else MAX_STAKE_SOL
    if not MIN_STAKE_SOL <= exact <= highest:
        raise RefusedError("stake", f"a sidebet is {MIN_STAKE_SOL} to {highest}, not {exact}")
    return exact


class SidebetBook:
    """The open sidebets of one game, at most one a player."""

    def __init__(self) -> None:
        self._open: dict[str, Bet] = {}

    def __len__(self) -> int:
        return len(self._open)

    def of(self, player_id: str) -> Bet | None:
        """Return the player's open bet."""
        return self._open.get(player_id)

    def place(self, player_id: str, stake: Decimal, tick: int, *, practice: bool = False) -> Bet:
        """Open a bet; in the presale `tick` is PRESALE_START_TICK.

        Raises RefusedError outside the stake limits or while the player has a bet open. There
        is no cooldown: the next bet may start at the tick at which the last was lost.
        """
        if player_id in self._open:
            raise RefusedError("open_bet", "one sidebet at a time")
        bet = Bet(player_id, tick, check_stake(stake, practice=practice), practice)
        self._open[player_id] = bet
        return bet

    def advance(self, tick: int, *, rugged: bool) -> list[Settlement]:
        """Resolve and forget what is decided at this tick, in order of placing; at a rug all."""
        settled = [
            result
            for bet in self._open.values()
            if (result := settle_at(bet, tick, rugged=rugged)) is not None
        ]
        for result in settled:
            del self._open[result.bet.player_id]
        return settled
