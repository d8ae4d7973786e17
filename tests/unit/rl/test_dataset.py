"""`episodes export`: exact, cut by time, consistent with the environments, whole or not there."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import minari
import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.dataset_support import BUYER, SELLER, game_id, played, prices_of, recorded
from tests.live_support import ME, OTHER
from tests.unit.rl.test_episodes import recording

from vectra_player.analysis.jobs_pool import IN_PROCESS, LocalEngine
from vectra_player.errors import UsageError
from vectra_player.rl import dataset as module
from vectra_player.rl import enacted, offline
from vectra_player.rl.dataset import MANIFEST, ExportReport, Wanted, export_dataset
from vectra_player.rl.enacted import enact
from vectra_player.rl.envs import GameEnv
from vectra_player.rl.episodes import build_episodes, gather
from vectra_player.rl.plays import Order
from vectra_player.rl.rounds import setting_of
from vectra_player.rl.stories import OBSERVED_GAPS, UNSEEN_BUY, cut_by_time, stories
from vectra_player.store.episodes import read_episodes
from vectra_player.store.layout import DataDir
from vectra_player.store.reads import StoreReader

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    root = tmp_path_factory.mktemp("store") / "data"
    recorded(root)
    return DataDir(root)


@pytest.fixture(scope="module")
def exported(home: DataDir, tmp_path_factory: pytest.TempPathFactory) -> ExportReport:
    return export_dataset(home, tmp_path_factory.mktemp("out") / "set", Wanted())


def episodes(report: ExportReport) -> Rows:
    return pq.read_table(Path(report.path) / "parquet" / "episodes.parquet").to_pylist()


def steps(report: ExportReport, part: str) -> Rows:
    return pq.read_table(Path(report.path) / "parquet" / f"steps-{part}.parquet").to_pylist()


@pytest.fixture
def loaded(exported: ExportReport, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Load a data set of the export by its id, as a user does."""
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(Path(exported.path) / "minari"))
    return minari.load_dataset


def test_it_holds_every_game_own_play_and_observed_play(exported: ExportReport) -> None:
    kinds = Counter(row["kind"] for row in episodes(exported))
    # Three others a game: a buyer, a seller with a sidebet, somebody with a sidebet.
    assert kinds == {"market": 6, "own": 3, "observed": 18} == exported.kinds
    assert exported.left_out == {UNSEEN_BUY: 6}
    assert exported.games == {"train": 4, "evaluate": 2}


def test_no_game_is_in_two_parts_and_evaluation_is_later(exported: ExportReport) -> None:
    found = episodes(exported)
    parts = {
        part: {(row["game_id"], row["ended_at"]) for row in found if row["part"] == part}
        for part in ("train", "evaluate")
    }
    assert not {name for name, _ in parts["train"]} & {name for name, _ in parts["evaluate"]}
    assert max(at for _, at in parts["train"]) < min(at for _, at in parts["evaluate"])
    for part, games in parts.items():
        of_part = {row["episode_id"] for row in found if row["part"] == part}
        assert {row["episode_id"] for row in steps(exported, part)} == of_part
        assert {name for name, _ in games} == {
            game_id(number) for number in (range(4) if part == "train" else range(4, 6))
        }


def test_the_parts_are_those_of_the_environments(home: DataDir, exported: ExportReport) -> None:
    for part in ("train", "evaluate"):
        env = GameEnv("sidebet", games="recorded", data_dir=home.root, part=part)
        games = {row["game_id"] for row in episodes(exported) if row["part"] == part}
        assert set(env.source.games.game_ids) == games  # type: ignore[attr-defined]


