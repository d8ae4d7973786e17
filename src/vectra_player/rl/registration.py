"""Tells Gymnasium of the environments; `vectra_player.rl` does so when it is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from vectra_player.rl.actions import EnvName

SIDEBET_ID = "vectra/Sidebet-v1"
TRADING_ID = "vectra/Trading-v1"
ENV_IDS: Final[dict[EnvName, str]] = {"sidebet": SIDEBET_ID, "trading": TRADING_ID}


def register_environments() -> None:
    """Register both ids. Nothing of the environments is imported until one is made."""
    from gymnasium.envs.registration import register, registry

    for name, env_id in ENV_IDS.items():
        if env_id not in registry:
            register(
                env_id,
                entry_point="vectra_player.rl.envs:GameEnv",
                vector_entry_point="vectra_player.rl.envs:GameVectorEnv",
                kwargs={"env": name},
            )
