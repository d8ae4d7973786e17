"""One watcher a type of alert. Used by `alerts.engine` only."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vectra_player.alerts.watchers import crowd, custom, game, link, moves, own, rounds, shorts
from vectra_player.alerts.watchers.base import Found, Watcher

__all__ = ["WATCHERS", "Found", "Watcher"]

WATCHERS: Mapping[str, type[Watcher]] = MappingProxyType(
    {
        "trade_success": own.TradeSuccess,
        "trade_failed": own.TradeFailed,
        "position_profit": own.PositionProfit,
        "position_loss": own.PositionLoss,
        "sidebet_won": own.SidebetWon,
        "sidebet_lost": own.SidebetLost,
        "game_start": game.GameStart,
        "game_rug": game.GameRug,
        "multiplier_milestone": game.Milestone,
        "volatility_spike": moves.VolatilitySpike,
        "volatility_calm": moves.VolatilityCalm,
        "sidebet_optimal_zone": moves.SidebetZone,
        "high_potential_entry": moves.Pullback,
        "high_potential_exit": moves.OffPeak,
        "rug_warning": game.Survival,
        "survival_milestone": game.Survival,
        "exceptional_entry": crowd.ExceptionalEntry,
        "exceptional_exit": crowd.ExceptionalExit,
        "custom_signal_1": custom.CustomSignal,
        "custom_signal_2": custom.CustomSignal,
        "custom_signal_3": custom.CustomSignal,
        "short_entry_signal": moves.FastRise,
        "short_exit_signal": shorts.ShortExit,
        "short_liquidation": shorts.Liquidation,
        "bbc_round_start": rounds.BbcStart,
        "bbc_optimal_pred": rounds.BbcPrediction,
        "candleflip_start": rounds.CandleflipStart,
        "candleflip_streak": rounds.CandleflipStreak,
        "connection_lost": link.ConnectionLost,
        "connection_restored": link.ConnectionRestored,
        "latency_warning": link.Latency,
    }
)
"""What looks for each type."""