def test_rows_of_steps_are_exact_and_add_up(exported: ExportReport) -> None:
    by_episode: dict[str, Rows] = {}
    for part in ("train", "evaluate"):
        for row in steps(exported, part):
            by_episode.setdefault(row["episode_id"], []).append(row)
    for episode in episodes(exported):
        rows = by_episode[episode["episode_id"]]
        prices = prices_of(int(episode["game_id"][-16:], 16))
        assert [row["step"] for row in rows] == list(range(episode["steps"]))
        assert [row["price"] for row in rows] == [1.0, *prices[:-1]]
        assert (episode["rug_tick"], episode["rug_price"]) == (len(prices) - 1, prices[-1])
        assert sum(row["reward"] for row in rows) == episode["profit"]
        assert [row["terminated"] for row in rows] == [False] * (len(rows) - 1) + [True]


def test_an_observed_player_is_told_as_seen(exported: ExportReport) -> None:
    (buyer,) = (
        row
        for row in episodes(exported)
        if row["player_id"] == BUYER and row["game_id"] == game_id(1)
    )
    prices = prices_of(1)
    assert (buyer["sampled"], buyer["actions"], buyer["outcome"]) == (True, 2, "rug")
    rows = [row for row in steps(exported, "train") if row["episode_id"] == buyer["episode_id"]]
    assert (rows[6]["tick"], rows[6]["bought"]) == (5, Decimal("0.03"))
    assert rows[10]["sold_qty"] == Decimal(str(round(0.01 / prices[9], 9)))
    assert rows[7]["holding"] == rows[6]["bought_qty"] == Decimal(str(round(0.03 / prices[5], 9)))


def test_a_sale_of_what_nobody_saw_bought_is_no_play_but_the_sidebet_is(
    exported: ExportReport,
) -> None:
    sellers = [row for row in episodes(exported) if row["player_id"] == SELLER]
    assert [(row["actions"], row["sampled"]) for row in sellers] == [(1, False)] * 6


def test_own_play_is_what_the_store_marks_it_as(home: DataDir, exported: ExportReport) -> None:
    build_episodes(home)
    with StoreReader(home.root) as reader:
        marked = {row.episode_id: row for row in read_episodes(reader, "all")}
    told = [row for row in episodes(exported) if row["kind"] != "observed"]
    assert {row["episode_id"] for row in told} == marked.keys()
    for row in told:
        mark = marked[row["episode_id"]]
        assert (row["outcome"], row["profit"], row["actions"], row["player_id"]) == (
            mark.outcome, mark.profit, mark.total_actions, mark.player_id,
        )  # fmt: skip
        assert (row["session_id"], row["seq"]) == (mark.session_id, mark.seq)


def test_minari_loads_it_and_gives_the_environment_back(loaded: Any) -> None:
    found = loaded("vectra-trading-train-v1")
    assert (found.total_episodes, found.spec.total_episodes) == (6, 6)
    env = found.recover_environment()
    assert env.spec.id == "vectra/Trading-v1"
    assert (env.observation_space, env.action_space) == (
        found.observation_space, found.action_space,
    )  # fmt: skip
    observation, _ = env.reset(seed=3)
    assert observation.shape == found[0].observations[0].shape == (25,)
    assert set(minari.list_local_datasets()) == {
        f"vectra-{name}-{part}-v1"
        for name in ("sidebet", "trading")
        for part in ("train", "evaluate")
    }


