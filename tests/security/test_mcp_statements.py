"""Hostile statements through the assistant's server: nothing outside is read, nothing changes."""

from __future__ import annotations

import hashlib
import time
from contextlib import closing
from pathlib import Path

from mcp import Client
from tests.mcp_support import small_store
from tests.security.test_query_fence import BOMBS, READS, SECRET, SETTINGS, SHAPES, WRITES

from vectra_player.mcp.desk import Desk
from vectra_player.mcp.server import build

LIMIT_S = 5.0
"""How long a statement may keep an assistant waiting on an idle machine, whatever it says."""

ENDLESS = (BOMBS[0], BOMBS[2], BOMBS[7])
"""One that counts for ever, one that asks for gigabytes, one single call that never returns."""


def digest(folder: Path) -> str:
    """Hash every path and byte beneath a folder."""
    sha = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        sha.update(str(path.relative_to(folder)).encode())
        sha.update(path.read_bytes() if path.is_file() else b"")
    return sha.hexdigest()


async def test_hostile_statements_are_refused_in_time_and_change_nothing(tmp_path: Path) -> None:
    root = small_store(tmp_path / "data")
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    places = {
        "{out}": tmp_path / "out",
        "{dir}": tmp_path,
        "{parquet}": next(root.rglob("*.parquet")),
        "{secret}": secret,
    }
    before = digest(tmp_path)
    slowest = 0.0
    with closing(Desk(root)) as desk:
        async with Client(build(desk)) as client:
            await client.call_tool("query_events", {"sql": "SELECT 1"})
            for statement in (*WRITES, *SETTINGS, *READS, *SHAPES, *ENDLESS):
                sql = statement
                for name, path in places.items():
                    sql = sql.replace(name, str(path))
                started = time.monotonic()
                answer = await client.call_tool("query_events", {"sql": sql})
                slowest = max(slowest, time.monotonic() - started)
                assert answer.is_error, statement[:80]
                assert SECRET not in str(answer.content)
            good = await client.call_tool("query_events", {"sql": "SELECT count(*) FROM game"})
            assert good.structured_content is not None
            assert good.structured_content["rows"] == [[2]]
    assert digest(tmp_path) == before
    print(f"the slowest of them took {slowest:.2f} s, limit {LIMIT_S:g} s")
