"""Reinforcement learning: environments on the one rules engine, episodes, data sets."""
