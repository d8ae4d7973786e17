"""The commands as programs see them: exit codes, one JSON document, one line for an error.

What the commands say of a recording is compared with plain pyarrow readings of its files.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import typer
from tests.command_support import run, table
from tests.command_support import run_warm as quick

from vectra_player.cli import app, main

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def leaves(group: Any, words: tuple[str, ...] = ()) -> Iterator[list[str]]:
    """Name every command of the parser."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from leaves(command, (*words, name))
        else:
            yield [*words, name]


COMMANDS = list(leaves(typer.main.get_command(app)))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with two games of the demo server, recorded by the command."""
    folder = tmp_path_factory.mktemp("recorded") / "data"
    words = ("record", "--source", "demo", "--games", "2", "--speed", "50", "--seed", "5")
    ended = run("--data-dir", folder, "--json", *words)
    assert ended.code == 0, ended
    assert ended.json["games"] == 2
    return folder


def ask(root: Path, *words: str | Path) -> Any:
    """Run a command with --json and return its document."""
    ended = quick("--data-dir", root, *words, "--json")
    assert ended.code == 0, ended
    assert ended.err == ""
    return ended.json


def files(root: Path, doc_type: str) -> list[Path]:
    """Return the Parquet files of a doc type."""
    return sorted(root.glob(f"events_parquet/doc_type={doc_type}/*/*.parquet"))


# Lines -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_help_of_each_command_has_an_example(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    _, example = capsys.readouterr().out.split("Example: vectra-player ")
    assert " ".join(command) in example


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (["explode"], "explode"),
        (["games", "--bogus"], "--bogus"),
        (["query"], "sql"),
        (["record", "--source", "nothing"], "nothing"),
        (["record", "--games", "0"], "--games"),
        (["export", "--doc-type", "game"], "--out"),
        (["demo-server", "--port", "99999"], "99999"),
        (["demo-server", "--fault", "explode"], "explode"),
        (["audit", "--engine", "spark"], "'--engine': 'spark' is not one of 'local', 'dask'."),
        (["games", "--since", "yesterday"], "yesterday"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_line_that_cannot_be_read_is_refused_in_one_line(
    line: list[str], word: str, root: Path
) -> None:
    ended = quick("--data-dir", root, *line)
    assert ended.code == 2
    assert word in ended.error_line
    assert ended.error_line.startswith("vectra-player: ")
    assert ended.out == ""


def test_a_directory_without_recordings_is_refused_with_advice(tmp_path: Path) -> None:
    for line in (["games"], ["sessions"], ["stats"], ["query", "SELECT 1"], ["store", "check"]):
        ended = quick("--data-dir", tmp_path / "nowhere", *line)
        assert ended.code == 2
        assert "vectra-player import" in ended.error_line
    assert not (tmp_path / "nowhere").exists()


def test_the_version_needs_no_command() -> None:
    ended = run("--version")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.count(".") == 2


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_global_options_may_stand_anywhere(place: int, root: Path) -> None:
    line: list[str | Path] = ["games", "--limit", "1"]
    line[place:place] = ["--json", "--quiet", "--data-dir", root] if place != 2 else []
    if place == 2:  # between an option and its value nothing of ours belongs
        line = ["--quiet", "games", "--json", "--limit", "1", f"--data-dir={root}"]
    ended = quick(*line)
    assert ended.code == 0
    assert len(ended.json) == 1


def test_quiet_prints_results_only(root: Path) -> None:
    loud, quiet = (quick("--data-dir", root, *q, "games") for q in ([], ["--quiet"]))
    assert loud.out.rstrip().endswith("games")
    assert not quiet.out.rstrip().endswith("games")
    assert ask(root, "games")[0]["game_id"] in quiet.out


# Settings and the machine ------------------------------------------------------------------------


@pytest.mark.parametrize("line", [["doctor"], ["config", "show"], ["outlet", "status"]])
def test_what_tells_of_a_local_directory_refuses_an_address(line: list[str]) -> None:
    ended = quick("--data-dir", "s3://bucket/recordings", *line, VECTRA_OUTLET="nats://127.0.0.1:1")
    assert (ended.code, ended.out) == (2, "")
    assert "s3://bucket/recordings can be read, not written" in ended.error_line


def test_config_show_says_where_each_value_comes_from(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("demo_speed = 3.5\nfoundation_port = 9100\n")
    environment = {"FOUNDATION_PORT": "9200", "CDP_PORT": "9222"}
    shown = quick("config", "show", "--data-dir", tmp_path, "--json", **environment).json
    effective = {setting["name"]: (setting["value"], setting["origin"]) for setting in shown}
    assert effective["demo_speed"] == (3.5, "config.toml")
    assert effective["foundation_port"] == (9200, "environment")
    assert effective["cdp_port"] == (9222, "environment")
    assert effective["foundation_http_port"] == (9001, "default")
    assert effective["data_dir"] == (str(tmp_path), "option")


def test_the_doctor_finds_what_is_wrong_and_says_how_to_mend_it(root: Path) -> None:
    ended = quick("--data-dir", root, "doctor", "--json")
    checks = {finding["check"]: finding for finding in ended.json}
    assert {"python", "chrome", "disk", "data directory", "journal", "clock"} <= set(checks)
    problems = [finding for finding in ended.json if finding["outcome"] == "problem"]
    assert ended.code == (1 if problems else 0)
    assert all(f["mend"] for f in ended.json if f["outcome"] != "ok")
    missing = quick("--data-dir", root, "doctor", "--json", VECTRA_CHROME="/nonexistent").json
    (chrome,) = [finding for finding in missing if finding["check"] == "chrome"]
    assert chrome["outcome"] != "ok"
    assert "VECTRA_CHROME" in chrome["mend"]


# Queries -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE game",
        "SELECT 1; SELECT 2",
        "COPY (SELECT 1) TO '/tmp/never.csv'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '/tmp/never.csv'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "ATTACH '/tmp/never.db'",
        "SET enable_external_access = true",
        "SELEC 1",
        "",
    ],
)
def test_a_query_that_is_no_single_select_over_the_tables_is_refused(sql: str, root: Path) -> None:
    ended = quick("--data-dir", root, "query", sql, "--json")
    assert ended.code == 2
    assert ended.out == ""
    assert ended.error_line
    assert not Path("/tmp/never.csv").exists()


def test_a_query_may_come_from_standard_input_and_be_explained(root: Path) -> None:
    told = run("--data-dir", root, "--json", "query", "-", stdin="SELECT count(*) FROM game_tick")
    assert told.json["rows"] == [[len(table(root, "game_tick"))]]
    plan = quick("--data-dir", root, "query", "--explain", "SELECT * FROM game")
    assert plan.code == 0
    assert plan.out.strip()


def test_a_query_that_takes_too_long_is_stopped(root: Path) -> None:
    endless = "SELECT sum(a.range % 7 * b.range) FROM range(100000) a, range(10000000) b"
    ended = quick("--data-dir", root, "query", endless, VECTRA_QUERY_TIMEOUT_S="0.5")
    assert ended.code == 2
    assert "VECTRA_QUERY_TIMEOUT_S" in ended.error_line or "0.5" in ended.error_line


# What the commands say of a recording ------------------------------------------------------------


def test_sessions_are_those_of_the_files(root: Path) -> None:
    rows = table(root, "ws_event", "event_name")
    (told,) = ask(root, "sessions")
    assert told["session_id"] == rows[0]["session_id"]
    assert told["events"] == told["last_seq"] == len(rows)
    assert told["ended"] == "stopped"
    assert told["games"] == len({row["game_id"] for row in table(root, "game", "game_id")})


def test_games_are_those_of_the_files_and_their_prices_those_of_the_packets(root: Path) -> None:
    rows = {row["game_id"]: row for row in table(root, "game")}
    told = ask(root, "games")
    assert {game["game_id"] for game in told} == set(rows)
    for game in told:
        kept = rows[game["game_id"]]
        assert game["rug_tick"] == kept["rug_tick"] == len(kept["prices"]) - 1
        assert game["peak"] == kept["peak"]
    sent: dict[tuple[str, int], float] = {}
    for row in table(root, "ws_event", "event_name", "raw"):
        if row["event_name"] == "gameStateUpdate":
            state = json.loads(row["raw"][2:])[-1]
            if state.get("active") and not state.get("rugged"):
                sent.setdefault((state["gameId"], state["tickCount"]), state["price"])
    ticks = table(root, "game_tick", "game_id", "tick", "price", "price_source")
    kept = {(row["game_id"], row["tick"]): row["price"] for row in ticks}
    assert len(kept) == len(ticks)
    assert len(sent) > 50
    assert {key: kept.get(key) for key in sent} == sent


def test_stats_are_plain_counts_of_the_files(root: Path) -> None:
    told = ask(root, "stats")
    for doc_type, count in told["rows"].items():
        paths = files(root, doc_type)
        assert count == sum(pq.ParquetFile(path).metadata.num_rows for path in paths)
        assert told["bytes"][doc_type] == sum(path.stat().st_size for path in paths)
        assert told["files"][doc_type] == len(paths)
    names = Counter(
        row["event_name"] or row["packet_type"]
        for row in table(root, "ws_event", "event_name", "packet_type")
    )
    assert told["events"] == dict(names)


@pytest.mark.parametrize("doc_type", ["game_tick", "sidebet"])
def test_exports_hold_every_row_as_it_is(doc_type: str, root: Path, tmp_path: Path) -> None:
    rows = table(root, doc_type)
    for form in ("parquet", "jsonl", "csv"):
        out = tmp_path / f"rows.{form}"
        report = ask(root, "export", "--doc-type", doc_type, "--format", form, "--out", out)
        assert report["rows"] == len(rows)
    by_key = {(row["seq"], row["sub"]): row for row in rows}
    whole = pq.read_table(tmp_path / "rows.parquet").to_pylist()
    assert len(whole) == len(rows)
    assert all(by_key[row["seq"], row["sub"]].items() <= row.items() for row in whole)
    lines = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    with (tmp_path / "rows.csv").open(newline="") as file:
        cells = list(csv.DictReader(file))
    assert len(lines) == len(cells) == len(rows)
    for line, cell in zip(lines, cells, strict=True):
        kept = by_key[line["seq"], line["sub"]]
        for name in ("price", "bet_amount", "tick"):
            if name in kept and kept[name] is not None:
                exact = type(kept[name])
                assert exact(str(line[name])) == exact(cell[name]) == kept[name]
    refused = quick("--data-dir", root, "export", "--doc-type", doc_type, "--out", out)
    assert refused.code == 2
    assert "--force" in refused.error_line
