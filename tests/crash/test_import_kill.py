"""An import killed at any moment is completed by the next, nothing lost, nothing doubled."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vectra_player.store.importers import import_paths
from vectra_player.store.reads import StoreReader

pytestmark = pytest.mark.slow

FILES = 120
TICKS = 60
KILLS = 6
CHILD = """
import sys
from pathlib import Path
from vectra_player.store.importers import import_paths
import_paths([Path(sys.argv[1])], Path(sys.argv[2]), progress=lambda *_: print(".", flush=True))
"""


def make_files(folder: Path, files: int = FILES) -> list[str]:
    folder.mkdir()
    lines = []
    for number in range(files):
        rows = [
            {
                "type": "tick",
                "timestamp": f"2025-11-01T12:{tick % 60:02}:{number % 60:02}.100000",
                "game_id": f"20251101-b4fa8372d37f{number:04x}",
                "tick": tick,
                "price": 1 + tick / 7 if tick < TICKS - 1 else 0.01,
                "phase": "ACTIVE_GAMEPLAY",
                "active": True,
                "rugged": tick == TICKS - 1,
                "cooldown_timer": 0,
                "trade_count": tick,
            }
            for tick in range(TICKS)
        ]
        texts = [json.dumps(row) for row in rows]
        (folder / f"{number:04}.jsonl").write_text("".join(f"{text}\n" for text in texts))
        lines += texts
    return lines


def test_killed_imports_lose_and_double_nothing(tmp_path: Path) -> None:
    lines = make_files(tmp_path / "in")
    root = tmp_path / "data"
    chance = random.Random(11)
    for _ in range(KILLS):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path / "in"), str(root)],
            stdout=subprocess.PIPE,
        )
        assert child.stdout is not None
        for _ in range(chance.randint(1, FILES)):
            if not child.stdout.readline():
                break
        time.sleep(chance.random() / 20)  # anywhere within the next step
        child.kill()
        child.wait()
        child.stdout.close()
    import_paths([tmp_path / "in"], root)
    with StoreReader(root) as reader:
        found = reader.fetch("SELECT raw FROM ws_event_rows").column(0).to_pylist()
        assert sorted(map(str, found)) == sorted(lines)
        for doc_type, expected in (("game_all", FILES), ("game_tick", FILES * TICKS)):
            sql = f"SELECT count(*), count(DISTINCT (session_id, seq, sub)) FROM {doc_type}"
            (row,) = reader.fetch(sql).to_pylist()
            assert list(row.values()) == [expected, expected], doc_type
