"""`vectra-player mcp` as an assistant's program starts it: on stdio, and over HTTP on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from tests.access_support import HOSTILE_HOSTS, HOSTILE_ORIGINS, WRONG_TOKENS
from tests.command_support import COMMAND, environment, run_warm, wait_until
from tests.mcp_support import FAIR, small_store

READING: dict[str, dict[str, Any]] = {
    "query_events": {"sql": "SELECT count(*) FROM game"},
    "get_game": {"game_id": FAIR},
    "verify_game": {"game_id": FAIR},
    "describe_event": {"name": "playerUpdate"},
    "coverage": {},
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_store(tmp_path_factory.mktemp("mcp") / "data")


@contextlib.asynccontextmanager
async def stdio(root: Path, *words: str) -> AsyncIterator[Client]:
    """Start the server as an assistant's program does and connect to it."""
    command = [*COMMAND, "--data-dir", str(root), "mcp", *words]
    parameters = StdioServerParameters(command=command[0], args=command[1:], env=environment())
    async with Client(stdio_client(parameters)) as client:
        yield client


async def test_every_reading_tool_answers_over_stdio_many_questions_at_once(root: Path) -> None:
    async with stdio(root) as client:
        calls = [client.call_tool(tool, given) for tool, given in READING.items() for _ in range(4)]
        answers = await asyncio.gather(*calls)
    for answer in answers:
        assert not answer.is_error, answer.content
        assert answer.structured_content


def test_it_ends_when_its_client_disappears_and_leaves_no_child(root: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "--data-dir", str(root), "mcp"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        env=environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    hello = (
        '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",'
        '"capabilities":{},"clientInfo":{"name":"t","version":"1"}}}\n'
        '{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
        '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":'
        '{"name":"query_events","arguments":{"sql":"SELECT 1"}}}\n'
    )
    process.stdin.write(hello.encode())
    process.stdin.flush()
    assert b'"id":1' in process.stdout.readline()
    assert b'"id":2' in process.stdout.readline()
    process.stdin.close()
    assert process.wait(60) == 0
    process.stdout.close()
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    ended = run_warm("--data-dir", tmp_path / "none", "mcp")
    assert ended.code == 2
    assert str(tmp_path / "none") in ended.error_line


class Served:
    """A server over HTTP: where it is and its token."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}/mcp"
        self.token = token

    def post(self, **headers: str) -> int:
        """Send an initialize request and return the status."""
        body = (
            b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":'
            b'"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}'
        )
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {
            "Host": f"127.0.0.1:{self.port}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "Authorization": f"Bearer {self.token}",
            **headers,
        }
        with contextlib.closing(connection):
            connection.putrequest("POST", "/mcp", skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                connection.putheader(name, value.encode("utf-8", "replace"))
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            return connection.getresponse().status


@pytest.fixture(scope="module")
def served(root: Path) -> Iterator[Served]:
    process = subprocess.Popen(
        [*COMMAND, "--data-dir", str(root), "mcp", "--http", "0"],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stderr is not None
    address = re.search(r"http://127\.0\.0\.1:(\d+)/mcp", process.stderr.readline())
    token = re.search(r"Bearer (\S+)", process.stderr.readline())
    assert address is not None
    assert token is not None
    there = Served(int(address[1]), token[1])
    wait_until(lambda: _answers(there), "the server answers")
    yield there
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0, "a server that is told to end has ended well"
    process.stderr.close()


def _answers(there: Served) -> bool:
    try:
        return there.post() == 200
    except OSError:
        return False


async def test_it_answers_over_http_whoever_has_the_token(served: Served) -> None:
    headers = {"Authorization": f"Bearer {served.token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http_client,
        Client(streamable_http_client(served.url, http_client=http_client)) as client,
    ):
        answer = await client.call_tool("get_game", {"game_id": FAIR})
        assert answer.structured_content is not None
        assert answer.structured_content["game_id"] == FAIR


def test_nobody_else_is_answered_over_http(served: Served) -> None:
    assert served.post() == 200
    for token in WRONG_TOKENS:
        assert served.post(Authorization=f"Bearer {token}") in (400, 401), token
    for host in HOSTILE_HOSTS:
        if host is not None:
            assert served.post(Host=host.format(port=served.port)) in (400, 403, 421), host
    for origin in HOSTILE_ORIGINS:
        assert served.post(Origin=origin.format(port=served.port)) == 403, origin
