"""Was it fair? Revealed games recomputed to the last bit, and statistics over all of them.

Reads the store through `store.reads` and `store.observations`, takes every rule from `game`, games
and pages from `analysis`. Used by `cli`, `app`, `mcp` and the pages. It looks back only: nothing
here says anything about a game whose seed is not revealed.
"""
