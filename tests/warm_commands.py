"""What the process that `run_warm` forks its commands from has loaded before the first of them.

A command imports what it needs when it needs it, which takes a second or two each time. Here all of
it is imported once, and the fair games that comparisons rest on are made once. What a command costs
and imports in a process of its own is shown by the tests that start one: `run`, and every command
of the documentation. Imported by the fork server alone.
"""

from __future__ import annotations

import contextlib
import gc
import pkgutil
from importlib import import_module

import vectra_player
from vectra_player.analysis.games import fair_games

LIBRARIES = ("altair", "jinja2", "numba", "scipy.stats", "vl_convert")
"""What our modules import inside functions only."""


def load() -> None:
    """Import the product and its libraries, and make the games of the fair baseline."""
    for library in LIBRARIES:
        import_module(library)
    for module in pkgutil.walk_packages(vectra_player.__path__, "vectra_player."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(Exception):  # a broken one fails the command that needs it
                import_module(module.name)
    fair_games()
    gc.freeze()  # what is here already is no affair of a command's collector


load()
