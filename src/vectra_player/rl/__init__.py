"""Reinforcement learning: environments on the one rules engine, episodes, data sets.

Two environments for Gymnasium, `vectra/Sidebet-v1` and `vectra/Trading-v1`; importing this package
registers them, where Gymnasium is installed. Observations are Box(-1, 1, (20,) or (25,), float32),
see `features`; actions are Discrete(n), see `actions`; the reward is the change of equity in units
of the smallest stake. An episode is one game, see `outcomes`. `rounds` plays them by `kernels`,
the compiled bodies; `envs` is what Gymnasium sees.
"""

from importlib.util import find_spec

if find_spec("gymnasium") is not None:
    from vectra_player.rl.registration import register_environments

    register_environments()
