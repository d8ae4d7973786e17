"""`episodes build`: every complete game and every own play is an episode, and is it once."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.crash.faults import FailingOps
from tests.live_support import GAME, ME, NEXT, T0, cooldown, entry, packet, reset, rug, tick
from tests.own_play_support import (
    BET,
    HELD,
    PRICES,
    TRADED,
    import_own_play,
    own_game,
    write_capture,
)
from tests.store_support import SMALL

from vectra_player.clock import SystemClock
from vectra_player.errors import DiskError, StoreLockedError, UsageError
from vectra_player.model.action import ActionRecord
from vectra_player.model.frame import Frame, fact
from vectra_player.model.rows import MlEpisode
from vectra_player.rl import episodes as module
from vectra_player.rl.dataset import Wanted, export_dataset
from vectra_player.rl.episodes import build_episodes
from vectra_player.store import days
from vectra_player.store import turn as turn_module
from vectra_player.store.check import check
from vectra_player.store.delete import delete_player, delete_session
from vectra_player.store.episodes import finish_earlier, read_episodes, replace_episodes
from vectra_player.store.hold import Lender
from vectra_player.store.importers import import_paths
from vectra_player.store.layout import DataDir
from vectra_player.store.lock import WriterLock
from vectra_player.store.reads import StoreReader
from vectra_player.store.rebuild import rebuild
from vectra_player.store.writer import EventStore

LONG = bool(os.environ.get("VECTRA_LONG_FAULTS"))
"""Set it to have the disk full from every file call on; the short form tries every second one."""


def episodes(home: DataDir) -> list[MlEpisode]:
    with StoreReader(home.root) as reader:
        return read_episodes(reader, "all")


def of_kind(home: DataDir, kind: str) -> list[MlEpisode]:
    return [row for row in episodes(home) if row.kind == kind]


@contextmanager
def recording(
    root: Path, frames: list[Frame], *, stop: bool = True, origin: str = "backend.rugs.fun"
) -> Iterator[EventStore]:
    """Record frames as one session of the public feed."""
    with EventStore.open(root, settings=SMALL) as store:
        store.start_session("public_ws", origin)
        for frame in frames:
            store.append(frame)
        yield store
        if stop:
            store.stop_session("over")


def told(action: str, at: int, amount: str, **more: Any) -> Frame:
    """What became of a paper order."""
    record = ActionRecord(
        action_id=f"paper-{at}",
        action_type=action,  # type: ignore[arg-type]
        button=action,
        actor=more.pop("actor", "bot"),
        mode="paper",
        outcome=more.pop("outcome", "CONFIRMED"),
        amount=Decimal(amount),
        game_id=GAME,
        game_context_phase=more.pop("phase", "LIVE"),
        executed_tick=at,
        **more,
    )
    return fact("outcome", record, ts=T0, source="public_ws")


def watched(*facts: Frame, prices: list[float] = PRICES, game: str = GAME) -> list[Frame]:
    """Frames of one game to its reveal, some facts within."""
    states = [cooldown(900, game), *(tick(n, prices, game) for n in range(len(prices) - 1))]
    frames = [packet("gameStateUpdate", state, ts=T0) for state in states]
    ends = [rug(prices, game), reset([entry(prices, game)])]
    return [*frames, *facts, *(packet("gameStateUpdate", state, ts=T0) for state in ends)]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one game the account played: a buy, a sale and a sidebet that won."""
    base = tmp_path_factory.mktemp("imported")
    import_own_play(base / "data", base)
    return base / "data"


@pytest.fixture
def mine(imported: Path, tmp_path: Path) -> DataDir:
    """A copy of that store."""
    return DataDir(shutil.copytree(imported, tmp_path / "data"))


def test_a_game_and_what_the_account_did_in_it_are_episodes(mine: DataDir) -> None:
    report = build_episodes(mine)
    assert (report.market, report.own, report.left_out) == (1, 1, {})
    (market,), (own,) = of_kind(mine, "market"), of_kind(mine, "own")
    assert (market.outcome, market.total_reward, market.total_actions) == ("timeout", 0.0, 0)
    assert (own.outcome, own.profit, own.total_actions) == ("exit_profit", TRADED + BET, 3)
    assert (own.player_id, own.username) == (ME, f"me-{ME[-3:]}")
    assert (own.mode, own.actor, own.strategy) == ("live", "human", None)
    assert own.duration_ticks == market.duration_ticks == len(PRICES) - 1
    assert own.total_reward == float(TRADED + BET)
    # 0.1 SOL bought at 1.05, worth most at 1.1, sold for 0.99.
    assert own.max_drawdown == pytest.approx(0.1 * (1.1 - 0.99) / 1.05, abs=1e-8)


