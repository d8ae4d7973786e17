"""Frozen records every layer shares: frames, rows, units. No I/O, no clock; any layer may import."""
