"""Live fan-out: recorders send what they recorded to a broker, one place collects it.

The sender follows the journal in a process of its own, so no broker can reach a recording; the
collector is the writer of a data directory that holds the sessions of all. Called by `app` and
`cli`. nats-py is imported by `broker` alone, when it connects.
"""
