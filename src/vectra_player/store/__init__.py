"""The store: one writer, a durable journal, Parquet that any tool can read.

Used by the layers above (sources, app, cli, ...); reaches down to `live`, `protocol` and `model`.
"""
