"""A trained agent. Its numbers are in trading-ppo.agent, beside this file.

Try it with: vectra-player backtest trading-ppo --games generated:1000 --cash 1
"""

from pathlib import Path

from vectra_player.rl.agent_strategy import AgentStrategy


class AgentTradingPpo(AgentStrategy):
    """An agent trained in vectra/Trading-v1 for 10,027,008 steps from seed 1."""

    name = "trading-ppo"
    file = Path(__file__).with_name("trading-ppo.agent")
    sha256 = "513a953335ba86b80f6145c58e4c6712094e52bb7d5f27bb6d0fb30d03448a21"
