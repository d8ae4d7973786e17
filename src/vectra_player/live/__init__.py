"""What is known now (reducer, provider) and what is kept (derive), both from the same events.

`store` files with `derive`; app, foundation and everything above read the provider. Pure but for
the provider's subscription; no I/O, no clock.
"""

from vectra_player.live.provider import LiveStateProvider

__all__ = ["LiveStateProvider"]
