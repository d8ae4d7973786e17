"""Games of an environment: whole ones of a store, cut by time; made ones from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.live_support import T0
from tests.replay_support import game_frames, lines
from tests.rl_support import HOUR_US, games_of

from vectra_player.analysis.games import UNKNOWN, Games, generate_games
from vectra_player.errors import UsageError
from vectra_player.game.price_path import price_path
from vectra_player.rl.envs import GameEnv
from vectra_player.rl.sources import Generated, Recorded, part_of, source_of
from vectra_player.store.importers import import_paths
from vectra_player.store.layout import DataDir
from vectra_player.store.remote.sync import sync

GAMES = tuple(f"20251215-{number}a211bfc7caf41d6" for number in range(3))
PATH = [*(1.0 + 0.01 * tick for tick in range(25)), 0.02]


def names(games: Games) -> list[str]:
    return list(games.game_ids)


def recording(tmp_path: Path, lost: Sequence[int] = ()) -> Path:
    """Import three games, each an hour after the other; frames of the second may be lost."""
    records: list[dict[str, Any]] = []
    for number, game in enumerate(GAMES):
        for at, frame in enumerate(game_frames(game, PATH, f"{game}-next")):
            for revealed in frame.get("gameHistory", ()):
                revealed["timestamp"] += number * HOUR_US // 1000
            if number != 1 or at not in lost:
                told = {"seq": len(records) + 1, "ts": T0 / 1e6 + number * 3600 + at / 4}
                records.append(told | {"event": "gameStateUpdate", "data": frame})
    file = tmp_path / "capture_raw.jsonl"
    file.write_text(lines(*records))
    import_paths([file], tmp_path / "data")
    return tmp_path / "data"


# Recorded --------------------------------------------------------------------------------------


def test_every_game_is_dealt_once_before_any_twice() -> None:
    source = Recorded(generate_games(7, 1))
    dealt = [game.game_id for game in islice(source.deal(np.random.default_rng(2)), 21)]
    for first in (0, 7, 14):
        assert sorted(dealt[first : first + 7]) == sorted(source.games.game_ids)
    assert dealt[:7] != dealt[7:14]


def test_whole_games_of_a_store_are_played(tmp_path: Path) -> None:
    root = recording(tmp_path)
    env = GameEnv("sidebet", games="recorded", data_dir=root)
    assert env.source.sentence() == "3 recorded games."
    _, info = env.reset(options={"game_id": GAMES[2]})
    steps = 0
    over = False
    while not over:
        _, _, over, _, info = env.step(0)
        steps += 1
    assert (steps, info["rug_tick"]) == (len(PATH), len(PATH) - 1)


def test_games_of_an_address_are_played_as_those_of_a_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = recording(tmp_path)
    (tmp_path / "bucket").mkdir()
    url = f"file://{tmp_path / 'bucket'}"
    sync(DataDir.open_existing(root), url)
    monkeypatch.setenv("RUGS_DATA_DIR", str(tmp_path / "here"))
    here, there = (source_of("recorded", data_dir=where) for where in (root, url))
    assert isinstance(here, Recorded)
    assert isinstance(there, Recorded)
    assert there.games.game_ids == here.games.game_ids == GAMES
    assert there.games.prices.tobytes() == here.games.prices.tobytes()


def test_games_with_gaps_are_left_out_and_counted(tmp_path: Path) -> None:
    countdown, reveals = 10, (36, 37)
    gaps = (*range(countdown + 3, countdown + 15), *reveals)
    root = recording(tmp_path, lost=gaps)
    source = source_of("recorded", data_dir=root)
    assert isinstance(source, Recorded)
    assert names(source.games) == [GAMES[0], GAMES[2]]
    assert source.sentence().startswith("2 recorded games, 1 left out: 1 as ")


def test_a_directory_without_games_says_how_to_get_some(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="vectra-player up"):
        source_of("recorded", data_dir=tmp_path / "nothing")
    root = recording(tmp_path)
    with pytest.raises(UsageError, match="no complete game") as caught:
        source_of("recorded", data_dir=root, origin="demo")
    assert "generated" in caught.value.advice


def test_the_parts_of_a_store_are_cut_by_time(tmp_path: Path) -> None:
    root = recording(tmp_path)
    train = source_of("recorded", data_dir=root, part="train")
    evaluate = source_of("recorded", data_dir=root, part="evaluate")
    assert isinstance(train, Recorded)
    assert isinstance(evaluate, Recorded)
    assert names(train.games) + names(evaluate.games) == list(GAMES)
    assert evaluate.sentence() == "3 recorded games. Played here: 1, those to evaluate."


# Parts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.01, 0.5, 0.7, 0.99])
def test_no_game_is_in_two_parts_and_every_one_to_evaluate_is_later(share: float) -> None:
    random = np.random.default_rng(int(share * 100))
    paths = [[1.0, 0.02]] * 40
    times = np.sort(random.integers(0, 30, 40)) * HOUR_US  # some end together
    games = games_of(*paths, ended_at=times.tolist())
    train, evaluate = part_of(games, "train", share), part_of(games, "evaluate", share)
    assert not set(train.game_ids) & set(evaluate.game_ids)
    assert sorted([*train.game_ids, *evaluate.game_ids]) == sorted(games.game_ids)
    assert not len(train) or train.ended_at.max() < evaluate.ended_at.min()
    assert len(evaluate)


def test_a_game_without_a_date_is_in_no_part() -> None:
    games = games_of(*[[1.0, 0.02]] * 4, ended_at=[1, UNKNOWN, 3, 4])
    assert names(part_of(games, "train")) == ["game-0", "game-2"]
    assert names(part_of(games, "evaluate")) == ["game-3"]
    assert len(part_of(games, "all")) == 4


def test_a_single_game_is_not_for_training_and_evaluation_both() -> None:
    one = games_of([1.0, 0.02])
    assert len(part_of(one, "train")) + len(part_of(one, "evaluate")) == 1


@pytest.mark.parametrize(
    ("moment", "later"),
    [
        ("1970-01-01T02:00:00Z", 2),
        ("1970-01-01T02:00:00.000001Z", 1),
        ("1970-01-01T03:00:00+01:00", 2),
        ("1970-01-01T02:00:00", 2),
        ("1970-01-01", 4),
        ("1969-12-31T23:59:59.5Z", 4),
    ],
)
def test_a_moment_cuts_whatever_the_share(moment: str, later: int) -> None:
    games = games_of(*[[1.0, 0.02]] * 4)
    source = source_of(games, part="evaluate", train_share=0.01, evaluate_from=moment)
    assert isinstance(source, Recorded)
    assert names(source.games) == names(games)[4 - later :]


@pytest.mark.parametrize("moment", ["noon", "", 5, 1.5])
def test_what_is_no_moment_is_refused(moment: Any) -> None:
    with pytest.raises(UsageError, match="no date or time"):
        source_of(games_of([1.0, 0.02]), evaluate_from=moment)


# Generated -------------------------------------------------------------------------------------


def test_made_games_follow_the_published_algorithm() -> None:
    dealt = list(islice(Generated().deal(np.random.default_rng(5)), 9))
    random = np.random.default_rng(5)
    for number, game in enumerate(dealt):
        seed = random.bytes(32).hex()
        known = price_path(seed, f"generated-{number}")
        assert game.prices.tolist() == list(known.prices)
        assert game.rug_tick == known.rug_tick


def test_no_two_games_made_from_any_seeds_have_one_name() -> None:
    dealt = [
        game.game_id
        for seed in range(5)
        for game in islice(Generated().deal(np.random.default_rng(seed)), 9)
    ]
    again = islice(Generated().deal(np.random.default_rng(0)), 9)
    assert [game.game_id for game in again] == dealt[:9]
    assert len(set(dealt)) == len(dealt)


def test_versions_play_by_their_own_constants() -> None:
    def prices(version: str) -> list[float]:
        games = Generated(version).deal(np.random.default_rng(1))
        return [float(price) for game in islice(games, 8) for price in game.prices]

    assert prices("v3") != prices("v2")
