"""Recordings on object storage: shipping them there, and reading them from there.

A bucket is written by recorders that know nothing of each other: each has a part of its own, and
only its own index, replaced in one request, says what belongs to it. Used by `cli` for `store sync`
and `store check`, and through `store.dataset` by every reader.
"""
