"""`verify` and `audit` as programs see them: exit codes, one JSON document, pages of one file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.command_support import run, run_warm
from tests.unit.fairness.recordings import (
    frames,
    history_entry,
    make_names,
    make_path,
    make_store,
    write_history,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

GAME = make_names(0)[1]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with three games of which the last was not revealed."""
    sessions = [frames(0), frames(1, begin_us=1_766_000_000_000_000)]
    unrevealed = frames(2, begin_us=1_767_000_000_000_000)[:-1]
    return make_store(tmp_path_factory.mktemp("games"), *sessions, unrevealed)


def test_verify_prints_the_document_of_the_contract(root: Path) -> None:
    ended = run("--data-dir", root, "--json", "verify", "--all")
    assert (ended.code, ended.err) == (0, "")
    assert {name: ended.json[name] for name in ("verified", "failed", "incomplete")} == {
        "verified": 2,
        "failed": [],
        "incomplete": [],
    }
    assert (ended.json["rebuilt"], ended.json["unrevealed"]) == (0, 1)
    assert ended.json["commitment"] == {"seen": 2, "not seen": 0, "late": 0}
    assert run_warm("--data-dir", root, "--json", "verify").json == ended.json


def test_named_games_are_verified_one_by_one(root: Path) -> None:
    ended = run_warm("--data-dir", root, "--json", "verify", GAME, make_names(2)[1])
    assert ended.code == 0
    assert [(game["game_id"], game["status"]) for game in ended.json["games"]] == [
        (GAME, "verified"),
        (make_names(2)[1], "incomplete"),
    ]
    shown = run_warm("--data-dir", root, "verify", GAME)
    assert GAME in shown.out
    assert f"{2 * len(make_path(0).prices):,} recorded prices" in shown.out


def test_a_failed_game_ends_with_1_and_names_the_tick_and_both_values(tmp_path: Path) -> None:
    prices = list(make_path(1).prices)
    right, prices[20] = prices[20], 1.5
    entries = [history_entry(0), history_entry(1, prices=prices)]
    file = write_history(tmp_path / "games.jsonl", entries)
    ended = run_warm("--json", "verify", "--file", file)
    assert (ended.code, ended.json["verified"]) == (1, 1)
    (failed,) = ended.json["failed"]
    mismatch = failed["mismatches"][0]
    assert (mismatch["check"], mismatch["tick"]) == ("path", 20)
    assert (mismatch["recorded"], mismatch["recomputed"]) == (1.5, right)
    shown = run_warm("verify", "--file", file)
    assert shown.code == 1
    assert f"tick 20 is 1.5, its seed says {right!r}" in " ".join(shown.out.split())


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (["verify", GAME, "--all"], "not both"),
        (["verify", "--report", "proof.html"], "one game"),
        (["verify", GAME, "--report", "proof.pdf"], ".html"),
        (["verify", "nowhere", "--report", "proof.html"], "seed"),
        (["verify", "--file", "nowhere.jsonl"], "no file"),
        (["verify", "--origin", "demo"], "--origin demo"),
        (["audit", "--origin", "demo"], "vectra-player import"),
        (["audit", "--report", "audit.txt"], ".html"),
        (["audit", "--report", "nowhere/audit.html"], "folder"),
        (["audit", "--seed", "-1"], "--seed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_done_is_refused_in_one_line(line: list[str], word: str, root: Path) -> None:
    ended = run_warm("--data-dir", root, *line)
    assert ended.code == 2
    assert word in ended.error_line


@pytest.mark.parametrize("command", ["verify", "audit"])
def test_an_empty_directory_says_how_to_get_data(command: str, tmp_path: Path) -> None:
    ended = run_warm("--data-dir", tmp_path / "nowhere", command)
    assert ended.code == 2
    assert "vectra-player import" in ended.error_line


@pytest.mark.parametrize("command", ["verify", "audit"])
def test_the_help_of_each_command_has_an_example(command: str) -> None:
    ended = run_warm(command, "--help")
    assert ended.code == 0
    assert f"Example: vectra-player {command}" in ended.out


def test_a_proof_page_is_one_file_that_proves_by_itself(root: Path, tmp_path: Path) -> None:
    page = tmp_path / "proof.html"
    ended = run_warm("--data-dir", root, "verify", GAME, "--report", page)
    assert (ended.code, ended.err) == (0, "")
    text = page.read_text()
    seed = make_names(0)[0]
    assert seed in text
    assert all(repr(price) in text for price in make_path(0).prices)
    assert_stands_alone(text)


def test_the_report_of_an_audit_has_the_numbers_of_its_document(root: Path, tmp_path: Path) -> None:
    page = tmp_path / "audit.html"
    ended = run_warm("--data-dir", root, "--json", "audit", "--report", page, "--seed", "7")
    assert (ended.code, ended.err) == (0, "")
    document, text = ended.json, page.read_text()
    assert document["verdict"] == "too little data"
    assert document["replay"]["verified"] == 2
    assert document["hazard"]["rugs"] == 3
    assert document["manifest"]["seed"] == 7
    assert document["manifest"]["data_sha256"] in text
    for sentence in (*document["conclusions"], *document["cannot_show"]):
        assert sentence in text.replace("&#39;", "'")
    for finding in document["findings"]:
        assert finding["title"] in text
    assert_stands_alone(text)


def test_the_same_audit_gives_the_same_numbers_again(root: Path) -> None:
    once, again = (run_warm("--data-dir", root, "--json", "audit").out for _ in range(2))
    assert once == again
    assert json.loads(once)["manifest"]["method"]


def assert_stands_alone(text: str) -> None:
    """See that a page loads nothing and runs nothing."""
    assert not re.search(r"<script|<link|@import|\bsrc=|\bhref=", text)
    named = set(re.findall(r"https?://([\w.-]+)", text))
    assert named <= {"www.w3.org"}, "only the namespace of SVG"
    assert "default-src 'none'" in text
