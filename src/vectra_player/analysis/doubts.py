"""What speaks against believing a backtest or a sweep, in words a reader cannot overlook.

Pure. Used by `analysis.backtest` and `analysis.sweep`; a result without warnings is rare.
"""

from __future__ import annotations

from collections.abc import Iterator

from vectra_player.analysis.backtest_tables import sol
from vectra_player.analysis.measures import Measures
from vectra_player.analysis.significance import FEWEST_GAMES
from vectra_player.strategy.records import Stopped


def doubts(
    *,
    whole: Measures,
    train: Measures,
    validation: Measures,
    coin_flip: Measures,
    tried: int,
    generated: bool,
    incomplete: int,
    latency_ms: float,
    stopped: Stopped | None,
) -> Iterator[str]:
    """Yield what a reader should know before believing the figures."""
    if stopped is not None:
        yield (
            f"The run ended early, in game {stopped.game_id} at tick {stopped.tick}: "
            f"{stopped.message}. Later games count as not played."
        )
    if not whole.games_played:
        yield "Nothing was bought or bet: there is nothing to judge."
        return
    yield from _about_numbers(whole, train, validation)
    yield from _about_choosing(train, validation, tried)
    yield from _about_the_world(whole, coin_flip, generated, incomplete, latency_ms)


def _about_numbers(whole: Measures, train: Measures, validation: Measures) -> Iterator[str]:
    for part in (train, validation):
        played = part.evidence.games_at_risk
        if played < FEWEST_GAMES:
            yield (
                f"The {part.part} part has {played} games with money at risk; "
                f"below {FEWEST_GAMES} nothing can be said of it."
            )
    if whole.profit > 0 and whole.evidence.without_best <= 0:
        yield (
            f"One game made all the profit: without its {sol(whole.best_game)} SOL the mean is "
            "zero or below."
        )
    if whole.refused:
        yield f"{whole.refused:,} orders were refused; trades.parquet says why."


def _about_choosing(train: Measures, validation: Measures, tried: int) -> Iterator[str]:
    if tried > 1:
        yield (
            f"{tried:,} variants were tried on these games, so the validation part is no longer "
            "unseen. The score allows for that; games recorded from now on are the real test."
        )
    if train.profit > 0 >= validation.profit and validation.games_played:
        yield "What the earlier games promised, the later ones did not keep."


def _about_the_world(
    whole: Measures, coin_flip: Measures, generated: bool, incomplete: int, latency_ms: float
) -> Iterator[str]:
    if generated:
        yield "These games are fair by construction: every profit in them is luck."
    if incomplete:
        yield f"{incomplete:,} games have gaps: what happened in those is not known."
    ours, coins = whole.result, coin_flip.result
    if ours is not None and coins is not None and ours <= coins:
        yield "A coin flip with bets of the same size did no worse."
    if whole.buys and latency_ms <= 0:
        yield (
            "Orders are carried out at the tick they are decided at. A real one was seen to take "
            "219 ms, about a tick: try --latency-ms 219."
        )
