"""What recordings and simulations say: survival, sidebets, sizing, backtests, profiles.

Reads the store through `store.reads`, plays by `game` and `strategy`; reaches neither a source nor
a page. Imports of scipy and of the plotting library are lazy: recording never loads them.
"""
