"""The only place that builds and joins services; `cli` calls it, nothing below knows it."""
