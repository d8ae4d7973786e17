"""A trained agent. Its numbers are in sidebet-ppo.agent, beside this file.

Try it with: vectra-player backtest sidebet-ppo --games generated:1000 --cash 1
"""

from pathlib import Path

from vectra_player.rl.agent_strategy import AgentStrategy


class AgentSidebetPpo(AgentStrategy):
    """An agent trained in vectra/Sidebet-v1 for 10,027,008 steps from seed 1."""

    name = "sidebet-ppo"
    file = Path(__file__).with_name("sidebet-ppo.agent")
    sha256 = "5742a254b88fb89315ed3bfa16ae29c66a9a8cd9a3d1a3330fb54b08d6407331"
