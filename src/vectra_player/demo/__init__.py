"""A stand-in for the game on loopback: the rounds, the socket and the page of the real one.

It exists so that capture, storage, display and trading can be shown end to end without the live
game. `sources`, `app` and `cli` may start it; it takes every rule from `game` and knows no store.
"""

from vectra_player.demo.server import DemoServer, run_demo_server
from vectra_player.demo.settings import DemoSettings, Latency

__all__ = ["DemoServer", "DemoSettings", "Latency", "run_demo_server"]