def test_an_episode_names_the_frame_that_told_the_end(mine: DataDir) -> None:
    build_episodes(mine)
    with StoreReader(mine.root) as reader:
        found = reader.fetch(
            "SELECT e.kind, w.event_name FROM ml_episode e JOIN game g USING (session_id, seq,"
            " game_id) JOIN ws_event_rows w USING (session_id, seq) ORDER BY kind"
        )
    assert found.to_pylist() == [
        {"kind": kind, "event_name": "gameStateUpdate"} for kind in ("market", "own")
    ]


def test_building_again_changes_nothing_and_touches_no_file(mine: DataDir) -> None:
    build_episodes(mine)
    before = {path: path.stat().st_mtime_ns for path in mine.events.rglob("*.parquet")}
    report = build_episodes(mine)
    assert (report.added, report.removed) == (0, 0)
    assert {path: path.stat().st_mtime_ns for path in mine.events.rglob("*.parquet")} == before


def test_only_what_is_new_is_added(mine: DataDir, tmp_path: Path) -> None:
    build_episodes(mine)
    before = set(mine.events.glob("doc_type=ml_episode/*/*.parquet"))
    with recording(mine.root, watched(game=NEXT)):
        pass
    report = build_episodes(mine)
    assert (report.market, report.added, report.removed) == (2, 1, 0)
    assert before < set(mine.events.glob("doc_type=ml_episode/*/*.parquet"))
    assert check(mine).whole


def test_a_better_recording_of_a_game_replaces_its_episode(tmp_path: Path) -> None:
    home = DataDir(tmp_path / "data")
    with recording(home.root, watched()[:-1]):  # the rug was seen, not the reveal
        pass
    build_episodes(home)
    (first,) = episodes(home)
    with recording(home.root, watched()):
        pass
    report = build_episodes(home)
    (second,) = episodes(home)
    assert (report.added, report.removed) == (1, 1)
    assert second.session_id != first.session_id
    assert second.episode_id == first.episode_id


def test_an_account_that_held_at_the_rug_was_rugged(tmp_path: Path) -> None:
    records = [record for record in own_game() if "sell" not in str(record[1].get("type"))]
    # What the server told of the money once the holding was gone is left out as well.
    kept = [r for r in records if r[0] != "playerUpdate" or r[1].get("positionQty")]
    import_paths([write_capture(tmp_path / "held.jsonl", iter(kept))], tmp_path / "data")
    home = DataDir(tmp_path / "data")
    build_episodes(home)
    (own,) = of_kind(home, "own")
    assert (own.outcome, own.profit) == ("rug", HELD)


def test_paper_orders_are_an_own_play_without_an_account(tmp_path: Path) -> None:
    home = DataDir(tmp_path / "data")
    facts = [
        told("BUY", 0, "0.1", qty=Decimal("0.1"), phase="BETTING", strategy="run-1"),
        told("SIDEBET", 3, "0.01", strategy="run-1"),
        told("BUY", 4, "5", outcome="REJECTED"),
        told("SELL", 5, "0.099", qty=Decimal("0.1"), strategy="run-1"),
    ]
    with recording(home.root, watched(*facts)):
        pass
    build_episodes(home)
    (own,) = of_kind(home, "own")
    assert (own.mode, own.actor, own.strategy, own.player_id) == ("paper", "bot", "run-1", None)
    assert (own.total_actions, own.outcome) == (3, "exit_profit")
    assert own.profit == Decimal("-0.001") + 4 * Decimal("0.01")


def test_a_game_with_gaps_is_left_out_and_counted(tmp_path: Path) -> None:
    home = DataDir(tmp_path / "data")
    holes = [1.0] * 30 + [0.02]
    frames = watched(told("BUY", 4, "0.1", qty=Decimal("0.1")), prices=holes)
    lost = [*frames[:8], *frames[20:-1]]  # neither these ticks nor the reveal were heard
    with recording(home.root, [*lost, *watched(game=NEXT)]):
        pass
    report = build_episodes(home)
    assert (report.market, report.own) == (1, 0)
    assert report.left_out == {module.GAPS: 1, module.OWN_GAPS: 1}


def test_a_game_with_prices_that_cannot_be_is_left_out(tmp_path: Path) -> None:
    home = DataDir(tmp_path / "data")
    odd = [1.0, 1.1, 2e9, 1.0, 0.02]
    with recording(home.root, watched(told("BUY", 1, "0.1", qty=Decimal("0.09")), prices=odd)):
        pass
    with recording(home.root, watched(game=NEXT)):
        pass
    report = build_episodes(home)
    assert (report.market, report.left_out) == (1, {module.GAPS: 1, module.OWN_GAPS: 1})


def test_a_play_of_amounts_that_cannot_be_is_left_out(tmp_path: Path) -> None:
    home = DataDir(tmp_path / "data")
    most = [told("BUY", at, "999999999", qty=Decimal(1)) for at in (1, 2)]
    with recording(home.root, watched(*most)):
        pass
    report = build_episodes(home)
    assert (report.market, report.own, report.left_out) == (1, 0, {module.IMPOSSIBLE: 1})
    wanted = Wanted(formats="parquet")
    assert export_dataset(home, tmp_path / "set", wanted).left_out == report.left_out


