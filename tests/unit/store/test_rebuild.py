"""A rebuild gives the rows again that filing gave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.store_support import SMALL, SMALL_DERIVER, make_frame

from vectra_player.errors import StoreLockedError, UsageError
from vectra_player.model.rows import DOC_TYPES, MlEpisode
from vectra_player.store import rebuild as module
from vectra_player.store.check import check
from vectra_player.store.layout import DataDir
from vectra_player.store.lock import WriterLock
from vectra_player.store.reads import StoreReader
from vectra_player.store.rebuild import rebuild
from vectra_player.store.views import REGISTERED_AS
from vectra_player.store.writer import EventStore


def contents(tree: Any) -> dict[str, pa.Table]:
    with StoreReader(tree.root) as reader:
        return {
            name: reader.fetch(
                f"SELECT * FROM {REGISTERED_AS.get(name, name)} ORDER BY session_id, seq, sub"
            )
            for name in DOC_TYPES
        }


def same(one: dict[str, pa.Table], other: dict[str, pa.Table]) -> bool:
    return all(one[name].equals(other[name]) for name in DOC_TYPES)


@pytest.mark.parametrize("batch", [100_000, 7])
def test_the_same_rows_come_again(
    recorded: Any, deriver: Any, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH_ROWS", batch)
    before = contents(recorded)
    report = rebuild(recorded.data_dir, deriver=deriver)
    assert (report.sessions, report.events, report.failures) == (2, 84, 0)
    assert report.rows["game_tick"] == 80
    assert same(contents(recorded), before)
    assert check(recorded.data_dir).whole
    assert list(recorded.data_dir.staging.iterdir()) == []


def test_lost_and_spoiled_derived_rows_are_mended(recorded: Any, deriver: Any) -> None:
    before = contents(recorded)
    folder = recorded.data_dir.events / "doc_type=game_tick"
    first, *_ = sorted(folder.rglob("*.parquet"))
    first.unlink()
    recorded.add(recorded.tick(500, 1.0, session="gone"))
    rebuild(recorded.data_dir, deriver=deriver)
    assert same(contents(recorded), before)


def test_some_sessions_can_be_rebuilt_alone(recorded: Any, deriver: Any) -> None:
    before = contents(recorded)
    others = {p: p.read_bytes() for p in recorded.data_dir.events.rglob("s2-*.parquet")}
    report = rebuild(recorded.data_dir, ["s1"], deriver=deriver)
    assert (report.sessions, report.events) == (1, 42)
    assert same(contents(recorded), before)
    assert all(path.exists() for path in others)


def test_episodes_are_left_alone(recorded: Any, deriver: Any) -> None:
    episode = MlEpisode(
        session_id="s1", seq=900, ts=recorded.T0, source="cdp", origin="", episode_id="e",
        outcome="won", started_at=1, ended_at=2, duration_ticks=3, total_reward=1.0,
        total_actions=4,
    )  # fmt: skip
    recorded.add(episode)
    rebuild(recorded.data_dir, deriver=deriver)
    assert contents(recorded)["ml_episode"].num_rows == 1


def test_a_day_without_rows_goes(recorded: Any, deriver: Any) -> None:
    recorded.add(recorded.sidebet(session="gone"))
    rebuild(recorded.data_dir, deriver=deriver)
    assert not (recorded.data_dir.day("sidebet", "2026-01-01")).exists()


def test_a_running_recorder_keeps_its_store(recorded: Any, deriver: Any) -> None:
    with WriterLock.acquire(recorded.data_dir.lock_file), pytest.raises(StoreLockedError):
        rebuild(recorded.data_dir, deriver=deriver)


def test_an_unknown_session_is_refused(recorded: Any, deriver: Any) -> None:
    with pytest.raises(UsageError, match="no session nope"):
        rebuild(recorded.data_dir, ["nope"], deriver=deriver)


def test_a_rebuild_cut_short_is_noticed_and_mended(
    recorded: Any, deriver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(recorded)
    exchange = module.DayReplacer.exchange

    def half(self: Any, days: list[tuple[str, str]]) -> None:
        exchange(self, days[:1])
        raise KeyboardInterrupt

    monkeypatch.setattr(module.DayReplacer, "exchange", half)
    with pytest.raises(KeyboardInterrupt):
        rebuild(recorded.data_dir, deriver=deriver)
    assert [problem.kind for problem in check(recorded.data_dir).problems] == ["interrupted"]
    monkeypatch.undo()
    rebuild(recorded.data_dir, deriver=deriver)
    assert same(contents(recorded), before)
    assert check(recorded.data_dir).whole


def test_a_session_cut_short_is_ended_before_anything_is_rebuilt(tmp_path: Path) -> None:
    with EventStore.open(tmp_path, settings=SMALL, deriver=SMALL_DERIVER) as store:
        store.start_session("demo", "127.0.0.1")
        store.append(make_frame())
        store.flush()
    with pytest.raises(UsageError, match="cut short"):
        rebuild(DataDir(tmp_path), deriver=SMALL_DERIVER)
    EventStore.open(tmp_path, settings=SMALL, deriver=SMALL_DERIVER).close()
    assert rebuild(DataDir(tmp_path), deriver=SMALL_DERIVER).sessions == 1
