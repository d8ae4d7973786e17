"""Local ports: who listens on one, for messages that say what to stop, and a free one."""

from __future__ import annotations

import os
import socket

import psutil


def holder_of(port: int) -> str:
    """Name the process that listens on a port, as far as this user may know.

    Another process comes before this one, which may have taken one of the port's addresses itself
    before it found the other taken.
    """
    try:
        pids = {
            connection.pid
            for connection in psutil.net_connections(kind="tcp")
            if connection.status == psutil.CONN_LISTEN
            and connection.laddr
            and connection.laddr.port == port
            and connection.pid
        }
        for pid in sorted(pids, key=lambda pid: pid == os.getpid()):
            return f"pid {pid} ({psutil.Process(pid).name()})"
    except psutil.Error:
        pass
    return "another program"


def free_port() -> int:
    """Return a port nobody listens on now; whoever takes it next may still be another."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
