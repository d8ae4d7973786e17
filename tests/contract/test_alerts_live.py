"""From a frame of the game to the feed, the log and a row, in a running `up`; rebuilt the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.command_support import run_warm as run
from tests.command_support import table
from tests.foundation_support import Site, site
from websockets.sync.client import connect

from vectra_player.alerts.catalogue import KINDS

pytestmark = pytest.mark.timeout(180)
WANTED = 3


def heard(up: Site) -> list[dict[str, Any]]:
    """Return the first alerts the feed tells."""
    url = f"ws://127.0.0.1:{up.instance.feed}/feed?types=alert"
    with connect(url, additional_headers=up.bearer, max_size=None) as client:
        said = (json.loads(client.recv(timeout=60)) for _ in range(100))
        alerts = (message for message in said if message["type"] == "alert")
        return [next(alerts) for _ in range(WANTED)]


def test_an_alert_is_told_logged_and_stored_and_a_rebuild_gives_the_same_row(
    tmp_path: Path,
) -> None:
    root = tmp_path / "d"
    with site(root, "--source", "demo", "--speed", "60", "--seed", "7") as up:
        told = heard(up)
        log = up.get("/api/alerts?limit=1000").json
        refused = [up.get(f"/api/alerts?limit={limit}").status for limit in ("0", "x", "1001")]
        assert up.get("/api/alerts", {}).status == 401
        up.stop()
    assert refused == [400, 400, 400]
    assert [one["type"] for one in log["rules"]] == list(KINDS)
    logged = {one["alert_id"] for one in log["alerts"]}
    assert {message["data"]["alert_id"] for message in told} <= logged
    rows = {row["alert_id"]: row for row in table(root, "alert_trigger")}
    for message in told:
        data, row = message["data"], rows[message["data"]["alert_id"]]
        assert message["src"] == {"session_id": row["session_id"], "seq": row["seq"], "sub": 0}
        for column in ("alert_type", "severity", "title", "message", "source_seq", "priority"):
            assert row[column] == data[column]
        assert (row["game_id"], row["source"]) == (message["gameId"], "ui")
        assert row["source_seq"] < row["seq"]
    before = table(root, "alert_trigger")
    assert run("--data-dir", root, "store", "rebuild", "--json").code == 0
    assert table(root, "alert_trigger") == before
    assert run("--data-dir", root, "store", "check", "--json").code == 0
