"""A Dask cluster of this machine, held by a process of its own: `python -m ... JOBS SCRATCH`.

Whoever started it reads the address and the keys from its output and ends it by closing its input,
or by a kill: no process of the cluster outlives it. Only loopback is bound, and only who has the
keys may connect: to join a cluster means to run code as its user. It leads a session of its own,
because Ctrl-C in a terminal is for the command and not for the workers.
"""

from __future__ import annotations

import json
import logging
import sys
from importlib import import_module

HOST = "127.0.0.1"
KEYS = (
    "tls_ca_file",
    *("tls_client_key", "tls_client_cert"),
    *("tls_scheduler_key", "tls_scheduler_cert"),
    *("tls_worker_key", "tls_worker_cert"),
)


def main() -> None:
    """Start the cluster, tell how to reach it, and keep it until the input ends."""
    dask, distributed = import_module("dask"), import_module("distributed")
    jobs, scratch = int(sys.argv[1]), sys.argv[2]
    dask.config.set({"temporary-directory": scratch})
    security = distributed.Security.temporary()
    with distributed.LocalCluster(
        n_workers=jobs,
        threads_per_worker=1,
        host=HOST,
        security=security,
        dashboard_address=f"{HOST}:0",
        worker_dashboard_address=f"{HOST}:0",
        silence_logs=logging.CRITICAL,
    ) as cluster:
        keys = {name: getattr(security, name) for name in KEYS}
        sys.stdout.write(json.dumps({"address": cluster.scheduler_address, **keys}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
