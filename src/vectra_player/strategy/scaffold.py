"""Begin a strategy of the user's own from a template. Called by `cli.strategy`."""

from __future__ import annotations

from pathlib import Path

from vectra_player.errors import UsageError
from vectra_player.strategy.loading import BUILT_IN, NAME

TEMPLATE = '''\
"""A strategy of your own. Try it with: vectra-player backtest {name} --games generated:1000"""

from typing import Annotated

from msgspec import Meta

from vectra_player.strategy import Buy, Context, Params, Sell, Strategy


class {kind}Params(Params, frozen=True):
    """What can be set from outside, with ranges that sweeps and forms keep to."""

    buy_sol: Annotated[float, Meta(gt=0, le=10, description="SOL spent on each buy")] = 0.01
    buy_tick: Annotated[int, Meta(ge=0, le=4999, description="tick of the buy")] = 20
    hold_ticks: Annotated[int, Meta(ge=1, le=4999, description="ticks to hold")] = 10


class {kind}(Strategy):
    """Buy at a tick, sell some ticks later."""

    Params = {kind}Params

    def on_tick(self, context: Context):
        if context.tick == self.params.buy_tick and context.flat:
            yield Buy(self.params.buy_sol)
        elif context.ticks_in_position >= self.params.hold_ticks and not context.trade_pending:
            yield Sell(100)
'''


def new_strategy(folder: Path, name: str) -> Path:
    """Write a strategy to begin with and return its file.

    Raises UsageError: the name is bad or taken, or the file cannot be written.
    """
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name of a strategy.",
            advice="Use a-z, 0-9, _ and -, 64 at most, and begin with a letter or digit.",
        )
    if name in BUILT_IN:
        raise UsageError(f"{name} is a built-in strategy.", advice="Choose another name.")
    target = folder / f"{name}.py"
    kind = "".join(part.capitalize() for part in name.replace("_", "-").split("-"))
    kind = f"Strategy{kind}" if kind[0].isdigit() or kind in _TAKEN else kind
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE.format(name=name, kind=kind))
    except FileExistsError:
        raise UsageError(f"{target} exists.", advice="Choose another name or remove it.") from None
    except OSError as error:
        raise UsageError(f"{target} could not be made: {error.strerror}.") from error
    return target


_TAKEN = (
    "Annotated",
    "Buy",
    "Context",
    "Meta",
    "Params",
    "Sell",
    "Strategy",
    "None",
    "True",
    "False",
)
