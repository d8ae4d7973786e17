"""The rules of a round, pure and without state: prices, sidebets, positions, timing.

Everything that plays, replays, simulates or audits a round takes its rules from here, so that no
second engine can disagree. Any layer above `model` may import it; it imports only `model`.
"""
