"""The strategies that come with the product: examples, playbooks, and baselines to be held against.

None of them has a positive expectation: a sidebet loses 9.16 % of its stake on average and a
holding about 0.06 % a tick (docs/fairness.md). They show what a way of playing is like.
"""
