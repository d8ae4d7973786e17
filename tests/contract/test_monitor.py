"""The HTTP API of a running `up`, request by request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.foundation_support import WRITE, Site, ask, site

from vectra_player.clock import SystemClock
from vectra_player.foundation.monitor.app import Monitor
from vectra_player.store.listing import GameInfo, SessionInfo
from vectra_player.web.security import Access


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("up")
    with site(root, "--source", "demo", "--speed", "30", "--seed", "7") as running:
        running.until(lambda state: state["state"]["phase"] == "LIVE", "a game runs")
        yield running


def test_health_is_told_to_anybody(up: Site) -> None:
    told = up.get("/health", {}).json
    assert (told["status"], told["recording"]) == ("ok", True)
    assert told["feed"]["port"] == up.instance.feed
    assert told["uptime_s"] > 0


def test_state_holds_what_the_page_shows(up: Site) -> None:
    told = up.get("/api/state").json
    assert (told["mode"], told["trading"]) == ("DEMO", "PAPER")
    assert told["recording"]["recording"] is True
    assert told["feed"]["clients"] == 0
    assert told["feed"]["hub"]["last_seq"] > 0
    assert told["recorder"]["source"] == "demo"
    assert told["state"]["game_id"]
    assert told["state"]["connection"]["connected"] is True
    assert isinstance(told["gaps"], list)
    assert any(line["event"] == "recording" for line in told["log"])


def test_metrics_parse_and_move(up: Site) -> None:
    def read() -> dict[str, float]:
        answer = up.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=")
        families = text_string_to_metric_families(answer.body.decode())
        return {sample.name: sample.value for family in families for sample in family.samples}

    first = read()
    assert first["vectra_recording"] == 1
    assert first["vectra_bus_handler_failures_total"] == 0
    assert first["vectra_malformed_payloads_total"] == 0
    assert first["process_resident_memory_bytes"] > 0
    up.until(
        lambda state: state["feed"]["hub"]["last_seq"] > first["vectra_feed_messages_total"],
        "more messages",
    )
    assert read()["vectra_feed_messages_total"] > first["vectra_feed_messages_total"]


def test_sessions_and_games_come_from_the_store(up: Site) -> None:
    up.until(lambda state: state["recording"]["games"] >= 1, "a game ended")
    up.post("/api/recording", {"action": "stop"})
    up.post("/api/recording", {"action": "start"})
    sessions = up.get("/api/sessions").json
    assert [s["ended"] for s in sessions] == ["stopped"]
    assert set(sessions[0]) == set(SessionInfo.__struct_fields__)
    games = up.get("/api/games?limit=1").json
    assert len(games) == 1
    assert games[0]["session_id"] == sessions[0]["session_id"]
    assert set(games[0]) == set(GameInfo.__struct_fields__)


def test_recording_is_stopped_and_started(up: Site) -> None:
    first = up.get("/api/recording").json["session_id"]
    stopped = up.post("/api/recording", {"action": "stop"}).json
    assert (stopped["recording"], stopped["session_id"]) == (False, None)
    refused = up.post("/api/recording", {"action": "stop"})
    assert (refused.status, refused.json["error"]["message"]) == (409, "Nothing is recorded.")
    assert up.get("/health", {}).json["recording"] is False
    started = up.post("/api/recording", {"action": "start", "source": "demo"}).json
    assert started["recording"] is True
    assert started["session_id"] != first
    again = up.post("/api/recording", {"action": "start"})
    assert (again.status, "Recording already" in again.json["error"]["message"]) == (409, True)
    other = up.post("/api/recording", {"action": "start", "source": "chrome"})
    assert (other.status, "--source chrome" in other.json["error"]["advice"]) == (409, True)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{}", 400),
        (b'{"action":"burn"}', 400),
        (b'{"action":"start","more":1}', 400),
        (b"[" * 5000, 400),
        (b"\xff", 400),
        (b"", 400),
        (b'{"action":"' + b"x" * 70_000 + b'"}', 413),
    ],
)
def test_a_body_that_is_not_what_it_should_be_is_refused(
    up: Site, body: bytes, status: int
) -> None:
    headers = {**up.bearer, **WRITE}
    answer = ask(up.instance.monitor, "POST", "/api/recording", headers, body)
    assert answer.status == status
    assert set(answer.json["error"]) == {"message", "advice"}


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "x", "1e3", "9" * 5000, ""])
def test_a_limit_that_is_none_is_refused(up: Site, limit: str) -> None:
    assert up.get(f"/api/games?limit={limit}").status == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/api/", 404),
        ("GET", "/static/", 404),
        ("GET", "/static/../security.py", 404),
        ("GET", "/static/%2e%2e/%2e%2e/web/security.py", 404),
        ("GET", "/artifacts/nothing/", 404),
        ("GET", "/artifacts/nothing", 404),
        ("GET", "/artifacts/shared/nothing.js", 404),
        ("DELETE", "/api/recording", 405),
        ("GET", "/api/trade/none", 404),
    ],
)
def test_what_is_not_there_is_told_in_json(up: Site, method: str, path: str, status: int) -> None:
    sent = {**up.bearer, **(WRITE if method == "DELETE" else {})}
    answer = ask(up.instance.monitor, method, path, sent, b"{}" if method == "DELETE" else None)
    assert answer.status == status
    assert answer.json["error"]["message"]


def test_every_route_is_in_the_openapi_document_and_no_other(up: Site) -> None:
    told = up.get("/openapi.json").json
    listed = {
        (method.upper(), path) for path, methods in told["paths"].items() for method in methods
    }
    table = {(e.method, e.path.replace(":path}", "}")) for e in monitor_of(up.root).endpoints()}
    assert table <= listed
    wired = ("/api/replay", "/api/trade", "/api/alerts", "/api/kill")  # of the running service only
    assert listed == table | {entry for entry in listed - table if entry[1].startswith(wired)}
    open_paths = {
        path
        for path, methods in told["paths"].items()
        for operation in methods.values()
        if operation.get("security") == []
    }
    assert open_paths == {"/login", "/health"}


def test_the_schemas_of_the_document_resolve(up: Site) -> None:
    told = up.get("/openapi.json")
    schemas = told.json["components"]["schemas"]
    text = told.body.decode()
    for part in text.split('"$ref":"')[1:]:
        assert part.split('"')[0].removeprefix("#/components/schemas/") in schemas


def test_answers_have_the_fields_their_schema_requires(up: Site) -> None:
    told = up.get("/openapi.json").json
    for path in ("/health", "/api/state", "/api/recording"):
        schema = told["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        name = schema["schema"]["$ref"].rpartition("/")[2]
        assert set(up.get(path).json) == set(told["components"]["schemas"][name]["properties"])


def test_a_tool_of_the_user_is_listed_and_served(up: Site) -> None:
    tool = up.root / "artifacts" / "mine"
    tool.mkdir()
    (tool / "index.html").write_text("<!doctype html><title>mine</title>")
    (tool / "tool.js").write_text("export const x = 1;")
    (tool / "secret.py").write_text("no")
    (tool / "out.html").symlink_to(up.root / "run" / "instance.json")
    (tool / "manifest.json").write_text('{"name":"mine","title":"Mine"}')
    assert any(t["name"] == "mine" for t in up.get("/api/artifacts").json)
    led = up.get("/artifacts/mine")
    assert (led.status, led.headers["location"]) == (307, "/artifacts/mine/")
    page = up.get("/artifacts/mine/")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    script = up.get("/artifacts/mine/tool.js")
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    for hidden in ("secret.py", "out.html", ".", "..", "../mine/tool.js"):
        assert up.get(f"/artifacts/mine/{hidden}").status == 404, hidden


def test_every_answer_carries_the_security_headers(up: Site) -> None:
    for path in ("/health", "/api/state", "/nowhere", "/metrics"):
        headers = up.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers


def monitor_of(root: Path) -> Monitor:
    """The table alone: no handler is called."""
    access = Access("t", instance="00000000", clock=SystemClock())
    listing = type("Listing", (), {"list": lambda self: []})()
    return Monitor(None, access, user_artifacts=root, artifacts=listing)  # type: ignore[arg-type]
