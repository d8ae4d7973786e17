"""What the Play tab asks of a warm child: intervals need a library the server never loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def bets_won(data_dir: Path, request: dict[str, Any]) -> Any:
    """Estimate the chance of the account's sidebets from `won` of `bets`."""
    import msgspec

    from vectra_player.analysis.intervals import proportion
    from vectra_player.game.sidebet import FAIR_WIN_CHANCE

    return msgspec.to_builtins(proportion(request["won"], request["bets"], FAIR_WIN_CHANCE))