@pytest.mark.parametrize("name", ["sidebet", "trading"])
def test_every_step_is_what_the_environment_gives(
    loaded: Any, home: DataDir, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUGS_DATA_DIR", str(home.root))
    found = loaded(f"vectra-{name}-evaluate-v1")
    env = found.recover_environment(eval_env=True)
    told = list(found.storage.get_episode_metadata(found.episode_indices))
    acted = 0
    for episode, about in zip(found.iterate_episodes(), told, strict=True):
        seen, _ = env.reset(options={"game_id": about["game_id"]})
        assert np.array_equal(seen, episode.observations[0])
        for step, action in enumerate(episode.actions):
            seen, reward, over, cut, info = env.step(action)
            assert np.array_equal(seen, episode.observations[step + 1])
            assert reward == episode.rewards[step]
            assert (over, cut) == (episode.terminations[step], episode.truncations[step])
            assert bool(info["refused"]) == episode.infos["refused"][step + 1]
            acted += action > 0
        assert over
    assert acted == {"sidebet": 4, "trading": 6}[name]


def test_orders_become_the_nearest_actions_at_their_steps(loaded: Any) -> None:
    found = loaded("vectra-trading-train-v1")
    told = list(found.storage.get_episode_metadata(found.episode_indices))
    (number,) = (
        at
        for at, about in enumerate(told)
        if about["player_id"] == ME and about["game_id"] == game_id(1)
    )
    actions = found[number].actions
    # 0.1 SOL is nearest to a buy of 0.05 (action 3), all of it was sold (action 7).
    assert {int(at): int(actions[at]) for at in np.flatnonzero(actions)} == {8: 3, 21: 7}


def test_two_orders_at_one_step_take_two_steps(home: DataDir) -> None:
    with StoreReader(home.root) as reader:
        found = gather(reader, "real")
    (story, *_) = stories(found, [], cut_by_time(found.known, 0.7).parts, Counter())
    small = Decimal("0.01")
    orders = (
        Order(4, "buy", small, small),
        Order(4, "sidebet", small),
        Order(5, "buy", small, small),
    )
    script = offline._script(setting_of("trading"), story._replace(orders=orders))
    (played,) = enact("trading", [script], IN_PROCESS)
    assert played.actions[3:8] == [0, 1, 8, 1, 0]


def test_processes_beside_us_find_the_same_and_hand_it_back_in_order(
    home: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StoreReader(home.root) as reader:
        found = gather(reader, "real")
    told = stories(found, [], cut_by_time(found.known, 0.7).parts, Counter())
    scripts = [offline._script(setting_of("sidebet"), story) for story in told]
    here = list(enact("sidebet", scripts, IN_PROCESS))
    monkeypatch.setattr(enacted, "EPISODES", 1)
    there = list(enact("sidebet", scripts, LocalEngine(2)))
    assert len(here) == len(scripts) > 2
    for one, other in zip(here, there, strict=True):
        assert one.observations.tobytes() == other.observations.tobytes()
        assert one[1:] == other[1:]


def naming(folder: Path, text: str) -> list[Path]:
    """Return the files of a folder in which a text can be read."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if text.encode() in path.read_bytes()]


def test_players_are_named_otherwise_when_asked(
    home: DataDir, exported: ExportReport, tmp_path: Path
) -> None:
    report = export_dataset(home, tmp_path / "set", Wanted(pseudonymise=True))
    told = episodes(report)
    players = {row["player_id"] for row in told} - {None}
    assert len(players) == 4
    assert not players & {ME, BUYER, SELLER, OTHER}
    named = {row["username"] for row in told} - {None}
    assert all(name.startswith("anon_") for name in named)
    plain = export_dataset(home, tmp_path / "plain", Wanted(formats="parquet"))
    with_players = {row["episode_id"] for row in episodes(plain) if row["player_id"]}
    assert not with_players & {row["episode_id"] for row in told}
    name = BUYER.removeprefix("did:privy:")
    assert naming(Path(exported.path), name)  # else it would be found nowhere
    assert naming(tmp_path / "set", name) == []


@pytest.mark.parametrize(("formats", "there"), [("parquet", {"parquet"}), ("minari", {"minari"})])
def test_one_format_alone(home: DataDir, tmp_path: Path, formats: Any, there: set[str]) -> None:
    report = export_dataset(home, tmp_path / "set", Wanted(formats=formats))
    assert {path.name for path in (tmp_path / "set").iterdir()} == {*there, MANIFEST}
    assert bool(report.minari) == (formats == "minari")


def test_the_same_store_gives_the_same_rows(
    home: DataDir, exported: ExportReport, tmp_path: Path
) -> None:
    again = export_dataset(home, tmp_path / "set", Wanted(formats="parquet"))
    assert episodes(again) == episodes(exported)
    assert steps(again, "train") == steps(exported, "train")


def test_the_manifest_says_what_it_was_made_of_and_no_place(exported: ExportReport) -> None:
    text = (Path(exported.path) / MANIFEST).read_text()
    told = json.loads(text)
    assert told["broadcast_share"] == exported.broadcast_share
    assert (told["train_share"], told["stakes_sol"]) == (0.7, ["0.01", "0.02", "0.05"])
    assert str(Path(exported.path).parent) not in text


def test_a_folder_of_others_is_never_touched(home: DataDir, tmp_path: Path) -> None:
    target = tmp_path / "set"
    target.mkdir()
    (target / "diary.txt").write_text("mine")
    for force in (False, True):
        with pytest.raises(UsageError, match="no export made"):
            export_dataset(home, target, Wanted(formats="parquet"), force=force)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_an_earlier_export_is_replaced_when_asked(home: DataDir, tmp_path: Path) -> None:
    wanted = Wanted(formats="parquet")
    export_dataset(home, tmp_path / "set", wanted)
    with pytest.raises(UsageError, match="exists already"):
        export_dataset(home, tmp_path / "set", wanted)
    (tmp_path / "set" / "more.txt").touch()
    export_dataset(home, tmp_path / "set", wanted, force=True)
    assert not (tmp_path / "set" / "more.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


@pytest.mark.parametrize("before", [False, True])
def test_an_export_cut_short_leaves_what_was_there(
    home: DataDir, tmp_path: Path, before: bool
) -> None:
    target = tmp_path / "set"
    if before:
        export_dataset(home, target, Wanted(formats="parquet", train_share=0.5))
    kept = (target / MANIFEST).read_bytes() if before else b""

    def stop(done: int, total: int) -> None:
        if done == total - 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_dataset(home, target, Wanted(), force=True, progress=stop)
    assert (target / MANIFEST).read_bytes() == kept if before else not target.exists()
    assert len(list(tmp_path.iterdir())) == int(before)


def test_what_a_killed_export_left_goes_with_the_next(home: DataDir, tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as ended:  # no os.fork: jax, once loaded, warns of it
        ended.wait()
    left = tmp_path / f".set.partial-{ended.pid}"
    running = tmp_path / f".set.partial-{os.getppid()}"
    for folder in (left, running):
        (folder / "parquet").mkdir(parents=True)
    export_dataset(home, tmp_path / "set", Wanted(formats="parquet"))
    assert not left.exists()
    assert running.exists()


@pytest.mark.parametrize("place", ["events_parquet", "anything", "exports"])
def test_the_data_directory_keeps_its_own_places(home: DataDir, place: str) -> None:
    with pytest.raises(UsageError, match="belongs to the data directory"):
        export_dataset(home, home.root / place, Wanted(formats="parquet"))


def test_without_the_extra_it_says_what_to_install(
    home: DataDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PACKAGES", ("no_such_package",))
    with pytest.raises(UsageError, match="no_such_package") as refused:
        export_dataset(home, tmp_path / "set", Wanted())
    assert "pip install" in refused.value.advice
    assert export_dataset(home, tmp_path / "set", Wanted(formats="parquet")).minari == []


def test_plays_of_incomplete_games_are_counted(tmp_path: Path) -> None:
    recorded(tmp_path / "data", [1])
    home = DataDir(tmp_path / "data")
    frames = list(played(2))
    with recording(home.root, [*frames[:30], *frames[40:-2]]):
        pass
    report = export_dataset(home, tmp_path / "set", Wanted(formats="parquet"))
    assert report.left_out[OBSERVED_GAPS] >= 1
    assert {row["game_id"] for row in episodes(report)} == {game_id(1)}


def test_an_impossible_share_and_an_empty_store_are_refused(home: DataDir, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="share"):
        export_dataset(home, tmp_path / "set", Wanted(formats="parquet", train_share=1.5))
    with pytest.raises(UsageError, match="No complete game of the demo server"):
        export_dataset(home, tmp_path / "set", Wanted(formats="parquet", origins="demo"))
    assert list(tmp_path.iterdir()) == []
