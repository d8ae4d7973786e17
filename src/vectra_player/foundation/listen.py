"""Take the loopback ports before anything else starts: all of them or none, never another one.

Both loopback families are taken: a browser tries `[::1]` first for `localhost`, and whoever holds
that port would be shown our cookie. Called by `app`.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterable

from vectra_player.errors import UsageError
from vectra_player.ports import holder_of

ACCEPT_AT_ONCE = 16
"""Connections that asyncio accepts in one turn of the loop, which also moves frames: it takes as
many as the backlog it is given, and a thousand take a good part of a second."""
_BACKLOG = 1024
_FREE_PORT_TRIES = 20
_NO_IPV6 = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT}


def take_port(port: int, setting: str) -> list[socket.socket]:
    """Listen on one port of 127.0.0.1 and, where the machine has it, of ::1; 0 takes a free one.

    Raises:
        UsageError: somebody has it.
    """
    for attempt in range(_FREE_PORT_TRIES):
        try:
            return _both_families(port)
        except OSError as error:
            if port or attempt == _FREE_PORT_TRIES - 1:
                raise _refusal(port, setting, error) from None
    raise AssertionError("the last attempt returns or raises")


def keep_waiting(listeners: Iterable[socket.socket]) -> None:
    """Let the system queue connections that wait to be accepted; asyncio set a small queue."""
    for listener in listeners:
        listener.listen(_BACKLOG)


def release(sockets: Iterable[socket.socket]) -> None:
    """Close listening sockets; those a server closed already stay closed."""
    for listener in sockets:
        listener.close()


def _both_families(port: int) -> list[socket.socket]:
    with contextlib.ExitStack() as undo:
        listeners = [undo.enter_context(_listen(socket.AF_INET, "127.0.0.1", port))]
        number = int(listeners[0].getsockname()[1])
        if socket.has_ipv6:
            try:
                listeners.append(undo.enter_context(_listen(socket.AF_INET6, "::1", number)))
            except OSError as error:
                if error.errno not in _NO_IPV6:
                    raise
        undo.pop_all()
    return listeners


def _listen(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    # asyncio turns Nagle's delay off only for sockets that name the protocol: else 40 ms waits.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # A port whose last connections linger is free; one that is listened on is not.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def hold_ipv6(port: int, setting: str) -> list[socket.socket]:
    """Keep others from `[::1]:port` without answering there; browsers then try 127.0.0.1.

    Raises:
        UsageError: somebody has it.
    """
    try:
        holder = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    except OSError:
        return []
    try:
        # Bound, not listening, and not to be shared: who connects is refused at once.
        holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        holder.bind(("::1", port))
    except OSError as error:
        holder.close()
        if error.errno in _NO_IPV6:
            return []
        raise _refusal(port, setting, error) from None
    return [holder]


def _refusal(port: int, setting: str, error: OSError) -> UsageError:
    taken = error.errno == errno.EADDRINUSE
    reason = f"{holder_of(port)} has it" if taken else str(error.strerror)
    return UsageError(f"Cannot listen on {port}: {reason}.", advice=f"Stop it or set {setting}.")
