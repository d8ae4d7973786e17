"""`import` beside the real `up`: the rows of an import alone, and a recording that is whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.command_support import run_warm, table
from tests.foundation_support import Site, site

from vectra_player.model.rows import DOC_TYPES
from vectra_player.store.importers import import_paths

pytestmark = [pytest.mark.real_data, pytest.mark.slow, pytest.mark.timeout(300)]

DEMO = ("--source", "demo", "--speed", "10", "--seed", "3")


@pytest.fixture(scope="module")
def captures(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some real files of each format, one with bad lines."""
    folder = tmp_path_factory.mktemp("captures")
    legacy = sorted((real_data / "legacy").glob("*.jsonl"), key=lambda path: path.stat().st_size)
    for path in [*legacy[:6], *real_data.glob("*samples*")]:
        shutil.copy(path, folder)
    history = (real_data / "games_with_seeds.jsonl").read_text().splitlines(keepends=True)
    (folder / "history.jsonl").write_text("".join(history[:40]))
    return folder


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path / "data", *DEMO, VECTRA_FILE_INTERVAL_S="1") as running:
        running.until(lambda state: state["recording"]["games"] >= 1, "a game")
        yield running


def imported(root: Path, doc_type: str) -> list[str]:
    return sorted(str(row) for row in table(root, doc_type) if row["source"] == "import")


def test_an_import_beside_up_gives_the_same_rows_and_the_recording_stays_whole(
    up: Site, captures: Path, tmp_path: Path
) -> None:
    first = run_warm("--data-dir", up.root, "--json", "import", captures)
    again = run_warm("--data-dir", up.root, "--json", "import", captures)
    assert (first.code, again.code) == (0, 0), first.err + again.err
    assert first.json["events"] > 500
    assert (again.json["events"], again.json["duplicates"]) == (0, first.json["events"])

    up.post("/api/recording", {"action": "stop"})
    (tmp_path / "more.jsonl").write_text(
        '{"seq":1,"ts":"2025-11-15T01:17:11.000000Z","event":"hello","data":{"a":1}}\n'
    )
    more = run_warm("--data-dir", up.root, "--json", "import", tmp_path / "more.jsonl")
    assert (more.code, more.json["events"]) == (0, 1), more.err
    assert up.stop().code == 0

    whole = run_warm("--data-dir", up.root, "--json", "store", "check")
    assert whole.code == 0, whole.out
    live = [row for row in table(up.root, "ws_event", "source") if row["source"] != "import"]
    assert [row["seq"] for row in live] == list(range(1, len(live) + 1))
    import_paths([captures, tmp_path / "more.jsonl"], tmp_path / "alone")
    for doc_type in DOC_TYPES:
        assert imported(up.root, doc_type) == imported(tmp_path / "alone", doc_type), doc_type
