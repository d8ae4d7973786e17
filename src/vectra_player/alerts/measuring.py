"""Make what `alerts test --save` keeps: how signals did, and whose record is exceptional.

Heavy (it loads the analyses); called by the command alone, never by the service.
"""

from __future__ import annotations

from collections.abc import Mapping

from vectra_player.alerts.odds import Measured, PlayerNote, SignalRecord, params_as_kept
from vectra_player.alerts.rules import Rule
from vectra_player.alerts.trial import Trial, fair_share
from vectra_player.analysis.games import load_games
from vectra_player.analysis.players import PlayerField, players, read_crowd
from vectra_player.game.sidebet import WINDOW_TICKS
from vectra_player.store.reads import GameFilter, StoreReader

MOST_LIKELY_LUCK = 0.05
"""A player counts as exceptional when luck makes somebody look so good less often than this."""


def measured_of(
    trial: Trial,
    rules: Mapping[str, Rule],
    players: tuple[PlayerNote, ...],
    *,
    made_at: str,
    origin: str,
) -> Measured:
    """Take from a trial what signals state from now on."""
    signals = {}
    for one in trial.types:
        told = one.came_true
        if told is None:
            continue
        signals[one.type] = SignalRecord(
            params=params_as_kept(rules[one.type]),
            signals=told.judged,
            came_true=told.came_true,
            low=told.share.low,
            high=told.share.high,
            fair=fair_share(told.outcome, told.window_ticks),
        )
    return Measured(
        made_at=made_at, games=trial.games, origin=origin, signals=signals, players=players
    )


def exceptional_players(reader: StoreReader, chosen: GameFilter) -> tuple[PlayerNote, ...]:
    """Return the players `analyze players` finds better than luck explains, if any."""
    games = load_games(reader, chosen, unfinished=True)
    found = players(games, read_crowd(reader, chosen), WINDOW_TICKS)
    return (
        *_notes(found.buys, f"a buy stood higher {WINDOW_TICKS} ticks later"),
        *_notes(found.bets, "a sidebet won"),
    )


def _notes(field: PlayerField, what: str) -> tuple[PlayerNote, ...]:
    return tuple(
        PlayerNote(
            player_id=one.player_id,
            username=one.username,
            what=what,
            successes=round((one.rate.value or 0.0) * one.rate.n),
            tries=one.rate.n,
            fair=one.rate.fair or 0.0,
            adjusted=one.luck.adjusted,
        )
        for one in field.best
        if one.luck.adjusted < MOST_LIKELY_LUCK
    )
