from __future__ import annotations

import os
import socket

import pytest

from vectra_player.errors import UsageError
from vectra_player.foundation.listen import hold_ipv6, release, take_port


def test_a_free_port_is_the_same_on_both_families() -> None:
    sockets = take_port(0, "X")
    try:
        assert len({s.getsockname()[1] for s in sockets}) == 1
        assert {s.getsockname()[0] for s in sockets} <= {"127.0.0.1", "::1"}
    finally:
        release(sockets)


def test_a_taken_port_names_its_holder_and_the_setting() -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        with pytest.raises(UsageError) as refused:
            take_port(port, "FOUNDATION_PORT")
    assert f"Cannot listen on {port}: pid {os.getpid()} (" in str(refused.value)
    assert "set FOUNDATION_PORT" in str(refused.value)


def test_a_port_taken_on_ipv6_alone_is_refused_and_ipv4_given_back() -> None:
    try:
        squatter = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with squatter:
        port = squatter.getsockname()[1]
        with pytest.raises(UsageError, match=str(port)):
            take_port(port, "X")
        with pytest.raises(UsageError, match=str(port)):
            hold_ipv6(port, "X")
        with socket.socket() as again:
            again.bind(("127.0.0.1", port))


def test_a_held_port_refuses_connections_and_other_holders() -> None:
    held = hold_ipv6(0, "X")
    if not held:
        pytest.skip("this machine has no IPv6")
    port = held[0].getsockname()[1]
    try:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("::1", port), timeout=10)
        with socket.socket(socket.AF_INET6) as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with pytest.raises(OSError, match="in use"):
                other.bind(("::1", port))
    finally:
        release(held)


def test_an_accepted_connection_names_its_protocol_so_that_nothing_waits_for_more() -> None:
    """Without it asyncio leaves Nagle's delay on: 40 ms for each answer on a kept connection."""
    sockets = take_port(0, "X")
    with socket.create_connection(sockets[0].getsockname()):
        sockets[0].setblocking(True)
        accepted, _ = sockets[0].accept()
        assert accepted.proto == socket.IPPROTO_TCP
        accepted.close()
    release(sockets)
