"""What is known now (reducer, provider) and what is kept (derive), both from the same events.

`store` files with `derive`; app, foundation and everything above read the provider. Pure but for
the provider's subscription; no I/O, no clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vectra_player.live.provider import LiveStateProvider

__all__ = ["LiveStateProvider"]


def __getattr__(name: str) -> Any:
    # Loaded when asked for: whoever folds states, as a strategy's own process, needs no bus.
    if name != "LiveStateProvider":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from vectra_player.live.provider import LiveStateProvider

    return LiveStateProvider
