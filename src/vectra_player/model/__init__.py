"""Frozen records every layer shares: frames, rows, units. Pure; any layer may import them."""