def test_a_play_whose_end_its_session_did_not_see_is_left_out(tmp_path: Path) -> None:
    home = DataDir(tmp_path / "data")
    with recording(home.root, watched(told("BUY", 4, "0.1", qty=Decimal("0.1")))[:-2]):
        pass
    with recording(home.root, watched()):
        pass
    report = build_episodes(home)
    assert (report.market, report.own, report.left_out) == (1, 0, {module.UNSEEN: 1})


def test_rounds_of_the_demo_server_are_taken_when_asked_for(tmp_path: Path) -> None:
    home = DataDir(tmp_path / "data")
    demo = [msgspec.structs.replace(frame, origin="127.0.0.1:1") for frame in watched()]
    with recording(home.root, demo, origin="127.0.0.1:1"):
        pass
    with pytest.raises(UsageError, match="No complete game of the real site") as refused:
        build_episodes(home)
    assert "--origin demo" in refused.value.advice
    assert build_episodes(home, "demo").market == 1
    with recording(home.root, watched()):  # the same id, another game
        pass
    report = build_episodes(home)
    assert (report.market, report.added, report.removed) == (1, 1, 0)
    assert len({row.episode_id for row in episodes(home)}) == 2
    assert build_episodes(home, "all").added == 0


def test_a_recorder_goes_on_while_episodes_are_built(mine: DataDir) -> None:
    with recording(mine.root, watched(game=NEXT)) as store:
        lender = Lender(store)
        lender.start()
        try:
            report = build_episodes(mine)
            store.append(packet("gameStateUpdate", cooldown(800, "after"), ts=T0))
        finally:
            lender.close()
    assert report.market == 2  # what waited in the journal was filed first
    assert check(mine).whole


def test_a_writer_that_cannot_lend_keeps_its_store(
    mine: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn_module, "_RETRY_S", 0.0)
    lock = WriterLock.acquire(mine.lock_file)
    lent = turn_module.turn(mine, SystemClock(), 0.0)
    with lock, pytest.raises(StoreLockedError), lent:
        pytest.fail("it was lent")


def test_rebuild_and_compaction_keep_every_episode(mine: DataDir) -> None:
    build_episodes(mine)
    before = episodes(mine)
    rebuild(mine)
    assert episodes(mine) == before
    with recording(mine.root, watched(game=NEXT)):
        pass
    build_episodes(mine)
    with EventStore.open(mine.root, settings=SMALL) as store:
        assert store.compact(force=True).skipped == ()
    assert len(episodes(mine)) == 3
    assert build_episodes(mine).added == 0
    assert check(mine).whole


def test_a_deleted_session_takes_its_episodes_along(mine: DataDir) -> None:
    build_episodes(mine)
    delete_session(mine, episodes(mine)[0].session_id)
    assert episodes(mine) == []
    assert check(mine).whole


def test_a_deleted_player_takes_own_episodes_along(mine: DataDir) -> None:
    build_episodes(mine)
    report = delete_player(mine, player_id=ME)
    assert report.removed["ml_episode"] == 1
    assert [row.kind for row in episodes(mine)] == ["market"]
    assert build_episodes(mine).own == 0
    assert check(mine).whole


def test_an_episode_of_a_frame_that_is_gone_is_found(mine: DataDir) -> None:
    build_episodes(mine)
    (row, *_) = episodes(mine)
    replace_episodes(mine, [], [msgspec.structs.replace(row, seq=10_000)])
    (problem,) = check(mine).problems
    assert (problem.kind, "episodes build" in problem.advice) == ("orphan", True)
    build_episodes(mine)
    assert check(mine).whole


def test_a_full_disk_leaves_nothing_twice_and_the_next_build_goes_on(
    mine: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(days, "RETIRE_S", 0.0)
    build_episodes(mine)
    right = episodes(mine)
    stale = msgspec.structs.replace(right[0], total_reward=9.0, seq=right[0].seq + 1)
    operations = FailingOps(1 << 30, errno.ENOSPC, sticky=True)
    replace_episodes(mine, right, [stale, right[1]])
    build_episodes(mine, ops=operations)
    old = [stale, right[1]]
    for at in range(1, operations.count + 1, 1 if LONG else 2):
        replace_episodes(mine, right, old)
        with pytest.raises(DiskError, match="could not be written"):
            replace_episodes(mine, old, right, ops=FailingOps(at, errno.ENOSPC, sticky=True))
        names = [row.episode_id for row in episodes(mine)]
        assert len(names) == len(set(names))
        finish_earlier(mine)
        replace_episodes(mine, episodes(mine), right)
        assert episodes(mine) == right
        assert list(mine.staging.iterdir()) == []


def test_progress_counts_games_and_plays(mine: DataDir) -> None:
    heard: list[tuple[int, int]] = []
    note: Callable[[int, int], None] = lambda done, total: heard.append((done, total))  # noqa: E731
    build_episodes(mine, progress=note)
    assert heard == [(1, 2), (2, 2)]
