"""Alerts: declarative rules, the engine that applies them, and trials over recorded games.

Pure but for `book` and `measured`, which read and write two files of the rules folder, and
`recorded`, which reads the store. Used by `foundation` live and by the commands over recordings.
Nothing here decides to trade: an alert tells, and one that sounds like advice states its odds.
"""
