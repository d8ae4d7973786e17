"""Reinforcement learning: environments on the one rules engine, episodes, data sets.

Two environments for Gymnasium, `vectra/Sidebet-v1` and `vectra/Trading-v1`. Observations are
Box(-1, 1, (20,) or (25,), float32), see `features`; actions are Discrete(n), see `actions`; the
reward is the change of equity in units of the smallest stake. An episode is one game, see
`outcomes`. `kernels` holds the compiled bodies.
"""
