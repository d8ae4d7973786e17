"""Recordings in a bucket, through the command line and a real S3 API."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.contract.test_docs import GAME, PLAYER, write_capture
from tests.storage_support import BUCKET, Fault, Refusal, Server, storage

from vectra_player.cli import main
from vectra_player.errors import QueryRefusedError
from vectra_player.store import days
from vectra_player.store.importers import import_paths
from vectra_player.store.layout import DataDir
from vectra_player.store.query_process import QueryProcess
from vectra_player.store.remote import objects as module
from vectra_player.store.remote.objects import ObjectStore
from vectra_player.store.remote.sync import sync

URL = f"s3://{BUCKET}/recordings"
CANARY = "tests-canary-secret"


class Said(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with storage() as running:
        yield running


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with an imported capture. To be read only."""
    base = tmp_path_factory.mktemp("recorded")
    write_capture(base / "evening.jsonl")
    import_paths([base / "evening.jsonl"], base / "data")
    return base / "data"


@pytest.fixture(scope="module")
def shipped(server: Server, recordings: Path) -> str:
    sync(DataDir(recordings), URL, objects=server.objects(URL))
    return URL


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The local data directory of a reader."""
    monkeypatch.setenv("RUGS_DATA_DIR", str(tmp_path / "home"))
    monkeypatch.setattr(days, "RETIRE_S", 0)
    monkeypatch.setattr(module, "_TRIES", 2)
    return tmp_path / "home"


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], home: Path) -> Command:
    """Run a command in this process."""

    def run(*words: str | Path) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        code = ended.value.code
        said = capsys.readouterr()
        assert CANARY not in said.out + said.err
        return Said(code if isinstance(code, int) else 0, said.out, said.err)

    return run


READ = {
    "query": ["--json", "query", "SELECT event_name, count(*) FROM ws_event GROUP BY 1 ORDER BY 1"],
    "games": ["--json", "games"],
    "sessions": ["--json", "sessions"],
    "stats": ["--json", "stats"],
    "replay": ["--json", "replay", GAME, "--headless"],
}


@pytest.mark.parametrize("words", READ.values(), ids=READ.keys())
def test_a_reader_answers_of_a_bucket_as_of_a_directory(
    words: list[str], shipped: str, recordings: Path, command: Command
) -> None:
    there = command("--data-dir", shipped, *words)
    here = command("--data-dir", recordings, *words)
    assert there.code == here.code == 0, there.err
    assert _timeless(there.out) == _timeless(here.out)


def test_an_export_and_results_of_a_bucket_are_kept_here(
    shipped: str, recordings: Path, command: Command, home: Path, tmp_path: Path
) -> None:
    for name, place in (("there", shipped), ("here", recordings)):
        words = ("export", "--doc-type", "ws_event", "--out", tmp_path / name)
        assert command("--data-dir", place, *words).code == 0
    assert (tmp_path / "there").read_bytes() == (tmp_path / "here").read_bytes()
    assert (home / "exports").is_dir()
    played = command("--data-dir", shipped, "--json", "backtest", "never-bet", "--games",
                     "generated:20")  # fmt: skip
    assert played.code == 0, played.err
    assert list((home / "results").iterdir())


@pytest.mark.parametrize(
    "words",
    [
        ["record", "--games", "1"],
        ["up"],
        ["import", "."],
        ["store", "compact"],
        ["store", "flush"],
        ["store", "rebuild"],
        ["store", "delete", "--session", "x", "--yes"],
        ["store", "check", "--repair"],
        ["store", "sync", "memory://x"],
        ["profiles", "list"],
        ["trade", "status"],
        ["mcp"],
    ],
)
def test_what_writes_or_needs_a_directory_refuses_an_address(
    words: list[str], shipped: str, command: Command, home: Path
) -> None:
    said = command("--data-dir", shipped, *words)
    assert said.code == 2
    assert len(said.err.splitlines()) == 1
    assert not home.exists()


def test_a_deleted_player_leaves_the_bucket(
    server: Server, command: Command, tmp_path: Path, home: Path
) -> None:
    url, data = f"s3://{BUCKET}/deleting", tmp_path / "data"
    write_capture(tmp_path / "evening.jsonl")
    import_paths([tmp_path / "evening.jsonl"], data)
    named = f"SELECT count(*) FROM ws_event WHERE raw LIKE '%{PLAYER}%'"
    counts = []
    for delete in (False, True):
        if delete:
            words = ("store", "delete", "--username", PLAYER, "--yes")
            assert command("--data-dir", data, *words).code == 0
        assert command("--data-dir", data, "store", "sync", url, "--grace", "0").code == 0
        said = command("--data-dir", url, "--json", "query", named)
        counts.append(json.loads(said.out)["rows"][0][0])
    assert counts == [1, 0]
    objects = ObjectStore(url)
    there = {name for name in objects.sizes() if name.endswith(".parquet")}
    assert len(there) == len(list(data.rglob("*.parquet")))
    assert command("store", "check", url).code == 0


REFUSALS = {
    "InvalidAccessKeyId": (403, "are wrong"),
    "SignatureDoesNotMatch": (403, "are wrong"),
    "ExpiredToken": (400, "have expired"),
    "RequestTimeTooSkewed": (403, "clock"),
    "AccessDenied": (403, "not open to these credentials"),
    "NoSuchBucket": (404, "no bucket"),
    "AuthorizationHeaderMalformed": (400, "another region"),
    "SlowDown": (503, "overloaded"),
    "InternalError": (500, "overloaded"),
    "QuotaExceeded": (400, "QuotaExceeded"),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_what_a_storage_refuses_is_told_in_one_line_with_advice(
    code: str, server: Server, shipped: str, recordings: Path, command: Command
) -> None:
    status, words = REFUSALS[code]
    server.faults = lambda request: Refusal(status, code)
    try:
        read = command("--data-dir", shipped, "games")
        sent = command("--data-dir", recordings, "store", "sync", shipped)
    finally:
        server.faults = lambda request: None
    for said in (read, sent):
        assert said.code == 2
        (line,) = said.err.splitlines()
        assert words in line
        assert re.search(r"\. [A-Z].*\.$", line), "there is no advice"


def test_missing_credentials_are_told(
    shipped: str, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    said = command("--data-dir", shipped, "games")
    assert said.code == 2
    assert "no credentials" in said.err


def test_a_missing_package_is_told_with_what_to_type(
    shipped: str, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vectra_player.extras.find_spec", lambda name: None)
    said = command("--data-dir", shipped, "games")
    assert said.code == 2
    assert "s3fs" in said.err
    assert "cluster" in said.err


def test_readers_come_through_what_passes(
    server: Server, shipped: str, recordings: Path, home: Path
) -> None:
    waiting = [fault for fault in Fault if not fault.name.startswith("KILL")]
    server.faults = lambda request: waiting.pop() if request.number % 2 and waiting else None
    try:
        with QueryProcess(shipped) as there, QueryProcess(recordings) as here:
            sql = "SELECT seq, raw FROM ws_event ORDER BY ALL"
            assert there.query(sql).rows() == here.query(sql).rows()
            sql = "SELECT * FROM game_tick ORDER BY ALL"
            assert there.query(sql).rows() == here.query(sql).rows()
    finally:
        server.faults = lambda request: None
    assert len(waiting) < 3


def test_two_who_replace_an_index_at_once_do_not_both_succeed(server: Server) -> None:
    first, second = (server.objects(f"s3://{BUCKET}/race") for _ in range(2))
    assert first.replace("index.json", b"one", None)
    assert not second.replace("index.json", b"two", None)
    reading = second.read

    def late(name: str) -> bytes | None:
        seen = reading(name)
        if seen == b"one":
            first.replace("index.json", b"three", b"one")
        return seen

    second.read = late  # type: ignore[method-assign]
    assert not second.replace("index.json", b"two", b"one")
    assert reading("index.json") == b"three"


def test_a_server_that_knows_no_conditions_is_written_all_the_same(server: Server) -> None:
    objects = server.objects(f"s3://{BUCKET}/plain")
    refused: list[str] = []

    def faults(request: Any) -> Refusal | None:
        if request.method == "PUT" and not refused:
            refused.append(request.path)
            return Refusal(501, "NotImplemented")
        return None

    server.faults = faults
    try:
        assert objects.replace("index.json", b"one", None)
    finally:
        server.faults = lambda request: None
    assert refused
    assert objects.read("index.json") == b"one"


def test_the_process_of_a_statement_has_no_credentials_and_reads_only_what_was_brought(
    shipped: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FSSPEC_S3_SECRET", "AZURE_STORAGE_KEY", "GOOGLE_API_KEY", "ANYTHING"):
        monkeypatch.setenv(name, CANARY)
    with QueryProcess(shipped) as process:
        assert process.query("SELECT count(*) FROM ws_event").rows() != [(0,)]
        child: Any = process._child
        variables = Path(f"/proc/{child.pid}/environ").read_bytes()
        assert CANARY.encode() not in variables
        assert b"AWS_" not in variables
        limits = Path(f"/proc/{child.pid}/limits").read_text()
        assert re.search(r"Max file size +0 +0", limits)
        assert "NoNewPrivs:\t1" in Path(f"/proc/{child.pid}/status").read_text()
        for path in list(home.rglob("*.parquet")):
            path.symlink_to(path.rename(home.parent / path.name))
        with pytest.raises(QueryRefusedError, match="Permission denied"):
            process.query("SELECT max(raw) FROM ws_event")


def _timeless(text: str) -> str:
    return re.sub(r'"(made_at|elapsed_ms)": ?"?[^",}]*"?', "", text)
