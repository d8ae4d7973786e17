"""The dashboard's JSON: the same figures as the command line, pages, limits, faults with advice."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.command_support import run_warm as run
from tests.command_support import wait_until
from tests.conftest import RealStore
from tests.dashboard_support import Board, board

from vectra_player.dashboard.app import endpoints
from vectra_player.dashboard.data import games
from vectra_player.dashboard.data.store import StoreLimits
from vectra_player.dashboard.neighbour import Peer

GAME = "20251215-a8311c871b0e4bea"


@pytest.fixture(scope="module")
def root(real_store: RealStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(real_store.root, tmp_path_factory.mktemp("board") / "data")


@pytest.fixture(scope="module")
def site(root: Path) -> Iterator[Board]:
    with board(root) as running:
        yield running


def told(site: Board, path: str) -> Any:
    answer = site.get(path)
    assert answer.status_code == 200, answer.data
    return answer.json


def command(root: Path, *words: str) -> Any:
    return run("--data-dir", root, *words, "--json").json


def micros(text: str | None) -> int | None:
    from vectra_player.cli.data import moment

    return moment(text)


def test_sessions_are_those_of_the_command(site: Board, root: Path) -> None:
    listed = told(site, "/api/sessions?size=200")
    said = command(root, "sessions")
    assert listed["total"] == len(said)
    for ours, theirs in zip(listed["sessions"], said, strict=True):
        for name in ("session_id", "source", "origin", "events", "games", "ended"):
            assert ours[name] == theirs[name]
        assert ours["started_at"] == micros(theirs["started_at"])
        assert ours["ended_at"] == micros(theirs["ended_at"])


def test_games_are_those_of_the_command(site: Board, root: Path) -> None:
    listed = told(site, "/api/games?size=200")
    said = command(root, "games")
    assert listed["total"] == len(said)
    for ours, theirs in zip(listed["games"], said, strict=True):
        for name in ("game_id", "origin", "rug_tick", "peak", "rug_price", "completeness"):
            assert ours[name] == theirs[name]


def test_tables_and_totals_are_those_of_the_command(site: Board, root: Path) -> None:
    said = command(root, "stats")
    for table in told(site, "/api/tables"):
        assert table["rows"] == said["rows"][table["name"]]
        assert table["files"] == said["files"][table["name"]]
        assert table["bytes"] == said["bytes"][table["name"]]
    coverage = told(site, "/api/coverage")
    assert coverage["sessions"] == said["sessions"]
    assert coverage["events"] == said["rows"]["ws_event"]
    assert told(site, "/api/home")["games_total"] == said["games"]


def test_checks_are_those_of_the_command(site: Board, root: Path) -> None:
    (ours,) = told(site, f"/api/verify?games={GAME}")
    assert ours["status"] == "verified"
    assert ours["compared"] >= 117


@pytest.mark.parametrize(
    ("query", "keeps"),
    [
        ("complete=full", lambda g: g["completeness"] == "full"),
        ("seed=yes", lambda g: g["has_seed"]),
        ("seed=no", lambda g: not g["has_seed"]),
        ("min_peak=5", lambda g: (g["peak"] or 0) >= 5),
        ("max_ticks=50", lambda g: g["rug_tick"] is not None and g["rug_tick"] <= 50),
        ("q=A8311", lambda g: "a8311" in g["game_id"]),
        ("since=2025-12-07&until=2025-12-07", lambda g: g["game_id"].startswith("20251207")),
        ("origin=demo", lambda g: False),
    ],
)
def test_a_filter_keeps_exactly_the_games_that_fit(site: Board, query: str, keeps: Any) -> None:
    every = told(site, "/api/games?size=200")["games"]
    kept = told(site, f"/api/games?size=200&{query}")
    wanted = [game["game_id"] for game in every if keeps(game)]
    assert [game["game_id"] for game in kept["games"]] == wanted
    assert kept["total"] == len(wanted)


@pytest.mark.parametrize("sort", ["time", "peak", "ticks", "trades", "players", "missing"])
def test_pages_of_a_sorted_list_hold_each_game_once(site: Board, sort: str) -> None:
    path = f"/api/games?sort={sort}&order=asc&size=10&page="
    pages = told(site, path + "1")["pages"]
    ids = [g["game_id"] for p in range(1, pages + 1) for g in told(site, f"{path}{p}")["games"]]
    assert len(ids) == len(set(ids)) == 77
    assert told(site, f"{path}{pages + 1}")["games"] == []


def test_a_game_tells_its_prices_trades_and_sidebets(site: Board) -> None:
    game = told(site, f"/api/games/{GAME}")
    assert game["facts"]["rug_tick"] == 116
    assert len(game["prices"]) == 117
    assert None not in game["prices"]
    assert max(game["prices"]) == game["facts"]["peak"]
    assert len(game["trades"]) == 16
    assert {bet["outcome"] for bet in game["sidebets"]} == {"won", "lost"}
    leaders = told(site, f"/api/games/{GAME}/leaders")
    assert leaders["players"]
    assert all(len(player["pnl"]) == len(leaders["ticks"]) for player in leaders["players"])


def test_the_packets_of_a_game_come_in_order_and_in_pages(site: Board) -> None:
    first = told(site, f"/api/games/{GAME}/events?size=50")
    second = told(site, f"/api/games/{GAME}/events?size=50&page=2")
    stamps = [event["ts"] for event in first["events"] + second["events"]]
    assert stamps == sorted(stamps)
    assert first["total"] > 100
    only = told(site, f"/api/games/{GAME}/events?event=standard/newTrade")
    assert {event["name"] for event in only["events"]} == {"standard/newTrade"}


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_a_download_is_what_the_export_writes(
    site: Board, root: Path, tmp_path: Path, kind: str
) -> None:
    answer = site.get(f"/games/{GAME}/download?doc_type=game_tick&format={kind}")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].endswith(f'{GAME}-game_tick.{kind}"')
    out = tmp_path / f"same.{kind}"
    words = ("export", "--doc-type", "game_tick", "--game", GAME, "--format", kind, "--out", out)
    assert run("--data-dir", root, *words).code == 0
    if kind == "parquet":
        (tmp_path / "sent").write_bytes(answer.data)
        assert pq.read_table(tmp_path / "sent").equals(pq.read_table(out))
    else:
        assert answer.data == out.read_bytes()


def test_payloads_page_back_through_every_packet_once(site: Board) -> None:
    met: list[tuple[str, int]] = []
    cursor = ""
    while True:
        page = told(site, f"/api/protocol/payloads?event=gameStateUpdate&size=100{cursor}")
        met += [(payload["session_id"], payload["seq"]) for payload in page["payloads"]]
        if page["next"] is None:
            break
        cursor = f"&before={page['next']}"
    assert len(met) == len(set(met)) == 532


def test_the_protocol_counts_every_packet(site: Board) -> None:
    job = site.post("/api/protocol/profile", {}).json
    assert job is not None
    wait_until(lambda: told(site, f"/api/jobs/{job['id']}")["state"] == "done", "it is profiled")
    protocol = told(site, "/api/protocol")
    assert protocol["profiled"] == protocol["events_total"] == 18871
    assert {event["name"] for event in protocol["events"]} >= {"gameStateUpdate", "legacy.tick"}
    fields = told(site, "/api/protocol/event?name=gameStateUpdate")["fields"]
    price = next(field for field in fields if field["path"] == "$.price")
    assert set(price["types"]) <= {"number", "integer"}
    assert 0 < price["presence"] <= 1


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/games?size=0", "size"),
        ("/api/games?page=x", "page"),
        ("/api/games?sort=name", "sort"),
        ("/api/games?since=2025-13-01", "since"),
        ("/api/games?since=yesterday", "since"),
        ("/api/games?min_peak=nan", "min_peak"),
        ("/api/games?nothing=1", "nothing"),
        ("/api/sessions?size=1000", "size"),
        (f"/api/games/{GAME}/events?size=1e9", "size"),
        (f"/games/{GAME}/download?format=xls", "format"),
        ("/api/protocol/payloads?before=1~2", "before"),
        ("/api/verify?games=" + ",".join("x" * 25), "games"),
    ],
)
def test_a_wrong_parameter_is_422_and_says_which(site: Board, path: str, field: str) -> None:
    answer = site.get(path)
    assert answer.status_code == 422
    assert answer.json is not None
    assert field in answer.json["error"]["fields"]


def test_what_is_not_there_is_404_with_words(site: Board) -> None:
    for path in (
        "/api/games/nothing",
        "/api/games/%00",
        "/api/games/..%2f..%2fetc",
        "/games/nothing/download",
        "/api/protocol/event?name=nothing",
        "/api/jobs/nothing",
        "/exports/nothing.csv",
        "/exports/..%2fmanifests%2fschema_version.json",
        "/api/nothing",
    ):
        answer = site.get(path)
        assert answer.status_code == 404, path
        assert answer.json is not None
        assert answer.json["error"]["message"]


def test_a_person_sees_faults_as_a_page(site: Board) -> None:
    answer = site.get("/games?size=x", {**site.bearer, "Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (422, "text/html")
    assert b"Rows a page" in answer.data


def test_a_statement_that_would_run_for_minutes_is_stopped(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes = "(SELECT sum(hash(n)) FROM range(1_000_000_000_000) AS endless(n))"
    with board(root, StoreLimits(timeout_s=0.3, look_s=0, fresh_s=0)) as hurried:
        monkeypatch.setitem(games._ORDER, "time", minutes)
        answer = hurried.get("/api/games")
        assert answer.status_code == 504
        assert answer.json is not None
        assert "longer than 0.3 s" in answer.json["error"]["message"]
        assert answer.json["error"]["advice"]
        monkeypatch.undo()
        assert hurried.get("/api/tables").status_code == 200  # the others go on


def test_who_finds_no_free_reader_is_told_to_ask_again(root: Path) -> None:
    with board(root, StoreLimits(readers=1, wait_s=0.05, look_s=0, fresh_s=0)) as busy:
        with busy.services.store.reader():
            answer = busy.get("/api/games?q=zzz")
        assert answer.status_code == 503
        assert busy.get("/api/games?q=zzz").status_code == 200


def test_the_document_describes_every_route(site: Board) -> None:
    document = told(site, "/openapi.json")
    described = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    table = endpoints(site.services)
    assert described == {(e.method, e.path.replace(":path", "")) for e in table}
    games = document["paths"]["/api/games"]["get"]["parameters"]
    size = next(parameter for parameter in games if parameter["name"] == "size")
    assert size["schema"]["maximum"] == 200


def test_without_foundation_the_rest_goes_on(site: Board) -> None:
    assert told(site, "/api/foundation")["running"] is False
    answer = site.post("/api/recording", {"action": "start"})
    assert answer.status_code == 503
    assert answer.json is not None
    assert "vectra-player up" in answer.json["error"]["advice"]
    assert told(site, "/health")["feed"]["port"] is None


class _Foundation(BaseHTTPRequestHandler):
    """Answers as foundation would and notes what it was asked."""

    asked: list[tuple[str, str, str, bytes]] = []  # noqa: RUF012 -- emptied by the test

    def do_GET(self) -> None:
        self._answer(200, {"recording": {"recording": True}})

    def do_POST(self) -> None:
        refused = self.path == "/api/replay"
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.path, self.headers["Authorization"], self.headers["Host"], body))
        error = {"error": {"message": "No such game.", "advice": "Look at the list."}}
        self._answer(409 if refused else 200, error if refused else {"recording": False})

    def _answer(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def test_control_goes_to_foundation_with_its_token(site: Board) -> None:
    server = HTTPServer(("127.0.0.1", 0), _Foundation)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    site.peers[0] = Peer("its-token", 9000, server.server_port)
    try:
        assert told(site, "/api/foundation")["running"] is True
        assert site.post("/api/recording", {"action": "stop"}).json == {"recording": False}
        refused = site.post(f"/api/games/{GAME}/replay", {})
        assert refused.status_code == 409
        assert refused.json is not None
        assert refused.json["error"]["message"] == "No such game."
        path, token, host, body = _Foundation.asked[0]
        assert (path, token) == ("/api/recording", "Bearer its-token")
        assert host == f"127.0.0.1:{server.server_port}"
        assert json.loads(body)["action"] == "stop"
    finally:
        site.peers[0] = None
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_file_in_pieces_becomes_an_import(site: Board, tmp_path: Path) -> None:
    line = b'{"seq":1,"ts":"2025-11-20T01:17:11.000000Z","event":"x","data":{"a":1}}\n'
    upload = site.post("/api/uploads", {}).json["id"]  # type: ignore[index]
    path = f"/api/uploads/{upload}/files/mine.jsonl"
    assert site.put(f"{path}?offset=0", line[:20]).json == {"size": 20}
    assert site.put(f"{path}?offset=0", line[:20]).status_code == 409
    assert site.put(f"{path}?offset=20", line[20:]).json == {"size": len(line)}
    job = site.post("/api/imports", {"upload": upload}).json
    assert job is not None
    assert job["request"] == {}

    def ended() -> Any:
        found = site.get(f"/api/jobs/{job['id']}").json
        return found if found and found["state"] in ("done", "failed") else None

    found = wait_until(ended, "the import ends")
    assert found["result"]["events"] == 1, found
    assert str(site.services.data_dir) not in json.dumps(found["result"]["imported"])
