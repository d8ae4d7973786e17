"""Builders for tests of trained agents: agents with weights drawn at random, and what they play."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectra_player.rl.actions import EnvName, table_of
from vectra_player.rl.agent import Agent, Layer, Training, features_of, stakes_of
from vectra_player.rl.features import FEATURE_VERSION


def make_agent(env: EnvName = "sidebet", *, seed: int = 0, width: int = 8, **changes: Any) -> Agent:
    """Make an agent of two layers; its scores are far apart, so that it does this and that."""
    table = table_of(env)
    features = features_of(table)
    random = np.random.default_rng(seed)
    sizes = ((len(features), width), (width, len(table)))
    layers = tuple(
        Layer.of(random.normal(0.0, 2.0, size), random.normal(0.0, 1.0, size[1])) for size in sizes
    )
    training = Training(seed=seed, steps=1, source="nothing", settings={}, versions={}, lessons=())
    told: dict[str, Any] = {
        "env": env,
        "stakes": stakes_of(table),
        "feature_version": FEATURE_VERSION,
        "features": features,
        "actions": table.names,
        "layers": layers,
        "training": training,
    }
    return Agent(**{**told, **changes})


def one_minded(env: EnvName, action: int) -> Agent:
    """Make an agent that wants one action at every tick, and nothing where it cannot be done."""
    table = table_of(env)
    wishes = np.zeros(len(table))
    wishes[0], wishes[action] = 50.0, 100.0
    layer = Layer.of(np.zeros((len(features_of(table)), len(table))), wishes)
    return make_agent(env, layers=(layer,))
